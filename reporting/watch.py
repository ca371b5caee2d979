"""How far a report is, told while it is being counted, and whether somebody has cancelled it."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Any, Self

from django.db import DatabaseError, connection

from healthcare.clock import now
from reporting.models import Report, ReportStatus
from reporting.replica import counting_connection

logger = logging.getLogger("reporting.watch")

#: Seconds between two looks at the row, and between two signs of life.
LOOK, LIFE = 1.0, 20.0


class Lost(Exception):
    """The report was cancelled, or another worker makes it by now."""


class Watch:
    """Writes from a thread and a connection of its own: the counting itself stands in one long read of the database."""

    def __init__(self, key: Any, claimed: str) -> None:
        self.row = Report.objects.filter(pk=key, claim=claimed, status=ReportStatus.GENERATING)
        self.state: dict[str, Any] = {}
        self.lost = False
        self.done = threading.Event()
        # Within a transaction (the tests') there is but this one connection.
        self.thread = None if connection.in_atomic_block else threading.Thread(target=self.run, daemon=True)

    def __enter__(self) -> Self:
        if self.thread:
            counting = counting_connection()
            counting.ensure_connection()
            self.counting = counting.connection
            self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.done.set()
        if self.thread:
            self.thread.join()
        if self.lost and isinstance(error, DatabaseError):
            raise Lost from error  # its query was stopped on purpose

    def tell(self, progress: int, stage: str, rows: int) -> None:
        """Note how far it is. Raises Lost when it is to be made no longer."""
        self.state = {"progress": progress, "stage": stage[:100], "rows": rows}
        if not self.thread:
            self.write()
        if self.lost:
            raise Lost

    def write(self) -> None:
        """Show the state; this is also the sign of life."""
        # A counter of machinery, not a change that the audit trail should tell.
        self.lost = not self.row.update(**self.state, updated_at=now())

    def run(self) -> None:
        """The thread: tell what is new, and stop the counting when there is no use in it any more."""
        shown: dict[str, Any] = {}
        at = time.monotonic()
        try:
            while not self.done.wait(LOOK) and not self.lost:
                try:
                    if self.state != shown or time.monotonic() - at > LIFE:
                        shown, at = self.state, time.monotonic()
                        self.write()
                    else:
                        self.lost = not self.row.exists()
                except DatabaseError as error:
                    logger.warning("Could not tell how far a report is: %s", type(error).__name__)
            if self.lost:
                self.stop_counting()
        finally:
            connection.close()

    def stop_counting(self) -> None:
        """Stop the query that the worker waits for."""
        stop = getattr(self.counting, "interrupt", None) or self.counting.cancel
        stop()
