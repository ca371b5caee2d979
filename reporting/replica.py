"""Where reports are counted: on a read replica, where the clinic has one (REPORTS_DATABASE_URL)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

ALIAS = "reports"
_counting: ContextVar[bool] = ContextVar("counting", default=False)


def counting_connection() -> Any:
    """The connection that a report's figures are read from."""
    return connections[ALIAS if ALIAS in settings.DATABASES else DEFAULT_DB_ALIAS]


@contextmanager
def counting() -> Iterator[None]:
    """All that is read within comes from there; what is written goes where it always does."""
    token = _counting.set(True)
    try:
        yield
    finally:
        _counting.reset(token)


class ReplicaRouter:
    """Tells Django so."""

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        return counting_connection().alias if _counting.get() else None
