"""How long answers take: one client, then eight at once."""

from __future__ import annotations

import re
import statistics
import threading
from dataclasses import dataclass
from html import unescape
from typing import Any

from scripts.bench.client import Client
from scripts.bench.pages import EMAILS, Measured, payment

CROWD = 8
NEXT = re.compile(rb'href="([^"]+)"[^>]*rel="next"|rel="next"[^>]*href="([^"]+)"')


@dataclass
class Timing:
    """Milliseconds."""

    median: float
    p95: float


def timing(values: list[float]) -> Timing:
    """Median and 95th percentile."""
    ordered = sorted(values)
    return Timing(statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))])


class Run:
    """The requests against one running clinic."""

    def __init__(self, port: int, chosen: dict[str, Any], requests: int) -> None:
        self.port, self.chosen, self.requests = port, chosen, requests
        #: How many rows of each kind of write are used up.
        self.used: dict[str, int] = {}

    def client(self, role: str) -> Client:
        """Somebody of this role, logged in; nobody for the log-in page."""
        client = Client(self.port)
        return client.log_in(EMAILS[role]) if role else client

    def one(self, client: Client, line: Measured, number: int) -> float:
        """The milliseconds of one request; the answer must be the right one."""
        path, data = line.make(self.chosen, number)
        status, body, _headers = client.request("POST" if data is not None else "GET", path, data)
        if status != line.status:
            words = re.sub(rb"<[^>]+>|\s+", b" ", body[max(0, body.find(b"error-summary")) :][:1500])
            raise SystemExit(f"{line.name}: {path} answered {status}, not {line.status}: {words.decode()[:400]}")
        # A browser follows to a page that shows the words "Saved." and forgets them; here they would pile up until
        # they no longer fit into a cookie and each save wrote the session too.
        client.cookies.pop("messages", None)
        return client.milliseconds

    def take(self, line: Measured, count: int) -> range:
        """The numbers of the next so many requests of a line."""
        start = self.used.get(line.name, 0)
        self.used[line.name] = start + count
        return range(start, start + count)

    def alone(self, line: Measured) -> Timing:
        """One client."""
        client = self.client(line.role)
        count = max(5, int(self.requests * line.share))
        for number in self.take(line, 4):
            self.one(client, line, number)  # both workers have seen it
        return timing([self.one(client, line, number) for number in self.take(line, count)])

    def crowd(self, line: Measured) -> Timing:
        """Eight clients at once."""
        clients = [self.client(line.role) for _ in range(CROWD)]
        count = max(3, int(self.requests * line.share / 4))
        values: list[float] = []
        failures: list[str] = []

        def work(client: Client, numbers: range) -> None:
            try:
                values.extend([self.one(client, line, number) for number in numbers])
            except SystemExit as failure:
                failures.append(str(failure))

        threads = [threading.Thread(target=work, args=(client, self.take(line, count))) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise SystemExit(failures[0])
        return timing(values)

    def walk(self, pages: int) -> tuple[str, int]:
        """The address and number of a page far down the list of patients, reached by its next links."""
        client, path, number = self.client("receptionist"), "/patients/", 1
        while number < pages:
            found = NEXT.search(client.request("GET", path)[1])
            if not found:
                break
            path = "/patients/" + unescape((found.group(1) or found.group(2)).decode())
            number += 1
        return path, number


def plain(port: int, path: str, requests: int) -> tuple[Timing, Timing]:
    """One client and eight at a page that needs no log-in."""
    line = Measured(path, "", lambda chosen, number: (path, None))
    run = Run(port, {}, requests)
    return run.alone(line), run.crowd(line)


def plain_payment(port: int, chosen: dict[str, Any], requests: int) -> tuple[Timing, Timing]:
    """One client and eight paying without a log-in."""
    line = Measured("Bare Django payment", "", payment, status=302)
    run = Run(port, chosen, requests)
    return run.alone(line), run.crowd(line)
