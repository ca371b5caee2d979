"""`python -m scripts.cash_oracle`: officers draft, issue, pay, void, refund, credit, write off and cancel at once.

Nobody waits for anybody. One process only looks: again and again it reads all that is committed in one plain SQL
statement and checks RULE-INV-2, 4 and 5 and the gapless numbers. In the end what each officer was told is added up
without the database, and must be what stands in it. PostgreSQL is the server of TEST_POSTGRES_URL.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

ENGINES = ("sqlite", "postgresql")
SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
VISITS = 10
STEPS = ("create", "edit", "issue", "issue", "pay", "pay", "pay", "void", "refund", "credit", "write_off", "cancel")
#: All that is committed, in one statement: one snapshot on either engine.
BOOKS = """
SELECT invoice_number, status, subtotal, tax_amount, discount_amount, total_amount, amount_paid, balance_due,
    due_date < {today} AS late,
    (SELECT COALESCE(SUM(line_total), 0) FROM invoice_line_items WHERE invoice_id = invoices.id) AS lines,
    (SELECT COALESCE(SUM(ROUND(quantity * unit_price, 2) - line_total), 0) FROM invoice_line_items
        WHERE invoice_id = invoices.id) AS line_error,
    (SELECT COALESCE(SUM(amount), 0) FROM payments WHERE invoice_id = invoices.id AND voided_at IS NULL) AS paid,
    (SELECT COUNT(*) FROM invoices AS others WHERE others.appointment_id = invoices.appointment_id
        AND others.status <> 'cancelled') AS live_of_visit,
    (SELECT COUNT(*) FROM invoices) AS documents,
    (SELECT value FROM counters WHERE name = 'invoice_number') AS given_out
