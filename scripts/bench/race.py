"""Eight people at once book one doctor's day, or take money for one invoice, over HTTP; somebody else counts."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from scripts.bench.client import Client
from scripts.bench.pages import EMAILS

WRITERS = 8
#: What a writer does next: a path and what is posted there.
Turn = Callable[[random.Random], tuple[str, dict[str, str]]]


def play(client: Client, turn: Turn, number: int, rounds: int, start: Any, answers: Any) -> None:
    """One writer: so many turns; what was answered."""
    dice = random.Random(number)
    seen: Counter[str] = Counter()
    start.wait()
    for _ in range(rounds):
        try:
            status, body, _headers = client.request("POST", *turn(dice))
        except OSError as error:
            seen[f"lost: {type(error).__name__}"] += 1
            continue
        if status == 302:
            seen["done"] += 1
        elif status == 200 and (b'id="error-summary"' in body or b'id="warnings"' in body):
            seen["refused"] += 1
        else:
            seen[f"answer {status}"] += 1
    answers.put(dict(seen))


def compete(port: int, role: str, turn: Turn, rounds: int) -> dict[str, Any]:
    """What eight writers of this role were answered."""
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(WRITERS), fork.Queue()
    # One after the other: many log-ins of one account at the same moment are refused as guessing.
    clients = [Client(port).log_in(EMAILS[role]) for _ in range(WRITERS)]
    writers = [
        fork.Process(target=play, args=(client, turn, number, rounds, start, answers))
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
    return {
        "requests": WRITERS * rounds,
        "done": seen["done"],
        "refused": seen["refused"],
        "neither": WRITERS * rounds - seen["done"] - seen["refused"],
        "seconds": time.perf_counter() - began,
    }


def rows_of(url: str, query: str, *values: str) -> list[tuple[Any, ...]]:
    """What the database itself says, read without Django; the first value is a key."""
    if url.startswith("sqlite"):
        import sqlite3

        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        return connection.execute(query.format("?"), [UUID(values[0]).hex, *values[1:]]).fetchall()
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(query.format("%s"), values).fetchall()


def overlaps(url: str, doctor: str, day: str) -> tuple[int, int]:
    """(rows, minutes that two visits share) as the table says."""
    found = rows_of(
        url,
        "SELECT appointment_time, duration_minutes FROM appointments"
        " WHERE doctor_id = {0} AND appointment_date = {0} AND status NOT IN ('cancelled', 'no_show')",
        doctor,
        day,
    )
    taken: Counter[int] = Counter()
    for start, minutes in found:
        first = int(str(start)[:2]) * 60 + int(str(start)[3:5])
        taken.update(range(first, first + minutes))
    return len(found), sum(times > 1 for times in taken.values())


def race(port: int, url: str, chosen: dict[str, Any], rounds: int) -> str:
    """Eight receptionists and one doctor's day: what they were answered, and what the table holds afterwards."""
    doctor, day = chosen["race_doctor"], (date.today() + timedelta(days=random.randrange(800, 1700))).isoformat()

    def book(dice: random.Random) -> tuple[str, dict[str, str]]:
        minute = dice.randrange(8 * 60, 17 * 60, 5)
        return "/appointments/new/", {
            "new_id": str(uuid4()),
            "patient": dice.choice(chosen["patients"]),
            "doctor": doctor,
            "appointment_date": day,
            "appointment_time": f"{minute // 60:02}:{minute % 60:02}",
            "duration_minutes": str(dice.choice([15, 20, 30])),
            "appointment_type": "emergency",
        }

    before, _minutes = overlaps(url, doctor, day)
    result = compete(port, "receptionist", book, rounds)
    rows, minutes = overlaps(url, doctor, day)
    return (
        "8 writers on one doctor's day, over HTTP: {requests} requests in {seconds:.1f} s, {done} booked, {refused} "
        "refused by a rule, **{neither} answers that were neither**; the table holds {rows} new visits and "
        "**{overlaps} minutes that two visits share**."
    ).format(**result, rows=rows - before, overlaps=minutes)


def cash_race(port: int, url: str, chosen: dict[str, Any], rounds: int) -> str:
    """Eight officers and one invoice, for which they would take twice what it owes."""
    invoice = chosen["race_invoice"]

    def owed() -> Decimal:
        told = rows_of(url, "SELECT balance_due FROM invoices WHERE id = {0}", invoice)[0][0]
        return Decimal(str(told)).quantize(Decimal("0.01"))  # SQLite keeps whole dollars without cents

    def entries() -> list[Decimal]:
        kept = "SELECT amount FROM payments WHERE invoice_id = {0} AND voided_at IS NULL"
        return [Decimal(str(amount)) for (amount,) in rows_of(url, kept, invoice)]

    before, taken = owed(), entries()
    amount = max(Decimal("0.01"), (2 * before / (WRITERS * rounds)).quantize(Decimal("0.01")))

    def pay(_dice: random.Random) -> tuple[str, dict[str, str]]:
        data = {"new_id": str(uuid4()), "invoice": invoice, "amount": str(amount), "payment_method": "cash"}
        return f"/invoices/{invoice}/pay/", data

    result = compete(port, "billing_officer", pay, rounds)
    after, now = owed(), entries()
    return (
        "8 officers take ${amount} each time for one invoice that owes ${before}, over HTTP: {requests} requests in "
        "{seconds:.1f} s, {done} taken, {refused} refused by a rule, **{neither} answers that were neither**; the "
        "table holds {rows} new payments of ${sum}, the invoice owes ${after}: **{lost} difference**."
    ).format(
        **result,
        amount=amount,
        before=before,
        rows=len(now) - len(taken),
        sum=sum(now) - sum(taken),
        after=after,
        lost=f"${abs(before - after - (sum(now) - sum(taken)))}",
    )
