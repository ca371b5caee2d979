"""Lists: search, filters, sorting, paging without OFFSET scans, Excel export, JSON options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.core.cache import caches
from django.core.cache.utils import make_template_fragment_key
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare.access import RoleView
from healthcare.clock import today
from healthcare.events import record
from healthcare.fields import use_native_inputs
from healthcare.generic.base import Page, label_of, shown_value_of, url_of, value_of
from healthcare.roles import may
from healthcare.xlsx import workbook_response

fragments = caches["template_fragments"]
#: Counting stops here: "1,000+".
COUNT_CAP = 1000
#: Jumping to a page by number works so far down; further on one walks with next and previous.
OFFSET_CAP = 10_000
PAGE_SIZES = (25, 50, 100)
MAX_PAGE_SIZE = 100
#: What says in an address which page of the list is shown.
PAGING = ("page", "after", "before")


@dataclass(frozen=True)
class Column:
    """One column of a list and of its Excel export.

    `name` is a dotted path on the row; `ordering` the model field to sort by (must not be null);
    `permission` who sees the column at all.
    """

    name: str
    label: Any = ""
    ordering: str = ""
    permission: str = ""
    align: str = ""


class ListPage(Page):
    """A list of one entity."""

    abstract = True
    template_name = "generic/list.html"
    columns: ClassVar[tuple[Column, ...]] = ()
    filterset_class: ClassVar[Any] = None
    #: Default order, as model fields with an optional minus; the key is added to make it total.
    ordering: ClassVar[tuple[str, ...]] = ("-created_at",)
    select_related: ClassVar[tuple[str, ...]] = ()
    searchable: ClassVar[bool] = True
    #: Buttons in each row for the next step (`Action`s), shown as far as they make sense for it.
    row_actions: ClassVar[tuple[Any, ...]] = ()
    create_permission: ClassVar[str] = ""
    create_label: ClassVar[Any] = ""
    page_subtitle: ClassVar[Any] = ""
    empty_title: ClassVar[Any] = gettext_lazy("Nothing here yet")
    empty_text: ClassVar[Any] = gettext_lazy("What you are looking for may be hidden by the search or filters.")
    #: Filters whose values tell nothing of anybody, such as a day: the filters drawn with them may be kept a minute.
    impersonal_filters: ClassVar[tuple[str, ...]] = ()

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        """A list stands at the top: nothing leads back from it."""
        return []

    # -- rows --------------------------------------------------------------------------------

    @cached_property
    def shown_columns(self) -> list[Column]:
        """The columns of this person's role."""
        return [c for c in self.columns if not c.permission or may(self.request.user, c.permission)]

    def get_rows(self) -> Any:
        """The queryset after visibility, activity, filters and search; `self.filter` is set."""
        rows = self.visible()
        if not self.inactive_shown():
            rows = rows.active()
        self.filter = None
        if self.filterset_class is not None:
            self.filter = self.filterset_class(self.request.GET, queryset=rows, request=self.request)
            use_native_inputs(self.filter.form.fields)
            rows = self.filter.qs if self.filter.is_valid() else rows.none()
        return self.searched(rows) if self.search_text() and self.searchable else rows

    def searched(self, rows: Any) -> Any:
        """The rows that the search finds."""
        return rows.search(self.search_text())

    def search_text(self) -> str:
        """What is searched for."""
        return str(self.request.GET.get("q", "")).replace("\x00", " ").strip()[:100]

    def inactive_shown(self) -> bool:
        """Whether the deactivated are listed too (FND-6)."""
        return bool(self.request.GET.get("inactive") == "1")

    def current_ordering(self) -> tuple[str, ...]:
        """The requested ordering if a column offers it, else the default."""
        asked = self.request.GET.get("ordering", "")
        offered = {c.ordering for c in self.shown_columns if c.ordering}
        if asked.removeprefix("-") not in offered:
            return self.ordering
        # "By last name" means the whole default order by name, forwards or backwards, which has an index.
        for order in (self.ordering, opposite(self.ordering)):
            if order[:1] == (asked,):
                return tuple(order)
        return (asked,)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The present ordering, worked out once."""
        return tuple(self.current_ordering())

    def total_ordering(self) -> list[str]:
        """The ordering made total by the primary key, in the direction of its last part."""
        parts = list(self.order)
        return [*parts, "-pk" if parts and parts[-1].startswith("-") else "pk"]

    # -- answers -----------------------------------------------------------------------------

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        rows = self.get_rows()
        if request.GET.get("export") == "xlsx":
            return self.export(rows)
        return self.render_to_response(self.get_context_data(rows=rows))

    def export(self, rows: Any) -> HttpResponseBase:
        """The filtered list as Excel; audited."""
        columns = self.shown_columns
        name = f"{self.model._meta.db_table}-{today()}.xlsx"
        record("export", entity_type=self.model.entity_name(), values={"filters": sorted(self.request.GET)})
        ordered = rows.select_related(*self.select_related).order_by(*self.total_ordering())
        return workbook_response(
            name,
            str(self.get_page_title()),
            [str(c.label or label_of(self.model, c.name)) for c in columns],
            ([value_of(row, c.name) for c in columns] for row in ordered.iterator(chunk_size=2000)),
        )

    def get_context_data(self, *, rows: Any, **kwargs: Any) -> dict[str, Any]:
        page, pager = self.paginate(rows)
        chips = self.active_filters()
        heads = [self.column_context(column) for column in self.shown_columns]
        return super().get_context_data(
            **{
                "filter": self.filter,
                "filters_key": self.filters_key(),
                "active_filters": chips,
                "fields_set": len(chips) > bool(self.search_text()),
                "searchable": self.searchable,
                "columns": heads,
                "rows": self.row_contexts(page, heads),
                "row_actions": bool(self.row_actions),
                "pager": pager,
                "primary_action": self.primary_action(),
                "page_subtitle": self.page_subtitle,
                "export_url": self.url_with(export="xlsx", page=None, after=None, before=None),
                "show_inactive_url": self.inactive_url("1"),
                "hide_inactive_url": self.inactive_url(""),
                "empty": {
                    "title": self.empty_title,
                    "text": self.empty_text,
                    "action": self.primary_action(),
                },
                **kwargs,
            }
        )

    def row_contexts(self, page: list[Any], heads: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows as the template shows them, under these headings."""
        return [self.row_context(row, heads) for row in page]

    def row_context(self, row: Any, heads: list[dict[str, Any]]) -> dict[str, Any]:
        """One row as the template shows it."""
        cells = [{"column": head, "value": shown_value_of(row, head["name"])} for head in heads]
        user = self.request.user
        actions = [action.context(row) for action in self.row_actions if action.shown(row, user)]
        struck = getattr(row, "struck", False)  # what was entered in error
        return {"url": self.row_url(row), "cells": cells, "object": row, "actions": actions, "inactive": struck}

    def row_url(self, row: Any) -> str:
        """Where a click on the row leads."""
        return row.get_absolute_url()

    def column_context(self, column: Column) -> dict[str, Any]:
        """A column's heading, with its sorting link."""
        current = self.order[0] if self.order else ""
        is_sorted = column.ordering and current.lstrip("-") == column.ordering
        direction = ("desc" if current.startswith("-") else "asc") if is_sorted else ""
        target = f"-{column.ordering}" if direction == "asc" else column.ordering
        return {
            "name": column.name,
            "label": str(column.label or label_of(self.model, column.name)),
            "align": column.align,
            "sorted": direction,
            "sort_url": self.url_with(ordering=target, page=None, after=None, before=None) if column.ordering else "",
        }

    def primary_action(self) -> dict[str, Any] | None:
        """The one obvious button: make a new one, for those who may."""
        url = url_of(self.model, "create")
        if not url or not self.create_permission or not may(self.request.user, self.create_permission):
            return None
        label = self.create_label or _("New %(entity)s") % {"entity": self.model._meta.verbose_name}
        return {"label": label, "url": url, "icon": "plus-lg"}

    def filters_key(self) -> str:
        """What the drawn filters depend on but the language; empty where they hold something of a person."""
        apart = {*PAGING, "q", "ordering", "page_size", "inactive"}
        asked = [(name, values) for name, values in sorted(self.request.GET.lists()) if name not in apart]
        if any(any(values) and name not in self.impersonal_filters for name, values in asked):
            return ""
        if self.filter is not None and not self.filter.is_valid():
            return ""
        role = getattr(self.request.user, "role", "")
        return f"{type(self).__qualname__} {role} {urlencode(asked, doseq=True)}"

    def active_filters(self) -> list[dict[str, Any]]:
        """Chips: the filters in force, each with a link that removes it."""
        chips = []
        if query := self.request.GET.get("q", "").strip():
            chips.append({"label": _("Search"), "value": query[:100], "remove_url": self.url_with(q=None)})
        if self.filter is not None and self.filter.is_valid():
            for name, value in self.filter.form.cleaned_data.items():
                if value in (None, "", []) or name not in self.request.GET:
                    continue
                field = self.filter.form.fields[name]
                shown = dict(getattr(field, "choices", ()) or ()).get(value, value) if isinstance(value, str) else value
                label = field.label or capfirst(name.replace("_", " "))
                chips.append({"label": label, "value": shown, "remove_url": self.url_with(**{name: None})})
        return chips

    def inactive_url(self, value: str) -> str:
        """The link that shows or hides the deactivated; empty where it does not apply."""
        if not self.model.can_be_inactive() or self.inactive_shown() == bool(value):
            return ""
        return self.url_with(inactive=value or None, page=None, after=None, before=None)

    def url_with(self, **changes: Any) -> str:
        """This list's URL with some query parameters changed (None removes one)."""
        query: dict[str, list[str]] = dict(self.request.GET.lists())
        for name, value in changes.items():
            if value is None:
                query.pop(name, None)
            else:
                query[name] = [str(value)]
        return f"?{urlencode(query, doseq=True)}"

    # -- paging ------------------------------------------------------------------------------

    def number_from(self, name: str, default: int) -> int:
        """A positive whole number from the query. Http404 if it is anything else."""
        text = self.request.GET.get(name, "") or str(default)
        if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) < 10**8 or len(text) > 9:
            raise Http404
        return int(text)

    def row_from(self, name: str, rows: Any) -> Any:
        """The row that a cursor points at: only its key is in the URL, no data."""
        try:
            key = UUID(self.request.GET[name])
        except ValueError as error:
            raise Http404 from error
        row = self.get_queryset().filter(pk=key).select_related(*self.select_related).first()
        if row is None:
            raise Http404
        return row

    def capped_count(self, rows: Any) -> int:
        """How many rows there are, counting no further than COUNT_CAP + 1."""
        return int(rows.order_by()[: COUNT_CAP + 1].count())

    def count(self, rows: Any) -> int:
        """`capped_count`; a list that was too long to be counted is so for another minute."""
        asked = "" if self.search_text() else self.filters_key()
        key = make_template_fragment_key("too_long_to_count", [asked, self.inactive_shown(), self.request.user.pk])
        if asked and fragments.get(key):
            return COUNT_CAP + 1
        total = self.capped_count(rows)
        if asked and total > COUNT_CAP:
            fragments.set(key, True, 60)
        return total

    def window(self, rows: Any, order: list[str], count: int, *, start: int = 0, cursor: Any = None) -> list[Any]:
        """`count` rows in this order, from the `start`th on or beyond the row `cursor`."""
        if cursor is not None:
            rows = rows.filter(beyond(cursor, order))
        rows = rows.select_related(*self.select_related).only(*self.fields_read)
        return list(rows.order_by(*order)[start : start + count])

    @cached_property
    def fields_read(self) -> list[str]:
        """The row's own columns, and of the rows beside it what tells who they are: a patient has thirty."""
        names = [field.name for field in self.model._meta.concrete_fields]
        for path in self.select_related:
            model, steps = self.model, path.split("__")
            for depth, step in enumerate(steps, 1):
                model = model._meta.get_field(step).related_model
                named_by = model.NAMED_BY if depth == len(steps) else ()
                columns = named_by or [field.name for field in model._meta.concrete_fields]
                names += ["__".join([*steps[:depth], name]) for name in columns]
        return names

    def paginate(self, rows: Any) -> tuple[list[Any], dict[str, Any]]:
        """The page's rows and the pager.

        Pages near the start are counted off; from any page the next one is found by the last row's
        values (keyset), which costs the same at the first and the ten-thousandth page.
        """
        size = min(self.number_from("page_size", PAGE_SIZES[0]), MAX_PAGE_SIZE)
        number = self.number_from("page", 1)
        order = self.total_ordering()
        has_previous, backwards = number > 1, False
        if "after" in self.request.GET:
            page = self.window(rows, order, size + 1, cursor=self.row_from("after", rows))
        elif "before" in self.request.GET:
            backwards = True
            page = self.window(rows, list(opposite(order)), size + 1, cursor=self.row_from("before", rows))
        else:
            start = (number - 1) * size
            if start > OFFSET_CAP:
                raise Http404
            page = self.window(rows, order, size + 1, start=start)
            if not page and number > 1:
                raise Http404
        more = len(page) > size
        page = page[:size]
        if backwards:
            page.reverse()
            has_previous, more = more and number > 1, True
        # What fits on one page is counted already.
        total = self.count(rows) if more or has_previous or "after" in self.request.GET else len(page)
        links = {"previous_url": "", "next_url": ""}
        if more and page:
            links["next_url"] = self.url_with(page=number + 1, after=page[-1].pk, before=None)
        if has_previous and page:
            links["previous_url"] = self.url_with(page=max(number - 1, 1), before=page[0].pk, after=None)
        return page, {
            **links,
            "first_url": self.url_with(page=None, after=None, before=None) if number > 1 else "",
            "number": number,
            "count_label": f"{COUNT_CAP:,}+" if total > COUNT_CAP else f"{total:,}",
            "page_size": size,
            "page_sizes": [(n, self.url_with(page_size=n, page=None, after=None, before=None)) for n in PAGE_SIZES],
        }


