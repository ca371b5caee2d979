"""The cash is counted while money comes in: every entry belongs to exactly one close."""

from decimal import Decimal

import pytest

from tests.concurrency import arena

pytestmark = [pytest.mark.concurrency, pytest.mark.spec("BYD-6")]


@pytest.mark.parametrize("engine", arena.ENGINES)
def test_every_entry_belongs_to_exactly_one_close(engine, tmp_path):
    _seeded, answers, found = arena.race(engine, tmp_path, "tests.concurrency.cash_race", processes=6, rounds=15)
    # Entered while the count was under way: refused with the words to enter it again.
    assert {code for answer in answers for code in answer} <= {"constraint"}
    assert found["closes"] >= 10 and found["joined"]
    assert Decimal(found["closed"]) + Decimal(found["rest"]) == Decimal(found["held"]) == Decimal(found["paid"]) > 0
