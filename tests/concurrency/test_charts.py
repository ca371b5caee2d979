"""Two people at one patient at the same moment: the second one sees what the first one left."""

import pytest

from tests.concurrency import arena
from tests.concurrency.chart_race import GAMES

#: What the second one is told, where it is not saved.
REFUSED = {
    ("merge_on", "undo_merge"): ["order"],
    ("deactivate", "book"): ["invalid_choice"],
    ("allergy", "prescribe"): ["safety_warning"],
    ("book", "book_elsewhere"): ["safety_warning"],
    ("book", "move"): ["safety_warning"],
}


@pytest.mark.concurrency
@pytest.mark.spec("BYD-8", "BYD-7", "RULE-APPT-3", "RULE-APPT-7", "RULE-RX-2")
@pytest.mark.parametrize("engine", arena.ENGINES)
def test_what_is_written_at_the_same_moment_is_seen(engine, tmp_path):
    """Rows stayed in a chart that nobody looks into any more, and warnings that were due did not come."""
    _seeded, answers, found = arena.race(engine, tmp_path, "tests.concurrency.chart_race", processes=2)
    seen = dict(zip(GAMES, zip(*answers, found, strict=True), strict=True))
    assert {game: first for game, (first, _second, _rows) in seen.items()} == {game: [True, []] for game in GAMES}
    second = {game: second for game, (_first, second, _rows) in seen.items()}
    assert second == {game: [game not in REFUSED, REFUSED.get(game, [])] for game in GAMES}
    for game, (_first, _second, rows) in seen.items():
        assert not rows["left"], (game, rows)
        assert not rows["undone_without_rows"] and not rows["invoiced_for_another"], (game, rows)
    assert seen["withdraw", "book"][2]["wish"] == "withdrawn"
