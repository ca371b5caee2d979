"""FHIR's search parameters as conditions on our rows."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from healthcare.clock import zone

PREFIXES = ("eq", "ne", "ge", "le", "gt", "lt")
PARTIAL = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")


class BadSearch(Exception):
    """A search parameter that cannot be read."""


def key_in(text: str, kind: str) -> UUID:
    """The key in `Patient/<key>` or `<key>`."""
    try:
        return UUID(text.removeprefix(f"{kind}/"))
    except ValueError:
        raise BadSearch(_("%(text)s is no id.") % {"text": text[:50]}) from None


def found_rows(kind: Any, source: Any, request: HttpRequest) -> tuple[Any, UUID | None]:
    """The rows that the person may see and the search asks for; the patient if it names one."""
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
        rows = rows.filter(period_condition(source.date, text, days=source.days)) if source.date else rows.none()
    for text in query.getlist("_lastUpdated"):
        rows = rows.filter(period_condition("updated_at", text))
    if text := query.get("status") or query.get("clinical-status"):
        conditions = [source.status[name] for name in text.split(",") if name in source.status]
        either = Q(pk__in=[])
        for found in conditions:
            condition = found() if callable(found) else found
            either |= Q(**condition) if condition else ~Q(pk__in=[])
        rows = rows.filter(either)
    rows = own_parameters(kind, rows, query)
    return rows, patient


def open_only(source: Any, rows: Any) -> Any:
    """The rows without those of confidential charts, which are read for one patient at a time, with the reason."""
    if not source.patient:
        return rows
    return rows.exclude(**{"is_confidential" if source.patient == "pk" else "patient__is_confidential": True})


def period_condition(column: str, text: str, *, days: bool = False) -> Q:
    """`2026-11-22`, `2026-11`, `2026` or a moment, perhaps after eq, ne, ge, le, gt or lt: the period that it names."""
    prefix, asked = (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)
    first, after = period_of(asked)
    start, end = (first.date(), after.date()) if days else (first, after)
    if days and start == end:  # a moment, where the column has days
        end = start + timedelta(days=1)
    within = Q(**{f"{column}__gte": start, f"{column}__lt": end})
    return {
        "eq": within,
        "ne": ~within,
        "ge": Q(**{f"{column}__gte": start}),
        "gt": Q(**{f"{column}__gte": end}),
        "le": Q(**{f"{column}__lt": end}),
        "lt": Q(**{f"{column}__lt": start}),
    }[prefix]


def period_of(text: str) -> tuple[datetime, datetime]:
    """From when until when a year, a month, a day or a minute lasts, on the clinic's clock."""
    clock = zone()
    try:
        parts = [int(part) for part in text.split("-")] if PARTIAL.fullmatch(text) else []
        if len(parts) == 1:
            return datetime(parts[0], 1, 1, tzinfo=clock), datetime(parts[0] + 1, 1, 1, tzinfo=clock)
        if len(parts) == 2:
            year, month = (parts[0] + 1, 1) if parts[1] == 12 else (parts[0], parts[1] + 1)
            return datetime(parts[0], parts[1], 1, tzinfo=clock), datetime(year, month, 1, tzinfo=clock)
        if len(parts) == 3:
            day = datetime(parts[0], parts[1], parts[2])
            following = day + timedelta(days=1)
            return day.replace(tzinfo=clock), following.replace(tzinfo=clock)
        moment = moment_of(text)
        return moment, moment + timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise BadSearch(_("%(text)s is no date.") % {"text": text[:50]}) from None


def moment_of(text: str) -> datetime:
    """A moment; without a zone it is the clinic's. A plus that became a space in the address is one again."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise BadSearch(_("%(text)s is no date.") % {"text": text[:50]}) from None
    if not 1800 < moment.year < 9000:
        raise BadSearch(_("%(text)s is no date.") % {"text": text[:50]})
    return moment if moment.tzinfo else moment.replace(tzinfo=zone())


def own_parameters(kind: Any, rows: Any, query: Any) -> Any:
    """What only this type is searched by."""
    number = {"Patient": "patient_number", "Invoice": "invoice_number"}
    for name in kind.parameters:
        text = query.get(name, "").replace("\x00", " ").strip()[:100]
        if not text:
            continue
        values = text.split(",")  # any of them
        if name == "identifier":
            rows = rows.filter(**{f"{number[kind.name]}__in": [value.rpartition("|")[2] for value in values]})
        elif name == "name" and kind.name == "Organization":
            rows = rows.filter(name__icontains=text)
        elif name == "name":
            rows = rows.search(text)
        elif name in ("family", "given"):
            column = {"family": "last_name", "given": "first_name"}[name]
            rows = rows.filter(reduce(or_, (Q(**{f"{column}__istartswith": value}) for value in values if value), Q()))
        elif name == "gender":
            rows = rows.filter(gender__in=values)
        elif name == "birthdate":
            for text in query.getlist(name):
                rows = rows.filter(period_condition("date_of_birth", text, days=True))
    return rows
