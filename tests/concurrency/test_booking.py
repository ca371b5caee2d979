"""Eight writers on two doctors' day: no overlap, no lost request, no lock error (RULE-APPT-2)."""

from collections import Counter

import pytest

from tests.concurrency import arena, oracle

WRITERS = 8
#: Decisions of each; `python -m scripts.oracle` makes many more.
ROUNDS = 75


@pytest.mark.concurrency
@pytest.mark.spec("RULE-APPT-2")
@pytest.mark.parametrize("engine", arena.ENGINES)
def test_eight_writers_on_two_doctors_day(engine, tmp_path):
    _seeded, answers, found = arena.race(
        engine, tmp_path, "tests.concurrency.booking_race", processes=WRITERS, rounds=ROUNDS
    )
    decisions = [decision for answer in answers for decision in answer]
    assert len(decisions) == WRITERS * ROUNDS >= 600
    # Every answer is right, as far as anybody can tell who watched the clock.
    assert not oracle.disagreements(decisions, found["rows"])
    kinds = Counter((decision["kind"], decision["saved"]) for decision in decisions)
    for kind in ("book", "move", "resize", "cancel", "miss", "reactivate"):
        assert kinds[kind, True], kinds
    assert kinds["book", False] and kinds["move", False], kinds

    # Nothing is lost, nothing is invented: rows and audit rows are exactly the successes that were reported.
    booked = {decision["key"] for decision in decisions if decision["kind"] == "book" and decision["saved"]}
    cancelled = {decision["key"] for decision in decisions if decision["kind"] == "cancel" and decision["saved"]}
    assert {row["key"] for row in found["rows"]} == booked
    assert {row["key"] for row in found["rows"] if row["status"] == "cancelled"} == cancelled
    audit = Counter(action for _key, action in found["audit"])
    assert audit["create"] == kinds["book", True]
    assert audit["cancel"] == kinds["cancel", True]
    assert audit["no_show"] == kinds["miss", True]
    assert audit["undo"] == kinds["reactivate", True]


def test_the_oracle_finds_what_is_wrong():
    def decision(number, kind="book", saved=True, codes=(), minute=600, patient="Lopez", **times):
        want = {"doctor": "Chen", "patient": patient, "minute": minute, "length": 30}
        moment = times.get("moment", [number, number + 0.5])
        return {"kind": kind, "key": str(number), "saved": saved, "codes": codes, "want": want, "moment": moment}

    def row(number, minute=600):
        return {"key": str(number), "doctor": "Chen", "minute": minute, "length": 30, "status": "scheduled"}

    first, beside = decision(1), decision(2, minute=630)
    refused = decision(3, saved=False, codes=["overlap"], minute=615, patient="Roy")
    assert not oracle.disagreements([first, beside, refused], [row(1), row(2, 630)])
    for wrong, rows in (
        ([first, decision(2, patient="Roy", minute=615)], [row(1), row(2, 615)]),  # saved over another
        ([first, decision(2, patient="Roy", moment=[1, 1.5])], [row(1), row(2)]),  # both at once
        ([decision(1, saved=False, codes=["overlap"])], []),  # refused for nothing
        ([first, decision(2, saved=False, codes=["overlap"], minute=630)], [row(1)]),  # half-open
        ([first, {**first, "kind": "cancel", "moment": [2, 3]}, {**refused, "moment": [4, 5]}], []),  # free again
        ([first], []),  # lost
        ([decision(1, saved=False, codes=["OperationalError"])], []),
    ):
        assert oracle.disagreements(wrong, rows), wrong
