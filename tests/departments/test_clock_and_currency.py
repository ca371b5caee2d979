"""The clinic's time zone and currency: chosen with its other settings, and at work at once wherever they count."""

import io
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django_q.models import Schedule
from django_q.scheduler import scheduler
from openpyxl import load_workbook

from audit.models import AuditLog
from billing.texts import paper_of
from departments.forms import ClinicSettingsForm
from departments.models import ClinicSettings
from healthcare import clock, tasks
from healthcare.fhir import parts
from healthcare.money import MoneyFormField
from healthcare.pdf import render_html
from healthcare.templatetags.display import display
from healthcare.workflow import submit
from tests.factories import AppointmentFactory, InvoiceFactory, PaymentFactory, VitalSignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PAGE-10", "FND-4"), pytest.mark.usefixtures("in_utc")]
#: In Auckland it is the 24th, 00:30, already.
EVENING = "2026-11-23 11:30+00:00"
DATA = {"name": "Clinic", "tax_rate": "0", "paper": "A4", "currency": "USD", "time_zone": ""}


@pytest.fixture
def change(administrator):
    """change(time_zone="...") -> the submitted settings."""

    def _change(**changes):
        clinic = ClinicSettings.objects.first() or ClinicSettings.objects.create()
        return submit(ClinicSettingsForm, actor=administrator, instance=clinic, data={**DATA, **changes})

    return _change


def test_today_and_every_time_follow_the_zone_that_was_chosen(change, login, receptionist, nurse):
    signs = VitalSignFactory(recorded_at=datetime(2026, 11, 23, 11, 15, tzinfo=UTC))
    with time_machine.travel(EVENING, tick=False):
        assert clock.today() == date(2026, 11, 23)
        assert change(time_zone="Pacific/Auckland").is_valid()
        assert (clock.today(), clock.wall_clock()) == (date(2026, 11, 24), datetime(2026, 11, 24, 0, 30))
        assert display(signs.recorded_at) == "2026-11-24 00:15"
        page = login(receptionist).get(reverse("appointment_create")).content.decode()
        assert "2026-11-24" in page and "2026-11-23" not in page
        # Django's own look-ups by day, in a filter of a list.
        for day, found in (("2026-11-24", 1), ("2026-11-23", 0)):
            page = login(nurse).get(reverse("vital_sign_list"), {"recorded_from": day, "recorded_to": day})
            assert len(page.context["rows"]) == found, day
        sheet = io.BytesIO(b"".join(login(nurse).get(reverse("vital_sign_list") + "?export=xlsx").streaming_content))
        cells = [cell.value for row in load_workbook(sheet).active.iter_rows() for cell in row]
        assert datetime(2026, 11, 24, 0, 15) in cells


def test_a_worker_goes_by_the_zone_before_each_task(change):
    from django_q.signals import pre_execute

    with time_machine.travel(EVENING, tick=False):
        signs = VitalSignFactory()
        change(time_zone="Pacific/Auckland")
        pre_execute.send(sender="django_q", func=None, task={})
        assert type(signs).objects.filter(recorded_at__date=date(2026, 11, 24)).exists()


def test_another_process_goes_by_it_a_few_seconds_later(change, monkeypatch, settings):
    change()
    assert clock.zone() == ClinicSettings().zone
    ClinicSettings.objects.update(time_zone="Asia/Tokyo", currency="EUR")  # as another process would
    assert str(clock.zone()) == "UTC"
    monkeypatch.setattr(ClinicSettings, "_shown_at", ClinicSettings._shown_at - settings.CLINIC_SHOWN_SECONDS)
    assert (str(clock.zone()), display(Decimal(5))) == ("Asia/Tokyo", "€5.00")


def test_the_settings_cost_no_query_while_they_are_fresh(change, login, receptionist, django_assert_num_queries):
    change(time_zone="Asia/Tokyo", currency="EUR")
    assert clock.today()
    with django_assert_num_queries(0):
        assert clock.today() and clock.wall_clock() and display(Decimal(5))


def test_without_the_table_the_clock_is_the_environments(monkeypatch):
    def away():
        raise DatabaseError

    monkeypatch.setattr(ClinicSettings, "_shown", None)
    monkeypatch.setattr(ClinicSettings, "current", away)
    assert str(clock.zone()) == "UTC"


def test_daily_work_keeps_its_time_of_day(change):
    tasks.repeat("nightly", minutes=tasks.DAY, first=clock.next_at(time(20, 0)))
    tasks.repeat("often", minutes=5)
    often = Schedule.objects.get(func="often").next_run
    change(time_zone="America/New_York")
    nightly = Schedule.objects.get(func="nightly").next_run
    assert clock.local(nightly).time() == time(20, 0) and nightly.astimezone(UTC).hour in {0, 1}
    assert Schedule.objects.get(func="often").next_run == often


