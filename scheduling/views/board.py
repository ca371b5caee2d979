"""The waiting board: who is expected, who waits for what and how long, with the next step; and the room's screen."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from departments.models import Department, User
from healthcare.clock import local, now, today, wall_clock
from healthcare.generic import Action
from healthcare.generic.base import Page
from healthcare.roles import may
from scheduling import forms
from scheduling.models import Appointment, AppointmentStatus
from scheduling.views.appointments import CHECK_IN, OPEN_CONSULTATION, RECORD_VITALS, START

S = AppointmentStatus
#: Minutes from which waiting shows amber, and red: after check-in, and after the time of those who are not here.
WAITING, LATE = (15, 30), (5, 15)
#: Cards of a column; the rest of a long day is counted, and stands in the list.
SHOWN = 15
NO_SHOW = Action(gettext_lazy("No-show"), "appointment_no_show", form=forms.NoShowForm, icon="person-x")


@dataclass(frozen=True)
class Column:
    """One stage of the way through the clinic, and the step that leads to the next one."""

    key: str
    title: Any
    icon: str
    empty: Any
    step: Action
    #: A step of one click: it asks nothing.
    posted: bool = False


COLUMNS = (
    Column("expected", gettext_lazy("Expected"), "clock", gettext_lazy("Nobody else today."), CHECK_IN, posted=True),
    Column("arrived", gettext_lazy("Arrived, needs vitals"), "heart-pulse", gettext_lazy("Nobody."), RECORD_VITALS),
    Column("ready", gettext_lazy("Ready for doctor"), "person-check", gettext_lazy("Nobody."), START),
    Column("with_doctor", gettext_lazy("With doctor"), "chat-dots", gettext_lazy("Nobody."), OPEN_CONSULTATION),
)


def column_of(visit: Any) -> str:
    """The stage that a visit of today has reached."""
    if visit.status in (S.SCHEDULED, S.CONFIRMED):
        return "expected"
    if visit.status == S.IN_PROGRESS:
        return "with_doctor"
    return "ready" if visit.measured else "arrived"


def waited(visit: Any, column: str) -> tuple[int, tuple[int, int]]:
    """Minutes that somebody waits at this stage, and from when on that is long; negative before the time."""
    if column == "expected":
        return minutes(visit.start, wall_clock()), LATE
    since = visit.started_at if column == "with_doctor" else visit.checked_in_at
    return minutes(since or now(), now()), WAITING


def minutes(since: datetime, until: datetime) -> int:
    """Whole minutes between two moments."""
    return int((until - since).total_seconds() // 60)


class BoardPage(Page):
    """What the board and the waiting room share: today's visits, asked for in one query."""

    abstract = True
    model = Appointment
    permission = "appointments.board"
    #: The part that is asked for again and again.
    part_name = ""

    def visits(self) -> Any:
        """Today's visits that are not over."""
        rows = Appointment.objects.filter(
            appointment_date=today(), status__in=(S.SCHEDULED, S.CONFIRMED, S.CHECKED_IN, S.IN_PROGRESS)
        )
        for name in ("doctor", "department"):
            with suppress(ValueError):
                rows = rows.filter(**{name: UUID(self.request.GET.get(name, ""))})
        return rows.with_measured().order_by("appointment_time", "pk")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("HX-Request"):
            self.template_name = self.part_name
        return self.render_to_response(self.get_context_data(refresh_url=request.get_full_path()))


class WaitingBoard(BoardPage):
    """Four columns of cards, each with minutes waited and one button; refreshes itself."""

    permission = "appointments.board"
    template_name = "scheduling/board.html"
    part_name = "scheduling/_board.html"
    page_title = gettext_lazy("Waiting board")

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        cards: dict[str, list[dict[str, Any]]] = {column.key: [] for column in COLUMNS}
        for visit in self.visits().select_related("patient", "doctor", "consultation"):
            key = column_of(visit)
            cards[key].append(self.card(visit, key))
        for key in ("arrived", "ready"):
            cards[key].sort(key=lambda card: -card["minutes"])
        columns = [
            {
                "column": column,
                "count": len(cards[column.key]),
                "cards": cards[column.key][:SHOWN],
                "more": max(0, len(cards[column.key]) - SHOWN),
            }
            for column in COLUMNS
        ]
        asked = self.request.GET
        return super().get_context_data(
            columns=columns,
            doctors=User.objects.doctors(),
            departments=Department.objects.filter(is_active=True),
            today=today(),
            may_book=may(self.request.user, "appointments.edit"),
            asked={name: asked.get(name, "") for name in ("doctor", "department")},
            **kwargs,
        )

    def card(self, visit: Any, key: str) -> dict[str, Any]:
        """One visit as the board shows it."""
        column = next(column for column in COLUMNS if column.key == key)
        since, (amber, red) = waited(visit, key)
        late = key == "expected" and since >= amber
        step = column.step if key != "with_doctor" else replace(column.step, style="quiet")
        return {
            "visit": visit,
            "minutes": since,
            "words": self.words(since, key),
            # With the doctor nobody waits any more.
            "tone": "quiet"
            if key == "with_doctor"
            else "red"
            if since >= red
            else "amber"
            if since >= amber
            else "quiet",
            "step": step.context(visit) if step.shown(visit, self.request.user) else None,
            "posted": column.posted,
            "missed": NO_SHOW.context(visit) if late and NO_SHOW.shown(visit, self.request.user) else None,
        }

    @staticmethod
    def words(since: int, key: str) -> str:
        """How long somebody waits, or is late, in words; nothing about whom one expects later."""
        if key == "expected":
            return _("%(minutes)s late") % {"minutes": spell(since)} if since > 0 else ""
        return spell(max(since, 0))


def spell(count: int) -> str:
    """Minutes as people say them: 12 min, 1 h 5 min."""
    if count < 60:
        return ngettext("%(minutes)d min", "%(minutes)d min", count) % {"minutes": count}
    return _("%(hours)d h %(minutes)d min") % {"hours": count // 60, "minutes": count % 60}


class WaitingRoom(BoardPage):
    """The screen in the waiting room: ticket numbers, and nothing that says who somebody is."""

    permission = "appointments.board"
    template_name = "scheduling/board_room.html"
    part_name = "scheduling/_board_room.html"
    page_title = gettext_lazy("Waiting room")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = (
            self.visits()
            .filter(ticket_number__isnull=False)
            .select_related("doctor")
            .only(
                "ticket_number",
                "status",
                "started_at",
                "checked_in_at",
                "doctor__first_name",
                "doctor__last_name",
                "doctor__role",
            )
        )
        called = sorted((row for row in rows if row.status == S.IN_PROGRESS), key=called_at, reverse=True)
        waiting = sorted((row for row in rows if row.status == S.CHECKED_IN), key=lambda row: row.ticket_number)
        return super().get_context_data(called=called, waiting=waiting, shown_at=local(now()), **kwargs)


def called_at(visit: Any) -> datetime:
    """When the doctor called the patient in."""
    return visit.started_at or now()
