"""The chart: everything about one patient that the role may see, in tabs.

The tabs are plain links (`?tab=visits`). What belongs to the apps above comes through reverse relations, and what
they offer to do through URL names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from healthcare.clock import today
from healthcare.generic import Action, Column, DetailPage, Related, Section
from healthcare.roles import may
from patients import forms
from patients.forms import confidential
from patients.models import Patient, PatientMerge
from patients.timeline import timeline

#: Rows of one table; the rest is behind its link.
ROWS = 20
#: The fields of a record that need no line of their own.
SHORT = ("allergy_status", "blood_type")


def record_sections(path: str = "") -> tuple[Section, ...]:
    """The medical record's texts; `path` leads to the record from the row that the page is about."""

    def section(title: Any, *names: str, wide: bool = True) -> Section:
        fields = tuple(path + name for name in names)
        return Section(title, fields, wide=tuple(f for f in fields if wide and not f.endswith(SHORT)))

    return (
        section(_("Allergies"), "allergy_status", "allergies"),
        section(_("Health"), "blood_type", "chronic_conditions", "surgical_history", "immunization_history"),
        section(_("Family and notes"), "family_medical_history", "notes"),
    )


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
    """A table of the chart: newest rows first, with a link to all of them."""

    limit: int = ROWS
    list_url: str = ""
    create: Action | None = None
    #: Buttons of each row. With them, a row leads to the first one's page instead of its own.
    row_actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Tab:
    """One tab: who sees it, and what is on it."""

    label: Any
    permission: str
    sections: tuple[Section, ...] = ()
    tables: tuple[Table, ...] = ()
    actions: tuple[Action, ...] = ()


