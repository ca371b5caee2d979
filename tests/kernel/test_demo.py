"""manage.py demo: a believable clinic that obeys its own rules (DATA-1)."""

import os
import random
from collections import Counter as Tally
from contextlib import nullcontext
from datetime import datetime, time, timedelta
from multiprocessing import active_children
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from audit.models import AuditLog
from billing.models import Invoice, InvoiceStatus, Payment
from billing.reconcile import differences
from clinical.models import LabTest, LabTestStatus, Prescription
from departments.models import User
from healthcare.clock import at, today
from healthcare.context import act
from healthcare.demo.people import build_house, build_patients
from healthcare.demo.processes import in_order
from healthcare.demo.today import SLOTS, Today, half_hours
from healthcare.money import ZERO
from healthcare.roles import Role
from healthcare.startup import DEMO_DOMAIN
from patients.models import Patient, PatientMerge
from reporting.models import Frequency, ReportSchedule
from reporting.periods import Period
from scheduling.models import Appointment, AppointmentStatus, WaitingListEntry
from tests.reporting.plain import Books, disagreements

PATIENTS = 40


@pytest.fixture
def development(settings):
    settings.DEVELOPMENT = True


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The demo of forty patients, built once for this module in the middle of its day, and rolled back after it."""
    noon = timezone.localtime().replace(hour=12, minute=10)
    with django_db_blocker.unblock(), transaction.atomic(), time_machine.travel(noon):
        call_command("demo", patients=PATIENTS, verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def built(demo, django_db_blocker):
    """The demo, within a transaction of the test's own."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def identities():
    """Who the patients are."""
    names = ("patient_number", "first_name", "last_name", "date_of_birth", "gender", "phone")
    return list(Patient.objects.order_by("patient_number").values_list(*names))


@pytest.mark.spec("DATA-1")
def test_every_status_is_there(built):
    # Registered today at the desk: the twin, one who was merged since, and the estimated birth.
    assert Patient.objects.count() == PATIENTS + 3
    for model, statuses in ((Appointment, AppointmentStatus), (LabTest, LabTestStatus), (Invoice, InvoiceStatus)):
        found = set(model.objects.values_list("status", flat=True))
        assert found == set(statuses.values), f"{model.__name__} lacks {set(statuses.values) - found}"
    stopped = Prescription.objects.get(is_active=False)
    assert stopped.state == "discontinued" and stopped.discontinued_by_user == stopped.doctor


@pytest.mark.spec("DATA-1", "WF-PAY")
def test_insurers_and_patients_owe_their_parts(built):
    assert Invoice.objects.owed_by_insurers() > 0
    assert Payment.objects.filter(payment_method="insurance", invoice__covered_amount=F("amount")).exists()


@pytest.mark.spec("DATA-1", "WF-REG")
def test_every_patient_is_found_by_name_and_number(built):
    for patient in Patient.objects.all():
        assert patient in Patient.objects.search(patient.patient_number)
        assert patient in Patient.objects.search(f"{patient.first_name} {patient.last_name}")


@pytest.mark.spec("DATA-1", "FND-3")
def test_there_is_an_account_for_every_role(built, client):
    accounts = {"administrator", "doctor", "nurse", "receptionist", "billing"}
    staff = User.objects.filter(email__in=[f"{name}{DEMO_DOMAIN}" for name in accounts])
    assert {user.role for user in staff} == set(Role.values)
    for user in staff:
        assert client.login(username=user.email, password="Clinic-demo-2026!"), user.email


@pytest.mark.spec("DATA-1", "RULE-INV-2", "RULE-INV-5")
def test_every_invoice_adds_up(built):
    for invoice in Invoice.objects.prefetch_related("line_items", "payments"):
        lines = [line.line_total for line in invoice.line_items.all()]
        paid = sum((p.amount for p in invoice.payments.all() if p.voided_at is None), ZERO)
        assert lines and all(line.line_total == line.quantity * line.unit_price for line in invoice.line_items.all())
        assert invoice.subtotal == sum(lines)
        assert invoice.total_amount == invoice.subtotal + invoice.tax_amount - invoice.discount_amount
        assert (invoice.amount_paid, invoice.balance_due) == (paid, invoice.total_amount - paid)
        if invoice.status not in (InvoiceStatus.DRAFT, InvoiceStatus.CANCELLED):
            assert invoice.status == invoice.status_by_amounts()
    assert not Payment.objects.exclude(patient_id=F("invoice__patient_id")).exists()
    assert Payment.objects.aggregate(total=Sum("amount"))["total"] > 0
    assert [str(difference) for difference in differences()] == []


