"""What the database knows about its tables when it chooses an index."""

from __future__ import annotations

from typing import Any

from django.db import connection


def renew_statistics() -> None:
    """Have the database look at its tables anew: after a mass of new rows, and each day.

    Without it SQLite took the index by status for one patient's results: 156 ms instead of 1 at 100,000 patients. After
    a look at only 4,000 rows of each index, too few of each doctor, it read the list of prescriptions by doctor: 1.4 s.
    PostgreSQL does both by itself, a little later (autovacuum). Until it has noted which of its pages all may see, no
    index alone answers: a search by name took 99 ms instead of 21 at a million patients.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # So many rows of each index are enough to tell a good one from a bad one.
            cursor.execute("PRAGMA analysis_limit = 20000")
        vacuum = connection.vendor == "postgresql" and not connection.in_atomic_block
        cursor.execute("VACUUM ANALYZE" if vacuum else "ANALYZE")


def schedule(using: str = "default", **_kwargs: Any) -> None:
    """Once a day, by a worker."""
    from healthcare.tasks import DAY, repeat

    repeat("healthcare.planner.renew_statistics", minutes=DAY, using=using)