def opposite(order: Sequence[str]) -> tuple[str, ...]:
    """The order backwards."""
    return tuple(part[1:] if part.startswith("-") else f"-{part}" for part in order)


def beyond(row: Any, order: list[str]) -> Q:
    """The rows that come after `row` in a total order.

    The leading `a >= x` lets the database start in the index; the rest decides ties.
    """
    condition, equal = Q(), Q()
    for position, part in enumerate(order):
        name, descending = part.lstrip("-"), part.startswith("-")
        value = row
        for step in ("pk" if name == "pk" else name).split("__"):
            value = getattr(value, step)
        operator = "lt" if descending else "gt"
        condition |= equal & Q(**{f"{name}__{operator}": value})
        equal &= Q(**{name: value})
        if position == 0:
            leading = Q(**{f"{name}__{operator}e": value})
    return leading & condition


class OptionsView(RoleView):
    """JSON for a search-as-you-type select: `?q=` -> `{"results": [{"id", "text", ...}]}`."""

    abstract = True
    model: ClassVar[Any] = None
    limit: ClassVar[int] = 20

    def get_queryset(self) -> Any:
        """The rows that may be chosen."""
        return self.model._default_manager.all().active()

    def rows_for(self, text: str) -> Any:
        """The first rows that the text finds; without a text, the first of all."""
        rows = self.get_queryset().visible_to(self.request.user)
        return (rows.search(text) if text else rows)[: self.limit]

    def text_of(self, row: Any) -> str:
        """What the person chooses from."""
        return str(row)

    def details_of(self, row: Any) -> dict[str, Any]:
        """What the page may want beside it: `detail` is shown smaller, the rest is for scripts."""
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may(request.user, self.permission):
            raise PermissionDenied
        query = request.GET.get("q", "").replace("\x00", " ").strip()[:100]
        results = [
            {"id": str(row.pk), "text": self.text_of(row), **self.details_of(row)} for row in self.rows_for(query)
        ]
        return JsonResponse({"results": results})


def list_url(name: str, **query: Any) -> str:
    """The URL of a list with filters, for links from elsewhere."""
    return f"{reverse(name)}?{urlencode(query)}" if query else reverse(name)
