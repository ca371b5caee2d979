"""The calendar: doctors as columns of a day or a week. Its plain list does everything without JavaScript."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments.models import Department, User
from healthcare.access import RoleView, visible_or_denied
from healthcare.clock import today
from healthcare.generic.base import Page
from healthcare.roles import may
from healthcare.workflow import submit
from scheduling import calendar, forms
from scheduling.models import Appointment, WaitingListEntry
from scheduling.slots import agendas
from scheduling.views.appointments import CHECK_IN, MOVE
from scheduling.views.waiting import wish

VIEWS = ("day", "week")
#: What can be done with a visit from here.
STEPS = (CHECK_IN, MOVE)
#: The rest stands in the waiting list.
WAITING_SHOWN = 12


class CalendarView(RoleView):
    """What the page and its events share: which doctors, which days."""

    abstract = True
    permission = "appointments.calendar"

    def asked_day(self) -> date:
        """The day in the address, or today."""
        return calendar.day_of(self.request.GET.get("date", ""))

    def asked_view(self) -> str:
        """Day or week."""
        asked = self.request.GET.get("view", "")
        return asked if asked in VIEWS else VIEWS[0]

    def asked_period(self) -> calendar.Period:
        """The days to show."""
        return calendar.Period.of(self.asked_view(), self.asked_day())

    def doctors(self) -> list[User]:
        """The columns: all doctors, also those who left and are still waited for; or those of the filters."""
        period = self.asked_period()
        expected = Appointment.objects.expected().filter(appointment_date__range=(period.first, period.last))
        rows = User.objects.doctors() | User.objects.filter(pk__in=expected.order_by().values("doctor"))
        for name, column in (("doctor", "pk"), ("department", "department")):
            with suppress(ValueError):
                rows = rows.filter(**{column: UUID(self.request.GET.get(name, ""))})
        return list(rows.order_by("last_name", "first_name", "pk"))


class AppointmentCalendar(CalendarView, Page):
    """Day and week by doctor: click a free time to book, drag to move, resize to change the duration."""

    permission = "appointments.calendar"
    model = Appointment
    template_name = "scheduling/calendar.html"
    page_title = gettext_lazy("Calendar")

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return []

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view, day, period, doctors = self.asked_view(), self.asked_day(), self.asked_period(), self.doctors()
        known = agendas([doctor.pk for doctor in doctors], period.first, period.last)
        opens, closes = calendar.opening(known.values(), period)
        step = timedelta(days=1 if view == "day" else 7)
        context = self.get_context_data(
            view=view,
            day=day,
            period=period,
            doctors=doctors,
            all_doctors=User.objects.doctors(),
            departments=Department.objects.filter(is_active=True),
            asked={name: request.GET.get(name, "") for name in ("doctor", "department")},
            resources=[{"id": str(doctor.pk), "title": str(doctor)} for doctor in doctors],
            opens=f"{opens:02}:00:00",
            seen=f"{calendar.first_seen(opens, period):02}:00:00",
            closes=f"{closes:02}:00:00",
            events_url=f"{reverse('appointment_calendar_events')}?{self.query()}",
            may_edit=may(request.user, "appointments.edit"),
            previous_url=self.url(date=day - step),
            today_url=self.url(date=today()),
            next_url=self.url(date=day + step),
            views=[
                {"label": label, "url": self.url(view=name), "current": name == view}
                for name, label in zip(VIEWS, (_("Day"), _("Week")), strict=True)
            ],
            days=self.listed(doctors, period),
            waiting=self.waiting(doctors),
        )
        return self.render_to_response(context)

    def listed(self, doctors: list[User], period: calendar.Period) -> list[dict[str, Any]]:
        """The same as a plain list: days, and in each the visits with what can be done with them."""
        user = self.request.user
        rows: dict[date, list[dict[str, Any]]] = {day: [] for day in period.days}
        for visit in calendar.visits_of(doctors, period, user):
            steps = [action.context(visit) for action in STEPS if action.shown(visit, user)]
            rows.setdefault(visit.appointment_date, []).append({"visit": visit, "steps": steps})
        return [{"day": day, "rows": found} for day, found in rows.items() if found]

    def waiting(self, doctors: list[User]) -> list[dict[str, str]]:
        """Who waits for a time of one of these doctors, to be dragged onto a free one or booked by a click."""
        if not may(self.request.user, "appointments.edit"):
            return []
        entries = WaitingListEntry.objects.waiting().for_any_of(doctors).select_related("patient")
        return [
            {
                "name": str(entry.patient),
                "detail": entry.wanted,
                "url": f"{reverse('appointment_create')}{wish(entry)}",
            }
            for entry in entries.order_by("created_at", "pk")[:WAITING_SHOWN]
        ]

    def query(self, **changes: Any) -> str:
        """The address's query with changes."""
        kept = {name: self.request.GET.get(name, "") for name in ("department", "doctor")}
        asked = {"view": self.asked_view(), "date": self.asked_day(), **kept, **changes}
        return urlencode({name: value for name, value in asked.items() if value})

    def url(self, **changes: Any) -> str:
        """This page with changes."""
        return f"?{self.query(**changes)}"


