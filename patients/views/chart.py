"""The chart: everything about one patient that the role may see, in tabs. The tabs are plain links (`?tab=visits`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from healthcare.generic import Action, DetailPage, Related, Section
from healthcare.roles import may
from patients import forms
from patients.forms import confidential
from patients.models import Patient, PatientMerge
from patients.views.chart_tables import (
    ALLERGIES,
    BOOK,
    CONSULTATIONS,
    CURRENT,
    FOLLOW_UPS,
    INVOICES,
    LAB_TESTS,
    LAST_RESULTS,
    MEASURE,
    MEDICATIONS,
    OPEN_ORDERS,
    PROBLEMS,
    TIMELINE,
    UPCOMING,
    VISITS,
    VITAL_SIGNS,
    ActionAbove,
    Table,
    page_above,
)

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


@dataclass(frozen=True)
class Tab:
    """One tab: who sees it, and what is on it."""

    label: Any
    permission: str
    sections: tuple[Section, ...] = ()
    tables: tuple[Table, ...] = ()
    actions: tuple[Action, ...] = ()


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
                    ("age_shown", _("Age")),
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
        actions=(Action(_("Over time"), "vital_sign_trends", permission="vital_signs.view", icon="graph-up"),),
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
            for row in context["rows"] if related.row_actions and not related.row_actions[0].at_once else ():
                row["url"] = row["actions"][0]["url"] if row["actions"] else ""
            if related.list_url and context["more"] and page_above(related.list_url):
                context["more_url"] = f"{reverse(related.list_url)}?patient={self.object.pk}"
        return context
