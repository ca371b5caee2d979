/* Prescribing: choosing from the catalogue fills the empty fields of its row; whatever was typed stays. */
(function () {
  "use strict";

  document.addEventListener("input", function (event) {
    var select = event.target;
    if (!select.matches || !select.matches("select[data-medication]") || !select.tomselect) return;
    var chosen = select.tomselect.options[select.value];
    if (!chosen) return;
    ["dosage", "frequency", "route"].forEach(function (name) {
      var field = document.getElementById(select.id.replace(/medication$/, name));
      if (field && !field.value && chosen[name]) field.value = chosen[name];
    });
  });

  /* Ctrl+Enter in the note saves and does not complete: completing cannot be undone. */
  document.addEventListener(
    "keydown",
    function (event) {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      var save = document.querySelector("[data-quick-save]");
      if (!save) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      save.form.requestSubmit(save);
    },
    true
  );

  /* --- narrow screens: one part of the consultation at a time -------------------------------- */

  var parts = document.querySelector("[data-work-parts]");

  function showPart(name) {
    parts.dataset.shown = name;
    document.querySelectorAll("[data-work-tab]").forEach(function (tab) {
      tab.setAttribute("aria-pressed", String(tab.dataset.workTab === name));
    });
  }

  function partOf(element) {
    var part = element && element.closest(".consultation-note, .consultation-past, .consultation-orders");
    return part && /consultation-(note|past|orders)/.exec(part.className)[1];
  }

  if (parts) {
    var wrong = partOf(parts.querySelector(".has-warnings, .has-error"));
    var besides = window.matchMedia("(min-width: 900px)").matches; /* the note stands there anyway */
    showPart(besides && wrong !== "orders" ? "past" : wrong || "note");
    document.addEventListener("click", function (event) {
      var tab = event.target.closest("[data-work-tab]");
      var link = event.target.closest("a[href^='#']");
      if (tab) showPart(tab.dataset.workTab);
      else if (link && link.hash.length > 1) {
        var name = partOf(document.getElementById(link.hash.slice(1)));
        if (name) showPart(name); /* before the browser goes there */
      }
    });
  }

  /* --- text templates: `.name` and a space --------------------------------------------------- */

  var script = document.getElementById("clinical-js");
  var templates = {};

  function getJson(url) {
    return fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" }).then(function (response) {
      if (!response.ok) throw new Error(String(response.status));
      return response.json();
    });
  }

  if (script && script.dataset.templatesUrl) {
    getJson(script.dataset.templatesUrl)
      .then(function (answer) {
        templates = answer.templates;
      })
      .catch(function () {}); /* what is typed stays as it is */
  }

  document.addEventListener("input", function (event) {
    var area = event.target;
    if (!area.matches || !area.matches("textarea")) return;
    if (area.hasAttribute("data-templates") && area.selectionStart === area.selectionEnd) {
      var before = area.value.slice(0, area.selectionStart);
      var typed = /(^|\s)\.([a-z0-9][a-z0-9-]*)[ \n]$/i.exec(before);
      var text = typed && templates[typed[2].toLowerCase()];
      if (text) {
        var start = before.length - typed[2].length - 2;
        area.setRangeText(text + before.slice(-1), start, before.length, "end");
      }
    }
    if (area.hasAttribute("data-grows")) grow(area);
  });

  function grow(area) {
    if (area.scrollHeight > area.clientHeight) area.style.height = Math.min(area.scrollHeight + 2, 480) + "px";
  }

  document.querySelectorAll("textarea[data-grows]").forEach(grow);

  /* --- how to take it: abbreviations written out, quantity counted by the server -------------- */

  document.addEventListener("change", function (event) {
    var field = event.target;
    var part = /^(.*-)?(dosage|frequency|duration)$/.exec(field.name || "");
    if (!part || !script || !script.dataset.sigUrl) return;
    var prefix = part[1] || "";
    function other(name) {
      return field.form.elements[prefix + name];
    }
    var query = new URLSearchParams();
    ["dosage", "frequency", "duration"].forEach(function (name) {
      query.set(name, other(name).value);
    });
    getJson(script.dataset.sigUrl + "?" + query.toString())
      .then(function (answer) {
        if (answer.frequency) other("frequency").value = answer.frequency;
        var quantity = other("quantity");
        if (quantity.dataset.counted === quantity.value) quantity.value = "";
        if (answer.quantity && !quantity.value) {
          quantity.value = answer.quantity;
          quantity.dataset.counted = String(answer.quantity);
        }
      })
      .catch(function () {}); /* the server counts again when it saves */
  });
})();