class CalendarEvents(CalendarView):
    """The visits and shaded times of the asked days, as JSON."""

    permission = "appointments.calendar"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return JsonResponse(calendar.events(self.doctors(), self.asked_period(), request.user, STEPS), safe=False)


class AppointmentMove(RoleView):
    """Drag and resize: through the same form as rescheduling; a refusal says why, and nothing moves."""

    permission = "appointments.edit"
    model = Appointment
    FORM = forms.RescheduleAppointmentForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        visit = visible_or_denied(
            Appointment.objects.select_related("patient", "doctor"), request.user, pk=self.kwargs["pk"]
        )
        form = submit(self.FORM, actor=request.user, data=self.moved(visit), instance=visit)
        if form.is_valid():
            saved = Appointment.objects.select_related("patient", "doctor").get(pk=visit.pk)
            event = calendar.visit_event(saved, request.user, STEPS)
            message = self.said(visit, saved)
            return JsonResponse({"saved": True, "message": message, "notices": form.notices, "event": event})
        said = [str(error) for errors in form.errors.values() for error in errors]
        said += [warning.message for warning in form.warnings]
        return JsonResponse({"saved": False, "messages": said, "form_url": self.form_url(visit, form)})

    @staticmethod
    def said(before: Appointment, after: Appointment) -> str:
        """What has happened: to another time or doctor, or to another end alone."""
        words = {"start": f"{after.start:%Y-%m-%d %H:%M}", "end": f"{after.end:%H:%M}", "doctor": after.doctor}
        if (before.start, before.doctor_id) == (after.start, after.doctor_id):
            return _("Lasts from %(start)s to %(end)s now.") % words
        return _("Moved to %(start)s, %(doctor)s.") % words

    def moved(self, visit: Appointment) -> dict[str, str]:
        """The form's fields: the visit as it stands, at its new place."""
        fields = {
            name: self.FORM(instance=visit, actor=self.request.user)[name].value() for name in self.FORM.Meta.fields
        }
        data = {name: "" if value is None else str(value) for name, value in fields.items()}
        if data["doctor"] != self.request.POST.get("doctor"):
            data["department"] = ""  # the new doctor's own
        try:
            start = datetime.fromisoformat(self.request.POST.get("start", ""))
        except ValueError as error:
            raise BadRequest from error
        return data | {
            "doctor": self.request.POST.get("doctor", ""),
            "appointment_date": f"{start:%Y-%m-%d}",
            "appointment_time": f"{start:%H:%M}",
            "duration_minutes": self.request.POST.get("minutes", "")[:9],
            "updated_at_seen": self.request.POST.get("seen", "")[:50],
        }

    @staticmethod
    def form_url(visit: Appointment, form: Any) -> str:
        """The form with the new time, for what a drag cannot say: an exception, an acknowledged warning."""
        names = ("doctor", "appointment_date", "appointment_time", "duration_minutes")
        asked = {name: form.data.get(name, "") for name in names}
        return f"{reverse('appointment_edit', args=[visit.pk])}?{urlencode(asked)}"
