"""Lists: the page's own filters, search, order and visibility, answered as JSON."""

from __future__ import annotations

from copy import copy
from typing import Any
from uuid import UUID

from django.db import models
from django.http import Http404, HttpRequest, QueryDict
from django.utils.translation import gettext as _

from healthcare.generic.lists import MAX_PAGE_SIZE, OFFSET_CAP, PAGE_SIZES
from healthcare.rest.answers import ApiError

#: Query parameters that every list knows, beside its filters.
COMMON = ("page", "page_size", "ordering", "q", "inactive", "after")


def bad_query(name: str, message: Any) -> ApiError:
    """A query parameter that cannot be read."""
    return ApiError(400, "validation", _("A query parameter is wrong."), {name: [str(message)]})


def key_filters(model: Any, filterset: Any, hidden: frozenset[str]) -> dict[str, Any]:
    """Foreign keys by which rows may be narrowed although the page has no such filter: `?invoice_id=`."""
    known = set(filterset.base_filters) if filterset else set()
    return {
        field.attname: field
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and not {field.name, field.attname} & known
        and field.attname not in hidden
    }


def page_of(resource: Any, request: HttpRequest) -> dict[str, Any]:
    """`items`, `page`, `page_size`, `total`, and `next`: the key to begin `after` for what follows."""
    page = resource.list_page()
    asked = adapted(resource, request.GET)
    inner = copy(request)
    inner.GET = asked  # type: ignore[assignment]
    page.setup(inner)
    page.select_related = resource.list_related
    rows = page.get_rows()
    if page.filter is not None and not page.filter.is_valid():
        names = {
            f"{n}_id" if n not in request.GET and f"{n}_id" in request.GET else n: e
            for n, e in page.filter.errors.items()
        }
        raise ApiError(
            400,
            "validation",
            _("A filter is wrong."),
            {name: [str(e) for e in errors] for name, errors in names.items()},
        )
    rows = narrowed(resource, rows, request)
    check_ordering(page, request.GET.get("ordering", ""))
    size = min(number(asked, "page_size", PAGE_SIZES[0]), MAX_PAGE_SIZE)
    current = number(asked, "page", 1)
    order = page.total_ordering()
    total = rows.order_by().count()
    if "after" in request.GET:
        try:
            cursor = page.row_from("after", rows)
        except Http404:
            raise bad_query("after", _("There is no such row.")) from None
        found = page.window(rows, order, size + 1, cursor=cursor)
    else:
        start = (current - 1) * size
        if start > OFFSET_CAP:
            raise bad_query("page", _("Walk further with `after`, the `next` of each answer."))
        found = page.window(rows, order, size + 1, start=start)
    more = len(found) > size
    items = [resource.row(row, request.user) for row in found[:size]]
    return {
        "items": items,
        "page": current,
        "page_size": size,
        "total": total,
        "next": items[-1]["id"] if more else None,
    }


def adapted(resource: Any, query: QueryDict) -> QueryDict:
    """The query in the page's words: `patient_id` is its filter `patient`, `inactive=true` is `1`."""
    asked = query.copy()
    known = set(resource.list_page.filterset_class.base_filters) if resource.list_page.filterset_class else set()
    for name in list(asked):
        short = name.removesuffix("_id")
        if name not in known and short in known:
            asked.setlist(short, asked.pop(name))
    if asked.get("inactive", "").lower() in ("true", "1", "yes"):
        asked["inactive"] = "1"
    for name, value in resource.list_defaults.items():
        asked.setdefault(name, value)
    return asked


def narrowed(resource: Any, rows: Any, request: HttpRequest) -> Any:
    """The rows with the foreign keys asked for."""
    for name in key_filters(resource.model, resource.list_page.filterset_class, resource.hidden_from(request.user)):
        if text := request.GET.get(name):
            try:
                rows = rows.filter(**{name: UUID(text)})
            except ValueError:
                raise bad_query(name, _("Enter a valid UUID.")) from None
    return rows


def check_ordering(page: Any, asked: str) -> None:
    """Refuse an order that no column offers."""
    offered = sorted({c.ordering for c in page.shown_columns if c.ordering})
    if asked and asked.removeprefix("-") not in offered:
        raise bad_query(
            "ordering", _("Choose one of: %(names)s, each perhaps with a minus.") % {"names": ", ".join(offered)}
        )


def number(query: QueryDict, name: str, default: int) -> int:
    """A positive whole number from the query."""
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise bad_query(name, _("Enter a whole number from 1 on."))
    return int(text)
