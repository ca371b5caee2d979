"""Eight billing officers at once: never overpaid, never a gap in the numbers, no lock error."""

from collections import Counter
from decimal import Decimal

import pytest

from tests.concurrency import arena

WRITERS, ROUNDS = 8, 20
#: What a rule may answer: more than is due, paid already, the visit has an invoice (asked or lost the race).
RULES = {"too_much", "paid", "exists", "constraint", "rolled_back", "transition"}

pytestmark = pytest.mark.concurrency


@pytest.fixture(scope="module", params=arena.ENGINES)
def race(request, tmp_path_factory):
    """(decisions, what stands in the end)."""
    _seeded, answers, found = arena.race(
        request.param,
        tmp_path_factory.mktemp("race"),
        "tests.concurrency.billing_race",
        processes=WRITERS,
        rounds=ROUNDS,
    )
    return [decision for answer in answers for decision in answer], found


def test_every_answer_is_a_success_or_a_rule(race):
    decisions, _found = race
    for decision in decisions:
        assert decision["saved"] or (decision["codes"] and set(decision["codes"]) <= RULES), decision
    kinds = Counter((decision["kind"], decision["saved"]) for decision in decisions)
    assert all(kinds[kind] for kind in (("pay", True), ("pay", False), ("void", True), ("create", True))), kinds
    assert kinds["undo", False], kinds


@pytest.mark.spec("RULE-PAY-1", "RULE-PAY-3", "RULE-INV-5")
def test_nobody_overpays(race):
    decisions, found = race
    live = sum(Decimal(amount) for _key, amount, is_live in found["payments"] if is_live)
    assert live == Decimal(found["paid"]) <= 100
    assert Decimal(found["balance"]) == 100 - live
    assert found["status"] == ("paid" if live == 100 else "partially_paid" if live else "issued")
    made = {d["key"] for d in decisions if d["kind"] in ("pay", "credit") and d["saved"]}
    refunds = sum(d["kind"] == "refund" and d["saved"] for d in decisions)
    voided = {decision["key"] for decision in decisions if decision["kind"] == "void" and decision["saved"]}
    keys = {key for key, _amount, _is_live in found["payments"]}
    # Each refund that kept something has carried it on as one more payment.
    assert made <= keys and len(keys - made) == len(found["refunds"]) <= refunds
    assert voided <= {key for key, _amount, is_live in found["payments"] if not is_live}
    assert all(Decimal(part) + Decimal(kept) == Decimal(whole) for part, whole, kept in found["refunds"])


@pytest.mark.spec("RULE-INV-5", "ENT-5")
def test_credit_notes_are_gapless_and_the_books_agree(race):
    decisions, found = race
    credited = sum(decision["kind"] == "credit" and decision["saved"] for decision in decisions)
    assert found["notes"] == [f"CN-{number:06}" for number in range(1, credited + 1)]
    # The seeded invoice has a number that no counter gave.
    assert [text for text in found["differences"] if "not given out" not in text] == []


@pytest.mark.spec("ENT-5", "RULE-INV-1")
def test_numbers_are_gapless_and_a_visit_is_invoiced_once(race):
    decisions, found = race
    created = [decision for decision in decisions if decision["kind"] == "create" and decision["saved"]]
    assert found["numbers"] == [f"INV-{number:06}" for number in range(1, len(created) + 1)]
    assert len(found["visits"]) == len(set(found["visits"])) == len(created)
