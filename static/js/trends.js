/* Lines over time with Chart.js; each has its table beside it, so nothing is lost without scripts. */
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

  document.addEventListener("DOMContentLoaded", function () {
    if (!window.Chart) return;
    var colours = [css("--accent-ink"), css("--violet-ink"), css("--amber-ink")];
    var grid = css("--line");
    var ink = css("--ink-2");
    document.querySelectorAll("canvas[data-chart]").forEach(function (canvas) {
      var data = JSON.parse(canvas.dataset.chart);
      new window.Chart(canvas, {
        type: "line",
        data: {
          labels: data.labels,
          datasets: data.lines.map(function (line, index) {
            return {
              label: line.label,
              data: line.values,
              borderColor: colours[index],
              backgroundColor: colours[index],
              borderWidth: 2,
              pointRadius: 3,
              tension: 0,
              spanGaps: true,
            };
          }),
        },
        options: {
          animation: false,
          maintainAspectRatio: false,
          interaction: { mode: "index", intersect: false },
          plugins: { legend: { display: data.lines.length > 1, labels: { color: ink, boxWidth: 12 } } },
          scales: {
            x: {
              grid: { display: false },
              ticks: {
                color: ink,
                maxRotation: 0,
                autoSkipPadding: 20,
                callback: function (value) {
                  return this.getLabelForValue(value).slice(0, 10);
                },
              },
            },
            y: { grid: { color: grid }, ticks: { color: ink }, grace: "10%" },
          },
        },
      });
    });
  });
})();
