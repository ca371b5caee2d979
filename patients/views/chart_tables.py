"""The chart's tables. What belongs to the apps above comes through reverse relations, and what they offer to do
through URL names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from healthcare.clock import today
from healthcare.generic import Action, Column, Related
from patients import forms
from patients.timeline import timeline

#: Rows of one table; the rest is behind its link.
ROWS = 20
#: What a prescriber must see all of.
ALL = 200


class ActionAbove(Action):
    """A button that leads into an app above, with the patient in its query; absent where that page is."""

    def shown(self, row: Any, user: Any) -> bool:
        return bool(page_above(self.url_name)) and super().shown(row, user)


def page_above(url_name: str) -> str:
    """The URL of a page of an app above, or an empty string."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def above(label: Any, url_name: str, permission: str, icon: str) -> ActionAbove:
    """A button into an app above, for patients in use."""
    return ActionAbove(
        label,
        url_name,
        permission=permission,
        icon=icon,
        when=lambda patient: patient.is_active,
        query=lambda patient: f"?patient={patient.pk}",
        keyed=False,
    )


@dataclass(frozen=True)
class Table(Related):
    """A table of the chart: newest rows first, with a link to all; a row leads to its first button's page."""

    limit: int = ROWS
    list_url: str = ""
    create: Action | None = None


def of(relation: str, order: str, *select: str) -> Callable[[Any, Any], Any]:
    """The patient's rows of a reverse relation that the person may see."""
    return lambda patient, user: getattr(patient, relation).visible_to(user).select_related(*select).order_by(order)


def measured(name: str, label: Any) -> Column:
    """A column of a vital sign, marked where it is outside its normal zone."""
    return Column(name, label, align="end", flag=lambda row: row.beyond(name))


BOOK = above(_("Book appointment"), "appointment_create", "appointments.edit", "calendar-plus")
MEASURE = above(_("Record vitals"), "vital_sign_create", "vital_signs.record", "heart-pulse")
ADD_ALLERGY = Action(_("Add allergy"), "patient_allergy_create", form=forms.AddAllergyForm, icon="plus-lg")

