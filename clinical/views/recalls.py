"""Whose follow-up is due and not booked (BYD-7): for the front desk, so without a word of why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from clinical.models import Consultation
from healthcare.clock import today
from healthcare.generic import Action, Column, ListPage
from scheduling.models import Appointment

#: From two weeks before the day on, until somebody who was forgotten for half a year has surely gone elsewhere.
AHEAD, BEHIND = timedelta(days=14), timedelta(days=180)

BOOK = Action(
    _("Book"),
    "appointment_create",
    permission="appointments.edit",
    query=lambda row: (
        "?"
        + urlencode(
            {
                "patient": row.patient_id,
                "doctor": row.doctor_id,
                "appointment_type": "follow_up",
                "appointment_date": max(row.follow_up_date, today()).isoformat(),
            }
        )
    ),
    keyed=False,
    icon="calendar-plus",
)


class RecallList(ListPage):
    """Follow-ups due and not booked, the most overdue first."""

    permission = "recalls.view"
    model = Consultation
    page_title = _("Recalls")
    page_subtitle = _("Follow-ups that are due, or soon will be, and not booked")
    ordering = ("follow_up_date",)
    select_related = ("patient", "doctor")
    columns = (
        Column("patient"),
        Column("patient.phone_shown", _("Phone")),
        Column("follow_up_date", _("Due"), ordering="follow_up_date"),
        Column("doctor"),
    )
    row_actions = (BOOK,)
    empty_title = _("Nobody is to be called")

    def get_queryset(self) -> Any:
        later = Appointment.objects.blocking().filter(
            patient=OuterRef("patient"), appointment_date__gt=OuterRef("consultation_date__date")
        )
        due = Consultation.objects.completed().filter(
            follow_up_required=True,
            follow_up_date__range=(today() - BEHIND, today() + AHEAD),
            patient__is_active=True,
        )
        return due.filter(~Exists(later))

    def row_url(self, row: Any) -> str:
        return row.patient.get_absolute_url()
