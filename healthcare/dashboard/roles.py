"""What each role sees on the first page: its numbers, and the queues that it works from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Invoice, InvoiceStatus
from billing.status import OwedUntil
from billing.visits import unbilled_visits
from clinical.models import Consultation, LabTest, LabTestStatus
from clinical.models.lab_tests import URGENCY
from departments.models import User
from healthcare.clock import today
from healthcare.dashboard.tiles import WEEK, Tile, backlog, between, compared, day_tiles, last_weekday, link, takings
from healthcare.generic import Action
from healthcare.generic.base import label_of, shown_value_of
from healthcare.roles import Role
from healthcare.templatetags.display import minutes_since
from patients.models import Patient
from reporting.periods import Period
from scheduling.models import Appointment, AppointmentStatus, WaitingListEntry, WaitingStatus
from scheduling.views.appointments import CANCEL, CHECK_IN, MOVE, RECORD_VITALS, START

S = AppointmentStatus
EXPECTED = (S.SCHEDULED, S.CONFIRMED)
RESULT_COLUMNS = (
    *("test_name", "status", "result_value", "result_unit", "result_date"),
    *("reference_range", "is_critical", "is_abnormal", "reviewed_at"),
)
#: Critical results first, then abnormal ones; among them what has waited longest.
MOST_URGENT = (URGENCY.desc(), "result_date")
#: What a queue needs of an appointment; reading all columns of a dozen rows costs more than finding them.
VISIT_COLUMNS = ("appointment_date", "appointment_time", "appointment_type", "status", "checked_in_at")
DEBT_COLUMNS = ("invoice_number", "due_date", "balance_due", "status")
#: A queue shows so many rows; its link leads to all.
SHOWN = 15


@dataclass(frozen=True)
class Queue:
    """The rows that a role works from, each with its next step."""

    title: Any
    #: A queryset, or a list that is short already.
    rows: Any
    columns: tuple[tuple[str | Callable[[Any], Any], Any], ...]
    actions: tuple[Action, ...]
    empty: Any
    url: str = ""
    #: The row that a click leads to, where it is not the row itself.
    target: Callable[[Any], Any] = lambda row: row
    #: What a list's rows are.
    model: Any = None

    def context(self, user: Any) -> dict[str, Any]:
        """As the template takes it."""
        found = list(self.rows[: SHOWN + 1])
        rows = found[:SHOWN]
        model = getattr(self.rows, "model", None) or self.model
        heads = [
            {"label": label or (label_of(model, path) if isinstance(path, str) else ""), "align": ""}
            for path, label in self.columns
        ]
        return {
            "title": self.title,
            "count": f"{SHOWN}+" if len(found) > SHOWN else len(found),
            "columns": heads,
            "rows": [
                {
                    "url": self.target(row).get_absolute_url(),
                    "object": row,
                    "cells": [
                        {"column": head, "value": path(row) if callable(path) else shown_value_of(row, path)}
                        for head, (path, _label) in zip(heads, self.columns, strict=True)
                    ],
                    "actions": [action.context(row) for action in self.actions if action.shown(row, user)],
                }
                for row in rows
            ],
            "row_actions": bool(self.actions),
            "empty": self.empty,
            "link": {"label": _("Show all"), "url": self.url} if self.url else None,
        }


def waiting(row: Any) -> Any:
    """How long the patient has been here."""
    return minutes_since(row.checked_in_at)


def visits() -> Any:
    """Today's appointments."""
    return Appointment.objects.filter(appointment_date=today())


def people(*roles: str) -> tuple[str, ...]:
    """The columns that say who a row's patient or doctor is."""
    return tuple(
        f"{role}__{name}"
        for role in roles
        for name in ((*Patient.NAMED_BY, "phone") if role.endswith("patient") else User.NAMED_BY)
    )


def shown(rows: Any) -> Any:
    """Appointments with what a queue shows of them, in the order of the day."""
    related = rows.select_related("patient", "doctor").only(*VISIT_COLUMNS, *people("patient", "doctor"))
    return related.order_by("appointment_date", "appointment_time", "pk")


def visits_url(**query: Any) -> str:
    """The list of today's appointments."""
    return link("appointment_list", appointment_date=today(), **query)


VISIT = (
    ("appointment_time", ""),
    ("patient", ""),
    ("doctor", ""),
    ("get_appointment_type_display", gettext_lazy("Type")),
    ("status", ""),
)
ARRIVED = (("patient", ""), ("appointment_time", ""), ("doctor", ""), (waiting, gettext_lazy("Waiting")))
TO_CALL = (
    ("start", gettext_lazy("When")),
    ("patient", ""),
    ("patient.phone_shown", gettext_lazy("Phone")),
    ("doctor", ""),
)