@pytest.mark.parametrize(("month", "day"), [(10, 31), (3, 13)])
@pytest.mark.parametrize("nights", [1, 3])
def test_daily_work_keeps_its_time_of_day_when_the_clocks_change(change, month, day, nights):
    """Five past midnight became 23:05 of the day before, for the whole winter."""
    change(time_zone="America/New_York")
    first = datetime(2027, month, day, 0, 5, tzinfo=clock.zone())
    Schedule.objects.all().delete()
    tasks.repeat("departments.lockout.tidy", minutes=tasks.DAY, first=first)
    for night in range(nights, 15, nights):  # a worker that is there each night, or each third
        with time_machine.travel(first + timedelta(days=night - 1, minutes=1), tick=False):
            scheduler()
            assert clock.local(Schedule.objects.get().next_run) == first + timedelta(days=night)


def test_daily_work_that_has_drifted_is_put_right_after_an_update(change):
    change(time_zone="America/New_York")
    tasks.repeat("nightly", minutes=tasks.DAY, first=clock.next_at(time(20, 0)))
    Schedule.objects.filter(func="nightly").update(next_run=clock.next_at(time(19, 0)))
    tasks.repeat("nightly", minutes=tasks.DAY, first=clock.next_at(time(20, 0)))
    assert clock.local(Schedule.objects.get(func="nightly").next_run).time() == time(20, 0)


def test_work_that_a_clock_far_ahead_has_put_off_is_taken_up_again_at_the_next_start():
    """A machine that believed it was 2036 for an hour made no downtime pack for ten years."""
    with time_machine.travel("2036-01-05 10:00+00:00", tick=False):
        tasks.repeat("nightly", minutes=tasks.DAY, first=clock.next_at(time(20, 0)))
        tasks.repeat("often", minutes=5)
    with time_machine.travel("2026-11-30 10:00+00:00", tick=False):
        for _start in range(2):
            tasks.repeat("nightly", minutes=tasks.DAY, first=clock.next_at(time(20, 0)))
            tasks.repeat("often", minutes=5)
        assert Schedule.objects.get(func="nightly").next_run == datetime(2026, 11, 30, 20, tzinfo=UTC)
        assert Schedule.objects.get(func="often").next_run == datetime(2026, 11, 30, 10, 5, tzinfo=UTC)


def test_with_visits_the_zone_changes_for_a_reason_only_which_is_audited(change):
    visit = AppointmentFactory()
    form = change(time_zone="Asia/Tokyo")
    assert [warning.kind for warning in form.warnings] == ["time_zone"] and not form.is_valid()
    assert str(clock.zone()) == "UTC"
    assert change(name="Another name").is_valid()  # asks about the zone only
    assert change(time_zone="Asia/Tokyo", acknowledge_warnings="on", override_reason="Set up wrongly").is_valid()
    assert str(clock.zone()) == "Asia/Tokyo"
    told = AuditLog.objects.get(action="override", entity_type="clinic_settings")
    assert told.new_values["reason"] == "Set up wrongly"
    start = visit.start
    visit.refresh_from_db()
    assert visit.start == start  # on the wall


@pytest.mark.parametrize(
    ("code", "shown"),
    [("USD", "$1,234.50"), ("EUR", "€1,234.50"), ("CHF", "CHF 1,234.50"), ("ZAR", "R 1,234.50"), ("BRL", "R$1,234.50")],
)
def test_amounts_show_in_the_clinics_currency(change, login, billing_officer, code, shown):
    invoice = InvoiceFactory(lines=[("Consultation", 1, "1234.50")])
    assert change(currency=code).is_valid()
    assert shown in login(billing_officer).get(reverse("invoice_detail", args=[invoice.pk])).content.decode()
    asked = login(billing_officer).get(reverse("invoice_issue", args=[invoice.pk])).context["question"]
    assert asked.endswith(f" for {shown}?")
    payment = PaymentFactory(
        amount=Decimal("1234.50"), invoice=InvoiceFactory(status="issued", lines=[("X", 1, "2000")])
    )
    told = login(billing_officer).get(reverse("payment_void", args=[payment.pk])).context["consequence"]
    assert f"owes {shown} again" in told
    page = login(billing_officer).get(reverse("invoice_pay", args=[payment.invoice.pk]))
    assert page.context["form"].fields["tendered"].widget.attrs["data-sign"] + "1,234.50" == shown  # for the change
    assert "-" + shown == display(Decimal("-1234.5"))
    assert MoneyFormField().clean(shown) == Decimal("1234.50")
    assert parts.money(Decimal(1))["currency"] == code
    assert shown in render_html("billing/pdf/invoice.html", {**paper_of(invoice), "lines": invoice.line_items.all()})


def test_the_currency_stays_once_an_invoice_was_issued(change, administrator):
    InvoiceFactory()
    assert change(currency="EUR").is_valid()  # a draft says nothing to anybody yet
    InvoiceFactory(status="issued")
    form = change(currency="GBP")
    assert form.errors["currency"] == ["Invoices were issued in the present currency: it stays."]
    assert ClinicSettings.current().currency == "EUR"
    with pytest.raises(IntegrityError), transaction.atomic():
        ClinicSettings.objects.update(currency="USD")
    assert change(currency="EUR", name="Another name").is_valid()
