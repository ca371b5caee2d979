"""Pages of the audit log: read, filter, export; nothing here changes anything."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.filters import AuditLogFilter
from audit.models import AuditLog, entities, parts_of
from audit.proofs import proof_of
from healthcare.clock import today
from healthcare.events import record
from healthcare.generic import Action, Column, DetailPage, ListPage, PdfPage, Section
from healthcare.xlsx import workbook_response

#: More lines than this take longer than a browser waits.
EXPORT_CAP = 50_000


def patient_names(rows: Any) -> dict[Any, Any]:
    """The patients named in some rows of the trail, by key."""
    keys = {row.patient_id for row in rows if row.patient_id}
    return apps.get_model("patients", "Patient").objects.in_bulk(keys)


class AuditLogList(ListPage):
    """Who did what, newest first. `?patient_id=` answers who looked at this chart."""

    permission = "audit_logs.view"
    model = AuditLog
    filterset_class = AuditLogFilter
    select_related = ("user",)
    columns = (
        Column("moment", gettext_lazy("When"), ordering="created_at"),
        Column("user", gettext_lazy("Person")),
        Column("action"),
        Column("entity_label", gettext_lazy("Entity")),
        Column("patient_name", gettext_lazy("Patient")),
        Column("ip_address"),
    )
    empty_title = gettext_lazy("No entries")

    def paginate(self, rows: Any) -> Any:
        page, pager = super().paginate(rows)
        names = patient_names(page)
        for row in page:
            row.patient_name = names.get(row.patient_id)
        return page, pager

    @cached_property
    def parts(self) -> list[Q]:
        """The search in parts, whose people are looked up once; none without a search."""
        return parts_of(self.search_text()) if self.search_text() else []

    def searched(self, rows: Any) -> Any:
        return rows.in_any(self.parts)

    def window(self, rows: Any, order: list[str], count: int, *, start: int = 0, cursor: Any = None) -> list[Any]:
        """A search of several parts is read part by part: together the database would sort all that they find."""
        if len(self.parts) < 2:
            return super().window(rows, order, count, start=start, cursor=cursor)
        found, read = {}, super().window
        for part in self.parts:
            found |= {row.pk: row for row in read(rows.filter(part), order, start + count, cursor=cursor)}
        newest_first = order[0].startswith("-")
        ordered = sorted(found.values(), key=lambda row: (row.created_at, row.pk), reverse=newest_first)
        return ordered[start : start + count]

    def get_page_title(self) -> Any:
        if chart := self.chart_of():
            return _("Who opened or changed the chart of %(patient)s") % {"patient": chart}
        return super().get_page_title()

    def chart_of(self) -> Any:
        """The patient whose entries alone are shown, if there is one."""
        form = getattr(getattr(self, "filter", None), "form", None)
        return form.cleaned_data.get("patient_id") if form is not None and form.is_valid() else None

    def export(self, rows: Any) -> HttpResponseBase:
        """The filtered trail with old and new values."""
        if rows.order_by()[: EXPORT_CAP + 1].count() > EXPORT_CAP:
            messages.error(
                self.request,
                _("More than %(cap)s entries: narrow the filters, such as the days, and export again.")
                % {"cap": f"{EXPORT_CAP:,}"},
            )
            return HttpResponseRedirect(self.url_with(export=None))
        record("export", entity_type=AuditLog.entity_name(), values={"filters": sorted(self.request.GET)})
        headings = [
            *(_("When"), _("Person"), _("E-mail"), _("Action"), _("Entity"), _("Entity's id"), _("Patient's id")),
            *(_("Old"), _("New"), _("IP address")),
        ]
        ordered = rows.select_related("user").order_by(*self.total_ordering())
        return workbook_response(
            f"audit_logs-{today()}.xlsx",
            _("Audit log"),
            headings,
            (export_line(row) for row in ordered.iterator(chunk_size=2000)),
        )


def export_line(row: AuditLog) -> tuple[Any, ...]:
    """One entry as the workbook shows it."""
    return (
        row.created_at,
        row.user and str(row.user),
        row.user and row.user.email,
        row.get_action_display(),
        row.entity_label,
        row.entity_id,
        row.patient_id,
        as_lines(row.old_values),
        as_lines(row.new_values),
        row.ip_address,
    )


def as_lines(values: dict[str, Any] | None) -> str:
    """`name: value`, one on a line."""
    return "\n".join(f"{name}: {value}" for name, value in (values or {}).items())


class AuditLogDetail(DetailPage):
    """One entry, old and new values side by side. It may hold a patient's data, so opening it is audited."""

    permission = "audit_logs.view"
    model = AuditLog
    template_name = "audit/audit_log_detail.html"
    sections = (
        Section(
            "",
            (
                ("moment", gettext_lazy("When")),
                ("user", gettext_lazy("Person")),
                "action",
                ("entity_label", gettext_lazy("Entity")),
                ("entity_id", gettext_lazy("Row's id")),
                "ip_address",
                "user_agent",
            ),
            wide=("user_agent",),
        ),
    )
    actions = (
        Action(gettext_lazy("Proof"), "audit_log_proof", icon="printer"),
        Action(
            gettext_lazy("What this person did"),
            "audit_log_list",
            icon="person",
            when=lambda row: row.user_id is not None,
            query=lambda row: f"?user={row.user_id}",
            keyed=False,
        ),
        Action(
            gettext_lazy("Everything about this row"),
            "audit_log_list",
            icon="clock-history",
            when=lambda row: row.entity_id is not None,
            query=lambda row: f"?entity_id={row.entity_id}",
            keyed=False,
        ),
        Action(
            gettext_lazy("Who looked at this chart"),
            "audit_log_list",
            icon="person-vcard",
            when=lambda row: row.patient_id is not None,
            query=lambda row: f"?patient_id={row.patient_id}",
            keyed=False,
        ),
    )

    def history(self, user: Any) -> list[dict[str, Any]]:
        return []  # the entry is the history

    def get_queryset(self) -> Any:
        return AuditLog.objects.select_related("user")

    def get_patient(self) -> Any:
        return patient_names([self.object]).get(self.object.patient_id)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(changes=side_by_side(self.object), **kwargs)


