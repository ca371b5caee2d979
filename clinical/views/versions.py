"""What a note said before: every saved change, old beside new, until the lock (RULE-CONS-5)."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from clinical.diagnosis_codes import shown
from clinical.models import Consultation
from healthcare.events import record
from healthcare.generic.base import Page

#: What the note consists of; keys and times are no text.
NOTE = (
    "chief_complaint",
    "present_illness",
    "examination_findings",
    "diagnosis",
    "diagnosis_codes",
    "treatment_plan",
    "notes",
    "follow_up_required",
    "follow_up_date",
)


class ConsultationVersions(Page):
    """The changes of one note, the newest first."""

    permission = "consultations.view"
    model = Consultation
    template_name = "clinical/versions.html"
    page_title = _("Versions")

    def get_queryset(self) -> Any:
        return Consultation.objects.select_related("patient", "doctor")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        if closed := self.closed_chart():
            return HttpResponseRedirect(closed)
        record("view", self.object)
        return self.render_to_response(self.get_context_data(versions=self.versions()))

    def versions(self) -> list[dict[str, Any]]:
        """Who changed what and when, from the audit trail, which nobody can alter."""
        trail = apps.get_model("audit", "AuditLog").objects.filter(  # type: ignore[attr-defined]
            entity_type="consultation", entity_id=self.object.pk, action__in=("create", "update", "complete")
        )
        rows = list(trail.order_by("-created_at", "-pk")[:200])
        names = get_user_model().objects.in_bulk({row.user_id for row in rows if row.user_id})
        found = []
        for row in rows:
            changes = [self.change(name, row) for name in NOTE if name in (row.new_values or {})]
            if changes or row.action == "complete":
                found.append(
                    {
                        "at": row.created_at,
                        "by": names.get(row.user_id),
                        "completing": row.action == "complete",
                        "changes": changes,
                    }
                )
        return found

    @staticmethod
    def change(name: str, row: Any) -> dict[str, Any]:
        """One field, before and after."""
        field: Any = Consultation._meta.get_field(name)
        old, new = (row.old_values or {}).get(name), row.new_values[name]
        if name == "diagnosis_codes":
            old, new = shown(old), shown(new)
        return {"label": capfirst(field.verbose_name), "old": old, "new": new}
