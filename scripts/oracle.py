"""The acceptance run of booking: eight processes on two doctors' day, every answer judged by an independent oracle.

`python -m scripts.oracle [decisions]` (4,000 unless said otherwise) on SQLite, and on PostgreSQL too where DATABASE_URL
names a server of it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.concurrency import arena, oracle

WRITERS, DECISIONS, PATIENCE = 8, 4_000, 3_000


def main(decisions: int) -> int:
    """Race, judge, tell; the number of disagreements."""
    found = 0
    for engine in dict.fromkeys(["sqlite", *arena.ENGINES]):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            rounds = -(-decisions // WRITERS)
            _seeded, answers, ended = arena.race(
                engine,
                Path(folder),
                "tests.concurrency.booking_race",
                processes=WRITERS,
                rounds=rounds,
                patience=PATIENCE,
            )
        made = [one for answer in answers for one in answer]
        wrong = oracle.disagreements(made, ended["rows"])
        kinds = Counter(f"{one['kind']} {'saved' if one['saved'] else 'refused'}" for one in made)
        print(f"{engine}: {len(made):,} decisions, {len(wrong)} disagreements, {time.monotonic() - began:.0f} s")
        print("  " + ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items())))
        print("".join(f"  {line}\n" for line in wrong[:10]), end="")
        found += len(wrong)
    return found


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]) if len(sys.argv) > 1 else DECISIONS)))
