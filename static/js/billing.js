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

  /* whole cents, so that nothing is lost; the server reckons again when it is saved */
  function cents(text, sign) {
    var plain = (text || "").trim();
    if (plain.indexOf(sign.trim()) === 0) plain = plain.slice(sign.trim().length);
    var match = /^\s*(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d{0,2}))?\s*$/.exec(plain);
    return match ? parseInt(match[1].replace(/,/g, ""), 10) * 100 + parseInt(((match[2] || "") + "00").slice(0, 2), 10) : null;
  }

  document.addEventListener("input", function () {
    var given = document.getElementById("id_tendered");
    var amount = document.getElementById("id_amount");
    if (!given || !amount) return;
    var place = document.getElementById("change");
    if (!place) {
      place = document.createElement("output");
      place.id = "change";
      place.className = "change-due";
      place.setAttribute("for", "id_tendered id_amount");
      given.insertAdjacentElement("afterend", place);
    }
    var label = given.dataset.change || "Change:";
    var sign = given.dataset.sign || "";
    var cash = cents(given.value, sign);
    var price = cents(amount.value, sign);
    var back = cash === null || price === null ? -1 : cash - price;
    place.textContent = back < 0 ? "" : label + " " + sign + (back - (back % 100)) / 100 + "." + ("0" + (back % 100)).slice(-2);
  });

  document.addEventListener("DOMContentLoaded", function () {
    /* the summary follows by itself; only a page that still lacks its visit needs the button */
    var button = document.querySelector("[data-update-totals]");
    if (button && window.htmx && !document.querySelector("select[name=appointment]")) button.hidden = true;
  });
})();
