/* Bars and lines with Chart.js; each chart stands beside its table, so nothing is lost without scripts. */
(function () {
  "use strict";

  /* a canvas knows no custom properties: let the browser work the colour out */
  function css(name) {
    var probe = document.createElement("span");
    probe.style.color = "var(" + name + ")";
    document.body.appendChild(probe);
    var colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }

  function short(value) {
    var size = Math.abs(value);
    if (size >= 1e6) return (value / 1e6).toFixed(size >= 1e7 ? 0 : 1) + " M";
    if (size >= 1e4) return Math.round(value / 1e3) + " k";
    return value.toLocaleString("en");
  }

  /* a trend is a line of measurements: its axis need not begin at nothing, and its labels are moments */
  function isLine(data) {
    return data.kind === "line" || data.kind === "trend";
  }

  function datasets(data, colours) {
    return data.series.map(function (series, index) {
      /* a pyramid's second side grows to the left, as on paper */
      var mirrored = data.kind === "pyramid" && index === 1;
      return {
        label: series.label,
        data: mirrored ? series.values.map(function (value) { return -value; }) : series.values,
        borderColor: colours[index],
        backgroundColor: colours[index],
        borderWidth: isLine(data) ? 2 : 0,
        borderRadius: 3,
        maxBarThickness: 26,
        pointRadius: 2,
        tension: 0,
        spanGaps: true,
      };
    });
  }

  function draw(canvas, colours, grid, ink) {
    var data = JSON.parse(canvas.dataset.chart);
    var pyramid = data.kind === "pyramid";
    var trend = data.kind === "trend";
    var sideways = pyramid || data.kind === "horizontal";
    var small = canvas.hasAttribute("data-small");
    if (pyramid) data.labels.reverse();
    if (pyramid) data.series.forEach(function (series) { series.values.reverse(); });
    var numbers = {
      beginAtZero: !trend,
      grace: trend ? "10%" : 0,
      stacked: pyramid,
      border: { display: false },
      grid: { color: grid },
      ticks: {
        color: ink,
        precision: trend ? undefined : 0,
        maxTicksLimit: small ? 4 : 7,
        callback: function (value) { return short(pyramid ? Math.abs(value) : value); },
      },
    };
    var names = {
      stacked: pyramid,
      grid: { display: false },
      ticks: {
        color: ink,
        autoSkip: !sideways,
        maxRotation: 0,
        autoSkipPadding: trend ? 20 : 12,
        callback: function (value) {
          var label = this.getLabelForValue(value);
          if (trend) return label.slice(0, 10);
          return label.length > 26 ? label.slice(0, 25) + "…" : label;
        },
      },
    };
    new window.Chart(canvas, {
      type: isLine(data) ? "line" : "bar",
      data: { labels: data.labels, datasets: datasets(data, colours) },
      options: {
        animation: false,
        maintainAspectRatio: false,
        indexAxis: sideways ? "y" : "x",
        interaction: { mode: "index", intersect: false, axis: sideways ? "y" : "x" },
        plugins: {
          legend: {
            display: data.series.length > 1,
            position: "bottom",
            labels: { color: ink, boxWidth: 12, boxHeight: 12 },
          },
          tooltip: {
            callbacks: {
              label: function (item) {
                return " " + item.dataset.label + ": " + Math.abs(item.raw).toLocaleString("en");
              },
            },
          },
        },
        scales: sideways ? { x: numbers, y: names } : { x: names, y: numbers },
      },
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    if (!window.Chart) return;
    window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    var colours = [css("--accent-ink"), css("--chart-2"), css("--violet-ink"), css("--ink-2")];
    document.querySelectorAll("canvas[data-chart]").forEach(function (canvas) {
      draw(canvas, colours, css("--line"), css("--ink-2"));
    });
  });
})();
