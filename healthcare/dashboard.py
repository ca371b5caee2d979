"""The first page: today's numbers for the role, and the queue that it works from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.db.models import Exists, F, OuterRef
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Invoice, InvoiceStatus, Payment
from billing.status import OwedUntil
from billing.visits import unbilled_visits
from clinical.models import Consultation, LabTest, LabTestStatus, VitalSign
from departments.models import User
from healthcare.clock import today
from healthcare.generic import Action
from healthcare.generic.base import Page, label_of, shown_value_of
from healthcare.generic.lists import COUNT_CAP
from healthcare.roles import Role
from healthcare.templatetags.display import minutes_since
from reporting.periods import Period
from scheduling.models import Appointment, AppointmentStatus
from scheduling.views.appointments import CHECK_IN, RECORD_VITALS, START

S = AppointmentStatus
RESULT = (("test_name", ""), ("patient", ""), ("result_value", ""), ("result_unit", ""))
#: Critical results, then abnormal ones, then what has waited longest.
MOST_URGENT = ("-is_critical", F("is_abnormal").desc(nulls_last=True), "result_date")
#: A queue shows so many rows; its link leads to all.
SHOWN = 15


@dataclass(frozen=True)
class Tile:
    """One number and the list that shows exactly what it counts."""

    label: Any
    value: Any
    url: str
    tone: str = ""


@dataclass(frozen=True)
class Queue:
    """The rows that a role works from, each with its next step."""

    title: Any
    rows: Any
    columns: tuple[tuple[str | Callable[[Any], Any], Any], ...]
    actions: tuple[Action, ...]
    empty: Any
    url: str = ""
    #: The row that a click leads to, where it is not the row itself.
    target: Callable[[Any], Any] = lambda row: row

    def context(self, user: Any) -> dict[str, Any]:
        """As the template takes it."""
        found = list(self.rows[: SHOWN + 1])
        rows = found[:SHOWN]
        model = self.rows.model
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


def link(name: str, **query: Any) -> str:
    """The URL of a list with filters; empty where there is no such page."""
    try:
        url = reverse(name)
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode(query)}" if query else url


def waiting(row: Any) -> Any:
    """How long the patient has been here."""
    return minutes_since(row.checked_in_at)


def visits() -> Any:
    """Today's appointments."""
    return Appointment.objects.filter(appointment_date=today())


def shown(rows: Any) -> Any:
    """Appointments with what a queue shows of them, in the order of the day."""
    related = rows.select_related("patient", "doctor", "department", "consultation")
    return related.order_by("appointment_date", "appointment_time", "pk")


def visits_url(**query: Any) -> str:
    """The list of today's appointments."""
    return link("appointment_list", appointment_date=today(), **query)


def takings(user: Any) -> Tile:
    """What was paid today."""
    rows = Payment.objects.collected().visible_to(user).filter(Period(today(), today()).moments("payment_date"))
    url = link("payment_list", date_from=today(), date_to=today(), voided="false")
    return Tile(_("Taken today"), rows.total(), url)


def counted(rows: Any) -> Any:
    """How many there are, counting no further than the lists do: at 100,000 patients 20,000 invoices are overdue."""
    number = rows.order_by()[: COUNT_CAP + 1].count()
    return f"{COUNT_CAP:,}+" if number > COUNT_CAP else number


VISIT = (
    ("appointment_time", ""),
    ("patient", ""),
    ("doctor", ""),
    ("get_appointment_type_display", gettext_lazy("Type")),
    ("status", ""),
)
ARRIVED = (("patient", ""), ("appointment_time", ""), ("doctor", ""), (waiting, gettext_lazy("Waiting")))


def receptionist(user: Any) -> tuple[list[Tile], list[Queue]]:
    """Who comes today, and who is to be checked in."""
    expected = visits().filter(status__in=(S.SCHEDULED, S.CONFIRMED))
    tiles = [
        Tile(_("Appointments today"), visits().count(), visits_url()),
        Tile(_("To check in"), expected.count(), visits_url(expected="1")),
        Tile(_("Waiting"), visits().filter(status=S.CHECKED_IN).count(), visits_url(status=S.CHECKED_IN)),
        Tile(_("No-shows today"), visits().filter(status=S.NO_SHOW).count(), visits_url(status=S.NO_SHOW)),
    ]
    empty = _("Nobody else is expected today.")
    return tiles, [Queue(_("To check in"), shown(expected), VISIT, (CHECK_IN,), empty, visits_url(expected="1"))]


def nurse(user: Any) -> tuple[list[Tile], list[Queue]]:
    """Who waits for vital signs, and which samples are to be taken."""
    unmeasured = Appointment.objects.awaiting_vitals()
    samples = LabTest.objects.visible_to(user).filter(status=LabTestStatus.ORDERED)
    tests_url = link("lab_test_list", status=LabTestStatus.ORDERED)
    unmeasured_url = link("appointment_list", vitals="missing")
    tiles = [
        Tile(_("Waiting for vital signs"), unmeasured.count(), unmeasured_url),
        Tile(_("Samples to collect"), counted(samples), tests_url),
        Tile(_("With the doctor"), visits().filter(status=S.IN_PROGRESS).count(), visits_url(status=S.IN_PROGRESS)),
        Tile(_("Appointments today"), visits().count(), visits_url()),
    ]
    collect = Action(_("Collect sample"), "lab_test_collect_sample", permission="lab_tests.process", icon="eyedropper")
    queue = Queue(
        _("Waiting for vital signs"),
        unmeasured.select_related("patient", "doctor").order_by("checked_in_at"),
        ARRIVED,
        (RECORD_VITALS,),
        _("Nobody is waiting."),
        unmeasured_url,
    )
    ordered = Queue(
        _("Samples to collect"),
        samples.select_related("patient", "ordered_by_doctor").order_by("ordered_date"),
        (("test_name", ""), ("patient", ""), ("ordered_by_doctor", ""), ("ordered_date", "")),
        (collect,),
        _("No samples to collect."),
        tests_url,
    )
    return tiles, [queue, ordered]


