"""Django's PostgreSQL backend; whether an open connection still answers is not asked before every request."""

from __future__ import annotations

import select
import time
from typing import Any

from django.db.backends.postgresql import base

#: Seconds after an answer in which only the socket is looked at, as connection pools do. A server that ends or restarts
#: closes it, which shows there at once; a line that is cut silently is found by the next question.
TRUSTED_SECONDS = 1.0


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    """A connection to PostgreSQL."""

    #: When the present connection was last asked, by the monotonic clock.
    answered_at = float("-inf")

    def is_usable(self) -> bool:
        """Whether the connection still answers; called before a request's first query, and after an error."""
        recent = time.monotonic() - self.answered_at < TRUSTED_SECONDS
        if recent and not self.errors_occurred and is_quiet(self.connection):
            return True
        usable: bool = super().is_usable()
        self.answered_at = time.monotonic() if usable else float("-inf")
        return usable


def is_quiet(driver: Any) -> bool:
    """Whether nothing waits to be read: neither a farewell nor the end of the connection."""
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return not poll.poll(0)
