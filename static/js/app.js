/* Small conveniences. Every page works without them; nothing here is needed to read or to save. */
(function () {
  "use strict";

  var script = document.getElementById("app-js");
  var words = script ? script.dataset : {};

  function all(selector, root) {
    return Array.prototype.slice.call((root || document).querySelectorAll(selector));
  }

  function announce(text) {
    var place = document.getElementById("announcer");
    if (place && text) place.textContent = text;
  }

  /* --- theme ------------------------------------------------------------------------------ */

  function showTheme() {
    all("[data-theme-choice]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === window.clinicTheme.chosen()));
    });
  }

  /* --- menus ------------------------------------------------------------------------------ */

  function closeMenus(except) {
    all("details.menu[open]").forEach(function (menu) {
      if (menu !== except) menu.open = false;
    });
  }

  function openSideMenu(open) {
    document.body.classList.toggle("side-open", open);
    all("[data-toggle-menu]").forEach(function (button) {
      button.setAttribute("aria-expanded", String(open));
    });
  }

  /* --- forms: unsaved changes, double submit ---------------------------------------------- */

  var leaving = false;

  function markDirty(form, dirty) {
    form.dataset.dirty = dirty ? "yes" : "";
    all("[data-unsaved-mark]", form).forEach(function (mark) {
      mark.hidden = !dirty;
    });
  }

  function guarded(form) {
    return form && form.matches && form.matches("form[data-guard]");
  }

  function lockButtons(form, submitter) {
    form.dataset.sending = "yes";
    /* after the browser has collected the form's data, else the pressed button's value would be missing */
    window.setTimeout(function () {
      all("button[type=submit], input[type=submit]", form).forEach(function (button) {
        if (button.disabled) return;
        button.disabled = true;
        button.dataset.wasSent = "yes";
        if (button === submitter) button.classList.add("is-sending");
      });
    }, 0);
  }

  function unlockForms() {
    leaving = false;
    all("form[data-sending]").forEach(function (form) {
      delete form.dataset.sending;
    });
    all("[data-was-sent]").forEach(function (button) {
      button.disabled = false;
      button.classList.remove("is-sending");
      delete button.dataset.wasSent;
    });
  }

  /* --- searchable selects ----------------------------------------------------------------- */

  function enhanceSelects(root) {
    if (!window.TomSelect) return;
    all("select[data-search]", root).forEach(function (select) {
      if (select.tomselect || select.closest("template")) return;
      var url = select.dataset.url;
      var options = {
        create: false,
        maxOptions: 100,
        allowEmptyOption: false,
        plugins: select.multiple ? ["remove_button"] : [],
        valueField: "id",
        labelField: "text",
        searchField: url ? [] : ["text"],
        render: {
          no_results: function () {
            var empty = document.createElement("div");
            empty.className = "no-results";
            empty.textContent = words.noMatch || "No match";
            return empty;
          },
          option: function (item, escape) {
            return "<div>" + escape(item.text) + (item.detail ? "<small>" + escape(item.detail) + "</small>" : "") + "</div>";
          },
        },
        onChange: function () {
          select.dispatchEvent(new Event("input", { bubbles: true }));
        },
      };
      if (url) {
        options.shouldLoad = function (query) {
          return query.length > 0;
        };
        options.score = function () {
          var found = this.found;
          return function (item) {
            /* the server has searched; keep its order, and what is chosen already is no match for being chosen */
            return !found || found.indexOf(String(item.id)) >= 0 ? 1 : 0;
          };
        };
        options.load = function (query, done) {
          var control = this;
          control.asked = query;
          var address = url + (url.indexOf("?") < 0 ? "?" : "&") + "q=" + encodeURIComponent(query);
          fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" })
            .then(function (response) {
              if (!response.ok) throw new Error(String(response.status));
              return response.json();
            })
            .then(function (data) {
              /* an answer that comes after one to more letters is late, and would show what nobody asks for any more */
              if (control.asked !== query) return done();
              control.clearOptions();
              control.found = (data.results || []).map(function (row) {
                return String(row.id);
              });
              done(data.results || []);
            })
            .catch(function () {
              announce(words.listFailed);
              done();
            });
        };
      }
      var control = new window.TomSelect(select, options);
      var input = control.control_input;
      select.setAttribute("aria-hidden", "true"); /* the control took over its label */
      ["aria-describedby", "aria-invalid"].forEach(function (name) {
        if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
      });
    });
  }

  /* --- rows of a formset ------------------------------------------------------------------ */

  function setupFormset(box) {
    if (box.dataset.ready) return;
    box.dataset.ready = "yes";
    var prefix = box.dataset.formset;
    var total = box.querySelector("[name='" + prefix + "-TOTAL_FORMS']");
    var rows = box.querySelector("[data-formset-rows]");
    var template = box.querySelector("template[data-formset-template]");
    var add = box.querySelector("[data-formset-add]");
    var most = parseInt(box.dataset.max || "1000", 10);

    function shown() {
      return all("[data-formset-row]", rows).filter(function (row) {
        return !row.hidden;
      }).length;
    }

    function refresh() {
      if (add) add.disabled = shown() >= most;
    }

    function changed() {
      box.dispatchEvent(new CustomEvent("formset:changed", { bubbles: true }));
      var form = box.closest("form");
      if (guarded(form)) markDirty(form, true);
      refresh();
    }

    if (add) {
      add.addEventListener("click", function () {
        var index = parseInt(total.value, 10);
        var holder = document.createElement("div");
        holder.innerHTML = template.innerHTML.replace(/__prefix__/g, String(index));
        var row = holder.firstElementChild;
        row.dataset.added = "yes";
        rows.appendChild(row);
        total.value = String(index + 1);
        enhance(row);
        var first = row.querySelector("input:not([type=hidden]), select, textarea");
        if (first) (first.tomselect || first).focus();
        announce(words.rowAdded);
        changed();
      });
    }

    box.addEventListener("click", function (event) {
      var button = event.target.closest("[data-formset-remove]");
      if (!button) return;
      var row = button.closest("[data-formset-row]");
      var tick = row.querySelector("[data-formset-delete] input[type=checkbox]");
      if (row.dataset.added && row === rows.lastElementChild) {
        row.remove();
        total.value = String(parseInt(total.value, 10) - 1);
      } else if (tick) {
        tick.checked = true;
        row.hidden = true;
      } else {
        /* without a DELETE field an emptied row counts as not filled in */
        all("input:not([type=hidden]), textarea, select", row).forEach(function (field) {
          if (field.tomselect) field.tomselect.clear(true);
          if (field.type === "checkbox" || field.type === "radio") field.checked = false;
          else field.value = "";
        });
        row.hidden = true;
      }
      announce(words.rowRemoved);
      if (add) add.focus();
      changed();
    });
    all("[data-formset-row]", rows).forEach(function (row) {
      var tick = row.querySelector("[data-formset-delete] input[type=checkbox]");
      if (tick && tick.checked) row.hidden = true;
    });
    refresh();
  }

  /* --- things that a page or a swapped-in part may contain -------------------------------- */

  function enhance(root) {
    enhanceSelects(root);
    all("[data-formset]", root).forEach(setupFormset);
    all("[data-fades]", root).forEach(function (toast) {
      if (toast.querySelector("a, form")) return; /* leave time for Undo */
      window.setTimeout(function () {
        toast.classList.add("is-gone");
        window.setTimeout(function () {
          toast.remove();
        }, 300);
      }, 6000);
    });
  }

  /* --- one listener per kind of event ------------------------------------------------------ */

  document.addEventListener("click", function (event) {
    var target = event.target;
    var choice = target.closest("[data-theme-choice]");
    if (choice) {
      window.clinicTheme.choose(choice.dataset.themeChoice);
      showTheme();
    }
    if (target.closest("[data-toggle-menu]")) openSideMenu(!document.body.classList.contains("side-open"));
    else if (document.body.classList.contains("side-open") && !target.closest(".side")) openSideMenu(false);

    var filters = target.closest("[data-toggle-filters]");
    if (filters) {
      var open = filters.getAttribute("aria-expanded") !== "true";
      filters.setAttribute("aria-expanded", String(open));
      filters.closest(".filters").classList.toggle("is-open", open);
    }
    closeMenus(target.closest("details.menu"));

    var dismiss = target.closest("[data-dismiss]");
    if (dismiss) dismiss.parentElement.remove();
    if (target.closest("[data-back]")) window.history.back();
    if (target.closest("[data-print]")) window.print();

    var row = target.closest("tr[data-href]");
    if (row && !target.closest("a, button, input, select, textarea, label, summary, form")) {
      if (String(window.getSelection())) return; /* somebody marks text to copy it */
      if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
      else window.location.assign(row.dataset.href);
    }
  });

  document.addEventListener("auxclick", function (event) {
    var row = event.target.closest("tr[data-href]");
    if (event.button === 1 && row && !event.target.closest("a, button")) window.open(row.dataset.href, "_blank", "noopener");
  });

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      var menu = document.querySelector("details.menu[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
      openSideMenu(false);
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      var form = (event.target.closest && event.target.closest("form")) || document.querySelector("form[data-guard]");
      if (form && form.method === "post") {
        event.preventDefault();
        form.requestSubmit(form.querySelector("button[type=submit].btn-primary, button[type=submit]"));
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable=true], [role=combobox]")) return;
    if (event.key === "/") {
      var search = document.getElementById("global-search");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    } else if (event.key === "n") {
      var news = document.getElementById("new-menu");
      if (news) {
        event.preventDefault();
        news.open = true;
        var first = news.querySelector("a");
        if (first) first.focus();
      }
    }
  });

  /* arrow keys inside an open menu */
  document.addEventListener("keydown", function (event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    var menu = event.target.closest("details.menu[open]");
    if (!menu || event.target.closest("input")) return;
    var stops = all("a, button, summary", menu);
    var at = stops.indexOf(event.target);
    if (at < 0) return;
    event.preventDefault();
    stops[(at + (event.key === "ArrowDown" ? 1 : stops.length - 1)) % stops.length].focus();
  });

  ["input", "change"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var form = event.target.form || (event.target.closest && event.target.closest("form"));
      if (guarded(form)) markDirty(form, true);
    });
  });

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented) return;
    if (form.method !== "post") {
      if (form.hasAttribute("data-skip-empty")) {
        /* keep addresses short: empty filters stay out of them */
        all("input, select", form).forEach(function (field) {
          if (field.name && !field.value && !field.disabled) {
            field.disabled = true;
            window.setTimeout(function () {
              field.disabled = false;
            }, 0);
          }
        });
      }
      return;
    }
    if (form.hasAttribute("hx-post") || form.target === "_blank") return;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    leaving = true;
    lockButtons(form, event.submitter);
  });

  window.addEventListener("beforeunload", function (event) {
    if (leaving || !document.querySelector("form[data-guard][data-dirty='yes']")) return;
    event.preventDefault();
    event.returnValue = words.unsaved || "";
  });

  window.addEventListener("pageshow", unlockForms);
  document.addEventListener("htmx:load", function (event) {
    if (event.detail && event.detail.elt !== document.body) enhance(event.detail.elt);
  });

  document.addEventListener("DOMContentLoaded", function () {
    showTheme();
    enhance(document);
    var focus = document.querySelector("[data-focus]");
    if (focus) focus.focus();
    /* a form that came back with errors or warnings holds what is not saved */
    all("form[data-guard]").forEach(function (form) {
      if (document.querySelector("#error-summary, #warnings, #conflict")) markDirty(form, true);
    });
  });
})();