class AuditLogProof(PdfPage):
    """One entry with the proof that it stands in its seal, to be printed."""

    permission = "audit_logs.view"
    model = AuditLog
    template_name = "audit/pdf/proof.html"
    #: What `Proof.checks` looked at, in words.
    CHECKS = {
        "row": gettext_lazy("The entry is as it was when it was sealed"),
        "code": gettext_lazy("The entry was written by the clinic"),
        "path": gettext_lazy("The path leads from the entry to the seal's root"),
        "seal": gettext_lazy("The seal carries the code of the clinic's key"),
        "head": gettext_lazy("The published head is in the database, and no older than the seal"),
    }

    def get_queryset(self) -> Any:
        return AuditLog.objects.select_related("user")

    def get_patient(self) -> Any:
        return patient_names([self.object]).get(self.object.patient_id)

    def document_context(self) -> dict[str, Any]:
        proof = proof_of(self.object)
        checks = proof.checks() if proof else {}
        return {
            "document_title": _("Audit log entry"),
            "proof": proof,
            "checks": [(words, checks[name]) for name, words in self.CHECKS.items() if name in checks],
            "changes": side_by_side(self.object),
        }


def side_by_side(row: AuditLog) -> list[dict[str, Any]]:
    """Each changed column with its old and new value, in the order of the table."""
    old, new = row.old_values or {}, row.new_values or {}
    labels = labels_of(row.entity_type)
    names = [name for name in labels if name in old or name in new]
    names += sorted({*old, *new} - set(names))
    return [{"label": labels.get(name, name), "old": old.get(name), "new": new.get(name)} for name in names]


def labels_of(entity_type: str) -> dict[str, str]:
    """The words for an entity's columns, in the order of the table."""
    model = entities().get(entity_type)
    return {f.attname: capfirst(str(f.verbose_name)) for f in model._meta.concrete_fields} if model else {}
