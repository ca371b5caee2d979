"""Pages of several tables' rows: each begins behind the last row of the one before, so a deep one costs no more."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from healthcare.fhir.search import BadSearch
from healthcare.fhir.types import Source
from healthcare.generic.paging import beyond

COUNT, MOST = 50, 200


def order_of(source: Source) -> list[str]:
    """Newest first, and total."""
    return [f"-{source.date or 'created_at'}", "-pk"]


def in_order(source: Source, rows: Any) -> Any:
    """The rows as pages walk through them."""
    return rows.order_by(*order_of(source))


def count_in(query: Any, default: int, most: int) -> int:
    """`_count`; 0 asks for the total alone."""
    text = query.get("_count") or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise BadSearch(_("%(name)s must be a whole number.") % {"name": "_count"})
    return min(int(text), most)


def page_of(
    queries: list[tuple[Source, Any]], query: Any, *, default: int = COUNT, most: int = MOST
) -> tuple[list[tuple[Source, Any]], str]:
    """The rows of this page, and the `_after` of the next one; empty if this is the last."""
    count, (first, cursor) = count_in(query, default, most), cursor_in(query, queries)
    found: list[tuple[int, Any]] = []
    for number, (source, rows) in enumerate(queries[first:], first):
        if number == first and cursor is not None:
            rows = rows.filter(beyond(cursor, order_of(source)))
        if (wanted := count + 1 - len(found)) > 0:
            found += [(number, row) for row in rows[:wanted]]
    page = [(queries[number][0], row) for number, row in found[:count]]
    following = f"{found[count - 1][0]}.{found[count - 1][1].pk}" if 0 < count < len(found) else ""
    return page, following


def cursor_in(query: Any, queries: list[tuple[Source, Any]]) -> tuple[int, Any]:
    """Which query goes on behind which row; `_after` names both."""
    text = query.get("_after")
    if not text:
        return 0, None
    number, _dot, key = text.partition(".")
    try:
        source = queries[int(number) if number.isdigit() else len(queries)][0]
        row = source.rows().filter(pk=UUID(key)).first()
    except (ValueError, IndexError):
        row = None
    if row is None:
        raise BadSearch(_("There is no such row."))
    return int(number), row
