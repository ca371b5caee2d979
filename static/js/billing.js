/* The cash desk's conveniences: choosing a service fills its row, change is reckoned as one types. */
(function () {
  "use strict";

  document.addEventListener("input", function (event) {
    var select = event.target;
    if (!select.matches || !select.matches("select[name$='-service']") || !select.tomselect) return;
    var chosen = select.tomselect.options[select.value];
    if (!chosen || chosen.price === undefined) return;
    [
      ["description", chosen.name],
      ["unit_price", chosen.price],
    ].forEach(function (pair) {
      var field = document.getElementById(select.id.replace(/service$/, pair[0]));
      /* what somebody typed stays; what an earlier choice filled in follows the new one */
      if (field && (!field.value || field.value === field.dataset.filled)) {
        field.value = pair[1];
        field.dataset.filled = pair[1];
      }
    });
  });

  document.addEventListener("DOMContentLoaded", function () {
    /* the summary follows by itself; only a page that still lacks its visit needs the button */
    var button = document.querySelector("[data-update-totals]");
    if (button && window.htmx && !document.querySelector("select[name=appointment]")) button.hidden = true;
  });
})();
