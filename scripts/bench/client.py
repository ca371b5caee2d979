"""A browser's share of the work: one kept-alive connection, cookies, forms."""

from __future__ import annotations

import http.client
import json
import re
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode

PASSWORD = "Clinic-demo-2026!"
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')


class Client:
    """One person at one browser."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.milliseconds = 0.0

    def request(self, method: str, path: str, data: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
        """(status, body, headers) of an answer, read whole; how long it took is kept in `milliseconds`."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if data is not None and path.startswith("/api/"):
            body = json.dumps(data)
            headers |= {"Content-Type": "application/json", "X-CSRFToken": self.token}
        elif data is not None:
            body = urlencode({"csrfmiddlewaretoken": self.token, **data}, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        started = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        self.milliseconds = (time.perf_counter() - started) * 1000
        for line in answer.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        # A browser follows the redirect, and the page there shows what was said: it does not pile up.
        self.cookies.pop("messages", None)
        return answer.status, content, dict(answer.headers)

    def log_in(self, email: str) -> Client:
        """Through the log-in page."""
        self.take_token("/login/")
        status, body, _headers = self.request("POST", "/login/", {"username": email, "password": PASSWORD})
        if status != 302:
            raise SystemExit(f"{email} cannot log in: {status} {body[:300]!r}")
        self.take_token("/")
        return self

    def take_token(self, path: str) -> None:
        """The token that forms are sent with."""
        found = TOKEN.search(self.request("GET", path)[1])
        self.token = found.group(1).decode() if found else ""
