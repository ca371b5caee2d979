/* A hint how good a new password is, and a box to see it. The server decides. */
(function () {
  "use strict";

  var words = document.getElementById("password-js").dataset;

  /* length counts most; the rules of the clinic cap what misses one of them */
  function grade(text) {
    var kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9\s]/].filter(function (kind) {
      return kind.test(text);
    }).length;
    var different = new Set(text).size;
    if (text.length < 8 || kinds < 4 || different < 6) return text.length < 6 ? 0 : 1;
    return different >= 10 && text.length >= 14 ? 3 : 2;
  }

  document.addEventListener("DOMContentLoaded", function () {
    var field = document.querySelector("input[data-strength]");
    if (!field) return;
    var box = document.createElement("div");
    box.className = "strength";
    box.hidden = true;
    var meter = document.createElement("meter");
    meter.max = 3;
    meter.low = 1.5;
    meter.high = 1.8;
    meter.optimum = 3;
    var label = document.createElement("span");
    label.setAttribute("role", "status");
    meter.setAttribute("aria-hidden", "true");
    box.append(meter, label);
    var show = document.createElement("label");
    show.className = "password-show";
    var tick = document.createElement("input");
    tick.type = "checkbox";
    tick.className = "form-check-input m-0";
    show.append(tick, words.show);
    field.insertAdjacentElement("afterend", show);
    field.insertAdjacentElement("afterend", box);

    field.addEventListener("input", function () {
      var value = grade(field.value);
      box.hidden = !field.value;
      meter.value = value;
      label.textContent = [words.weak, words.fair, words.good, words.strong][value];
    });
    tick.addEventListener("change", function (event) {
      event.stopPropagation();
      field.type = tick.checked ? "text" : "password";
    });
  });
})();
