/* Suggestions below the search box. Without this, Enter leads to the page of results. */
(function () {
  "use strict";

  var box = document.getElementById("global-search");
  var list = document.getElementById("search-list");
  if (!box || !list) return;
  var timer, asked = 0;

  function options() {
    return Array.prototype.slice.call(list.querySelectorAll("[role=option][data-url]"));
  }

  function chosen() {
    return list.querySelector("[aria-selected=true]");
  }

  function choose(option) {
    options().forEach(function (other) {
      other.setAttribute("aria-selected", String(other === option));
    });
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  }

  function show(open) {
    list.hidden = !open;
    box.setAttribute("aria-expanded", String(open));
    if (!open) choose(null);
  }

  function ask() {
    var text = box.value.trim();
    var number = ++asked;
    if (!text) {
      list.replaceChildren();
      show(false);
      return;
    }
    fetch(list.dataset.url + "?q=" + encodeURIComponent(text), { credentials: "same-origin" })
      .then(function (response) {
        if (!response.ok || response.redirected) throw new Error(String(response.status));
        return response.text();
      })
      .then(function (found) {
        if (number !== asked || document.activeElement !== box) return; /* an older answer, or gone elsewhere */
        list.innerHTML = found;
        show(true);
      })
      .catch(function () {
        show(false);
      });
  }

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", "search-list");
  box.setAttribute("aria-autocomplete", "list");

  box.addEventListener("input", function () {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, 120);
  });
  box.addEventListener("focus", function () {
    if (box.value.trim() && options().length) show(true);
  });
  box.addEventListener("blur", function () {
    show(false);
  });

  box.addEventListener("keydown", function (event) {
    var all = options();
    var at = all.indexOf(chosen());
    if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      event.preventDefault();
      show(false);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!all.length) return;
      event.preventDefault();
      show(true);
      choose(all[(at + (event.key === "ArrowDown" ? 1 : all.length - (at < 0 ? 0 : 1))) % all.length]);
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      event.preventDefault();
      window.location.assign(all[at].dataset.url);
    }
  });

  /* before the box loses its focus */
  list.addEventListener("pointerdown", function (event) {
    var option = event.target.closest("[data-url]");
    if (option) {
      event.preventDefault();
      window.location.assign(option.dataset.url);
    }
  });
})();
