"""FHIR's search parameters as conditions on our rows."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

COUNT, MOST, FURTHEST = 50, 200, 10_000
PREFIXES = {"eq": "", "ge": "gte", "le": "lte", "gt": "gt", "lt": "lt"}


class BadSearch(Exception):
    """A search parameter that cannot be read."""


def page_bounds(query: Any) -> tuple[int, int]:
    """`_count` and `_offset`."""
    found = []
    for name, default, most in (("_count", COUNT, MOST), ("_offset", 0, FURTHEST)):
        text = query.get(name) or str(default)
        if not (text.isascii() and text.isdigit() and len(text) < 9):
            raise BadSearch(_("%(name)s must be a whole number.") % {"name": name})
        found.append(min(int(text), most))
    return max(found[0], 1), found[1]


def key_in(text: str, kind: str) -> UUID:
    """The key in `Patient/<key>` or `<key>`."""
    try:
        return UUID(text.removeprefix(f"{kind}/"))
    except ValueError:
        raise BadSearch(_("%(text)s is no id.") % {"text": text[:50]}) from None


def found_rows(kind: Any, source: Any, request: HttpRequest) -> tuple[Any, UUID | None]:
    """The rows that the person may see and the search asks for, newest first; the patient if it names one."""
    query, rows, patient = request.GET, source.rows().visible_to(request.user), None
    if "_id" in query:
        keys = [key_in(text[:36], kind.name) for text in query["_id"].split(",")[:100]]
        rows = rows.filter(pk__in=keys)
    if text := query.get("patient") or query.get("subject"):
        if not source.patient:
            return rows.none(), None
        patient = key_in(text, "Patient")
        rows = rows.filter(**{source.patient: patient})
    for text in query.getlist("date"):
        rows = rows.filter(day_condition(source, text)) if source.date else rows.none()
    if text := query.get("status"):
        conditions = [source.status[name] for name in text.split(",") if name in source.status]
        either = Q(pk__in=[])
        for condition in conditions:
            either |= Q(**condition) if condition else ~Q(pk__in=[])
        rows = rows.filter(either)
    rows = own_parameters(kind, rows, query)
    return rows.order_by(f"-{source.date or 'created_at'}", "-pk"), patient


def day_condition(source: Any, text: str) -> Q:
    """`2026-11-22`, perhaps after eq, ge, le, gt or lt."""
    prefix, day_text = (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)
    try:
        day = date.fromisoformat(day_text[:10])
    except ValueError:
        raise BadSearch(_("%(text)s is no date.") % {"text": text[:50]}) from None
    column = source.date if source.days else f"{source.date}__date"
    return Q(**{f"{column}__{PREFIXES[prefix]}" if PREFIXES[prefix] else column: day})


def own_parameters(kind: Any, rows: Any, query: Any) -> Any:
    """What only this type is searched by."""
    number = {"Patient": "patient_number", "Invoice": "invoice_number"}
    for name in kind.parameters:
        text = query.get(name, "").replace("\x00", " ").strip()[:100]
        if not text:
            continue
        if name == "identifier":
            rows = rows.filter(**{number[kind.name]: text.rpartition("|")[2]})
        elif name == "name" and kind.name == "Organization":
            rows = rows.filter(name__icontains=text)
        elif name == "name":
            rows = rows.search(text)
        elif name in ("family", "given"):
            column = {"family": "last_name", "given": "first_name"}[name]
            rows = rows.filter(**{f"{column}__istartswith": text})
        elif name == "gender":
            rows = rows.filter(gender=text)
        elif name == "birthdate":
            try:
                rows = rows.filter(date_of_birth=date.fromisoformat(text.removeprefix("eq")))
            except ValueError:
                raise BadSearch(_("%(text)s is no date.") % {"text": text[:50]}) from None
    return rows
