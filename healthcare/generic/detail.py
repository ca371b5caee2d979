"""Detail pages: sections of values, actions as buttons, related rows. Opening one is audited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from healthcare.events import record
from healthcare.generic.base import Page, label_of, shown_cell, shown_value_of
from healthcare.generic.lists import Column
from healthcare.models import new_id
from healthcare.roles import may
from healthcare.templatetags.display import nothing


@cache
def url_exists(name: str, keyed: bool) -> bool:
    """Whether the page is there: an app may offer a step of an app above it by its URL's name."""
    try:
        reverse(name, args=[new_id()] if keyed else [])
    except NoReverseMatch:
        return False
    return True


@dataclass(frozen=True)
class Section:
    """A titled group of fields (dotted paths, or (path, label)); `wide` ones take the full width."""

    title: Any
    fields: tuple[str | tuple[str, Any], ...]
    permission: str = ""
    wide: tuple[str, ...] = ()
    #: Those that are told only where there is something to tell.
    sparse: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """A button on a detail page. With a form, it shows only when the form is available for the row."""

    label: Any
    url_name: str
    form: Any = None
    permission: str = ""
    style: str = "secondary"
    icon: str = ""
    #: For buttons without a form: whether it makes sense for this row.
    when: Callable[[Any], bool] | None = None
    #: Appended to the URL, computed from the row.
    query: Callable[[Any], str] | None = None
    #: False when the URL takes no key.
    keyed: bool = True
    #: The key in the URL, where it is not the row's own.
    key: Callable[[Any], Any] | None = None
    #: Done by the click itself, on a page that is the second look already; the step's own page comes only if there is
    #: something to read or to choose.
    at_once: bool = False
    #: For a step that needs a reason: the field, and the usual reasons to choose from beside the button.
    reasons: tuple[str, tuple[Any, ...]] | None = None

    def shown(self, row: Any, user: Any) -> bool:
        """Whether this person sees the button for this row now."""
        if not url_exists(self.url_name, self.keyed):
            return False
        if self.permission and not may(user, self.permission):
            return False
        if self.form is not None and not self.form.available(row, user):
            return False
        return self.when is None or self.when(row)

    def context(self, row: Any) -> dict[str, Any]:
        """As the template takes it."""
        key = self.key(row) if self.key else row.pk
        url = reverse(self.url_name, args=[key] if self.keyed else [])
        return {
            "label": self.label,
            "url": url + (self.query(row) if self.query else ""),
            "style": self.style,
            "icon": self.icon,
            "method": "post" if self.at_once else "get",
            "hidden": self.said_by_the_page(row) if self.at_once else {},
            "reasons": self.reasons,
        }

    @staticmethod
    def said_by_the_page(row: Any) -> dict[str, Any]:
        """As the step's own form would: of whom and of which version the person decides; the key of what is made."""
        return {
            "at_once": 1,
            "shown_patient": row.patient_of_row(),
            "updated_at_seen": row.updated_at.isoformat(),
            "new_id": new_id(),
        }


@dataclass(frozen=True)
class Related:
    """A table of rows that belong to the object, and whether there are more; `row_actions` are buttons in each row."""

    title: Any
    rows: Callable[[Any, Any], Any]  # (object, user) -> queryset
    columns: tuple[Column, ...]
    permission: str = ""
    empty: Any = ""
    limit: int = 20
    row_actions: tuple[Action, ...] = ()


class DetailPage(Page):
    """One row: what it says, what can be done with it, what belongs to it."""

    abstract = True
    template_name = "generic/detail.html"
    sections: ClassVar[tuple[Section, ...]] = ()
    actions: ClassVar[tuple[Action, ...]] = ()
    related: ClassVar[tuple[Related, ...]] = ()
    #: The attribute shown as a pill beside the title.
    status_field: ClassVar[str] = ""
    #: Whether opening the page is written to the audit trail (whatever shows a patient's data).
    audited: ClassVar[bool] = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        if closed := self.closed_chart():
            return HttpResponseRedirect(closed)
        if self.audited:
            record("view", self.object)
        return self.render_to_response(self.get_context_data())

    def get_page_title(self) -> Any:
        return self.page_title or str(self.object)

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return [*super().get_breadcrumbs()[:1], (str(self.object), "")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        if self.status_field:
            kwargs.setdefault("status", getattr(self.object, self.status_field))
        elif self.model.can_be_inactive():
            kwargs.setdefault("status", "active" if self.object.is_active else "inactive")
        return super().get_context_data(
            **{
                "object": self.object,
                "sections": [
                    shown
                    for section in self.sections
                    if not section.permission or may(user, section.permission)
                    if (shown := self.section_context(section))["rows"]
                ],
                "actions": [
                    *(action.context(self.object) for action in self.actions if action.shown(self.object, user)),
                    *self.history(user),
                ],
                "related": [
                    self.related_context(related)
                    for related in self.related
                    if not related.permission or may(user, related.permission)
                ],
                **kwargs,
            }
        )

    def history(self, user: Any) -> list[dict[str, Any]]:
        """The button to what the audit trail tells about this row, for those who may read it."""
        if not may(user, "audit_logs.view") or not url_exists("audit_log_list", keyed=False):
            return []
        url = f"{reverse('audit_log_list')}?entity_id={self.object.pk}"
        return [{"label": _("History"), "url": url, "style": "secondary", "icon": "clock-history", "method": "get"}]

    def section_context(self, section: Section) -> dict[str, Any]:
        """A section with its values."""
        rows = []
        for field in section.fields:
            path, label = field if isinstance(field, tuple) else (field, "")
            value = shown_value_of(self.object, path)
            if path in section.sparse and value in (None, "", [], nothing()):
                continue
            rows.append(
                {
                    "label": label or label_of(self.model, path),
                    "value": value,
                    "wide": path in section.wide,
                    "name": path,
                }
            )
        return {"title": section.title, "rows": rows}

    def related_context(self, related: Related) -> dict[str, Any]:
        """A related table with its rows."""
        user = self.request.user
        columns = [c for c in related.columns if not c.permission or may(user, c.permission)]
        found = list(related.rows(self.object, user)[: related.limit + 1])
        more = len(found) > related.limit
        found = found[: related.limit]
        model = type(found[0]) if found else None
        heads = [
            {
                "name": c.name,
                "label": str(c.label or (label_of(model, c.name) if model else c.name)),
                "align": c.align,
                "sort_url": "",
                "sorted": "",
            }
            for c in columns
        ]
        rows = [
            {
                "url": row.get_absolute_url(),
                "object": row,
                "inactive": getattr(row, "struck", False),
                "actions": [action.context(row) for action in related.row_actions if action.shown(row, user)],
                "cells": [
                    {"column": head, "value": shown_cell(row, c.name, c.flag)}
                    for c, head in zip(columns, heads, strict=True)
                ],
            }
            for row in found
        ]
        return {
            "title": related.title,
            "columns": heads,
            "rows": rows,
            "row_actions": any(row["actions"] for row in rows),
            "empty": related.empty,
            "more": more,
        }
