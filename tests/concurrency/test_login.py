"""Eighty wrong passwords at once are worth no more than five (AUTH-2)."""

import pytest

from departments.lockout import ACCOUNT_LIMIT
from tests.concurrency import arena
from tests.factories import PASSWORD


@pytest.mark.concurrency
@pytest.mark.spec("AUTH-2")
@pytest.mark.parametrize("engine", arena.ENGINES)
def test_parallel_guesses_are_all_counted(engine, tmp_path):
    _seeded, players, found = arena.race(engine, tmp_path, "tests.concurrency.login_race", processes=8, rounds=10)
    answers = [status for player in players for status in player["answers"]]
    assert answers == [200] * 80  # the form again, never an error
    assert sum(player["looked"] for player in players) == ACCOUNT_LIMIT
    assert found == {"opened": False, "locked": True}


@pytest.mark.concurrency
@pytest.mark.spec("AUTH-2")
@pytest.mark.parametrize("engine", arena.ENGINES)
def test_eight_right_log_ins_at_once_are_no_guessing(engine, tmp_path):
    _seeded, players, found = arena.race(
        engine, tmp_path, "tests.concurrency.login_race", processes=8, rounds=3, password=PASSWORD
    )
    assert [status for player in players for status in player["answers"]] == [302] * 24
    assert found == {"opened": True, "locked": False}