def receptionist(user: Any) -> tuple[list[Tile], list[Queue]]:
    """Who comes today, and who is to be checked in."""
    expected = visits().filter(status__in=EXPECTED)
    waiting_list = WaitingListEntry.objects.visible_to(user).filter(status=WaitingStatus.WAITING)
    tiles = [
        *day_tiles(
            Appointment.objects.all(),
            (_("Appointments today"), S.values, visits_url()),
            (_("To check in"), EXPECTED, visits_url(expected="1")),
            (_("Waiting"), (S.CHECKED_IN,), visits_url(status=S.CHECKED_IN)),
            (_("No-shows today"), (S.NO_SHOW,), visits_url(status=S.NO_SHOW)),
        ),
        backlog(_("Waiting list"), waiting_list, "created_at", link("waiting_list_entry_list")),
    ]
    empty = _("Nobody else is expected today.")
    queues = [Queue(_("To check in"), shown(expected), VISIT, (CHECK_IN,), empty, visits_url(expected="1"))]
    if to_move := list(shown(Appointment.objects.to_move())[: SHOWN + 1]):
        away_url = link("appointment_list", away="1")
        queues.append(Queue(_("Doctor away"), to_move, TO_CALL, (MOVE,), "", away_url, model=Appointment))
    if left := list(shown(Appointment.objects.left_waiting())[: SHOWN + 1]):
        left_url = link("appointment_list", status=S.CHECKED_IN, period="past")
        queues.append(Queue(_("Left without being seen?"), left, TO_CALL, (CANCEL,), "", left_url, model=Appointment))
    return tiles, queues


def nurse(user: Any) -> tuple[list[Tile], list[Queue]]:
    """Who waits for vital signs, and which samples are to be taken."""
    unmeasured = Appointment.objects.awaiting_vitals()
    samples = LabTest.objects.visible_to(user).filter(status=LabTestStatus.ORDERED)
    tests_url = link("lab_test_list", status=LabTestStatus.ORDERED)
    unmeasured_url = link("appointment_list", vitals="missing")
    tiles = [
        backlog(_("Waiting for vital signs"), unmeasured, "checked_in_at", unmeasured_url),
        backlog(_("Samples to collect"), samples, "ordered_date", tests_url),
        *day_tiles(
            Appointment.objects.all(),
            (_("With the doctor"), (S.IN_PROGRESS,), visits_url(status=S.IN_PROGRESS)),
            (_("Appointments today"), S.values, visits_url()),
        ),
    ]
    collect = Action(_("Collect sample"), "lab_test_collect_sample", permission="lab_tests.process", icon="eyedropper")
    queue = Queue(
        _("Waiting for vital signs"),
        shown(unmeasured).order_by("checked_in_at"),
        ARRIVED,
        (RECORD_VITALS,),
        _("Nobody is waiting."),
        unmeasured_url,
    )
    ordered = Queue(
        _("Samples to collect"),
        samples.select_related("patient", "ordered_by_doctor")
        .only("test_name", "ordered_date", "status", *people("patient", "ordered_by_doctor"))
        .order_by("ordered_date"),
        (("test_name", ""), ("patient", ""), ("ordered_by_doctor", ""), ("ordered_date", "")),
        (collect,),
        _("No samples to collect."),
        tests_url,
    )
    return tiles, [queue, ordered]


def doctor(user: Any) -> tuple[list[Tile], list[Queue]]:
    """My patients who are ready, my results, my unfinished notes."""
    measured = visits().filter(doctor=user).ready()
    results = LabTest.objects.inbox_of(user)
    notes = Consultation.objects.open().filter(doctor=user)
    mine_url, notes_url = visits_url(doctor=user.pk), link("consultation_list", doctor=user.pk, open="true")
    results_url = link("lab_test_list", inbox="1")
    monday = today() - timedelta(days=today().weekday())
    sunday = monday + timedelta(days=6)
    week = {"date_from": monday, "date_to": sunday}
    own = Appointment.objects.filter(doctor=user)
    tiles = [
        *day_tiles(
            own,
            (_("My appointments today"), S.values, mine_url),
            (_("My patients waiting"), (S.CHECKED_IN,), visits_url(doctor=user.pk, status=S.CHECKED_IN)),
        ),
        backlog(_("Results to review"), results, "result_date", results_url),
        backlog(_("Unfinished notes"), notes, "consultation_date", notes_url),
        between(
            own, "appointment_date", monday, sunday, link("appointment_list", doctor=user.pk, **week), _("My week")
        ),
    ]
    ready, ready_url = shown(measured).order_by("checked_in_at"), visits_url(doctor=user.pk, vitals="measured")
    review = Action(_("Review"), "lab_test_review", permission="lab_tests.review", icon="check2-square")
    go_on = Action(_("Continue"), "consultation_edit", permission="consultations.edit", icon="pencil")
    return tiles, [
        Queue(_("Ready for me"), ready, ARRIVED, (START,), _("Nobody is ready yet."), ready_url),
        Queue(
            _("Results to review"),
            results.select_related("patient").only(*RESULT_COLUMNS, *people("patient")).order_by(*MOST_URGENT),
            (
                ("test_name", ""),
                ("patient", ""),
                ("result_value", ""),
                ("result_unit", ""),
                ("flag", ""),
                ("waiting", ""),
            ),
            (review,),
            _("All results are reviewed."),
            results_url,
        ),
        Queue(
            _("Unfinished notes"),
            notes.select_related("patient")
            .only("consultation_date", "chief_complaint", *people("patient"))
            .order_by("consultation_date"),
            (("patient", ""), ("consultation_date", ""), ("chief_complaint", "")),
            (go_on,),
            _("All notes are finished."),
            notes_url,
        ),
    ]


