"""One patient's day after another, by people who note what the clinic has acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from scripts.bench.client import PASSWORD, Client

#: What a colleague's action or a rule may answer, beside success.
RULES = {400, 404, 409, 429}


class Tally:
    """What was asked, how long it took, what was acknowledged; shared by all threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.times: dict[str, list[float]] = defaultdict(list)
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.broken = 0
        #: Errors that were shown while database or disk were broken.
        self.in_trouble = 0
        self.trouble = threading.Event()
        self.doctors: list[str] = []
        self.tokens: dict[str, str] = {}
        self.acknowledged: dict[str, list[str]] = defaultdict(list)

    def note(self, what: str, status: int, milliseconds: float, *, trouble: bool = False) -> None:
        """One answer; `trouble`: something was broken when it was asked for or when it came."""
        with self.lock:
            if status >= 500 and (trouble or self.trouble.is_set()):
                self.in_trouble += 1
                return
            self.times[what].append(milliseconds)
            self.statuses[what, status] += 1

    def keep(self, kind: str, key: str) -> None:
        """A write that the clinic has said yes to."""
        with self.lock:
            self.acknowledged[kind].append(key)

    def write(self, path: Path) -> None:
        """For the proof."""
        path.write_text(json.dumps(self.acknowledged))

    def findings(self) -> list[str]:
        """Errors that people were shown."""
        return [f"{what}: {status} x {n}" for (what, status), n in sorted(self.statuses.items()) if status >= 500]

    def table(self) -> str:
        """Requests, refusals by rules, and times."""
        lines = ["| what | answers | of them refused | p50 ms | p95 ms |", "|---|--:|--:|--:|--:|"]
        for what, times in sorted(self.times.items()):
            times.sort()
            refused = sum(n for (name, status), n in self.statuses.items() if name == what and status in RULES)
            p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
            lines.append(f"| {what} | {len(times):,} | {refused:,} | {p50:.0f} | {p95:.0f} |")
        total = sum(map(len, self.times.values()))
        lines.append(f"\n{total:,} answers; {self.broken:,} connections cut by kills (asked again under the same key).")
        lines.append(f"{self.in_trouble:,} errors were shown while database or disk were broken.")
        lines.append(", ".join(f"{len(keys):,} {kind}" for kind, keys in self.acknowledged.items()) + " acknowledged.")
        return "\n".join(lines)


class Cut(Exception):
    """The other end was killed."""


