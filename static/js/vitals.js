/* Vital signs as one types: the zone of each value, body mass index and NEWS2. The server says all of it again. */
(function () {
  "use strict";

  var words = document.getElementById("vitals-js").dataset;
  var side = document.querySelector("[data-news2]");
  var table = JSON.parse(side.dataset.news2);
  var note = side.querySelector("[data-news2-word]");

  function field(name) {
    return document.querySelector("[name='" + name + "']");
  }

  function typed(name) {
    var input = field(name);
    var text = input ? input.value.trim().replace(",", ".") : "";
    return text === "" || isNaN(Number(text)) ? null : Number(text);
  }

  function round(value, places) {
    return Number(Math.round(Number(value + "e" + places)) + "e-" + places);
  }

  /* in the unit that is stored */
  function value(name) {
    var number = typed(name);
    if (number === null) return null;
    if (name === "temperature_celsius" && field("temperature_unit").value === "F") return round(((number - 32) * 5) / 9, 1);
    if (name === "weight_kg" && field("weight_unit").value === "lb") return round(number * 0.45359237, 2);
    if (name === "height_cm" && field("height_unit").value === "in") return round(number * 2.54, 1);
    return number;
  }

  /* the bands by which a saturation is read; the clinic's normal zone is that of the usual scale */
  function saturationBands() {
    if (field("spo2_scale").value !== "2") return "spo2_scale1";
    return field("supplemental_oxygen").value === "true" ? "spo2_scale2_on_oxygen" : "spo2_scale2_on_air";
  }

  function zone(input) {
    var number = value(input.name);
    if (number === null) return "";
    var limit = input.dataset;
    if ((limit.least && number < Number(limit.least)) || (limit.most && number > Number(limit.most))) return "impossible";
    if (!limit.low && !limit.high) return "";
    if (input.name === "oxygen_saturation" && saturationBands() !== "spo2_scale1") {
      return points(saturationBands(), number) ? "concerning" : "normal";
    }
    if ((limit.low && number < Number(limit.low)) || (limit.high && number > Number(limit.high))) return "concerning";
    return "normal";
  }

  /* what will be refused is no part of a score */
  function possible(name) {
    return zone(field(name)) === "impossible" ? null : value(name);
  }

  function showZones() {
    document.querySelectorAll("[data-vital]").forEach(function (box) {
      var found = Array.prototype.map.call(box.querySelectorAll("[data-measure]"), zone);
      var worst = ["impossible", "concerning", "normal"].filter(function (kind) {
        return found.indexOf(kind) >= 0;
      })[0];
      box.dataset.zone = worst || "";
      var word = worst ? words[worst] : "";
      var place = box.querySelector("[data-zone-word]");
      if (place.textContent !== word) place.textContent = word;
    });
  }

  function points(name, number) {
    var band = table[name].filter(function (one) {
      return (one[0] === null || number >= one[0]) && (one[1] === null || number <= one[1]);
    })[0];
    return band ? band[2] : 0;
  }

  function parts() {
    var oxygen = field("supplemental_oxygen").value;
    var state = field("consciousness").value;
    var needed = ["respiratory_rate", "oxygen_saturation", "systolic_bp", "pulse_rate", "temperature_celsius"].map(possible);
    if (!note.dataset.adult || !state || (oxygen !== "true" && oxygen !== "false") || needed.indexOf(null) >= 0) return null;
    return {
      respiratory_rate: points("respiratory_rate", needed[0]),
      oxygen_saturation: points(saturationBands(), needed[1]),
      supplemental_oxygen: oxygen === "true" ? 2 : 0,
      systolic_bp: points("systolic_bp", needed[2]),
      pulse_rate: points("pulse_rate", needed[3]),
      consciousness: state === "A" ? 0 : 3,
      temperature_celsius: points("temperature_celsius", needed[4]),
    };
  }

  function showComputed() {
    var weight = value("weight_kg");
    var height = value("height_cm");
    side.querySelector("[data-bmi]").textContent = weight && height ? (weight / Math.pow(height / 100, 2)).toFixed(1) : "—";
    var found = parts();
    var list = side.querySelector("[data-news2-parts]");
    list.textContent = "";
    var total = 0;
    if (found) {
      Object.keys(found).forEach(function (name) {
        var item = document.createElement("li");
        item.textContent = table.labels[name] + " " + found[name];
        if (found[name]) item.className = "has-points points-" + found[name];
        list.appendChild(item);
        total += found[name];
      });
    }
    side.querySelector("[data-news2-total]").textContent = found ? String(total) : "—";
    note.hidden = Boolean(found);
  }

  function show() {
    showZones();
    showComputed();
  }

  document.addEventListener("input", show);
  document.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", show);
  show();
})();