FROM invoices
"""


def seed() -> dict[str, Any]:
    """An officer, an administrator, and visits that everybody invoices."""
    from departments.models import ClinicSettings
    from tests.factories import ConsultationFactory, UserFactory

    clinic = ClinicSettings.current()
    clinic.tax_rate = Decimal("8.25")
    clinic.save()
    return {
        "officer": str(UserFactory(role="billing_officer").pk),
        "administrator": str(UserFactory(role="administrator").pk),
        "visits": [str(ConsultationFactory(completed=True).appointment_id) for _ in range(VISITS)],
    }


def play(number: int, seeded: dict[str, Any], rounds: int, writers: int, folder: str) -> Any:
    """The first process looks; the others do what officers do."""
    if number == 0:
        return look(writers, Path(folder))
    told = work(number, seeded, rounds)
    (Path(folder) / f"{number}.done").touch()
    return told


def look(writers: int, folder: Path) -> dict[str, Any]:
    """How often the committed books were read, and what was wrong with them."""
    looks, wrong = 0, []
    while True:
        over = len(list(folder.glob("*.done"))) == writers
        wrong += faults()
        looks += 1
        if over or len(wrong) > 20:
            return {"looks": looks, "wrong": wrong[:20]}
        time.sleep(0.02)


def faults() -> list[str]:
    """What is wrong with the books as they are committed now."""
    from django.db import connection

    today = "DATE('now')" if connection.vendor == "sqlite" else "CURRENT_DATE"
    with connection.cursor() as cursor:
        cursor.execute(BOOKS.format(today=today))
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found = []
    for row in rows:
        amounts = ("subtotal", "tax_amount", "discount_amount", "total_amount", "amount_paid", "balance_due", "lines")
        subtotal, tax, discount, total, paid, balance, lines = (
            Decimal(str(row[name])).quantize(Decimal("0.01")) for name in amounts
        )
        by_amounts = "paid" if not balance else "overdue" if row["late"] else "partially_paid" if paid else "issued"
        checks = {
            "subtotal is the sum of its lines": subtotal == lines,
            "each line is quantity times price": abs(Decimal(str(row["line_error"]))) < Decimal("0.001"),
            "total adds up": total == subtotal + tax - discount,
            "discount within subtotal": 0 <= discount <= subtotal,
            "nothing negative": min(subtotal, tax, discount, total, paid, balance) >= 0,
            "paid is the sum of the payments": paid == Decimal(str(row["paid"])).quantize(Decimal("0.01")),
            "balance adds up": balance == total - paid,
            "status by amounts": row["status"] in ("draft", "cancelled") or row["status"] == by_amounts,
            "nothing paid on a draft or a cancelled one": row["status"] not in ("draft", "cancelled") or not paid,
            "one live invoice for a visit": row["live_of_visit"] <= 1,
            "as many documents as numbers": row["documents"] == row["given_out"],
        }
        found += [f"{row['invoice_number']}: not so: {what} ({row})" for what, holds in checks.items() if not holds]
    return found


def work(number: int, seeded: dict[str, Any], rounds: int) -> list[dict[str, Any]]:
    """What this officer was told, step by step."""
    from departments.models import User

    dice = random.Random(number)
    people = {name: User.objects.get(pk=seeded[name]) for name in ("officer", "administrator")}
    told = []
    for _ in range(rounds):
        kind = dice.choice(STEPS)
        try:
            told.append({"kind": kind, **step(kind, dice, people, seeded)})
        except Exception as error:  # a rule never raises: whatever comes here is a fault
            told.append({"kind": kind, "fault": f"{type(error).__name__}: {error}"})
    return told


def step(kind: str, dice: random.Random, people: dict[str, Any], seeded: dict[str, Any]) -> dict[str, Any]:
    """One step through the door that the pages use; what it changed in the books."""
    from billing import forms
    from billing.models import Invoice, Payment
    from healthcare.models import new_id
    from healthcare.roles import may
    from healthcare.workflow import submit
    from tests.billing.conftest import rows

    officer = people["officer"]
    form: Any
    lines = rows(("A", dice.randrange(1, 4), cash(dice, 9000)), ("B", 1, cash(dice, 300)))
    if kind == "create":
        data = {"appointment": dice.choice(seeded["visits"]), "discount_percent": str(dice.randrange(0, 30)), **lines}
        form = submit(forms.CreateInvoiceForm, actor=officer, data=data)
        return {"saved": form.is_valid(), "created": int(form.is_valid())}
    invoice = Invoice.objects.order_by("?").first()
    payment: Any = Payment.objects.order_by("?").first()
    if invoice is None or (payment is None and kind in ("void", "refund")):
        return {"saved": False}
    amount = cash(dice, 6000)
    entry = {"invoice": str(invoice.pk), "amount": amount, "notes": "Oracle", "payment_method": "cash"}
    key, moved = str(invoice.pk), Decimal(0)
    changes: dict[str, tuple[Any, dict[str, str]]] = {
        "edit": (forms.EditInvoiceForm, {"tax_amount": "", **lines}),
        "issue": (forms.IssueInvoiceForm, {}),
        "cancel": (forms.CancelInvoiceForm, {"cancellation_reason": "Oracle"}),
    }
    if kind in changes:
        change, data = changes[kind]
        form = submit(change, actor=officer, instance=invoice, data=data)
    elif kind == "pay":
        part, page = cash(dice, 500), new_id()
        data = entry | rows({"amount": part, "payment_method": "credit_card"}, prefix="parts")
        for _ in range(2):  # a double click records once
            form = submit(forms.RecordPaymentForm, actor=officer, data=data, new_id=page)
        moved = Decimal(amount) + Decimal(part)
    elif kind == "void":
        who = officer if may(officer, payment.made_by) else people["administrator"]
        form = submit(forms.VoidPaymentForm, actor=who, instance=payment, data={"void_reason": "Oracle"})
        key, moved = str(payment.invoice_id), -payment.amount
    elif kind == "refund":
        data = {"payment": str(payment.pk), "amount": amount, "payment_method": "cash", "reason": "Oracle"}
        form = submit(forms.RefundPaymentForm, actor=officer, data=data)
        key, moved = str(payment.invoice_id), -Decimal(amount)
    else:
        settle, who = (
            (forms.CreditNoteForm, officer) if kind == "credit" else (forms.WriteOffForm, people["administrator"])
        )
        form, moved = submit(settle, actor=who, data=entry), Decimal(amount)
    return {"saved": form.is_valid(), "invoice": key, "moved": str(moved) if form.is_valid() else "0"}


def cash(dice: random.Random, most: int) -> str:
    """An amount of money."""
    return str(Decimal(dice.randrange(1, most)) / 100)


def read(seeded: dict[str, Any]) -> dict[str, Any]:
    """What stands in the end."""
    from billing.models import Invoice
    from billing.reconcile import differences

    return {
        "paid": {str(key): str(paid) for key, paid in Invoice.objects.values_list("pk", "amount_paid")},
        "numbers": sorted(Invoice.objects.values_list("invoice_number", flat=True)),
        "statuses": Counter(Invoice.objects.values_list("status", flat=True)),
        "differences": [str(difference) for difference in differences()] + faults(),
    }


def judge(engine: str, answers: list[Any], found: dict[str, Any]) -> bool:
    """Print the result; whether all is as it should be."""
    looked, *told = answers[0], *(step for answer in answers[1:] for step in answer)
    faulty = [step["fault"] for step in told if "fault" in step]
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for one in told:
        expected[one.get("invoice", "")] += Decimal(one.get("moved", 0))
    created = sum(one.get("created", 0) for one in told)
    checks = {
        "no step failed but by a rule": not faulty,
        "the books were right at every look": not looked["wrong"],
        "paid is what the officers were told": all(
            Decimal(paid) == expected[key] for key, paid in found["paid"].items()
        ),
        "numbers are gapless": found["numbers"] == [f"INV-{number:06}" for number in range(1, created + 1)],
        "reconcile finds nothing": not found["differences"],
    }
    accepted = Counter(one["kind"] for one in told if one.get("saved"))
    print(f"{engine}: {len(told)} steps by {len(answers) - 1} officers, {sum(accepted.values())} accepted; ", end="")
    print(f"{looked['looks']} looks at the committed books; invoices {dict(found['statuses'])}")
    print(f"  accepted: {dict(sorted(accepted.items()))}")
    for what, holds in checks.items():
        print(f"  {'ok ' if holds else 'NOT'} {what}")
    for text in [*faulty[:5], *looked["wrong"][:5], *found["differences"][:5]]:
        print(f"      {text}")
    return all(checks.values())


def main() -> int:
    """Run it on the engines asked for; 0 if all is well."""
    parser = argparse.ArgumentParser(prog="python -m scripts.cash_oracle", description=__doc__)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=60, help="steps of each officer (default 60)")
    options = parser.parse_args()
    os.environ["DATABASE_URL"] = SERVER  # before the arena reads where PostgreSQL is
    from tests.concurrency import arena

    good = True
    for engine in options.engines:
        with tempfile.TemporaryDirectory() as folder:
            _seeded, answers, found = arena.race(
                engine,
                Path(folder),
                "scripts.cash_oracle",
                processes=options.writers + 1,
                rounds=options.rounds,
                writers=options.writers,
                folder=folder,
            )
        good &= judge(engine, answers, found)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
