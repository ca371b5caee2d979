"""The database is told about its tables."""

import pytest
from django.db import connection

from healthcare.planner import renew_statistics
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
