"""Lists: search, filters, sorting, Excel export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare.clock import today
from healthcare.events import record
from healthcare.fields import use_native_inputs
from healthcare.generic.base import label_of, shown_cell, url_of, value_of
from healthcare.generic.paging import PAGING, PagedPage, opposite
from healthcare.roles import may
from healthcare.xlsx import workbook_response


@dataclass(frozen=True)
class Column:
    """One column of a list and of its Excel export.

    `name` is a dotted path on the row; `ordering` the model field to sort by (must not be null);
    `permission` who sees the column at all; `flag` says of a row whether its value is "high", "low" or neither.
    """

    name: str
    label: Any = ""
    ordering: str = ""
    permission: str = ""
    align: str = ""
    flag: Callable[[Any], str] | None = None


class ListPage(PagedPage):
    """A list of one entity."""

    abstract = True
    template_name = "generic/list.html"
    columns: ClassVar[tuple[Column, ...]] = ()
    filterset_class: ClassVar[Any] = None
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
                    "title": _("Nothing found") if chips else self.empty_title,
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
        cells = [{"column": head, "value": shown_cell(row, head["name"], head["flag"])} for head in heads]
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
            "flag": column.flag,
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

    def which(self) -> str:
        filters = "" if self.search_text() else self.filters_key()
        return filters and f"{filters} {self.inactive_shown()}"

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


def list_url(name: str, **query: Any) -> str:
    """The URL of a list with filters, for links from elsewhere."""
    return f"{reverse(name)}?{urlencode(query)}" if query else reverse(name)
