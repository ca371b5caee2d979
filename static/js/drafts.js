/* Long forms: what is typed is kept on the server every few seconds, so that a crash, a time-out or a closed window
   loses nothing. The next visit to the page, on any computer, shows it again (healthcare/drafts.py). */
(function () {
  "use strict";

  var AFTER = 2000; /* milliseconds without a key */
  var AT_LEAST = 8000; /* somebody who types without a pause */

  var place = document.querySelector("[data-draft]");
  if (!place) return;
  var form = place.closest("form");
  var word = place.querySelector("[data-draft-word]");
  var takeOver = place.querySelector("[data-draft-take-over]");
  var timer = 0;
  var since = 0; /* when the oldest text that is not kept was typed */
  var sending = null;
  var leaving = false;
  var losses = 0; /* refusals in a row */
  var asking = false; /* the form waits until the server has what was typed */
  var kept = false;
  var warned = false; /* logging out would lose what was typed, and the person was told */

  function windowId() {
    try {
      var id = sessionStorage.getItem("draft-window");
      if (!id) {
        id = String(Date.now()) + "-" + String(Math.random()).slice(2, 12);
        sessionStorage.setItem("draft-window", id);
      }
      return id;
    } catch (error) {
      return "one";
    }
  }

  function show(state, text) {
    place.dataset.state = state;
    word.textContent = text;
    takeOver.hidden = state !== "elsewhere";
  }

  function body(more) {
    var typed = new URLSearchParams();
    new FormData(form).forEach(function (value, name) {
      if (typeof value === "string" && name !== "csrfmiddlewaretoken") typed.append(name, value);
    });
    var sent = new URLSearchParams(more || {});
    sent.set("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    sent.set("page", place.dataset.draftPage);
    sent.set("window", windowId());
    sent.set("data", typed.toString());
    return sent;
  }

  function answered(response) {
    if (response.type === "opaqueredirect" || response.status === 403) {
      since = since || Date.now();
      show("failed", place.dataset.wordLoggedOut);
      losses += 1;
      if (losses < 3) document.dispatchEvent(new Event("session:lost")); /* idle.js lets log in over this page */
      return false;
    }
    if (response.status !== 200 && response.status !== 409) {
      failed();
      return true;
    }
    losses = 0;
    return response.json().then(function (answer) {
      if (response.status === 409) {
        show("elsewhere", place.dataset.wordElsewhere + " " + (answer.typed_at || ""));
      } else if (!since) {
        form.dataset.dirty = ""; /* nothing is lost by leaving */
        show("kept", place.dataset.wordKept + " " + answer.saved_at);
      }
      return true;
    });
  }

  function failed() {
    since = since || Date.now();
    show("failed", place.dataset.wordFailed);
    timer = window.setTimeout(keep, AT_LEAST);
    return false;
  }

  /* Resolves to whether the server would take the form: it answered, and knows who is writing. */
  function keep(more) {
    window.clearTimeout(timer);
    if (leaving) return Promise.resolve();
    if (sending) {
      timer = window.setTimeout(keep, AFTER);
      return sending;
    }
    since = 0;
    sending = fetch(place.dataset.draftUrl, {
      method: "POST",
      body: body(more),
      credentials: "same-origin",
      redirect: "manual",
    })
      .then(answered)
      .catch(failed)
      .then(function (heard) {
        sending = null;
        return heard;
      });
    return sending;
  }

  function typed(event) {
    if (event.target.closest && event.target.closest("form") !== form) return;
    if (place.dataset.state === "elsewhere") return; /* until this window takes over */
    if (!since) since = Date.now();
    warned = false;
    show("unsaved", place.dataset.wordUnsaved);
    window.clearTimeout(timer);
    timer = window.setTimeout(keep, Math.max(0, Math.min(AFTER, since + AT_LEAST - Date.now())));
  }

  ["input", "change", "formset:changed"].forEach(function (kind) {
    document.addEventListener(kind, typed);
  });

  /* The server refused to save: what was sent is nowhere but on this page. */
  if (place.dataset.state === "unsaved") {
    since = Date.now();
    timer = window.setTimeout(keep, AFTER);
  }

  takeOver.addEventListener("click", function () {
    keep({ take_over: "1" });
  });

  /* closing the window, switching to another one, the phone going dark */
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "hidden" && since && !leaving && place.dataset.state !== "elsewhere") {
      since = 0;
      navigator.sendBeacon(place.dataset.draftUrl, body());
    }
  });

  document.addEventListener("session:back", function () {
    if (place.dataset.state === "failed") keep();
  });

  /* Sent to a server that has ended the session, a form would be gone: so what is typed is kept first. */
  document.addEventListener("submit", function (event) {
    if (event.target === form && (kept || !(since || sending))) {
      leaving = true; /* the form itself is saved now, and its draft goes */
      window.clearTimeout(timer);
    } else if (event.target === form) {
      var button = event.submitter;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (asking) return;
      asking = true;
      Promise.resolve(sending).then(function () {
        return keep({ take_over: "1" }); /* whoever saves here means this text, not another window's */
      }).then(function (heard) {
        asking = false;
        if (!heard) return;
        kept = true;
        form.requestSubmit(button);
        kept = false;
      });
    } else if ((since || sending) && !warned && /logout/.test(event.target.action)) {
      var out = event.target;
      event.preventDefault();
      Promise.resolve(sending).then(function () {
        return keep();
      }).then(function () {
        warned = place.dataset.state !== "kept"; /* why is said beside the buttons; pressed once more, it is meant */
        if (!warned) out.submit();
      });
    }
  }, true);
  window.addEventListener("pageshow", function () {
    leaving = false;
  });
})();
