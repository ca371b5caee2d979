"""Eight writers on two doctors' day: no overlap, no lost request, no lock error (RULE-APPT-2)."""

import os
from collections import Counter

import pytest

from tests.concurrency import arena

WRITERS = 8
#: Decisions of each; `CLINIC_RACE_ROUNDS=500` makes the 4,000 of the acceptance run.
ROUNDS = int(os.environ.get("CLINIC_RACE_ROUNDS", "75"))
#: What a rule may answer. A safety warning is the same patient booked twice at once (RULE-APPT-7).
RULES = {"overlap", "safety_warning", "transition"}


@pytest.mark.concurrency
@pytest.mark.spec("RULE-APPT-2")
@pytest.mark.parametrize("engine", arena.ENGINES)
def test_eight_writers_on_two_doctors_day(engine, tmp_path):
    _seeded, answers, found = arena.race(
        engine, tmp_path, "tests.concurrency.booking_race", processes=WRITERS, rounds=ROUNDS
    )
    decisions = [decision for answer in answers for decision in answer]
    assert len(decisions) == WRITERS * ROUNDS >= 600
    # Every answer is a success or a rule's message.
    for decision in decisions:
        assert decision["saved"] or (decision["codes"] and set(decision["codes"]) <= RULES), decision
    kinds = Counter((decision["kind"], decision["saved"]) for decision in decisions)
    for kind in ("book", "move", "resize", "cancel", "miss", "reactivate"):
        assert kinds[kind, True], kinds
    assert kinds["book", False] and kinds["move", False], kinds

    # The oracle counts minutes: no doctor has the same one twice.
    taken = Counter(
        (row["doctor"], minute)
        for row in found["rows"]
        if row["status"] == "scheduled"
        for minute in range(row["minute"], row["minute"] + row["length"])
    )
    assert not [minute for minute, times in taken.items() if times > 1]

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
