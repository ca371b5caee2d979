/* Two minutes before the session ends a dialog says so; once it has ended, the same person logs in again over the
   page, which keeps what was typed. Tabs share one clock. The server decides: this only tells. */
(function () {
  "use strict";

  var script = document.getElementById("idle-js");
  var dialog = document.getElementById("idle-dialog");
  if (!script || !dialog || !dialog.showModal) return;
  var LIMIT = Number(script.dataset.seconds) * 1000;
  var WARN = Math.min(120000, LIMIT / 2);
  var PING = Math.min(240000, LIMIT / 4);
  var KEY = "clinic-seen";
  var warning = dialog.querySelector("[data-idle-warning]");
  var form = dialog.querySelector("form");
  var clock = dialog.querySelector("[data-idle-clock]");
  var error = dialog.querySelector("[data-idle-error]");
  var codeField = dialog.querySelector("[data-idle-code]");
  var typedAt = 0;
  var over = false;

  /* `seen` is when the server last heard from this browser, in whichever tab */
  function seen() {
    try {
      return Number(localStorage.getItem(KEY)) || 0;
    } catch (ignored) {
      return own;
    }
  }

  var own = Date.now();

  function heard(at) {
    own = at;
    try {
      localStorage.setItem(KEY, String(own));
    } catch (ignored) {
      /* a browser without storage: each tab keeps its own clock */
    }
  }

  function takeToken(token) {
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach(function (field) {
      field.value = token;
    });
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }

  function close() {
    if (over) document.dispatchEvent(new Event("session:back"));
    over = false;
    dialog.classList.remove("is-over");
    error.textContent = "";
    form.reset();
    if (dialog.open) dialog.close();
  }

  function ping(then) {
    fetch(script.dataset.alive, { headers: { Accept: "application/json" }, credentials: "same-origin", redirect: "manual" })
      .then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.json();
      })
      .then(function (answer) {
        takeToken(answer.csrf);
        heard(Date.now());
        if (then) then(true);
      })
      .catch(function () {
        if (then) then(false);
      });
  }

  function lock() {
    over = true;
    dialog.classList.add("is-over");
    warning.hidden = true;
    form.hidden = false;
    dialog.setAttribute("aria-labelledby", "idle-over");
    if (!dialog.open) dialog.showModal();
    form.querySelector("[name=password]").focus();
  }

  function warn(left) {
    clock.textContent = Math.floor(left / 60000) + ":" + String(Math.floor((left % 60000) / 1000)).padStart(2, "0");
    if (dialog.open) return;
    warning.hidden = false;
    form.hidden = true;
    dialog.setAttribute("aria-labelledby", "idle-soon");
    dialog.showModal();
    warning.querySelector("button").focus();
  }

  function tick() {
    var quiet = Date.now() - Math.max(own, seen());
    if (over) {
      /* somebody logged in again in another tab */
      if (quiet < LIMIT) ping(function (alive) {
        if (alive) close();
      });
      return;
    }
    if (quiet >= LIMIT) lock();
    else if (typedAt > Math.max(own, seen()) && quiet > PING && !dialog.open) ping();
    else if (quiet >= LIMIT - WARN) warn(LIMIT - quiet);
    else if (dialog.open) close();
  }

  ["keydown", "pointerdown", "wheel", "touchstart"].forEach(function (kind) {
    document.addEventListener(kind, function () {
      if (!dialog.open) typedAt = Date.now();
    }, { passive: true });
  });
  dialog.addEventListener("cancel", function (event) {
    event.preventDefault();
  });
  warning.querySelector("button").addEventListener("click", function () {
    ping(function (alive) {
      if (alive) close();
      else lock();
    });
  });
  /* The server ended the session before the clock here did (an administrator, cleared cookies), or gave out a new token. */
  document.addEventListener("session:lost", function () {
    if (over) return;
    ping(function (alive) {
      if (alive) {
        document.dispatchEvent(new Event("session:back"));
      } else {
        heard(0);
        lock();
      }
    });
  });

  /* Without its cookie a token is worth nothing: the log-in page gives out both. */
  function freshToken() {
    return fetch(script.dataset.login, { credentials: "same-origin" })
      .then(function (response) {
        return response.text();
      })
      .then(function (html) {
        var page = new DOMParser().parseFromString(html, "text/html");
        takeToken(page.querySelector("[name=csrfmiddlewaretoken]").value);
      });
  }

  function logIn() {
    var body = new FormData(form);
    body.set("csrfmiddlewaretoken", document.querySelector("#log-out [name=csrfmiddlewaretoken]").value);
    return fetch(form.action, { method: "POST", body: body, credentials: "same-origin" });
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    error.textContent = "";
    logIn()
      .then(function (response) {
        return response.status === 403 ? freshToken().then(logIn) : response;
      })
      .then(function (response) {
        if (response.status === 403) throw new Error("csrf");
        return response.json();
      })
      .then(function (answer) {
        if (answer.csrf) {
          takeToken(answer.csrf);
          heard(Date.now());
          close();
          return;
        }
        if (answer.code) {
          codeField.hidden = false;
          codeField.querySelector("input").focus();
        }
        error.textContent = answer.error || "";
      })
      .catch(function () {
        error.textContent = script.dataset.failed;
      });
  });
  /* parts of the page that htmx fetches are heard of by the server too */
  document.addEventListener("htmx:afterOnLoad", function () {
    heard(Date.now());
  });
  heard(Date.now());
  window.setInterval(tick, 1000);
})();
