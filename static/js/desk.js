/* The front desk's conveniences; every page works without them. */
(function () {
  "use strict";

  function put(name, value) {
    var field = document.querySelector("form.booking-form [name='" + name + "']");
    if (!field) return;
    if (field.tomselect) field.tomselect.setValue(value, true);
    else field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* a free time beside the booking form fills the form */
  document.addEventListener("click", function (event) {
    var free = event.target.closest("[data-free-time]");
    if (!free) return;
    put("doctor", free.dataset.freeDoctor);
    put("appointment_date", free.dataset.freeDay);
    put("appointment_time", free.dataset.freeTime);
    document.querySelectorAll("[data-free-time][aria-pressed]").forEach(function (other) {
      other.removeAttribute("aria-pressed");
    });
    free.setAttribute("aria-pressed", "true");
  });
})();

/* The waiting board and the room's screen. */
(function () {
  "use strict";

  /* a session that has ended answers with the log-in page: show that instead of an empty board */
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.responseURL.indexOf("/login/") >= 0) {
      event.detail.shouldSwap = false;
      window.location.reload();
    }
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-full-screen]")) document.documentElement.requestFullscreen();
  });

  /* what the filters say shows at once */
  document.addEventListener("change", function (event) {
    var form = event.target.closest(".board-filters");
    if (form) form.requestSubmit();
  });
})();
