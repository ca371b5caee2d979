"""The database is told about its tables."""

import pytest
from django.db import connection

from healthcare.planner import renew_statistics, schedule
from tests.factories import PatientFactory


@pytest.mark.django_db
def test_statistics_are_renewed():
    PatientFactory.create_batch(3)
    renew_statistics()
    known = {
        "sqlite": "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'patients'",
        "postgresql": "SELECT reltuples FROM pg_class WHERE relname = 'patients'",
    }
    with connection.cursor() as cursor:
        cursor.execute(known[connection.vendor])
        assert cursor.fetchone()[0] >= 3


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its statistics of a table that is altered")
@pytest.mark.parametrize(("plan", "known"), [([("a migration", False)], 1), ([], 0)])
def test_statistics_are_renewed_after_migrations(no_statistics, plan, known):
    PatientFactory()
    schedule(plan=plan)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
        there = cursor.fetchone()[0]
        if there:
            cursor.execute("SELECT count(DISTINCT tbl) FROM sqlite_stat1 WHERE tbl = 'patients'")
            there = cursor.fetchone()[0]
    assert there == known
