"""Pages for vital signs."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from clinical import news2, trends, zones
from clinical.filters import VitalSignFilter
from clinical.forms.vital_signs import UNITS, EditVitalSignsForm, RecordVitalSignsForm, VitalSignsEnteredInErrorForm
from clinical.models import VitalSign
from healthcare.clock import today
from healthcare.compiled import Compiled
from healthcare.events import record
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, FormPage, ListPage, Section
from healthcare.generic.base import Page, url_of
from patients.models import Patient
from patients.views.asked import PatientAskedMixin
from scheduling.models import Appointment, AppointmentStatus


class VitalSignList(ListPage):
    """All measurements, the newest first."""

    permission = "vital_signs.view"
    create_permission = "vital_signs.record"
    create_label = _("Record vital signs")
    model = VitalSign
    filterset_class = VitalSignFilter
    ordering = ("-recorded_at",)
    select_related = ("patient",)
    template_name = "clinical/vital_sign_list.html"
    columns = (
        Column("patient"),
        Column("recorded_at", ordering="recorded_at"),
        Column(
            "blood_pressure",
            _("Blood pressure"),
            align="end",
            flag=lambda row: row.beyond("systolic_bp", "diastolic_bp"),
        ),
        Column("pressure_line", _("Trend")),
        Column("pulse_rate", _("Pulse"), align="end", flag=lambda row: row.beyond("pulse_rate")),
        Column("temperature", _("Temperature"), align="end", flag=lambda row: row.beyond("temperature_celsius")),
        Column("oxygen_saturation", _("SpO₂ %"), align="end", flag=lambda row: row.beyond("oxygen_saturation")),
        Column("respiratory_rate", _("Breaths"), align="end", flag=lambda row: row.beyond("respiratory_rate")),
        Column("news2_total", _("NEWS2"), align="end"),
        Column("state", _("State")),
    )

    def row_contexts(self, page: list[Any], heads: list[dict[str, Any]]) -> list[dict[str, Any]]:
        lines = trends.pressure_lines({row.patient_id for row in page})
        for row in page:
            row.pressure_line = lines.get(row.patient_id, "")
        return super().row_contexts(page, heads)


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
        Section(
            _("Early warning (NEWS2)"),
            (
                ("news2_shown", _("Score and risk")),
                ("news2_parts", _("Points")),
                "consciousness",
                "supplemental_oxygen",
                "spo2_scale",
                ("concerns", _("Outside the normal zone")),
            ),
            wide=("news2_shown", "news2_parts", "concerns"),
            sparse=("news2_shown", "news2_parts", "consciousness", "supplemental_oxygen", "spo2_scale"),
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
        Action(
            _("Over time"),
            "vital_sign_trends",
            permission="vital_signs.view",
            icon="graph-up",
            key=lambda row: row.patient_id,
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


class MeasuringPage(FormPage):
    """The inputs in the order of measuring, with the last values beside them and the zones as one types."""

    abstract = True
    template_name = "clinical/vital_sign_form.html"
    #: Each box: its title's first field leads.
    BOXES = (
        ("systolic_bp", "diastolic_bp"),
        ("pulse_rate",),
        ("respiratory_rate",),
        ("temperature_celsius",),
        ("oxygen_saturation",),
        ("weight_kg",),
        ("height_cm",),
    )

    def get_success_message(self, form: Any) -> str:
        row = form.instance
        parts = [str(self.success_message)]
        if row.concerns:
            parts.append(_g("Outside the normal zone: %(names)s.") % {"names": ", ".join(row.concerns)})
        if row.news2:
            parts.append(f"NEWS2 {row.news2_shown}.")
        return " ".join(parts)

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        patient = self.get_patient()
        # Without a patient there is no age, and so no zone but the impossible.
        age = patient.age if patient else 0
        last = trends.last_values(trends.sets_of(patient, 20)) if patient else {}
        for name in VitalSign.MEASUREMENTS:
            form.fields[name].widget.attrs |= {"data-measure": "", **zone_attributes(name, age)}
        if patient:
            form.fields[self.BOXES[0][0]].widget.attrs["autofocus"] = True
        measures = []
        for names in self.BOXES:
            unit = UNITS.get(names[0])
            text, at = last.get(names[0], ("", None))
            unit_field = form[unit[0]] if unit else None
            measures.append({"fields": [form[n] for n in names], "unit_field": unit_field, "last": text, "last_at": at})
        extras = [form[name] for name in ("consciousness", "supplemental_oxygen", "spo2_scale")]
        return super().get_context_data(
            form=form,
            measures=measures,
            extras=extras,
            circumstances=[form["recorded_at"], form["notes"]],
            news2=json.dumps(trends.news2_table()),
            adult=age >= news2.ADULT,
            **kwargs,
        )


def zone_attributes(name: str, age: int) -> dict[str, str]:
    """The ends of the zones for the page's script."""
    ends = (*(zones.limits(name) or (None, None)), *(zones.normal(name, age) or (None, None)))
    names = ("data-least", "data-most", "data-low", "data-high")
    return {attribute: str(end) for attribute, end in zip(names, ends, strict=True) if end is not None}


@Compiled
def checked_in(patient: Any, day: Any) -> Any:
    """The day's visits for which a patient is waiting."""
    rows = Appointment.objects.filter(patient_id=patient, appointment_date=day, status=AppointmentStatus.CHECKED_IN)
    return rows.values_list("pk", flat=True)


class VitalSignCreate(PatientAskedMixin, MeasuringPage, CreatePage):
    """Record a set of measurements."""

    permission = "vital_signs.record"
    model = VitalSign
    form_class = RecordVitalSignsForm
    page_title = _("Record vital signs")
    success_message = _("Vital signs recorded.")

    def get_success_url(self, form: Any) -> str:
        """Back to the queue if the patient is waiting in it, else to what was recorded."""
        queue = url_of(Appointment, "list")
        if queue and checked_in(form.instance.patient_id, today()):
            return queue
        return reverse("vital_sign_detail", args=[form.instance.pk])


class VitalSignEdit(MeasuringPage, EditPage):
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


class VitalSignTrends(Page):
    """A patient's measurements over time: a chart for each measure, each with its table."""

    permission = "vital_signs.view"
    model = Patient
    template_name = "clinical/trends.html"
    page_title = _("Vital signs over time")

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self.object = self.get_object()
        if closed := self.closed_chart():
            return HttpResponseRedirect(closed)
        record("view", self.object)
        return self.render_to_response(self.get_context_data(charts=self.charts(), empty=_("Nothing to draw yet.")))

    def charts(self) -> list[dict[str, Any]]:
        """The charts of the page."""
        return trends.vital_charts(self.object)

    def get_queryset(self) -> Any:
        return Patient.objects.for_banner()