@pytest.mark.spec("RPT-2", "RPT-3")
def test_every_report_agrees_with_plain_python(built):
    doctor = User.objects.filter(role=Role.DOCTOR).first()
    books, year = Books(), Period(today() - timedelta(days=330), today())
    assert disagreements(books, year) == []
    assert disagreements(books, Period(today(), today()), doctor=doctor) == []


@pytest.mark.spec("RPT-1")
def test_reports_are_scheduled_every_day_week_and_month(built):
    assert {row.frequency for row in ReportSchedule.objects.active()} == set(Frequency.values)
    assert all(row.next_on > today() for row in ReportSchedule.objects.all())


@pytest.mark.spec("DATA-1", "BYD-7", "BYD-8", "BYD-12")
def test_the_front_desk_shows_every_edge(built):
    assert WaitingListEntry.objects.waiting().count() == 5
    merge = PatientMerge.objects.get()
    assert merge.kept in Patient.objects.search(merge.merged.patient_number)
    assert Patient.objects.filter(date_of_birth_estimated=True, last_name="Unknown").exists()
    freed = Appointment.objects.get(series_id__isnull=False, status="cancelled")
    assert Appointment.objects.filter(series_id=freed.series_id).count() == 4
    assert WaitingListEntry.objects.offers(freed)
    assert Appointment.objects.to_move().exists()


@pytest.mark.spec("DATA-1", "RULE-APPT-2")
def test_no_doctor_is_in_two_places(built):
    taken = Tally()
    for row in Appointment.objects.exclude(status__in=("cancelled", "no_show")):
        for minute in range(row.duration_minutes):
            taken[row.doctor_id, row.start + timedelta(minutes=minute)] += 1
    assert taken and max(taken.values()) == 1


@pytest.mark.spec("DATA-1", "ENT-5")
def test_the_numbers_have_no_gaps(built):
    for numbers, prefix in (
        (Patient.objects.values_list("patient_number", flat=True), "P"),
        (Invoice.objects.values_list("invoice_number", flat=True), "INV"),
    ):
        assert sorted(numbers) == [f"{prefix}-{number:06}" for number in range(1, len(numbers) + 1)]


@pytest.mark.spec("DATA-1", "AUD-1", "WF-AUD")
def test_what_was_done_today_is_in_the_audit_trail(built):
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    seen = Appointment.objects.filter(appointment_date=today(), status="completed", completed_at__gte=midnight)
    assert seen.exists()
    trail = set(AuditLog.objects.values_list("entity_id", "action"))
    for visit in seen.select_related("consultation"):
        assert {(visit.pk, "check_in"), (visit.pk, "start"), (visit.pk, "complete")} <= trail
        assert (visit.consultation.pk, "complete") in trail
    assert AuditLog.objects.filter(action="override", entity_type="prescription").exists()
    assert AuditLog.objects.filter(action="void", entity_type="payment").exists()
    # Nobody's name is missing where a person acted.
    assert not AuditLog.objects.filter(action__in=("check_in", "complete", "pay", "issue"), user=None).exists()


@pytest.mark.spec("DATA-1")
def test_the_demo_is_built_into_an_empty_database_only(built, development):
    before = Patient.objects.count()
    with pytest.raises(CommandError, match="accounts already"):
        call_command("demo", patients=12)
    call_command("demo", patients=12, if_empty=True)
    assert Patient.objects.count() == before


@pytest.mark.spec("DATA-1", "FND-3")
@pytest.mark.django_db
def test_the_demo_is_refused_in_production(settings):
    settings.DEVELOPMENT = False
    with pytest.raises(CommandError, match="DEBUG off"):
        call_command("demo", patients=12)
    assert not User.objects.exists()


@pytest.mark.spec("DATA-1")
@pytest.mark.django_db
@pytest.mark.parametrize("asked", [{"patients": 11}, {"patients": -1}, {"visits": -1}, {"seed": -1}])
def test_a_demo_of_too_few_is_refused_before_it_begins(development, asked):
    with pytest.raises(CommandError, match="at least 12 patients"):
        call_command("demo", **asked)
    assert not User.objects.exists()


@pytest.mark.spec("DATA-1")
@pytest.mark.django_db
def test_half_a_demo_is_not_taken_for_a_clinic(development):
    from departments.models import Counter

    Counter.next("demo_build")
    with pytest.raises(CommandError, match="interrupted"):
        call_command("demo", patients=12)


@pytest.mark.spec("DATA-1")
@pytest.mark.django_db
def test_the_same_seed_gives_the_same_patients():
    found = []
    for seed in (7, 7, 8):
        with transaction.atomic(), act(audited=False):
            dice = random.Random(seed)
            build_house(12, dice)
            build_patients(12, dice, lambda done: None)
            found.append(identities())
            transaction.set_rollback(True)
    assert len(found[0]) == 12
    assert found[0] == found[1] != found[2]


def halved(number):
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2, os.getpid()