def doctor(user: Any) -> tuple[list[Tile], list[Queue]]:
    """My patients who are ready, my results, my unfinished notes."""
    mine = visits().filter(doctor=user)
    measured = VitalSign.objects.valid().filter(patient=OuterRef("patient"), recorded_at__gte=OuterRef("checked_in_at"))
    arrived = mine.filter(status=S.CHECKED_IN)
    results = LabTest.objects.unreviewed().filter(ordered_by_doctor=user)
    notes = Consultation.objects.open().filter(doctor=user)
    mine_url, notes_url = visits_url(doctor=user.pk), link("consultation_list", doctor=user.pk, open="true")
    results_url = link("lab_test_list", inbox="1")
    tiles = [
        Tile(_("My appointments today"), mine.count(), mine_url),
        Tile(_("My patients waiting"), arrived.count(), visits_url(doctor=user.pk, status=S.CHECKED_IN)),
        Tile(_("Results to review"), counted(results), results_url),
        Tile(_("Unfinished notes"), counted(notes), notes_url),
    ]
    ready = shown(arrived.filter(Exists(measured))).order_by("checked_in_at")
    review = Action(_("Review"), "lab_test_review", permission="lab_tests.review", icon="check2-square")
    go_on = Action(_("Continue"), "consultation_edit", permission="consultations.edit", icon="pencil")
    return tiles, [
        Queue(_("Ready for me"), ready, ARRIVED, (START,), _("Nobody is ready yet."), mine_url),
        Queue(
            _("Results to review"),
            results.select_related("patient").order_by(*MOST_URGENT),
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
            notes.select_related("patient").order_by("consultation_date"),
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
        Tile(_("Visits to bill"), counted(unbilled), unbilled_url),
        Tile(_("Drafts"), counted(drafts), drafts_url),
        Tile(_("Overdue"), counted(overdue), overdue_url, "red"),
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
            unbilled.order_by("consultation_date"),
            (("consultation.patient", ""), ("consultation_date", ""), ("consultation.doctor", "")),
            (create,),
            _("Every visit is billed."),
            unbilled_url,
            target=lambda row: row.appointment,
        ),
        Queue(
            _("Overdue"),
            overdue.select_related("patient").order_by(OwedUntil()),
            (("invoice_number", ""), ("patient", ""), ("due_date", ""), ("balance_due", "")),
            (pay,),
            _("Nothing is overdue."),
            overdue_url,
        ),
    ]


def administrator(user: Any) -> tuple[list[Tile], list[Queue]]:
    """How the day goes, what came in, and who was refused."""
    trail = apps.get_model("audit", "AuditLog").objects.filter(Period(today(), today()).moments("created_at"))
    day = {"created_at_after": today(), "created_at_before": today()}
    failed = trail.filter(action="login_failed")
    tiles = [
        Tile(_("Appointments today"), visits().count(), visits_url()),
        Tile(_("Completed today"), visits().filter(status=S.COMPLETED).count(), visits_url(status=S.COMPLETED)),
        takings(user),
        Tile(_("Failed log-ins today"), failed.count(), link("audit_log_list", action="login_failed", **day)),
        Tile(_("Active staff"), User.objects.active().count(), link("user_list")),
    ]
    refused = Queue(
        _("Refused today"),
        trail.filter(action__in=("login_failed", "denied")).select_related("user").order_by("-created_at", "-pk"),
        (("created_at", _("When")), ("action", ""), ("user", ""), ("new_values", _("What")), ("ip_address", "")),
        (),
        _("Nobody was refused today."),
        link("audit_log_list", **day),
    )
    under_way = shown(visits().filter(status__in=(S.CHECKED_IN, S.IN_PROGRESS)))
    running = Queue(_("In the clinic now"), under_way, VISIT, (), _("Nobody is in the clinic."), visits_url())
    return tiles, [running, refused]


BY_ROLE = {
    Role.RECEPTIONIST: receptionist,
    Role.NURSE: nurse,
    Role.DOCTOR: doctor,
    Role.BILLING_OFFICER: billing_officer,
    Role.ADMINISTRATOR: administrator,
}


class Dashboard(Page):
    """Tiles and queues of the role."""

    permission = "signed_in"
    template_name = "dashboard.html"
    page_title = gettext_lazy("Today")

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return []

    def get(self, request: Any) -> Any:
        tiles, queues = BY_ROLE[request.user.role](request.user)
        queues = [queue.context(request.user) for queue in queues]
        return self.render_to_response(self.get_context_data(tiles=tiles, queues=queues))
