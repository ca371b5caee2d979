/* A period by its name fills in its days; days of one's own take the name away. */
(function () {
  "use strict";

  document.addEventListener("DOMContentLoaded", function () {
    var choice = document.querySelector("select[data-periods]");
    if (!choice) return;
    var periods = JSON.parse(choice.dataset.periods);
    var days = ["start_date", "end_date"].map(function (name) {
      return document.querySelector("[name='" + name + "']");
    });
    choice.addEventListener("change", function () {
      var chosen = periods[choice.value];
      if (chosen) days.forEach(function (field, index) { field.value = chosen[index]; });
    });
    days.forEach(function (field) {
      field.addEventListener("input", function () { choice.value = ""; });
    });
  });
})();
