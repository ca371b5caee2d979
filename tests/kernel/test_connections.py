"""A connection to PostgreSQL that answered a moment ago is not asked again, one that ended is known at once (OPS-1)."""

import time

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper as Usual

pytestmark = [
    pytest.mark.spec("OPS-1"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a SQLite file is always there"),
    pytest.mark.django_db,
]


@pytest.fixture
def asked(monkeypatch):
    """The questions that went to the server."""
    questions = []
    usual = Usual.is_usable
    monkeypatch.setattr(Usual, "is_usable", lambda self: questions.append(self) or usual(self))
    return questions


@pytest.fixture
def other():
    """A connection beside the test's own."""
    other = connection.copy()
    other.ensure_connection()
    yield other
    other.close()


def end(other):
    """Have the server end the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [other.connection.info.backend_pid])


def test_asked_once_a_second(other, asked):
    assert other.is_usable() and other.is_usable() and len(asked) == 1
    other.answered_at = time.monotonic() - 1.1
    assert other.is_usable() and len(asked) == 2


def test_an_ended_connection_is_seen_at_once(other, asked):
    assert other.is_usable()
    end(other)
    assert not other.is_usable() and len(asked) == 2
    assert not other.is_usable()


def test_asked_after_an_error(other, asked):
    assert other.is_usable()
    other.errors_occurred = True
    assert other.is_usable() and len(asked) == 2


def test_the_next_request_connects_anew(other, asked):
    other.health_check_enabled = True
    other.close_if_unusable_or_obsolete()  # as at the beginning of each request
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        first = cursor.fetchone()[0]
    end(other)
    other.close_if_unusable_or_obsolete()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != first
