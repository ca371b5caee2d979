"""The demo clinic's present day in full swing, played through the very forms that people use."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from billing.forms import CancelInvoiceForm
from billing.forms.payments import VoidPaymentForm
from billing.models import Invoice, Payment
from departments.models import User
from healthcare.clock import is_skipped, local
from healthcare.demo.cash_desk import CashDesk
from healthcare.demo.desk import front_desk
from healthcare.demo.mistakes import correct_mistakes, go_on_against_a_warning, write_templates
from healthcare.demo.people import usual
from healthcare.demo.visits import SLOT, Visits
from healthcare.roles import Role
from reporting.forms import RequestReportForm, ScheduleReportForm
from reporting.models import Frequency, Mailing, ReportType
from scheduling.models import DoctorSchedule

HOURS_BEFORE, HOURS_AFTER = 4, 4
SLOTS = 2 * (HOURS_BEFORE + HOURS_AFTER) + 1


def half_hours(moment: datetime) -> list[datetime]:
    """The half-hours of a full day's work around a moment; near midnight more of them on the side that is left."""
    wall = local(moment)
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    first = min(max(0, wall.hour * 2 + wall.minute // 30 - 2 * HOURS_BEFORE), 48 - SLOTS)
    starts = [midnight + number * SLOT for number in range(first, first + SLOTS)]
    # In the night in which the clocks are put forward some of them do not exist.
    return [start for start in starts if not is_skipped(start.replace(tzinfo=None))]


class Today(Visits):
    """Books today's visits around the present hour and plays each as far as the clock has come."""

    def play(self) -> None:
        """Everything that happened today so far, and what is still to come."""
        self.open_today()
        self.play_sure_day(self.house.doctors[0])
        for doctor in self.house.doctors[1:6]:
            busy = False
            for start in self.starts():
                visit = self.book(doctor, start)
                minutes = (self.now - start).total_seconds() / 60
                if minutes > 40:
                    self.past(visit)
                elif minutes > 5 and not busy:
                    busy = True
                    self.in_progress(visit)
                elif minutes > -20:
                    self.waiting(visit)
                else:
                    self.ahead(visit)
        self.void_a_payment()
        self.cancel_an_invoice()
        CashDesk(self.do, self.rng, sorted(self.house.officers, key=lambda officer: officer.email)).play()
        correct_mistakes(self.do, self.today)
        go_on_against_a_warning(self.do, self.today)
        write_templates(self.do, self.house.doctors[:6])
        front_desk()
        self.ask_for_reports()

    def play_sure_day(self, doctor: User) -> None:
        """The demo doctor's day, left to no chance: some seen, one in the room, one measured, one not, others ahead.

        A minute after midnight nobody has been seen yet; a minute before it, those who wait are late.
        """
        starts = half_hours(self.now)
        begun = sum(start <= self.now - timedelta(minutes=5) for start in starts)
        current = max(0, min(begun - 1, len(starts) - 3))
        for number, start in enumerate(starts):
            visit = self.book(doctor, start)
            if number < current:
                self.past(visit, seen=number == current - 1)
            elif number == current:
                self.in_progress(visit)
            elif number <= current + 2:
                self.arrive(
                    visit, self.now - timedelta(minutes=self.rng.randrange(6, 20)), vitals=number == current + 1
                )
            else:
                self.ahead(visit)

    # -- the frame of the day ----------------------------------------------------------------

    def starts(self) -> list[datetime]:
        """Most of them. Patients come up to half an hour early, and are checked in on the day itself only."""
        return [
            start
            for start in half_hours(self.now)
            if (start - SLOT).date() == (start + SLOT).date() == self.today and self.rng.random() < 0.85
        ]

    def open_today(self) -> None:
        """Working hours of today alone that reach around the present hour, also at night or on a Sunday."""
        for doctor in self.house.doctors[:6]:
            for row in DoctorSchedule.objects.filter(doctor=doctor, weekday=self.today.weekday(), valid_from=None):
                row.valid_until = self.today - timedelta(days=1)
                row.save()
                DoctorSchedule(
                    doctor=doctor,
                    weekday=row.weekday,
                    start_time=row.start_time,
                    end_time=row.end_time,
                    valid_from=self.today + timedelta(days=1),
                ).save()
            DoctorSchedule(
                doctor=doctor,
                weekday=self.today.weekday(),
                start_time=time(0, 0),
                end_time=time(23, 59),
                valid_from=self.today,
                valid_until=self.today,
            ).save()

    def ask_for_reports(self) -> None:
        """The month's figures, which the worker makes once it runs, and schedules that make others by themselves."""
        administrator = usual(Role.ADMINISTRATOR)
        for kind in (ReportType.REVENUE, ReportType.APPOINTMENT_SUMMARY, ReportType.OPERATIONAL_METRICS):
            period = {"start_date": (self.today - timedelta(days=30)).isoformat(), "end_date": self.today.isoformat()}
            self.do(RequestReportForm, administrator, data={"report_type": kind.value, **period})
        officer = usual(Role.BILLING_OFFICER)
        for person, kind, frequency, mailing in (
            (administrator, ReportType.OPERATIONAL_METRICS, Frequency.DAILY, Mailing.NONE),
            (administrator, ReportType.REVENUE, Frequency.WEEKLY, Mailing.FILE),
            (officer, ReportType.BILLING_SUMMARY, Frequency.MONTHLY, Mailing.LINK),
        ):
            data = {"report_type": kind.value, "frequency": frequency.value, "mailing": mailing.value, "compare": "on"}
            self.do(ScheduleReportForm, person, data=data)

    def void_a_payment(self) -> None:
        """One of today's payments was a mistake."""
        payment = Payment.objects.filter(created_at__gte=self.now - timedelta(hours=5), voided_at=None).last()
        if payment is not None and payment.processed_by_user is not None:
            self.do(
                VoidPaymentForm,
                payment.processed_by_user,
                instance=payment,
                data={"void_reason": "Card terminal charged the wrong amount"},
            )

    def cancel_an_invoice(self) -> None:
        """A bill that nobody has paid on yet was for the wrong insurer."""
        invoice = Invoice.objects.filter(status="issued", amount_paid=0).order_by("-created_at", "-id").first()
        if invoice is not None:
            reason = {"cancellation_reason": "Billed to the wrong policy"}
            self.do(CancelInvoiceForm, self.house.officers[0], instance=invoice, data=reason)
