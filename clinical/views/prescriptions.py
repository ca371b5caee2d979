"""Pages for prescriptions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.forms import HiddenInput
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from clinical import sig
from clinical.filters import OverrideFilter, PrescriptionFilter
from clinical.forms.prescriptions import (
    DiscontinuePrescriptionForm,
    EditPrescriptionForm,
    PrescribeForm,
    RenewPrescriptionForm,
)
from clinical.models import Consultation, Prescription
from clinical.prescribing import PatientSafety
from clinical.views.from_row import FromRowPage
from healthcare.access import RoleView
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Section
from healthcare.roles import may
from patients.views.chart_tables import STOP_OR_GO_ON


class PrescriptionList(ListPage):
    """All prescriptions, the newest first."""

    permission = "prescriptions.view"
    create_permission = "prescriptions.edit"
    create_label = _("Prescribe")
    model = Prescription
    filterset_class = PrescriptionFilter
    ordering = ("-prescribed_date",)
    select_related = ("patient", "doctor")
    columns = (
        Column("medication_name"),
        Column("patient"),
        Column("dosage"),
        Column("frequency"),
        Column("doctor"),
        Column("prescribed_date", ordering="prescribed_date"),
        Column("valid_until", _("Valid until")),
        Column("state", _("State")),
    )
    row_actions = STOP_OR_GO_ON


class OverrideList(ListPage):
    """Every acknowledged safety warning with patient, reason and person (BYD-4)."""

    permission = "prescriptions.view"
    model = Prescription
    page_title = _("Acknowledged warnings")
    page_subtitle = _("Prescriptions that were written although the safety check warned.")
    filterset_class = OverrideFilter
    ordering = ("-prescribed_date",)
    select_related = ("patient", "doctor", "overridden_by_user")
    columns = (
        Column("medication_name"),
        Column("patient"),
        Column("worst_warning", _("Severity")),
        Column("acknowledged", _("Warnings")),
        Column("override_reason", _("Reason")),
        Column("overridden_by_user", _("Acknowledged by")),
        Column("prescribed_date", ordering="prescribed_date"),
    )

    def get_queryset(self) -> Any:
        return Prescription.objects.overridden()

    def inactive_shown(self) -> bool:
        """A discontinued one was overridden all the same."""
        return True

    def inactive_url(self, value: str) -> str:
        """So there is nothing to show or hide."""
        return ""


STOPPED = ("discontinued_at", "discontinued_by_user", "discontinued_reason")


class PrescriptionDetail(DetailPage):
    """One prescription."""

    permission = "prescriptions.view"
    model = Prescription
    status_field = "state"
    sections = (
        Section(
            "",
            (
                "medication_name",
                "dosage",
                "frequency",
                "duration",
                "quantity",
                "route",
                "special_instructions",
                "prescribed_date",
                ("valid_until", _("Valid until")),
                "doctor",
                "consultation",
            ),
            wide=("special_instructions",),
        ),
        Section(
            _("Safety"),
            (("acknowledged", _("Acknowledged warnings")), "override_reason", "overridden_by_user"),
            wide=("acknowledged",),
            sparse=("acknowledged", "override_reason", "overridden_by_user"),
        ),
        Section(_("Stopped"), STOPPED, sparse=STOPPED),
    )
    actions = (
        Action(_("Print"), "prescription_pdf", permission="prescriptions.view", style="primary", icon="printer"),
        Action(_("Edit"), "prescription_edit", form=EditPrescriptionForm, icon="pencil"),
        *STOP_OR_GO_ON,
    )

    template_name = "clinical/prescription_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.object.state == "active":
            self.object.against = PatientSafety(self.object.patient).against(self.object)
        return super().get_context_data(**kwargs)

    def get_queryset(self) -> Any:
        return Prescription.objects.select_related(
            "patient", "doctor", "medication", "consultation__patient", "overridden_by_user", "discontinued_by_user"
        )


class PrescriptionCreate(CreatePage):
    """Prescribe; `?consultation=` chooses the consultation."""

    permission = "prescriptions.edit"
    model = Prescription
    form_class = PrescribeForm
    page_title = _("Prescribe")

    def get_patient(self) -> Any:
        try:
            key = UUID(self.request.GET.get("consultation", ""))
        except ValueError:
            return None
        found = Consultation.objects.select_related("patient").filter(pk=key).first()
        return found.patient if found else None

    def get_initial(self) -> dict[str, Any]:
        return {"consultation": self.request.GET["consultation"]} if self.get_patient() else {}

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        if self.get_patient():
            form.fields["consultation"].widget = HiddenInput()
        return super().get_context_data(form=form, **kwargs)


class PrescriptionEdit(EditPage):
    """Correct a prescription."""

    permission = "prescriptions.edit"
    model = Prescription
    form_class = EditPrescriptionForm


class BackToTheChart:
    """What was done with one click from a list leads to the patient's medications."""

    def get_success_url(self, form: Any) -> str:
        """The prescription's own page after the page that asked."""
        if "at_once" in self.request.POST:  # type: ignore[attr-defined]
            return f"{reverse('patient_detail', args=[form.instance.patient_id])}?tab=medications"
        return str(form.instance.get_absolute_url())


class PrescriptionRenew(BackToTheChart, FromRowPage):
    """Prescribe the same again: with one click, or with changes; safety warnings are asked about either way."""

    permission = "prescriptions.edit"
    model = Prescription
    source_model = Prescription
    argument = "source"
    form_class = RenewPrescriptionForm
    page_title = _("Renew prescription")

    def get_success_message(self, form: Any) -> str:
        return format_html(
            '{} <a href="{}">{}</a>',
            _("Renewed until %(day)s.") % {"day": form.instance.valid_until},
            reverse("prescription_pdf", args=[form.instance.pk]),
            _("Print"),
        )


class PrescriptionDiscontinue(BackToTheChart, ActionPage):
    """Stop a medication; also what "delete" means here."""

    permission = "prescriptions.edit"
    model = Prescription
    form_class = DiscontinuePrescriptionForm
    success_message = _("The medication is discontinued.")


class PrescriptionSig(RoleView):
    """JSON for the page: abbreviations written out, and the quantity of the whole course."""

    permission = "prescriptions.edit"

    def get(self, request: HttpRequest) -> HttpResponse:
        if not may(request.user, self.permission):
            raise PermissionDenied
        dosage, frequency, duration = (request.GET.get(name, "")[:100] for name in ("dosage", "frequency", "duration"))
        return JsonResponse(
            {"frequency": sig.written_out(frequency), "quantity": sig.quantity(dosage, frequency, duration)}
        )
