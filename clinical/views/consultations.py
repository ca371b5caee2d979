"""Pages for the consultation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from clinical.filters import ConsultationFilter
from clinical.forms.consultations import (
    AbandonConsultationForm,
    AddAddendumForm,
    CompleteConsultationForm,
    ConsultationForm,
    StartConsultationForm,
    TakeOverConsultationForm,
)
from clinical.models import Consultation, ConsultationAddendum
from clinical.views.from_row import FromRowConfirmPage, FromRowPage
from clinical.workspace import workspace
from healthcare import drafts
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Related, Section
from healthcare.generic.base import url_of
from healthcare.roles import may
from patients.views.chart_tables import BOOK_FOLLOW_UP
from scheduling.models import Appointment

#: A consultation's page lists all of its orders: two order sets are more than thirty tests.
MOST_ORDERS = 500


class ConsultationList(ListPage):
    """All consultations; billing officers see the completed ones, without any clinical text."""

    permission = "consultations.list"
    create_permission = "appointments.start"
    create_label = _("Start consultation")
    model = Consultation
    filterset_class = ConsultationFilter
    ordering = ("-consultation_date",)
    select_related = ("patient", "doctor", "appointment__department")
    columns = (
        Column("patient"),
        Column("consultation_date", ordering="consultation_date"),
        Column("doctor"),
        Column("appointment.department", _("Department")),
        Column("diagnosis", permission="consultations.view"),
        Column("state", _("State")),
    )

    def row_url(self, row: Any) -> str:
        return super().row_url(row) if may(self.request.user, "consultations.view") else ""


class ConsultationDetail(DetailPage):
    """One consultation with what hangs on it."""

    permission = "consultations.view"
    model = Consultation
    template_name = "clinical/consultation_detail.html"
    status_field = "state"
    sections = (
        Section("", ("consultation_date", "doctor", "appointment", "completed_at")),
        Section(
            _("Note"),
            (
                "chief_complaint",
                "present_illness",
                "examination_findings",
                "diagnosis",
                ("codes_shown", _("ICD-10 codes")),
                "treatment_plan",
                "notes",
                "follow_up_required",
                "follow_up_date",
                ("follow_up_shown", _("Follow-up visit")),
            ),
            sparse=("follow_up_shown",),
            wide=(
                "codes_shown",
                "chief_complaint",
                "present_illness",
                "examination_findings",
                "diagnosis",
                "treatment_plan",
                "notes",
            ),
        ),
    )
    actions = (
        Action(_("Edit"), "consultation_edit", form=ConsultationForm, style="primary", icon="pencil"),
        Action(_("Take over"), "consultation_take_over", form=TakeOverConsultationForm, style="primary", icon="pencil"),
        Action(_("Addendum"), "consultation_addendum", form=AddAddendumForm, icon="journal-plus"),
        Action(
            _("Print prescriptions"),
            "consultation_prescriptions_pdf",
            permission="prescriptions.view",
            icon="printer",
            when=lambda row: bool(row.prescriptions_to_sign),
        ),
        Action(
            _("Print requisition"),
            "consultation_requisition",
            permission="lab_tests.view",
            icon="printer",
            when=lambda row: bool(row.lab_tests_to_do),
        ),
        Action(_("Print summary"), "consultation_summary", permission="consultations.view", icon="printer"),
        Action(
            _("Versions"),
            "consultation_versions",
            permission="consultations.view",
            icon="clock-history",
            when=lambda row: row.is_completed,
        ),
        replace(BOOK_FOLLOW_UP, label=_("Book follow-up"), when=lambda row: row.follow_up_unbooked),
        Action(
            _("Follow-up visit"),
            "appointment_detail",
            permission="appointments.view",
            icon="calendar-check",
            when=lambda row: row.follow_up_visit is not None,
            key=lambda row: row.follow_up_visit.pk,
        ),
        Action(_("Abandon"), "consultation_delete", form=AbandonConsultationForm, style="danger"),
    )
    abandoned = Section(
        _("Abandoned"), ("abandoned_reason", "abandoned_at", "abandoned_appointment"), wide=("abandoned_reason",)
    )
    related = (
        Related(
            _("Addenda"),
            lambda row, user: row.addenda.select_related("author", "consultation__patient"),
            (Column("created_at", _("Date")), Column("author", _("Signed by")), Column("text")),
            permission="consultations.view",
            empty=_("No addenda."),
        ),
        Related(
            _("Prescriptions"),
            lambda row, user: row.prescriptions.order_by("created_at"),
            (
                Column("medication_name"),
                Column("dosage"),
                Column("frequency"),
                Column("duration"),
                Column("state", _("State")),
            ),
            permission="prescriptions.view",
            empty=_("Nothing was prescribed."),
            limit=MOST_ORDERS,
        ),
        Related(
            _("Lab tests"),
            lambda row, user: row.lab_tests.order_by("ordered_date"),
            (Column("test_name"), Column("status"), Column("result_value"), Column("result_unit"), Column("flag", "")),
            permission="lab_tests.results",
            empty=_("No test was ordered."),
            limit=MOST_ORDERS,
        ),
    )

    def get_queryset(self) -> Any:
        return Consultation.objects.select_related(
            "patient", "doctor", "appointment__patient", "abandoned_appointment__patient"
        ).prefetch_related("prescriptions", "lab_tests")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.object.is_abandoned:
            context["sections"].insert(0, self.section_context(self.abandoned))
        if self.object.state in ("in_progress", "completed"):
            page = url_of(Consultation, "edit", self.object.pk)
            context["written_now"] = drafts.drafts().of(self.object.doctor, page).being_typed().first()
        return context


class ConsultationStart(FromRowConfirmPage):
    """Start the consultation of the appointment in the URL."""

    permission = "appointments.start"
    model = Consultation
    source_model = Appointment
    argument = "appointment"
    form_class = StartConsultationForm
    success_message = _("The consultation has begun.")

    def get_success_url(self, form: Any) -> str:
        return url_of(Consultation, "edit", form.instance.pk)


class ConsultationCreate(CreatePage):
    """Choose a checked-in patient and start."""

    permission = "appointments.start"
    model = Consultation
    form_class = StartConsultationForm
    page_title = _("Start consultation")
    success_message = _("The consultation has begun.")

    def get_initial(self) -> dict[str, Any]:
        return {"appointment": self.request.GET.get("appointment", "")[:36]}

    def get_success_url(self, form: Any) -> str:
        return url_of(Consultation, "edit", form.instance.pk)


class ConsultationEdit(EditPage):
    """The workspace: banner, past, note and orders on one screen."""

    permission = "consultations.edit"
    model = Consultation
    form_class = ConsultationForm
    template_name = "clinical/consultation_form.html"
    page_title = _("Consultation")
    drafted = True

    def draft_page(self) -> str:
        """One draft, whichever button is pressed."""
        return url_of(Consultation, "edit", self.object.pk)

    def get_queryset(self) -> Any:
        rows = Consultation.objects.select_related("patient__medical_record", "doctor", "appointment")
        return rows.prefetch_related("patient__patient_allergies")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.object.locked() or self.object.is_abandoned:
            messages.info(
                request,
                _("This consultation was started by mistake and is closed.")
                if self.object.is_abandoned
                else _("24 hours have passed since completion: only addenda are possible."),
            )
            return HttpResponseRedirect(self.object.get_absolute_url())
        return super().get(request, *args, **kwargs)

    def get_success_url(self, form: Any) -> str:
        return (
            form.instance.get_absolute_url()
            if form.instance.is_completed
            else url_of(Consultation, "edit", form.instance.pk)
        )

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(form=form, **kwargs)
        return {**context, "object": self.object, **workspace(self.object)}


class ConsultationComplete(ConsultationEdit):
    """The same page, completing."""

    permission = "consultations.edit"
    form_class = CompleteConsultationForm
    success_message = _("The consultation is completed.")


class ConsultationAbandon(ActionPage):
    """Take back a consultation started by mistake; also what "delete" means here."""

    permission = "consultations.edit"
    model = Consultation
    form_class = AbandonConsultationForm
    success_message = _("The consultation is abandoned; the patient waits again.")


class ConsultationTakeOver(ActionPage):
    """Go on where a doctor who left has stopped."""

    permission = "consultations.edit"
    model = Consultation
    form_class = TakeOverConsultationForm
    success_message = _("The consultation is yours now.")

    def get_success_url(self, form: Any) -> str:
        return url_of(Consultation, "edit", form.instance.pk)


class ConsultationAddendumCreate(FromRowPage):
    """Add to a completed consultation."""

    permission = "consultations.edit"
    model = ConsultationAddendum
    source_model = Consultation
    argument = "consultation"
    form_class = AddAddendumForm
    page_title = _("Addendum")
    success_message = _("The addendum is signed and added.")

    def get_success_url(self, form: Any) -> str:
        return str(self.source.get_absolute_url())
