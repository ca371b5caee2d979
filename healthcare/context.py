"""Who is acting right now, and as what: read by the audit trail, set by middleware and by `submit`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any


class Untold(list[Any]):
    """Audit rows of one change, until it is whole and they are inserted together."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        #: How many savepoints were open when the change began: what is undone by a later one must not be told.
        self.depth = depth


@dataclass(frozen=True)
class Acting:
    """The person, the place and the verb behind whatever is written now."""

    user: Any = None
    ip_address: str | None = None
    user_agent: str = ""
    request_id: str = ""
    #: The verb for changes of `subject` (check_in, issue, void ...); other rows are create/update.
    action: str = ""
    subject: Any = None
    #: False while an importer or the demo writes its own audit rows in bulk.
    audited: bool = True
    #: What waits to be told when the change is whole; None where everything is told at once.
    untold: Untold | None = None


_acting: ContextVar[Acting] = ContextVar("acting", default=Acting())  # noqa: B039 - frozen


def acting() -> Acting:
    """What is known about the present actor; empty in a shell."""
    return _acting.get()


@contextmanager
def act(**changes: Any) -> Iterator[Acting]:
    """Act with these values until the block ends."""
    token = _acting.set(replace(_acting.get(), **changes))
    try:
        yield _acting.get()
    finally:
        _acting.reset(token)