ALLERGIES = Table(
    _("Allergies"),
    lambda patient, user: patient.patient_allergies.select_related("recorded_by_user").order_by(
        "status", "-severity", "substance"
    ),
    (
        Column("substance"),
        Column("reaction"),
        Column("severity"),
        Column("status"),
        Column("status_reason"),
        Column("recorded_by_user.full_name", _("Recorded by")),
    ),
    permission="allergies.view",
    empty=_("No allergy is listed."),
    limit=ALL,
    create=ADD_ALLERGY,
    row_actions=(
        Action(_("Edit"), "patient_allergy_edit", form=forms.ChangeAllergyForm, icon="pencil"),
        Action(_("Entered in error"), "patient_allergy_delete", form=forms.AllergyEnteredInErrorForm, style="danger"),
    ),
)
UPCOMING = Table(
    _("Next visits"),
    lambda patient, user: (
        patient.open_appointments()
        .visible_to(user)
        .select_related("doctor")
        .order_by("appointment_date", "appointment_time")
    ),
    (
        Column("appointment_date", _("Date")),
        Column("appointment_time", _("Time")),
        Column("doctor.full_name", _("Doctor")),
        Column("appointment_type", _("Type")),
        Column("status", _("Status")),
    ),
    permission="appointments.edit",
    empty=_("No visit is booked."),
    limit=5,
    create=BOOK,
)
VISITS = Table(
    _("Visits"),
    of("appointments", "-appointment_date", "doctor", "department"),
    (
        Column("appointment_date", _("Date")),
        Column("appointment_time", _("Time")),
        Column("doctor.full_name", _("Doctor")),
        Column("department"),
        Column("appointment_type", _("Type")),
        Column("status"),
        Column("reason", permission="appointments.reason"),
    ),
    permission="appointments.view",
    empty=_("No visits yet."),
    list_url="appointment_list",
    create=BOOK,
)
CONSULTATIONS = Table(
    _("Consultations"),
    of("consultations", "-consultation_date", "doctor"),
    (
        Column("consultation_date", _("Date")),
        Column("doctor.full_name", _("Doctor")),
        Column("chief_complaint", permission="consultations.view"),
        Column("diagnosis", permission="consultations.view"),
        Column("completed_at", _("Completed at")),
    ),
    permission="consultations.list",
    empty=_("No consultations yet."),
    list_url="consultation_list",
)
VITAL_SIGNS = Table(
    _("Vital signs"),
    of("vital_signs", "-recorded_at", "recorded_by_user"),
    (
        Column("recorded_at", _("Recorded at")),
        measured("systolic_bp", _("Systolic")),
        measured("diastolic_bp", _("Diastolic")),
        measured("pulse_rate", _("Pulse")),
        measured("temperature_celsius", _("Temperature °C")),
        measured("respiratory_rate", _("Resp. rate")),
        measured("oxygen_saturation", _("SpO₂ %")),
        Column("weight_kg", _("Weight kg"), align="end"),
        Column("recorded_by_user.full_name", _("Recorded by")),
    ),
    permission="vital_signs.view",
    empty=_("No vital signs were recorded yet."),
    list_url="vital_sign_list",
    create=MEASURE,
)
#: The usual reasons to stop a medication.
WHY_STOPPED = (
    _("No longer needed"),
    _("Not effective"),
    _("Side effect"),
    _("Changed to another medication"),
    _("The patient does not take it"),
)
#: From lists and from the chart, without a way over the prescription's own page.
STOP_OR_GO_ON = (
    Action(
        _("Renew"),
        "prescription_renew",
        permission="prescriptions.edit",
        icon="arrow-repeat",
        when=lambda row: row.is_active,
        at_once=True,
    ),
    Action(
        _("Discontinue"),
        "prescription_discontinue",
        permission="prescriptions.edit",
        style="danger",
        when=lambda row: row.state == "active",  # an expired one is stopped already, if not in so many words
        at_once=True,
        reasons=("discontinued_reason", WHY_STOPPED),
    ),
)
MEDICATIONS = Table(
    _("Medications"),
    of("prescriptions", "-prescribed_date", "doctor"),
    (
        Column("medication_name", _("Medication")),
        Column("dosage"),
        Column("frequency"),
        Column("duration"),
        Column("prescribed_date", _("Prescribed on")),
        Column("valid_until", _("Valid until")),
        Column("state", _("Status")),
        Column("doctor.full_name", _("Doctor")),
    ),
    permission="prescriptions.view",
    empty=_("Nothing was prescribed yet."),
    list_url="prescription_list",
    row_actions=STOP_OR_GO_ON,
)
LAB_TESTS = Table(
    _("Lab tests"),
    of("lab_tests", "-ordered_date", "ordered_by_doctor"),
    (
        Column("test_name", _("Test")),
        Column("ordered_date", _("Ordered at")),
        Column("ordered_by_doctor.full_name", _("Ordered by")),
        Column("status"),
        Column("result_value", _("Result"), permission="lab_tests.results", align="end"),
        Column("result_unit", _("Unit"), permission="lab_tests.results"),
        Column("reference_range", _("Reference range"), permission="lab_tests.results"),
        Column("flag", _("Flag"), permission="lab_tests.results"),
    ),
    permission="lab_tests.view",
    empty=_("No lab tests to show."),
    list_url="lab_test_list",
)
TIMELINE = Table(
    _("Timeline"),
    timeline,
    (Column("at", _("When")), Column("kind", _("What")), Column("text", _("In short"))),
    permission="patients.view",
    empty=_("Nothing has happened yet."),
    limit=40,
)
PROBLEMS = Table(
    _("Problems"),
    lambda patient, user: patient.problems.order_by("status", "-since"),
    (
        Column("title"),
        Column("code"),
        Column("status"),
        Column("since"),
        Column("resolved_on"),
        Column("notes"),
    ),
    permission="medical_records.view",
    empty=_("No problem is listed."),
    limit=ALL,
    create=above(_("Add problem"), "problem_create", "medical_records.edit", "plus-lg"),
    row_actions=(
        Action(_("Edit"), "problem_edit", permission="medical_records.edit", icon="pencil"),
        Action(
            _("Entered in error"),
            "problem_delete",
            permission="medical_records.edit",
            style="danger",
            when=lambda row: not row.struck,
        ),
    ),
)
#: For the front desk: the booking form, filled with what the doctor asked for.
BOOK_FOLLOW_UP = Action(
    _("Book"),
    "appointment_create",
    permission="appointments.edit",
    icon="calendar-plus",
    keyed=False,
    query=lambda row: (
        f"?patient={row.patient_id}&doctor={row.doctor_id}&appointment_date={max(row.follow_up_date, today())}"
        "&appointment_type=follow_up"
    ),
)
FOLLOW_UPS = Table(
    _("Follow-ups to book"),
    lambda patient, user: (
        patient.consultations.follow_ups_to_book().select_related("doctor").order_by("-follow_up_date")
    ),
    (Column("follow_up_date", _("Due")), Column("doctor.full_name", _("Doctor"))),
    permission="appointments.edit",
    empty=_("No follow-up is due."),
    limit=5,
    row_actions=(replace(BOOK_FOLLOW_UP, style="primary"),),
)
CURRENT = Table(
    _("Current medications"),
    lambda patient, user: patient.prescriptions.visible_to(user).current().order_by("-prescribed_date"),
    (
        Column("medication_name", _("Medication")),
        Column("dosage"),
        Column("frequency"),
        Column("valid_until", _("Valid until")),
    ),
    permission="prescriptions.view",
    empty=_("No current medication."),
    limit=ALL,
    row_actions=STOP_OR_GO_ON,
)
OPEN_ORDERS = Table(
    _("Open orders"),
    lambda patient, user: (
        patient.lab_tests.visible_to(user).exclude(status__in=("completed", "cancelled")).order_by("-ordered_date")
    ),
    (Column("test_name", _("Test")), Column("ordered_date", _("Ordered at")), Column("status")),
    permission="lab_tests.view",
    empty=_("Nothing is on its way."),
    limit=ALL,
)
LAST_RESULTS = Table(
    _("Last results"),
    lambda patient, user: patient.lab_tests.visible_to(user).filter(status="completed").order_by("-result_date"),
    (
        Column("test_name", _("Test")),
        Column("result_value", _("Result"), align="end"),
        Column("result_unit", _("Unit")),
        Column("flag", ""),
        Column("result_date", _("Date")),
    ),
    permission="lab_tests.results",
    empty=_("No results yet."),
    limit=8,
    list_url="lab_test_list",
)
INVOICES = Table(
    _("Invoices"),
    of("invoices", "-invoice_date"),
    (
        Column("invoice_number", _("Number")),
        Column("invoice_date", _("Date")),
        Column("due_date", _("Due")),
        Column("total_amount", _("Total"), align="end"),
        Column("amount_paid", _("Paid"), align="end"),
        Column("balance_due", _("Balance"), align="end"),
        Column("status"),
    ),
    permission="invoices.view",
    empty=_("No invoices yet."),
    list_url="invoice_list",
)
