"""Merging two charts of one person, with both side by side, and undoing it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from healthcare.access import closed_chart, visible_or_denied
from healthcare.generic import ActionPage, FormPage
from healthcare.generic.base import label_of, shown_value_of
from patients.duplicates import Person, likenesses
from patients.forms.merge import MergePatientsForm, UndoMergeForm, count_rows
from patients.models import Patient, PatientMerge

COMPARED = (
    "patient_number",
    "last_name",
    "first_name",
    "date_of_birth",
    "gender",
    "phone",
    "email",
    "address",
    "city",
    "insurance_provider",
    "insurance_policy_number",
    "created_at",
)
#: What people read instead of what is kept.
SHOWN_AS = {"phone": "phone_shown"}


class PatientMergePage(FormPage):
    """Both charts side by side; the one of the address is kept."""

    permission = "patients.merge"
    model = PatientMerge
    form_class = MergePatientsForm
    template_name = "patients/merge.html"
    page_title = _("Merge charts")
    success_message = _("Merged. Both numbers find this chart.")

    @cached_property
    def kept(self) -> Any:
        """The chart of the address."""
        return visible_or_denied(Patient.objects.for_banner(), self.request.user, pk=self.kwargs["pk"])

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"kept": self.kept}

    def get_initial(self) -> dict[str, Any]:
        other = self.other()
        return {"merged": other.pk} if other else {}

    def other(self) -> Patient | None:
        """The chart that is compared."""
        others = Patient.objects.visible_to(self.request.user).exclude(pk=self.kwargs["pk"])
        if number := self.request.GET.get("number"):  # typed where the choice cannot be searched, without JavaScript
            return others.search(number).active().first()
        asked = self.request.POST.get("merged") or self.request.GET.get("merged")
        with suppress(ValidationError, ValueError):
            return others.filter(pk=asked).first() if asked else None
        return None

    def get_patient(self) -> Any:
        return self.kept

    def closed_chart(self) -> str:
        return super().closed_chart() or closed_chart(self.request, self.other())

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(str(self.kept), self.kept.get_absolute_url()), (self.page_title, "")]

    def get_success_url(self, form: Any) -> str:
        return str(self.kept.get_absolute_url())

    def get_cancel_url(self) -> str:
        return str(self.kept.get_absolute_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        other = self.other()
        rows = []
        for path in COMPARED if other else ():
            mine, theirs = (shown_value_of(one, SHOWN_AS.get(path, path)) for one in (self.kept, other))
            rows.append({"label": label_of(Patient, path), "mine": mine, "theirs": theirs, "differs": mine != theirs})
        return super().get_context_data(
            kept=self.kept,
            other=other,
            compared=rows,
            counts=[count_rows(self.kept), count_rows(other)] if other else [],
            likenesses=[] if other else likenesses(Person.of(self.kept), self.kept.pk, active=True),
            **kwargs,
        )


class PatientMergeUndo(ActionPage):
    """They were two people after all."""

    permission = "patients.merge"
    model = PatientMerge
    form_class = UndoMergeForm
    success_message = _("The merge is undone: there are two charts again.")

    def get_queryset(self) -> Any:
        return PatientMerge.objects.select_related("kept", "merged")

    def get_patient(self) -> Any:
        return self.object.kept

    def get_success_url(self, form: Any) -> str:
        return str(form.instance.merged.get_absolute_url())

    def get_cancel_url(self) -> str:
        return str(self.object.kept.get_absolute_url())