@pytest.mark.spec("DATA-1")
@pytest.mark.parametrize("processes", [1, 3])
def test_what_several_processes_do_is_taken_in_order(processes):
    def tasks():
        # Nothing that a task opens, such as a connection to the database, is shared with the copies.
        assert len(active_children()) == (processes if processes > 1 else 0)
        yield from range(0, 60, 2)

    done = list(in_order(halved, tasks(), processes))
    assert [(task, half) for task, (half, _process) in done] == [(number, number // 2) for number in range(0, 60, 2)]
    assert ({process for _task, (_half, process) in done} == {os.getpid()}) == (processes == 1)
    with pytest.raises(ValueError, match="3 is odd"):
        list(in_order(halved, [2, 3, 4], processes))


@pytest.mark.spec("DATA-1")
@pytest.mark.parametrize(
    ("clock", "first"), [("00:01", "00:00"), ("03:40", "00:00"), ("12:10", "08:00"), ("23:59", "15:30")]
)
def test_the_demos_day_is_as_full_at_night_as_at_noon(clock, first):
    moment = timezone.make_aware(datetime.combine(today(), time.fromisoformat(clock)))
    starts = half_hours(moment)
    assert len(starts) == SLOTS
    assert {start.date() for start in starts} == {today()}
    assert f"{starts[0]:%H:%M}" == first
    assert any(start <= moment < start + timedelta(minutes=30) for start in starts)


@pytest.mark.spec("DATA-1")
def test_the_demos_day_has_no_time_over_which_the_clock_is_put_forward(monkeypatch):
    """A demo built in that night stopped half-way: 02:00 could not be booked."""
    zone = ZoneInfo("America/New_York")
    monkeypatch.setattr("healthcare.clock.zone", lambda: zone)
    starts = [f"{start:%H:%M}" for start in half_hours(datetime(2027, 3, 14, 1, 31, tzinfo=zone))]
    assert "01:30" in starts and "03:00" in starts and not {"02:00", "02:30"} & {*starts}


@pytest.mark.spec("DATA-1")
def test_the_demo_doctors_day_is_left_to_no_chance(built):
    me = User.objects.get(email=f"doctor{DEMO_DOMAIN}")
    for ahead, (clock, seen) in enumerate({"00:00:30": False, "00:09": False, "00:40": True, "23:59": True}.items()):
        day = today() + timedelta(days=100 + ahead)  # nobody is booked for
        moment = timezone.make_aware(datetime.combine(day, time.fromisoformat(clock)))
        with at(moment), act(audited=False):
            played = Today(random.Random(3))
            played.open_today()
            played.play_sure_day(played.house.doctors[0])
            own = Appointment.objects.filter(doctor=me, appointment_date=day)
            assert own.get(status="in_progress").consultation.doctor == me
            waiting = own.filter(status="checked_in").with_measured().order_by("appointment_time")
            assert [row.measured for row in waiting] == [True, False]
            assert own.filter(status="completed", completed_at__lte=moment).exists() == seen


@pytest.mark.spec("DATA-1")
@pytest.mark.django_db
def test_an_interrupted_demo_goes_on_and_becomes_the_very_same_clinic(development, monkeypatch):
    def whole():
        rows = [*Appointment.objects.values_list("id", "patient_id", "status", "created_at").order_by("id")]
        return [*identities(), *rows, *Payment.objects.values_list("amount", "invoice__invoice_number").order_by("id")]

    def build(stop=()):
        def progress(_self, text):
            if any(text.startswith(word) for word in stop):
                raise KeyboardInterrupt

        monkeypatch.setattr("healthcare.management.commands.demo.Command.say", progress)
        with pytest.raises(KeyboardInterrupt) if stop else nullcontext():
            call_command("demo", patients=12, visits=60)

    # Today's play goes by the clock of the second: what counts here is what was there before it.
    monkeypatch.setattr("healthcare.demo.today.Today.play", lambda self: None)
    monkeypatch.setattr("healthcare.demo.people.PATIENTS_PER_WRITE", 5)
    monkeypatch.setattr("healthcare.demo.history.ROWS_PER_WRITE", 50)
    noon = timezone.localtime().replace(hour=12, minute=10)
    found = []
    for interruptions in ([], ["patients 10", "history", "today"]):
        with transaction.atomic():
            with time_machine.travel(noon, tick=False):
                for word in interruptions:
                    build(stop=[word])
            with time_machine.travel(noon + timedelta(hours=1 if interruptions else 0), tick=False):
                if interruptions:
                    with pytest.raises(CommandError, match="--patients 12 --visits 60 --seed 2026"):
                        call_command("demo", patients=13)
                build()
            found.append(whole())
            transaction.set_rollback(True)
    assert found[0] and found[0] == found[1]
