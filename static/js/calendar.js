/* The calendar. The list below it does the same without JavaScript. */
(function () {
  "use strict";

  var holder = document.getElementById("calendar");
  if (!holder || !window.EventCalendar) return;
  var set = holder.dataset;
  var doctors = JSON.parse(document.getElementById("calendar-doctors").textContent);
  var narrow = window.matchMedia("(max-width: 767.98px)").matches;
  var columns = doctors.length * (set.view === "week" ? 7 : 1);

  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }

  function dayOf(date) {
    return date.getFullYear() + "-" + two(date.getMonth() + 1) + "-" + two(date.getDate());
  }

  function timeOf(date) {
    return two(date.getHours()) + ":" + two(date.getMinutes());
  }

  /* --- what is said --------------------------------------------------------------------- */

  function toast(level, lines, link, long) {
    var note = document.createElement("div");
    note.className = "toast-note note-" + level;
    var words = document.createElement("div");
    lines.forEach(function (line) {
      var part = document.createElement("p");
      part.textContent = line;
      words.appendChild(part);
    });
    if (link) {
      var anchor = document.createElement("a");
      anchor.href = link;
      anchor.textContent = set.open;
      words.appendChild(anchor);
    }
    note.appendChild(words);
    var place = document.getElementById("toasts");
    place.replaceChildren(note);
    window.setTimeout(
      function () {
        note.remove();
      },
      link || long ? 20000 : 6000,
    );
  }

  /* whether visits are on their way, said once they are drawn */
  function busy(whether) {
    if (whether) holder.setAttribute("aria-busy", "true");
    else
      window.requestAnimationFrame(function () {
        holder.setAttribute("aria-busy", "false");
      });
  }

  /* --- moving --------------------------------------------------------------------------- */

  function move(info) {
    var event = info.event;
    busy(true);
    var data = new URLSearchParams({
      doctor: event.resourceIds[0],
      start: dayOf(event.start) + "T" + timeOf(event.start),
      minutes: String(Math.round((event.end - event.start) / 60000)),
      seen: event.extendedProps.seen,
    });
    var headers = JSON.parse(document.body.getAttribute("hx-headers"));
    headers.Accept = "application/json";
    fetch(set.move + event.id + "/move/", { method: "POST", body: data, headers: headers, credentials: "same-origin" })
      .then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.json();
      })
      .then(function (answer) {
        if (answer.saved) {
          toast("success", [answer.message].concat(answer.notices), "", answer.notices.length);
        } else {
          info.revert();
          toast("error", [set.refused].concat(answer.messages), answer.form_url);
        }
        calendar.refetchEvents();
      })
      .catch(function () {
        info.revert();
        busy(false);
        toast("error", [set.failed]);
      });
  }

  /* --- booking -------------------------------------------------------------------------- */

  /* the form, with what its address says already and the place in the calendar */
  function book(address, place) {
    var url = new URL(address, window.location.href);
    url.searchParams.set("doctor", place.resource.id);
    url.searchParams.set("appointment_date", dayOf(place.date));
    url.searchParams.set("appointment_time", timeOf(place.date));
    window.location.assign(url);
  }

  /* somebody of the waiting list is dragged onto a free time */
  var dragged = null;
  document.addEventListener("dragstart", function (event) {
    dragged = event.target.closest && event.target.closest("[data-waiting]");
  });
  holder.addEventListener("dragover", function (event) {
    if (dragged) event.preventDefault();
  });
  holder.addEventListener("drop", function (event) {
    if (!dragged) return;
    event.preventDefault();
    var place = calendar.dateFromPoint(event.clientX, event.clientY);
    if (place && place.resource) book(dragged.href, place);
    dragged = null;
  });

  /* --- drawing -------------------------------------------------------------------------- */

  function content(info) {
    var props = info.event.extendedProps;
    if (info.event.display === "background") return "";
    var time = document.createElement("time");
    time.textContent = timeOf(info.event.start);
    var who = document.createElement("a");
    who.href = props.url;
    who.textContent = info.event.title;
    who.draggable = false; /* the visit is dragged, not its link; for the mouse the whole visit is one (see the style) */
    var what = document.createElement("span");
    what.textContent = props.type + " · " + props.status;
    if (props.emergency) what.className = "visit-emergency";
    var first = document.createElement("p");
    first.append(time, who);
    /* the free time under the mouse is drawn as an event too, about nobody */
    return { domNodes: props.notes ? [first, what, card(props)] : [first, what] };
  }

  /* phone, reason and next steps, for who comes to the visit with the keyboard; the mouse reads them by resting on it */
  function card(props) {
    var box = document.createElement("div");
    box.className = "visit-card";
    box.popover = "manual";
    props.notes.forEach(function (note) {
      var line = document.createElement("p");
      line.textContent = note;
      box.appendChild(line);
    });
    props.steps.forEach(function (step) {
      var link = document.createElement("a");
      link.href = step.url;
      link.textContent = step.label;
      link.draggable = false;
      box.appendChild(link);
    });
    return box;
  }

  function cardOf(element) {
    var visit = element && element.closest && element.closest(".ec-event");
    return visit && visit.querySelector(".visit-card");
  }

  /* below its visit, or above it at the lower edge of the window */
  function place(box) {
    var visit = box.closest(".ec-event").getBoundingClientRect();
    var below = visit.bottom + box.offsetHeight < window.innerHeight;
    box.style.top = (below ? visit.bottom : Math.max(0, visit.top - box.offsetHeight)) + "px";
    box.style.left = Math.max(0, Math.min(visit.left, window.innerWidth - box.offsetWidth - 8)) + "px";
  }

  function close() {
    holder.querySelectorAll(".visit-card:popover-open").forEach(function (open) {
      open.hidePopover();
    });
  }

  holder.addEventListener("focusin", function (event) {
    var box = cardOf(event.target);
    if (!box || box.matches(":popover-open") || !event.target.matches(":focus-visible")) return;
    close();
    box.showPopover();
    place(box);
  });
  holder.addEventListener("focusout", function (event) {
    if (cardOf(event.relatedTarget) !== cardOf(event.target)) close();
  });
  holder.addEventListener("keydown", function (event) {
    if (event.key === "Escape") close();
  });
  document.addEventListener("scroll", function () {
    holder.querySelectorAll(".visit-card:popover-open").forEach(place);
  }, true);

  /* rows and columns without a table around them say nothing to a screen reader: the list below says it */
  function plain() {
    holder.querySelectorAll("[role=table], [role=row], [role=rowgroup], [role=cell], [role=columnheader], [role=rowheader]").forEach(function (element) {
      element.removeAttribute("role");
    });
    holder.querySelectorAll("[aria-colindex], [aria-rowindex]").forEach(function (element) {
      ["aria-colindex", "aria-colspan", "aria-rowindex", "aria-rowspan"].forEach(function (name) {
        element.removeAttribute(name);
      });
    });
    /* a visit holds a link of its own, so it is no button around it */
    holder.querySelectorAll("[aria-colcount]").forEach(function (element) {
      element.removeAttribute("aria-colcount");
    });
    holder.querySelectorAll(".ec-event[role=button]").forEach(function (element) {
      element.removeAttribute("role");
      element.removeAttribute("tabindex");
    });
  }

  var calendar = window.EventCalendar.create(holder, {
    view: set.view === "week" ? "resourceTimeGridWeek" : "resourceTimeGridDay",
    date: set.date,
    firstDay: 1,
    locale: set.locale,
    headerToolbar: { start: "", center: "", end: "" },
    resources: doctors,
    loading: busy,
    eventSources: [
      {
        events: function (fetched, success, failure) {
          fetch(set.events, { headers: { Accept: "application/json" }, credentials: "same-origin" })
            .then(function (response) {
              return response.json();
            })
            .then(success)
            .catch(failure);
        },
      },
    ],
    allDaySlot: false,
    datesAboveResources: true,
    columnWidth: columns > 8 || narrow ? "132px" : undefined,
    dayHeaderFormat: function (date) {
      return new Intl.DateTimeFormat(set.locale, { weekday: "short" }).format(date) + " " + dayOf(date);
    },
    slotDuration: "00:15",
    slotLabelInterval: "01:00",
    slotHeight: 22,
    slotMinTime: set.opens,
    slotMaxTime: set.closes,
    flexibleSlotTimeLimits: true,
    scrollTime: set.seen,
    height: "min(74vh, 900px)",
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    nowIndicator: true,
    editable: Boolean(set.edit),
    eventDurationEditable: Boolean(set.edit),
    longPressDelay: 400,
    pointer: Boolean(set.edit),
    eventContent: content,
    eventDidMount: function (info) {
      var notes = info.event.extendedProps.notes;
      if (notes) info.el.title = notes.join(" · ");
    },
    eventClick: function (info) {
      if (info.event.display !== "background" && !info.jsEvent.target.closest("a")) window.location.assign(info.event.extendedProps.url);
    },
    dateClick: function (info) {
      if (set.edit && info.resource) book(set.new, info);
    },
    eventDrop: move,
    eventResize: move,
  });

  new MutationObserver(plain).observe(holder, { childList: true, subtree: true });
  plain();
})();
