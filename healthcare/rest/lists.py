"""Lists: the page's own filters, search, order and visibility, answered as JSON."""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, QueryDict
from django.utils.translation import gettext as _

from healthcare.generic.paging import MAX_PAGE_SIZE, OFFSET_CAP, PAGE_SIZES
from healthcare.rest.answers import ApiError
from healthcare.rest.confidential import closed_charts
from healthcare.rest.schemas import COMMON, of_query
from healthcare.rest.totals import total_of

#: Found by the path, or by nobody.
UNASKED = frozenset({"id", "password"})


def bad_query(name: str, message: Any) -> ApiError:
    """A query parameter that cannot be read."""
    return ApiError(400, "validation", _("A query parameter is wrong."), {name: [str(message)]})


def column_filters(model: Any, filterset: Any, unseen: frozenset[str]) -> dict[str, Any]:
    """Columns by which rows may be narrowed although the page has no such filter: `?invoice_id=`, `?last_name=`.

    Nobody narrows by what they do not see: the answer would tell them.
    """
    known = set(filterset.base_filters) if filterset else set()
    return {
        field.attname: field
        for field in model._meta.concrete_fields
        if not isinstance(field, models.TextField | models.JSONField | models.FileField)
        and not {field.name, field.attname} & (known | unseen | UNASKED)
    }


def query_of(resource: Any) -> dict[str, dict[str, Any]]:
    """The query parameters of a list, for OpenAPI: its filters, and columns by their name."""
    filterset = resource.list_page.filterset_class
    filters = {name: of_query(field_of(each), each.label or "") for name, each in filters_of(filterset).items()}
    columns = column_filters(resource.model, filterset, frozenset({*UNASKED, "search_text", *resource.exclude}))
    found = COMMON | filters | {name: of_query(field) for name, field in columns.items()}
    for name, field in columns.items():
        if isinstance(field, models.DateTimeField):  # `narrowed` takes the day
            found[name]["schema"]["format"] = "date"
    return found


def filters_of(filterset: Any) -> dict[str, Any]:
    """The page's filters by name."""
    return dict(filterset.base_filters) if filterset else {}


def field_of(each: Any) -> Any:
    """The form field of a filter; one that needs a queryset to be made is about a foreign key."""
    try:
        return deepcopy(each).field
    except TypeError:
        return forms.UUIDField()


def page_of(resource: Any, request: HttpRequest, patient: UUID | None) -> dict[str, Any]:
    """`items`, `page`, `page_size`, `total`, and `next`: the key to begin `after` for what follows.

    `patient` is whom alone the query asks for, if it names somebody.
    """
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
    page.order = ordering_of(page, request.GET.get("ordering", ""))
    rows = narrowed(resource, rows, request)
    size = min(number(asked, "page_size", PAGE_SIZES[0]), MAX_PAGE_SIZE)
    current = number(asked, "page", 1)
    order, start = page.total_ordering(), (current - 1) * size
    if "after" in request.GET:
        try:
            cursor = page.row_from("after", rows)
        except Http404:
            cursor = None
        if cursor is None:
            raise bad_query("after", _("There is no such row."))
        found = page.window(rows, order, size + 1, cursor=cursor)
    else:
        if start > OFFSET_CAP:
            raise bad_query("page", _("Walk further with `after`, the `next` of each answer."))
        found = page.window(rows, order, size + 1, start=start)
    more = len(found) > size
    # What ends on this page is counted already.
    counted = "after" not in request.GET and not more and (bool(found) or not start)
    closed = closed_charts(request, resource, found[:size], patient)
    items = [resource.row(row, request.user, closed) for row in found[:size]]
    return {
        "items": items,
        "page": current,
        "page_size": size,
        "total": start + len(found) if counted else total_of(rows),
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
    if asked.get("inactive", "").lower() in ("true", "1", "yes") or "is_active" in asked:
        asked["inactive"] = "1"
    for name, value in resource.list_defaults.items():
        asked.setdefault(name, value)
    return asked


def narrowed(resource: Any, rows: Any, request: HttpRequest) -> Any:
    """The rows with the column values asked for."""
    unseen = resource.unseen_by(request.user)
    for name, field in column_filters(resource.model, resource.list_page.filterset_class, unseen).items():
        if text := request.GET.get(name):
            moment = isinstance(field, models.DateTimeField)
            rows = rows.filter(**{f"{name}__date" if moment else name: value_for(field, name, text)})
    return rows


def value_for(field: Any, name: str, text: str) -> Any:
    """The text as a value of the column, judged by the form field that a page would have for it."""
    if isinstance(field, models.ForeignKey | models.UUIDField):
        judge: Any = forms.UUIDField()
    elif isinstance(field, models.BooleanField):
        judge = forms.TypedChoiceField(choices=[("true", ""), ("false", "")], coerce=lambda word: word == "true")
        text = {"1": "true", "0": "false"}.get(text, text.lower())
    elif isinstance(field, models.DateTimeField):
        judge = forms.DateField()
    else:
        judge = field.formfield()
    try:
        return judge.clean(text)
    except ValidationError as error:
        raise bad_query(name, " ".join(error.messages)) from None


def ordering_of(page: Any, asked: str) -> tuple[str, ...]:
    """The order that is asked for, by one column or by several; refused where no column offers it."""
    if not asked:
        return tuple(page.current_ordering())
    offered = {"created_at"} | {c.ordering for c in page.shown_columns if c.ordering}
    parts = asked.split(",")
    if len(parts) > 3 or not {part.removeprefix("-") for part in parts} <= offered:
        raise bad_query(
            "ordering",
            _("Choose of: %(names)s, each perhaps with a minus, up to three.") % {"names": ", ".join(sorted(offered))},
        )
    return tuple(parts) if len(parts) > 1 or parts[0].removeprefix("-") == "created_at" else page.current_ordering()


def number(query: QueryDict, name: str, default: int) -> int:
    """A positive whole number from the query."""
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        raise bad_query(name, _("Enter a whole number from 1 on."))
    return int(text)
