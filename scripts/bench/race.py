"""Eight receptionists at once book one doctor's day, over HTTP; somebody else counts the overlaps."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from scripts.bench.client import Client
from scripts.bench.pages import EMAILS

WRITERS = 8


def play(client: Client, chosen: dict[str, Any], day: str, number: int, rounds: int, start: Any, answers: Any) -> None:
    """One writer: so many bookings at random times; what was answered."""
    dice = random.Random(number)
    seen: Counter[str] = Counter()
    start.wait()
    for _ in range(rounds):
        minute = dice.randrange(8 * 60, 17 * 60, 5)
        data = {
            "new_id": str(uuid4()),
            "patient": dice.choice(chosen["patients"]),
            "doctor": chosen["race_doctor"],
            "appointment_date": day,
            "appointment_time": f"{minute // 60:02}:{minute % 60:02}",
            "duration_minutes": str(dice.choice([15, 20, 30])),
            "appointment_type": "emergency",
        }
        try:
            status, body, _headers = client.request("POST", "/appointments/new/", data)
        except OSError as error:
            seen[f"lost: {type(error).__name__}"] += 1
            continue
        if status == 302:
            seen["booked"] += 1
        elif status == 200 and (b'id="error-summary"' in body or b'id="warnings"' in body):
            seen["refused by a rule"] += 1
        else:
            seen[f"answer {status}"] += 1
    answers.put(dict(seen))


def overlaps(url: str, doctor: str, day: str) -> tuple[int, int]:
    """(rows, minutes that two visits share) as the table itself says, read without Django."""
    query = (
        "SELECT appointment_time, duration_minutes FROM appointments"
        " WHERE doctor_id = {0} AND appointment_date = {0} AND status NOT IN ('cancelled', 'no_show')"
    )
    if url.startswith("sqlite"):
        import sqlite3

        rows = sqlite3.connect(url.removeprefix("sqlite:///")).execute(query.format("?"), [UUID(doctor).hex, day])
        found = [(str(start), minutes) for start, minutes in rows]
    else:
        import psycopg

        with psycopg.connect(url) as connection:
            rows = connection.execute(query.format("%s"), [doctor, day])
            found = [(str(start), minutes) for start, minutes in rows]
    taken: Counter[int] = Counter()
    for start, minutes in found:
        first = int(start[:2]) * 60 + int(start[3:5])
        taken.update(range(first, first + minutes))
    return len(found), sum(times > 1 for times in taken.values())


def race(port: int, url: str, chosen: dict[str, Any], rounds: int) -> dict[str, Any]:
    """What the writers were answered, and what the table holds afterwards."""
    day = (date.today() + timedelta(days=random.randrange(800, 1700))).isoformat()
    before, _minutes = overlaps(url, chosen["race_doctor"], day)
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(WRITERS), fork.Queue()
    # One after the other: many log-ins of one account at the same moment are refused as guessing.
    clients = [Client(port).log_in(EMAILS["receptionist"]) for _ in range(WRITERS)]
    writers = [
        fork.Process(target=play, args=(client, chosen, day, number, rounds, start, answers))
        for number, client in enumerate(clients)
    ]
    began = time.perf_counter()
    for writer in writers:
        writer.start()
    seen: Counter[str] = Counter()
    for _ in writers:
        seen.update(answers.get(timeout=600))
    for writer in writers:
        writer.join()
    rows, minutes = overlaps(url, chosen["race_doctor"], day)
    good = seen["booked"] + seen["refused by a rule"]
    return {
        "requests": WRITERS * rounds,
        "booked": seen["booked"],
        "refused": seen["refused by a rule"],
        "neither": WRITERS * rounds - good,
        "rows": rows - before,
        "overlaps": minutes,
        "seconds": time.perf_counter() - began,
    }
