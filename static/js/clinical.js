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
})();
