"""Pages of a list without OFFSET scans or full counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.core.cache import caches
from django.core.cache.utils import make_template_fragment_key
from django.db.models import Q
from django.http import Http404
from django.utils.functional import cached_property

from healthcare.generic.base import Page

fragments = caches["template_fragments"]
#: Counting stops here: "1,000+".
COUNT_CAP = 1000
#: Jumping to a page by number works so far down; further on one walks with next and previous.
OFFSET_CAP = 10_000
PAGE_SIZES = (25, 50, 100)
MAX_PAGE_SIZE = 100
#: What says in an address which page of the list is shown.
PAGING = ("page", "after", "before")


class PagedPage(Page):
    """What shows rows page by page, in an order that people may choose."""

    abstract = True
    #: Default order, as model fields with an optional minus; the key is added to make it total.
    ordering: ClassVar[tuple[str, ...]] = ("-created_at",)
    select_related: ClassVar[tuple[str, ...]] = ()

    def current_ordering(self) -> tuple[str, ...]:
        """The order that was asked for, else the default."""
        return self.ordering

    def which(self) -> str:
        """What tells these rows from others that the person may be shown; empty: nothing is remembered of them."""
        return ""

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The present ordering, worked out once."""
        return tuple(self.current_ordering())

    def total_ordering(self) -> list[str]:
        """The ordering made total by the primary key, in the direction of its last part."""
        parts = list(self.order)
        return [*parts, "-pk" if parts and parts[-1].startswith("-") else "pk"]

    def url_with(self, **changes: Any) -> str:
        """This list's URL with some query parameters changed (None removes one)."""
        query: dict[str, list[str]] = dict(self.request.GET.lists())
        for name, value in changes.items():
            if value is None:
                query.pop(name, None)
            else:
                query[name] = [str(value)]
        return f"?{urlencode(query, doseq=True)}"

    def number_from(self, name: str, default: int) -> int:
        """A positive whole number from the query. Http404 if it is anything else."""
        text = self.request.GET.get(name, "") or str(default)
        if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) < 10**8 or len(text) > 9:
            raise Http404
        return int(text)

    def row_from(self, name: str, rows: Any) -> Any:
        """The row that a cursor points at: only its key is in the URL, no data. None if it has left the list."""
        try:
            key = UUID(self.request.GET[name])
        except ValueError as error:
            raise Http404 from error
        return self.get_queryset().filter(pk=key).select_related(*self.select_related).first()

    def capped_count(self, rows: Any) -> int:
        """How many rows there are, counting no further than COUNT_CAP + 1."""
        return int(rows.order_by()[: COUNT_CAP + 1].count())

    def count(self, rows: Any) -> int:
        """`capped_count`; a list that was too long to be counted is so for another minute."""
        which = self.which()
        key = make_template_fragment_key("too_long_to_count", [which, self.request.user.pk])
        if which and fragments.get(key):
            return COUNT_CAP + 1
        total = self.capped_count(rows)
        if which and total > COUNT_CAP:
            fragments.set(key, True, 60)
        return total

    def window(self, rows: Any, order: list[str], count: int, *, start: int = 0, cursor: Any = None) -> list[Any]:
        """`count` rows in this order, from the `start`th on or beyond the row `cursor`."""
        if cursor is not None:
            rows = rows.filter(beyond(cursor, order))
        return list(self.shown(rows).order_by(*order)[start : start + count])

    def shown(self, rows: Any) -> Any:
        """With what the page shows of each of these rows."""
        return rows.select_related(*self.select_related).only(*self.fields_read)

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
        beside = next((name for name in ("after", "before") if name in self.request.GET), "")
        cursor = self.row_from(beside, rows) if beside else None
        if beside and cursor is None:
            number = 1  # booked or billed meanwhile: once more from the start, so that nobody is passed over
        has_previous, backwards = number > 1, cursor is not None and beside == "before"
        if cursor is not None:
            page = self.window(rows, list(opposite(order)) if backwards else order, size + 1, cursor=cursor)
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