def of(relation: str, order: str, *select: str) -> Callable[[Any, Any], Any]:
    """The patient's rows of a reverse relation that the person may see."""
    return lambda patient, user: getattr(patient, relation).visible_to(user).select_related(*select).order_by(order)


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
        Column("systolic_bp", _("Systolic"), align="end"),
        Column("diastolic_bp", _("Diastolic"), align="end"),
        Column("pulse_rate", _("Pulse"), align="end"),
        Column("temperature_celsius", _("Temperature °C"), align="end"),
        Column("respiratory_rate", _("Resp. rate"), align="end"),
        Column("oxygen_saturation", _("SpO₂ %"), align="end"),
        Column("weight_kg", _("Weight kg"), align="end"),
        Column("recorded_by_user.full_name", _("Recorded by")),
    ),
    permission="vital_signs.view",
    empty=_("No vital signs were recorded yet."),
    list_url="vital_sign_list",
    create=MEASURE,
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
        Column("is_abnormal", _("Abnormal"), permission="lab_tests.results"),
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
FOLLOW_UPS = Table(
    _("Follow-ups to book"),
    lambda patient, user: (
        patient.consultations.completed()
        .filter(follow_up_required=True, follow_up_date__gte=today())
        .select_related("doctor")
        .order_by("follow_up_date")
    ),
    (Column("follow_up_date", _("Due")), Column("doctor.full_name", _("Doctor"))),
    permission="appointments.edit",
    empty=_("No follow-up is due."),
    limit=5,
    row_actions=(
        Action(
            _("Book"),
            "appointment_create",
            permission="appointments.edit",
            style="primary",
            icon="calendar-plus",
            keyed=False,
            query=lambda row: (
                f"?patient={row.patient_id}&doctor={row.doctor_id}&appointment_date={row.follow_up_date}"
                "&appointment_type=follow_up"
            ),
        ),
    ),
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
)
OPEN_ORDERS = Table(
    _("Open orders"),
    lambda patient, user: (
        patient.lab_tests.visible_to(user).exclude(status__in=("completed", "cancelled")).order_by("-ordered_date")
    ),
    (Column("test_name", _("Test")), Column("ordered_date", _("Ordered at")), Column("status")),
    permission="lab_tests.view",
    empty=_("Nothing is on its way."),
    limit=10,
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

TABS: dict[str, Tab] = {
    "overview": Tab(
        _("Overview"),
        "patients.view",
        sections=(
            Section(
                _("Person"),
                (
                    "last_name",
                    "first_name",
                    "date_of_birth",
                    ("date_of_birth_estimated", _("Date is estimated")),
                    ("age", _("Age")),
                    "gender",
                    "patient_number",
                    ("phone_shown", _("Phone")),
                ),
            ),
            Section(
                _("Contact"),
                ("email", "address", "city", "state", "postal_code", "country"),
                permission="patients.contact",
            ),
            Section(
                _("Emergency contact"),
                (
                    "emergency_contact_name",
                    ("emergency_contact_phone_shown", _("Phone")),
                    "emergency_contact_relationship",
                ),
                permission="patients.contact",
            ),
            Section(
                _("Insurance"),
                ("insurance_provider", "insurance_policy_number"),
                permission="patients.contact",
            ),
        ),
        tables=(ALLERGIES, PROBLEMS, CURRENT, OPEN_ORDERS, LAST_RESULTS, UPCOMING, FOLLOW_UPS),
    ),
    "record": Tab(
        _("Record"),
        "medical_records.view",
        sections=record_sections("medical_record."),
        tables=(PROBLEMS, ALLERGIES),
        actions=(
            Action(
                _("Edit record"),
                "medical_record_edit",
                permission="medical_records.edit",
                icon="pencil",
                when=lambda patient: hasattr(patient, "medical_record"),
                key=lambda patient: patient.medical_record.pk,
            ),
        ),
    ),
    "visits": Tab(_("Visits"), "appointments.view", tables=(VISITS, CONSULTATIONS)),
    "timeline": Tab(_("Timeline"), "allergies.view", tables=(TIMELINE,)),
    "vitals": Tab(
        _("Vitals"),
        "vital_signs.view",
        tables=(VITAL_SIGNS,),
        actions=(
            Action(
                _("Over time"), "vital_sign_trends", permission="vital_signs.view", style="primary", icon="graph-up"
            ),
        ),
    ),
    "medications": Tab(_("Medications"), "prescriptions.view", tables=(MEDICATIONS,)),
    "labs": Tab(
        _("Labs"),
        "lab_tests.view",
        tables=(LAB_TESTS,),
        actions=(Action(_("Over time"), "lab_test_trends", permission="lab_tests.results", icon="graph-up"),),
    ),
    "billing": Tab(_("Billing"), "invoices.view", tables=(INVOICES,)),
}


class PatientDetail(DetailPage):
    """The chart of one patient. Opening it, or a tab of it, is audited."""

    permission = "patients.view"
    model = Patient
    template_name = "patients/patient_detail.html"
    actions = (
        BOOK,
        MEASURE,
        Action(_("Edit"), "patient_edit", form=forms.EditPatientForm, icon="pencil"),
        Action(_("Sticker"), "patient_sticker", permission="patients.edit", icon="qr-code"),
        Action(
            _("Merge"),
            "patient_merge",
            permission="patients.merge",
            icon="sign-merge-right",
            when=lambda row: row.is_active,
        ),
        Action(_("Deactivate"), "patient_delete", form=forms.DeactivatePatientForm, style="danger"),
        Action(_("Reactivate"), "patient_reactivate", form=forms.ReactivatePatientForm),
        Action(_("Account"), "patient_account", permission="invoices.view", icon="person-lines-fill"),
        Action(_("Print chart"), "patient_chart_pdf", permission="medical_records.view", icon="printer"),
        Action(
            _("Mark as confidential"),
            "patient_confidential",
            form=confidential.MarkConfidentialForm,
            icon="incognito",
        ),
        Action(
            _("No longer confidential"),
            "patient_not_confidential",
            form=confidential.UnmarkConfidentialForm,
            icon="incognito",
        ),
        ActionAbove(
            _("Access log"),
            "audit_log_list",
            permission="audit_logs.view",
            icon="shield-lock",
            query=lambda patient: f"?patient_id={patient.pk}",
            keyed=False,
        ),
    )

    def history(self, user: Any) -> list[dict[str, Any]]:
        return []  # the access log holds it, and every look at the chart

    def get_queryset(self) -> Any:
        return Patient.objects.for_banner()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.tab = request.GET.get("tab", "overview")
        if self.tab not in TABS:
            raise Http404
        tab = TABS[self.tab]
        if not may(request.user, tab.permission):
            raise PermissionDenied
        self.sections, self.related = tab.sections, tab.tables  # type: ignore[misc]
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        tabs = [
            {"label": tab.label, "url": f"?tab={name}", "current": name == self.tab}
            for name, tab in TABS.items()
            if may(user, tab.permission)
        ]
        context = super().get_context_data(tabs=tabs, tab=TABS[self.tab], **kwargs)
        extra = [action.context(self.object) for action in TABS[self.tab].actions if action.shown(self.object, user)]
        # At the bedside allergies and medications come before the address.
        context["related_first"] = self.tab == "overview" and may(user, "vital_signs.record")
        return {**context, "actions": [*extra, *context["actions"]], **self.merges()}

    def merges(self) -> dict[str, Any]:
        """The chart that this one was merged into, or those that were merged into this one."""
        rows = list(
            PatientMerge.objects.in_force()
            .filter(Q(kept=self.object) | Q(merged=self.object))
            .select_related("kept", "merged")
        )
        into = next((row for row in rows if row.merged_id == self.object.pk), None)
        may_undo = may(self.request.user, "patients.merge")
        return {"merged_into": into, "merged_from": [row for row in rows if row is not into], "may_undo": may_undo}

    def related_context(self, related: Related) -> dict[str, Any]:
        context = super().related_context(related)
        if isinstance(related, Table):
            create = related.create
            if create is not None and create.shown(self.object, self.request.user):
                context["action"] = create.context(self.object)
            for row in context["rows"] if related.row_actions else ():
                shown = [action for action in related.row_actions if action.shown(row["object"], self.request.user)]
                row["actions"] = [action.context(row["object"]) for action in shown]
                row["url"] = row["actions"][0]["url"] if shown else ""
                context["row_actions"] = context.get("row_actions") or bool(shown)
            if related.list_url and len(context["rows"]) == related.limit and page_above(related.list_url):
                context["more_url"] = f"{reverse(related.list_url)}?patient={self.object.pk}"
        return context
