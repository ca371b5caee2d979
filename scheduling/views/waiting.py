"""Pages of the waiting list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import django_filters
from django.db.models import Value
from django.utils.translation import gettext_lazy as _

from departments.models import User
from healthcare.filters import FilterSet
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Section
from patients.views.asked import PatientAskedMixin
from scheduling.forms.waiting import WaitingListForm, WithdrawWaitingForm
from scheduling.models import Appointment, WaitingListEntry, WaitingStatus


def wish(entry: WaitingListEntry, **offered: Any) -> str:
    """The booking form with what the patient waits for, or is offered."""
    known = {
        "patient": entry.patient_id,
        "doctor": entry.doctor_id,
        "department": entry.department_id,
        "appointment_type": entry.appointment_type,
        "duration_minutes": entry.duration_minutes,
        **offered,
    }
    return "?" + urlencode({name: value for name, value in known.items() if value})


BOOK = Action(
    _("Book"),
    "appointment_create",
    permission="appointments.edit",
    when=lambda row: row.status == WaitingStatus.WAITING,
    query=wish,
    keyed=False,
    icon="calendar-plus",
)


def who_fits(visit: Appointment, user: Any) -> Any:
    """Whom the freed time of this visit fits, each with what `BOOK_FREED` needs of it."""
    return (
        WaitingListEntry.objects.fitting(visit)
        .select_related("patient", "doctor", "department")
        .annotate(
            freed_day=Value(visit.appointment_date.isoformat()),
            freed_time=Value(f"{visit.appointment_time:%H:%M}"),
            freed_doctor=Value(str(visit.doctor_id)),
        )
    )


BOOK_FREED = replace(
    BOOK,
    query=lambda entry: wish(
        entry, doctor=entry.freed_doctor, appointment_date=entry.freed_day, appointment_time=entry.freed_time
    ),
)


class WaitingListFilter(FilterSet):
    """By doctor and state; without any filter those who wait."""

    status = django_filters.ChoiceFilter(label=_("Status"), choices=WaitingStatus.choices)
    doctor = django_filters.ModelChoiceFilter(label=_("Doctor"), queryset=User.objects.doctors_by_name())

    class Meta:
        model = WaitingListEntry
        fields = ["department"]

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        if not any((data or {}).get(name) for name in (*self.base_filters, "q")):
            self.data = {"status": WaitingStatus.WAITING}


class WaitingList(ListPage):
    """Who waits for an earlier time, who came first on top."""

    permission = "appointments.edit"
    create_permission = "appointments.edit"
    create_label = _("Put on the list")
    model = WaitingListEntry
    filterset_class = WaitingListFilter
    ordering = ("created_at",)
    select_related = ("patient", "doctor", "department")
    columns = (
        Column("patient"),
        Column("patient.phone_shown", _("Phone")),
        Column("whom", _("Waits for")),
        Column("wanted", _("When")),
        Column("status"),
        Column("since", ordering="created_at"),
    )
    row_actions = (BOOK,)


class WaitingListDetail(DetailPage):
    """One wish."""

    permission = "appointments.edit"
    model = WaitingListEntry
    status_field = "status"
    sections = (
        Section("", ("patient", "doctor", "department", "appointment_type", "duration_minutes", "note")),
        Section(
            _("When"),
            ("earliest_date", "latest_date", "part_of_day", "created_at", "appointment"),
            sparse=("appointment",),
        ),
    )
    actions = (
        replace(BOOK, style="primary"),
        Action(_("Edit"), "waiting_list_entry_edit", form=WaitingListForm, icon="pencil"),
        Action(_("Take off the list"), "waiting_list_entry_delete", form=WithdrawWaitingForm, style="danger"),
    )

    def get_queryset(self) -> Any:
        return WaitingListEntry.objects.select_related("patient", "doctor", "department", "appointment__patient")


class WaitingListCreate(PatientAskedMixin, CreatePage):
    """Put somebody on the list."""

    permission = "appointments.edit"
    model = WaitingListEntry
    form_class = WaitingListForm
    page_title = _("Put on the waiting list")

    def get_initial(self) -> dict[str, Any]:
        names = ("doctor", "department", "duration_minutes", "appointment_type")
        return {name: self.request.GET[name] for name in names if self.request.GET.get(name)}


class WaitingListEdit(EditPage):
    """Change what somebody waits for."""

    permission = "appointments.edit"
    model = WaitingListEntry
    form_class = WaitingListForm


class WaitingListWithdraw(ActionPage):
    """Take somebody off the list."""

    permission = "appointments.edit"
    model = WaitingListEntry
    form_class = WithdrawWaitingForm
