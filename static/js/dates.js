/* A calendar button beside every date, which is text: the browser's own date input would show its own language's order. */
(function () {
  "use strict";

  var script = document.getElementById("dates-js");
  var label = (script && script.dataset.label) || "Choose a date";

  /* 20261122, 2026/11/22 and 22.11.2026 become 2026-11-22; everything else is left for the server to judge */
  function iso(text) {
    var found = /^\s*(\d{4})(?:(\d\d)(\d\d)|[-/](\d{1,2})[-/](\d{1,2}))(?=$|[T\s])/.exec(text);
    if (found) return [found[1], found[2] || found[4], found[3] || found[5], text.slice(found[0].length)];
    found = /^\s*(\d{1,2})\.(\d{1,2})\.(\d{4})(?=$|\s)/.exec(text);
    return found ? [found[3], found[2], found[1], text.slice(found[0].length)] : null;
  }

  function tidy(text) {
    var parts = iso(text);
    if (!parts) return text;
    return parts[0] + "-" + parts[1].padStart(2, "0") + "-" + parts[2].padStart(2, "0") + parts[3].replace(/^T/, " ");
  }

  function tell(field) {
    ["input", "change"].forEach(function (kind) {
      field.dispatchEvent(new Event(kind, { bubbles: true }));
    });
  }

  function addCalendar(field) {
    if (field.dataset.ready || field.closest("template") || !HTMLInputElement.prototype.showPicker) return;
    field.dataset.ready = "yes";
    var box = document.createElement("span");
    box.className = "date-box";
    var picker = document.createElement("input");
    picker.type = "date";
    picker.tabIndex = -1;
    picker.className = "date-picker";
    picker.setAttribute("aria-hidden", "true");
    var button = document.createElement("button");
    button.type = "button";
    button.className = "date-button";
    button.disabled = field.disabled || field.readOnly;
    button.setAttribute("aria-label", label);
    button.title = label;
    button.innerHTML = '<i class="bi bi-calendar3" aria-hidden="true"></i>';
    field.parentNode.insertBefore(box, field);
    box.append(field, picker, button);

    button.addEventListener("click", function () {
      picker.value = tidy(field.value).slice(0, 10);
      picker.showPicker();
    });
    /* the hidden input's own events are not the form's */
    picker.addEventListener("input", function (event) {
      event.stopPropagation();
    });
    picker.addEventListener("change", function (event) {
      event.stopPropagation();
      if (!picker.value) return;
      var rest = field.dataset.date > 10 ? tidy(field.value).slice(10) || " 00:00" : "";
      field.value = picker.value + rest;
      field.focus();
      tell(field);
    });
    field.addEventListener("blur", function () {
      var text = tidy(field.value);
      if (text !== field.value) {
        field.value = text;
        tell(field);
      }
    });
  }

  function enhance(root) {
    Array.prototype.forEach.call(root.querySelectorAll("input[data-date]"), addCalendar);
  }

  document.addEventListener("DOMContentLoaded", function () {
    enhance(document);
  });
  ["htmx:load", "formset:changed"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      if (event.target.querySelectorAll) enhance(event.target);
    });
  });
})();
