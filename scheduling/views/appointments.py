"""Appointments to look at: the day's list, one visit, its confirmation on paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare.clock import today
from healthcare.generic import (
    Action,
    Column,
    DetailPage,
    ListPage,
    PdfPage,
    Related,
    Section,
)
from healthcare.roles import may
from scheduling import forms
from scheduling.filters import AppointmentFilter
from scheduling.models import Appointment, AppointmentStatus
from scheduling.slots import is_given_back
from scheduling.views.waiting import BOOK_FREED, who_fits

#: What follows for whom; pages of the apps above are named by their URLs.
CHECK_IN = Action(gettext_lazy("Check in"), "appointment_check_in", form=forms.CheckInForm, icon="box-arrow-in-right")
START = Action(
    gettext_lazy("Start consultation"),
    "appointment_start",
    permission="appointments.start",
    when=lambda row: row.status == AppointmentStatus.CHECKED_IN,
    icon="play",
)
RECORD_VITALS = Action(
    gettext_lazy("Record vital signs"),
    "vital_sign_create",
    permission="vital_signs.record",
    when=lambda row: row.status == AppointmentStatus.CHECKED_IN,
    query=lambda row: "?" + urlencode({"patient": row.patient_id}),
    keyed=False,
    icon="heart-pulse",
)
OPEN_CONSULTATION = Action(
    gettext_lazy("Open consultation"),
    "consultation_detail",
    permission="consultations.view",
    when=lambda row: forms.consultation_of(row) is not None,
    key=lambda row: row.consultation.pk,
    icon="journal-medical",
)


MOVE = Action(gettext_lazy("Reschedule"), "appointment_edit", form=forms.RescheduleAppointmentForm, icon="pencil")
CANCEL = Action(gettext_lazy("Cancel appointment"), "appointment_cancel", form=forms.CancelForm, style="danger")


class AppointmentList(ListPage):
    """The day's visits, and any others."""

    permission = "appointments.view"
    create_permission = "appointments.edit"
    create_label = gettext_lazy("Book appointment")
    template_name = "scheduling/appointment_list.html"
    model = Appointment
    filterset_class = AppointmentFilter
    filter: AppointmentFilter
    impersonal_filters = tuple(sorted({*AppointmentFilter.base_filters} - {"patient"}))
    ordering = ("appointment_date", "appointment_time")
    select_related = ("patient", "doctor", "department")
    columns = (
        Column("start", gettext_lazy("When"), ordering="appointment_date"),
        Column("patient"),
        Column("doctor"),
        Column("department"),
        Column("appointment_type"),
        Column("status"),
        Column("reason", permission="appointments.reason"),
    )

    @property
    def row_actions(self) -> tuple[Action, ...]:  # type: ignore[override]
        """Visits of today are checked in, others are moved; so is whatever has no doctor to go to."""
        if self.request.GET.get("away"):
            return (MOVE,)
        return (CHECK_IN, START, RECORD_VITALS, replace(MOVE, when=lambda row: row.appointment_date > today()))

    def current_ordering(self) -> tuple[str, ...]:
        """A day's visits stay in the order of time, or against it."""
        looks_back = self.filter.looks_back and "ordering" not in self.request.GET
        backwards = looks_back or super().current_ordering()[0].startswith("-")
        return ("-appointment_date", "-appointment_time") if backwards else self.ordering

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            page_subtitle=_("From today on") if self.filter.is_default else "", quick_links=self.quick_links(), **kwargs
        )

    def quick_links(self) -> list[dict[str, Any]]:
        """The views of the list that people open all day."""
        day = today()
        links: list[tuple[Any, dict[str, str], str]] = [
            (_("Today"), {"appointment_date": day.isoformat()}, "appointments.view"),
            (_("Tomorrow"), {"appointment_date": (day + timedelta(days=1)).isoformat()}, "appointments.edit"),
            (_("Waiting for vital signs"), {"vitals": "missing"}, "vital_signs.record"),
            (_("Doctor away"), {"away": "1"}, "appointments.edit"),
            (_("All"), {"period": "all", "ordering": "-appointment_date"}, "appointments.view"),
        ]
        asked = self.request.GET
        return [
            {
                "label": label,
                "url": f"?{urlencode(query)}",
                "active": all(asked.get(name) == value for name, value in query.items()),
            }
            for label, query, permission in links
            if may(self.request.user, permission)
        ]


STEPS_TAKEN = ("confirmed_at", "checked_in_at", "started_at", "completed_at")


class AppointmentDetail(DetailPage):
    """One visit."""

    permission = "appointments.view"
    model = Appointment
    status_field = "status"
    sections = (
        Section(
            gettext_lazy("Visit"),
            (
                "appointment_date",
                "appointment_time",
                "duration_minutes",
                "appointment_type",
                "patient",
                "doctor",
                "department",
                "ticket_number",
            ),
            sparse=("ticket_number",),
        ),
        Section(
            gettext_lazy("Reason and notes"),
            ("reason", "notes", "cancellation_reason", "override_reason"),
            permission="appointments.reason",
            wide=("reason", "notes"),
            sparse=("cancellation_reason", "override_reason"),
        ),
        Section(gettext_lazy("Times"), ("created_at", *STEPS_TAKEN), sparse=STEPS_TAKEN),
    )
    actions = (
        replace(CHECK_IN, style="primary"),
        replace(START, style="primary"),
        RECORD_VITALS,
        OPEN_CONSULTATION,
        Action(gettext_lazy("Complete"), "appointment_complete", form=forms.CompleteAppointmentForm, icon="check2"),
        Action(gettext_lazy("Confirm"), "appointment_confirm", form=forms.ConfirmForm, icon="telephone"),
        MOVE,
        Action(
            gettext_lazy("Create invoice"),
            "invoice_create",
            permission="invoices.edit",
            when=lambda row: row.status == AppointmentStatus.COMPLETED,
            query=lambda row: "?" + urlencode({"appointment": row.pk}),
            keyed=False,
            icon="receipt",
        ),
        Action(
            gettext_lazy("Confirmation"),
            "appointment_confirmation",
            form=forms.RescheduleAppointmentForm,
            icon="printer",
        ),
        Action(gettext_lazy("Undo check-in"), "appointment_undo_check_in", form=forms.UndoCheckInForm),
        Action(gettext_lazy("Undo no-show"), "appointment_undo_no_show", form=forms.UndoNoShowForm),
        Action(gettext_lazy("No-show"), "appointment_no_show", form=forms.NoShowForm, style="danger"),
        CANCEL,
    )

    related = (
        Related(
            gettext_lazy("This free time fits"),
            who_fits,
            (
                Column("patient"),
                Column("patient.phone_shown", gettext_lazy("Phone")),
                Column("doctor"),
                Column("part_of_day"),
                Column("created_at", gettext_lazy("Waits since")),
            ),
            permission="appointments.edit",
            row_actions=(BOOK_FREED,),
        ),
    )

    def get_queryset(self) -> Any:
        return Appointment.objects.select_related("patient", "doctor", "department", "consultation")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if not (self.object.status == AppointmentStatus.CANCELLED and is_given_back(self.object)):
            kwargs["related"] = []
        return super().get_context_data(**kwargs)


class AppointmentConfirmation(PdfPage):
    """The slip that the patient takes home."""

    permission = "appointments.edit"
    model = Appointment
    template_name = "scheduling/pdf/confirmation.html"

    def get_queryset(self) -> Any:
        return Appointment.objects.select_related("patient", "doctor", "department")

    def document_context(self) -> dict[str, Any]:
        return {"appointment": self.object, "document_number": self.object.patient.patient_number}
