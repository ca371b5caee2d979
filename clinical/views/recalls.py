"""Whose follow-up is due and not booked (BYD-7): for the front desk, so without a word of why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinical.models import Consultation
from healthcare.clock import now, today
from healthcare.generic import Column, ListPage
from patients.views.chart_tables import BOOK_FOLLOW_UP

#: From two weeks before the day on, until somebody who was forgotten for half a year has surely gone elsewhere.
AHEAD, BEHIND = timedelta(days=14), timedelta(days=180)
#: And as soon as the doctor asks for it, while the patient is still at the desk.
JUST_ASKED = timedelta(hours=12)


class RecallList(ListPage):
    """Follow-ups due and not booked, the most overdue first."""

    permission = "recalls.view"
    model = Consultation
    page_title = _("Recalls")
    page_subtitle = _("Follow-ups not booked: asked for just now, due, or due within two weeks")
    ordering = ("follow_up_date",)
    select_related = ("patient", "doctor")
    columns = (
        Column("patient"),
        Column("patient.phone_shown", _("Phone")),
        Column("follow_up_date", _("Due"), ordering="follow_up_date"),
        Column("doctor"),
    )
    row_actions = (BOOK_FOLLOW_UP,)
    empty_title = _("Nobody is to be called")

    def get_queryset(self) -> Any:
        # One range of days and then a choice within it: an index of follow-ups answers that in the list's order.
        since = Consultation.objects.follow_ups_to_book().filter(follow_up_date__gte=today() - BEHIND)
        return since.filter(Q(follow_up_date__lte=today() + AHEAD) | Q(completed_at__gte=now() - JUST_ASKED))

    def row_url(self, row: Any) -> str:
        return row.patient.get_absolute_url()
