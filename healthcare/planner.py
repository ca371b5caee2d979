"""What the database knows about its tables when it chooses an index."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections


def renew_statistics(using: str = DEFAULT_DB_ALIAS) -> None:
    """Have the database look at its tables anew: after a mass of new rows, and each day.

    Without it SQLite took the index by status for one patient's results: 156 ms instead of 1 at 100,000 patients. After
    a look at only 4,000 rows of each index, too few of each doctor, it read the list of prescriptions by doctor: 1.4 s.
    PostgreSQL does both by itself, a little later (autovacuum). Until it has noted which of its pages all may see, no
    index alone answers: a search by name took 99 ms instead of 21 at a million patients.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # So many rows of each index are enough to tell a good one from a bad one.
            cursor.execute("PRAGMA analysis_limit = 20000")
        vacuum = connection.vendor == "postgresql" and not connection.in_atomic_block
        cursor.execute("VACUUM ANALYZE" if vacuum else "ANALYZE")


def schedule(using: str = "default", plan: Any = (), **_kwargs: Any) -> None:
    """Once a day, by a worker; after migrations at once: SQLite builds tables anew and forgets what it knew of them."""
    from healthcare.tasks import DAY, repeat

    if plan and connections[using].vendor == "sqlite":
        renew_statistics(using)
    repeat("healthcare.planner.renew_statistics", minutes=DAY, using=using)