class Person:
    """Plays all roles of one patient's day, by pages and by the API."""

    def __init__(self, number: int, port: int, tally: Tally, dice: random.Random) -> None:
        self.number, self.port, self.tally, self.dice = number, port, tally, dice
        self.tokens = tally.tokens
        self.browser: Client | None = None
        self.doctors: dict[str, str] = {}
        self.doctor = self.dice.choice(tally.doctors or ["doctor"])

    def work(self, until: float) -> None:
        """Until the day is over; whoever is cut off begins with the next patient."""
        while time.monotonic() < until:
            try:
                self.one_day()
                self.look_around()
            except Cut:
                self.browser = None
                time.sleep(0.3)

    def api(self, who: str, method: str, path: str, body: Any = None, *, once: bool = False) -> tuple[int, Any]:
        """A call; with `once`, a cut connection is asked again under the same key, as a careful client does."""
        key = str(uuid4()) if once else ""
        for attempt in range(12):
            try:
                return self._call(who, method, path, body, key)
            except (OSError, http.client.HTTPException) as error:
                with self.tally.lock:
                    self.tally.broken += 1
                if not once or attempt == 11:
                    raise Cut from error
                time.sleep(0.5)
        raise Cut

    def _call(self, who: str, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json"}
        if path != "/auth/token":
            headers["Authorization"] = f"Bearer {self.token(who)}"
        if key:
            headers["Idempotency-Key"] = key
        started, trouble = time.perf_counter(), self.tally.trouble.is_set()
        try:
            connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        name = "/".join("*" if len(part) == 36 else part for part in path.split("?")[0].split("/"))
        self.tally.note(f"{method} {name}", answer.status, (time.perf_counter() - started) * 1000, trouble=trouble)
        if answer.status == 401:
            self.tokens.pop(who, None)
            raise Cut
        try:
            return answer.status, json.loads(content).get("data")
        except ValueError:
            return answer.status, None

    def token(self, who: str) -> str:
        """Of one of the demo's people; fetched once."""
        if who not in self.tokens:
            _status, data = self._call(
                who, "POST", "/auth/token", {"email": f"{who}@clinic.example", "password": PASSWORD}, ""
            )
            if not data:
                raise Cut
            self.tokens[who] = data["access"]
        return self.tokens[who]

    def one_day(self) -> None:
        """Registered, booked, checked in, measured, treated, billed; each acknowledged write is noted."""
        mark = f"Soak{uuid4().hex[:12]}"
        self.doctor = self.dice.choice(self.tally.doctors or [self.doctor])
        # Days of birth that differ: nobody is taken for somebody else.
        born = date(1930, 1, 1) + timedelta(days=self.dice.randrange(30_000))
        person = {"first_name": "Ada", "last_name": mark, "date_of_birth": born.isoformat(), "gender": "female"}
        status, patient = self.api("receptionist", "POST", "/patients", person)
        if status != 201:
            return
        self.tally.keep("patients", mark)
        # Some time of today: visits are checked in on their day. Others look for the same times.
        now = datetime.now(UTC)
        left = max(1, (24 * 60 - now.hour * 60 - now.minute) // 15 - 1)
        moment = now.replace(minute=now.minute // 15 * 15) + timedelta(minutes=15 * self.dice.randrange(left))
        visit_data = {
            "patient_id": patient["id"],
            "doctor_id": self.doctor_id(),
            "appointment_type": "emergency",
            "appointment_date": moment.date().isoformat(),
            "appointment_time": moment.strftime("%H:%M"),
            "duration_minutes": 15,
            "reason": mark,
        }
        status, visit = self.api("receptionist", "POST", "/appointments", visit_data, once=True)
        if status != 201:
            return
        self.tally.keep("appointments", mark)
        if self.api("receptionist", "POST", f"/appointments/{visit['id']}/check-in")[0] != 200:
            return
        if not self.treated(mark, patient, visit):
            return
        lines = [{"description": "Consultation", "quantity": 1, "unit_price": "120.00"}]
        bill = {"appointment_id": visit["id"], "line_items": lines}
        status, invoice = self.api("billing", "POST", "/invoices", bill, once=True)
        if status != 201 or self.api("billing", "POST", f"/invoices/{invoice['id']}/issue")[0] != 200:
            return
        self.tally.keep("invoices", mark)
        for part in range(self.dice.randrange(1, 4)):
            reference = f"{mark}-{part}"
            money = {"invoice_id": invoice["id"], "amount": "10.50", "payment_method": "bank_transfer"}
            status, payment = self.api(
                "billing", "POST", "/payments", {**money, "transaction_reference": reference}, once=True
            )
            if status == 201:
                self.tally.keep("payments", reference)
                if self.dice.random() < 0.15:
                    self.api("billing", "POST", f"/payments/{payment['id']}/void", {"void_reason": "Soak"})

    def treated(self, mark: str, patient: Any, visit: Any) -> bool:
        """Measured by a nurse, seen by the doctor, who orders a medication and a test; False if somebody refused."""
        vitals = {"patient_id": patient["id"], "systolic_bp": 128, "diastolic_bp": 82, "pulse_rate": 88}
        if self.api("nurse", "POST", "/vital-signs", vitals)[0] == 201:
            self.tally.keep("vital_signs", mark)
        status, note = self.api(self.doctor, "POST", "/consultations", {"appointment_id": visit["id"]})
        if status != 201:
            return False
        done = {
            "diagnosis": "Acute pharyngitis",
            "prescriptions": [
                {
                    "medication_name": "Paracetamol 500 mg",
                    "dosage": "500 mg",
                    "frequency": "twice a day",
                    "duration": "5 days",
                }
            ],
            "lab_tests": [{"test_name": "C-reactive protein"}],
        }
        if self.api(self.doctor, "POST", f"/consultations/{note['id']}/complete", done)[0] != 200:
            return False
        self.tally.keep("consultations", mark)
        self.tally.keep("prescriptions", mark)
        self.tally.keep("lab_tests", mark)
        return True

    def doctor_id(self) -> str:
        """The key of the doctor whom this person plays."""
        if self.doctor not in self.doctors:
            _status, found = self.api("administrator", "GET", f"/users?role=doctor&q={self.doctor}@")
            if not found or not found["items"]:
                raise Cut
            self.doctors[self.doctor] = found["items"][0]["id"]
        return self.doctors[self.doctor]

    def look_around(self) -> None:
        """Some pages as a browser asks for them, and now and then a report."""
        try:
            if self.browser is None:
                self.browser = Client(self.port).log_in("administrator@clinic.example")
            trouble = self.tally.trouble.is_set()
            for page in self.dice.sample(PAGES, 4):
                status, _body, _headers = self.browser.request("GET", page)
                self.tally.note("page", status, self.browser.milliseconds, trouble=trouble)
            if self.dice.random() < 0.1:
                status, _body, _headers = self.browser.request("POST", "/reports/new/", {"report_type": "revenue"})
                self.tally.note("report", status, self.browser.milliseconds, trouble=trouble)
        except (OSError, http.client.HTTPException, SystemExit) as error:
            with self.tally.lock:
                self.tally.broken += 1
            raise Cut from error


PAGES = [
    "/",
    "/patients/",
    "/patients/?q=ma",
    "/appointments/",
    "/appointments/calendar/",
    "/appointments/board/",
    "/invoices/",
    "/payments/",
    "/consultations/",
    "/lab-tests/",
    "/audit-logs/",
    "/reports/",
    "/users/",
]
