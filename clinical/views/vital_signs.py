"""Pages for vital signs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms as django_forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinical.filters import VitalSignFilter
from clinical.forms.vital_signs import EditVitalSignsForm, RecordVitalSignsForm, VitalSignsEnteredInErrorForm
from clinical.models import VitalSign
from healthcare.clock import today
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Section
from healthcare.generic.base import url_of
from patients.models import Patient
from scheduling.models import AppointmentStatus


def patient_from(request: Any) -> Any:
    """The patient whom `?patient=` or the posted form names, if there is one."""
    try:
        key = UUID(request.GET.get("patient", "") or request.POST.get("shown_patient", ""))
    except ValueError:
        return None
    return Patient.objects.visible_to(request.user).filter(pk=key).first()


class PatientPageMixin:
    """A page that makes something for the patient of `?patient=`, who stands in the banner and cannot be swapped."""

    request: Any

    def get_patient(self) -> Any:
        """Whom the page is about."""
        if not hasattr(self, "_patient"):
            self._patient = patient_from(self.request)
        return self._patient

    def get_initial(self) -> dict[str, Any]:
        """The patient, both as chosen and as shown."""
        patient = self.get_patient()
        return {"patient": patient.pk, "shown_patient": patient.pk} if patient else {}

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        if self.get_patient():
            form.fields["patient"].widget = django_forms.HiddenInput()
        return super().get_context_data(form=form, **kwargs)  # type: ignore[misc]


class VitalSignList(ListPage):
    """All measurements, the newest first."""

    permission = "vital_signs.view"
    create_permission = "vital_signs.record"
    create_label = _("Record vital signs")
    model = VitalSign
    filterset_class = VitalSignFilter
    ordering = ("-recorded_at",)
    select_related = ("patient", "recorded_by_user")
    columns = (
        Column("patient"),
        Column("recorded_at", ordering="recorded_at"),
        Column("blood_pressure", _("Blood pressure"), align="end"),
        Column("pulse_rate", _("Pulse"), align="end"),
        Column("temperature", _("Temperature"), align="end"),
        Column("oxygen_saturation", _("SpO₂ %"), align="end"),
        Column("respiratory_rate", _("Breaths"), align="end"),
        Column("recorded_by_user"),
        Column("state", _("State")),
    )


class VitalSignDetail(DetailPage):
    """One set of measurements."""

    permission = "vital_signs.view"
    model = VitalSign
    page_title = _("Vital signs")
    sections = (
        Section(
            _("Measurements"),
            (
                ("blood_pressure", _("Blood pressure (mmHg)")),
                "pulse_rate",
                ("temperature", _("Temperature")),
                "respiratory_rate",
                "oxygen_saturation",
                ("weight", _("Weight")),
                ("height", _("Height")),
                ("bmi", _("BMI (kg/m²)")),
            ),
        ),
        Section(_("Circumstances"), ("recorded_at", "recorded_by_user", "notes"), wide=("notes",)),
    )
    withdrawn = Section(
        _("Entered in error"),
        ("entered_in_error_reason", "entered_in_error_at", "entered_in_error_by_user"),
        wide=("entered_in_error_reason",),
    )
    status_field = "state"
    actions = (
        Action(_("Correct"), "vital_sign_edit", form=EditVitalSignsForm, icon="pencil"),
        Action(
            _("Record again"),
            "vital_sign_create",
            permission="vital_signs.record",
            style="primary",
            keyed=False,
            query=lambda row: f"?patient={row.patient_id}",
        ),
        Action(_("Entered in error"), "vital_sign_delete", form=VitalSignsEnteredInErrorForm, style="danger"),
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.object.struck:
            context["sections"].insert(0, self.section_context(self.withdrawn))
        return context

    def get_queryset(self) -> Any:
        return VitalSign.objects.select_related("patient", "recorded_by_user", "entered_in_error_by_user")


class VitalSignCreate(PatientPageMixin, CreatePage):
    """Record a set of measurements."""

    permission = "vital_signs.record"
    model = VitalSign
    form_class = RecordVitalSignsForm
    page_title = _("Record vital signs")
    success_message = _("Vital signs recorded.")

    def get_success_url(self, form: Any) -> str:
        """Back to the queue if the patient is waiting in it, else to what was recorded."""
        waiting = form.instance.patient.appointments.filter(
            status=AppointmentStatus.CHECKED_IN, appointment_date=today()
        )
        queue = url_of(waiting.model, "list")
        return queue if queue and waiting.exists() else reverse("vital_sign_detail", args=[form.instance.pk])


class VitalSignEdit(EditPage):
    """Correct a set of measurements."""

    permission = "vital_signs.edit"
    model = VitalSign
    form_class = EditVitalSignsForm
    page_title = _("Correct vital signs")


class VitalSignEnteredInError(ActionPage):
    """Withdraw a set of measurements; also what "delete" means here."""

    permission = "vital_signs.record"
    model = VitalSign
    form_class = VitalSignsEnteredInErrorForm
    success_message = _("The vital signs count for nothing any more.")
