/* Results of one kind after the other: Enter or the down arrow leads to the same box of the next row, up to the one before. */
(function () {
  "use strict";

  document.querySelector(".worklist").addEventListener("keydown", function (event) {
    var input = event.target;
    var step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !input.matches("td > input.form-control") || event.ctrlKey || event.metaKey || event.isComposing) return;
    var row = input.closest("tr");
    var next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    event.preventDefault();
    if (!next) return;
    var target = next.children[input.closest("td").cellIndex].querySelector("input");
    target.focus();
    target.select();
  });
})();
