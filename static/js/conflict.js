/* The conflict page: one press puts theirs or one's own into the form's field. */
(function () {
  "use strict";

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-conflict-field]");
    if (!button) return;
    var field = document.querySelector("form.work-form [name='" + button.dataset.conflictField + "']:not([type=hidden])");
    if (!field) return;
    var value = button.dataset.conflictValue;
    if (field.type === "checkbox") field.checked = value === "on";
    else if (field.tomselect) {
      var words = button.closest("tr").querySelectorAll("td")[button.parentElement.firstElementChild === button ? 1 : 2];
      if (value) field.tomselect.addOption({ id: value, value: value, text: words.textContent.trim() });
      field.tomselect.setValue(value);
    } else field.value = value;
    ["input", "change"].forEach(function (kind) {
      field.dispatchEvent(new Event(kind, { bubbles: true }));
    });
    Array.prototype.forEach.call(button.parentElement.children, function (other) {
      other.setAttribute("aria-pressed", String(other === button));
    });
  });
})();
