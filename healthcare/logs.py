"""The log: one line per entry, with the request's id, and nothing that a patient's row says (OPS-3)."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from healthcare.context import acting

slow_queries = logging.getLogger("healthcare.slow_queries")


class LineFormatter(logging.Formatter):
    """For people. An error's own words may hold a patient's data: its kind and its place are enough to find it."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = f"{moment} {record.levelname} {record.name} [{request_id()}] {one_line(record.getMessage())}"
        return "\n".join([line, *(f"    {step}" for step in steps_of(record))])


class JsonFormatter(logging.Formatter):
    """For machines: the same as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id(),
            "message": one_line(record.getMessage()),
        }
        if found := steps_of(record):
            entry["error"] = found
        return json.dumps(entry, ensure_ascii=False)


def request_id() -> str:
    """The id that the answer carries as X-Request-ID."""
    return acting().request_id or "-"


def one_line(text: str) -> str:
    """Nobody writes a second line into the log by what they send."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


def steps_of(record: logging.LogRecord) -> list[str]:
    """Where an error came from: its kind and the lines of code, without its words and without values."""
    if not record.exc_info or record.exc_info[0] is None:
        return []
    frames = traceback.extract_tb(record.exc_info[2])
    return [record.exc_info[0].__name__, *(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)]


class SlowQueries:
    """Logs the statement of each query that takes longer than SLOW_QUERY_MS, without its values."""

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            if milliseconds >= settings.SLOW_QUERY_MS:
                slow_queries.warning("%.0f ms: %s", milliseconds, sql[:1000])


@receiver(connection_created, dispatch_uid="healthcare.slow_queries")
def watch(connection: Any, **_kwargs: Any) -> None:
    """Every new connection is watched, where the setting asks for it."""
    if settings.SLOW_QUERY_MS and not any(isinstance(one, SlowQueries) for one in connection.execute_wrappers):
        connection.execute_wrappers.append(SlowQueries())
