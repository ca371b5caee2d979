/* Runs before the page paints, so that the chosen theme never flashes. Loaded without defer in the head. */
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch (error) {
      return "auto";
    }
  }

  function apply() {
    var theme = chosen();
    var isDark = theme === "dark" || (theme !== "light" && dark.matches);
    root.setAttribute("data-bs-theme", isDark ? "dark" : "light");
    root.setAttribute("data-theme-chosen", theme);
  }

  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  window.clinicTheme = {
    chosen: chosen,
    choose: function (theme) {
      try {
        localStorage.setItem("theme", theme);
      } catch (error) {
        /* private mode: the choice lasts for this page */
      }
      apply();
    },
  };
})();