def billing_officer(user: Any) -> tuple[list[Tile], list[Queue]]:
    """Visits to bill, drafts to issue, debts, and what was paid today."""
    unbilled, unbilled_url = unbilled_visits(), link("invoice_unbilled")
    drafts = Invoice.objects.shown_as(InvoiceStatus.DRAFT)
    overdue = Invoice.objects.shown_as(InvoiceStatus.OVERDUE)
    drafts_url, overdue_url = link("invoice_list", status="draft"), link("invoice_list", status="overdue")
    tiles = [
        backlog(_("Visits to bill"), unbilled, "consultation_date", unbilled_url),
        backlog(_("Drafts"), drafts, "created_at", drafts_url),
        backlog(_("Overdue"), overdue, "due_date", overdue_url, "red"),
        takings(user),
    ]
    create = Action(
        _("Create invoice"),
        "invoice_create",
        permission="invoices.edit",
        icon="receipt",
        keyed=False,
        query=lambda row: f"?appointment={row.appointment_id}",
    )
    pay = Action(_("Record payment"), "invoice_pay", permission="payments.edit", icon="cash-coin")
    return tiles, [
        Queue(
            _("Visits to bill"),
            unbilled.select_related(None)
            .select_related("consultation__patient", "consultation__doctor")
            .only("consultation_date", "appointment", *people("consultation__patient", "consultation__doctor"))
            .order_by("consultation_date"),
            (("consultation.patient", ""), ("consultation_date", ""), ("consultation.doctor", "")),
            (create,),
            _("Every visit is billed."),
            unbilled_url,
            target=lambda row: Appointment(pk=row.appointment_id),
        ),
        Queue(
            _("Overdue"),
            overdue.select_related("patient").only(*DEBT_COLUMNS, *people("patient")).order_by(OwedUntil()),
            (("invoice_number", ""), ("patient", ""), ("due_date", ""), ("balance_due", "")),
            (pay,),
            _("Nothing is overdue."),
            overdue_url,
            model=Invoice,
        ),
    ]


def administrator(user: Any) -> tuple[list[Tile], list[Queue]]:
    """How the day goes, what came in, and who was refused."""
    trail = apps.get_model("audit", "AuditLog").objects
    day = {"created_at_after": today(), "created_at_before": today()}
    inside = Period(today(), today()).moments("created_at")
    tiles = [
        *day_tiles(
            Appointment.objects.all(),
            (_("Appointments today"), S.values, visits_url()),
            (_("Completed today"), (S.COMPLETED,), visits_url(status=S.COMPLETED)),
            (_("Waiting"), (S.CHECKED_IN,), visits_url(status=S.CHECKED_IN)),
        ),
        takings(user),
        failed_log_ins(trail, link("audit_log_list", action="login_failed", **day)),
    ]
    refused = Queue(
        _("Refused today"),
        trail.refused().filter(inside).select_related("user").order_by("-created_at", "-pk"),
        (("created_at", _("When")), ("action", ""), ("user", ""), ("new_values", _("What")), ("ip_address", "")),
        (),
        _("Nobody was refused today."),
        link("audit_log_list", refused="1", **day),
    )
    here, here_url = shown(visits().here()), visits_url(here="1")
    running = Queue(_("In the clinic now"), here, VISIT, (), _("Nobody is in the clinic."), here_url)
    return tiles, [running, refused]


def failed_log_ins(trail: Any, url: str) -> Tile:
    """Of today, and of the same day last week; one query."""
    here, then = (Period(day, day).moments("created_at") for day in (today(), today() - WEEK))
    rows = trail.filter(here | then, action="login_failed")
    found = rows.aggregate(now=Count("pk", filter=here), then=Count("pk", filter=then))
    return compared(_("Failed log-ins today"), found["now"], found["then"], last_weekday(), url)


BY_ROLE = {
    Role.RECEPTIONIST: receptionist,
    Role.NURSE: nurse,
    Role.DOCTOR: doctor,
    Role.BILLING_OFFICER: billing_officer,
    Role.ADMINISTRATOR: administrator,
}
