"""Each report's figures, recomputed in plain Python over the same rows, to the cent."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.forms import CancelInvoiceForm, CreditNoteForm, RecordPaymentForm, RefundPaymentForm, VoidPaymentForm
from billing.models import Payment
from departments.models import Department
from healthcare.clock import today
from healthcare.workflow import submit
from patients.forms.merge import MergePatientsForm
from patients.models import InsuranceProvider
from reporting.periods import Period, before, due_period, next_on, presets, weekdays_within
from reporting.reports import KINDS
from scheduling.models import Appointment
from tests import factories as f
from tests.reporting.plain import Books, disagreements

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("America/New_York")
PERIOD = Period(date(2026, 3, 1), date(2026, 4, 30))
MONEY = ("0.01", "0.10", "0.29", "19.99", "33.33", "120.00", "1234.56", "99999.99")


@pytest.fixture(autouse=True)
def _zone(settings):
    settings.TIME_ZONE = settings.CLINIC_TIME_ZONE = "America/New_York"


def moment(rng):
    """Some moment about the period's edges, where zones matter; the zone's own clock changes on 8 March."""
    day = rng.choice([date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 8), date(2026, 3, 31), date(2026, 4, 30)])
    return datetime.combine(day, time(rng.choice([0, 3, 4, 5, 12, 23]), rng.choice([0, 59])), UTC) + timedelta(
        days=rng.choice([0, 0, 1])
    )


def local(value):
    return value.astimezone(ZONE).date()


def inside(day):
    return PERIOD.start <= day <= PERIOD.end


@pytest.fixture
def clinic(db):
    """Some hundred rows in all states, about the edges of the period."""
    rng = random.Random(7)
    departments = [f.DepartmentFactory() for _ in range(2)]
    doctors = [f.UserFactory(role="doctor", department=d) for d in (*departments, None)]
    services = [
        f.ServiceFactory(service_type=kind, default_price=Decimal("5.00"))
        for kind in ("consultation", "imaging", "other")
    ]
    insurers = [f.InsuranceProviderFactory(), None]
    patients = [
        f.PatientFactory(
            gender=rng.choice(["male", "female", "other"]),
            date_of_birth=rng.choice(
                [date(1926, 4, 30), date(1966, 5, 1), date(1966, 4, 30), date(2016, 4, 30), date(2016, 5, 1)]
            ),
            insurance_provider=rng.choice(insurers),
            created_at=moment(rng),
            is_active=rng.random() > 0.1,
        )
        for _ in range(20)
    ]
    slot = 0
    for _ in range(60):
        slot += 1
        status = rng.choice(["scheduled", "completed", "completed", "completed", "cancelled", "no_show", "checked_in"])
        came = status in ("completed", "checked_in")
        day = local(moment(rng)) - timedelta(days=rng.choice([0, 0, 40]))
        at = datetime.combine(day, time(8 + slot % 9), UTC)
        appointment = f.AppointmentFactory(
            patient=rng.choice(patients),
            doctor=rng.choice(doctors),
            department=rng.choice([*departments, None]),
            appointment_date=day,
            appointment_time=time(slot // 4, slot % 4 * 15),
            duration_minutes=15,
            appointment_type=rng.choice(["consultation", "follow_up", "emergency"]),
            status=status,
            created_at=at - timedelta(days=rng.randint(0, 9)),
            checked_in_at=at if came else None,
            started_at=at + timedelta(minutes=rng.randint(1, 90), seconds=rng.randint(0, 59))
            if status == "completed"
            else None,
            completed_at=at + timedelta(minutes=rng.randint(91, 120)) if status == "completed" else None,
        )
        if status != "completed":
            continue
        consultation = f.ConsultationFactory(
            appointment=appointment,
            patient=appointment.patient,
            doctor=appointment.doctor,
            consultation_date=at,
            completed_at=at + timedelta(hours=1) if rng.random() > 0.2 else None,
            diagnosis="Something",
        )
        for _n in range(rng.randint(0, 2)):
            f.PrescriptionFactory(consultation=consultation, prescribed_date=day)
            ordered = moment(rng)
            f.LabTestFactory(
                consultation=consultation,
                test_name=rng.choice(["Potassium", "Sodium"]),
                ordered_date=ordered,
                sample_collected_date=ordered,
                result_value="4",
                status="completed",
                result_date=ordered + timedelta(minutes=rng.randint(1, 3000)),
            )
        invoice(rng, appointment, services)
    for _ in range(5):
        invoice(rng, None, services, rng.choice(patients))
    return rng


def invoice(rng, appointment, services, patient=None):
    """An invoice in some state with lines, and payments before, in and after the period."""
    status = rng.choice(["draft", "issued", "partially_paid", "partially_paid", "overdue", "cancelled", "paid"])
    lines = [
        (rng.choice([*services, None]), rng.randint(1, 3), Decimal(rng.choice(MONEY))) for _ in range(rng.randint(1, 3))
    ]
    subtotal = sum((q * p for _, q, p in lines), Decimal(0))
    discount = Decimal("0.01") if rng.random() > 0.5 else Decimal(0)
    tax = (subtotal * Decimal("0.0725")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    total = subtotal + tax - discount
    paid = Decimal(0)
    amounts = []
    if status in ("partially_paid", "overdue"):
        amounts = [Decimal("0.01")] if total > Decimal("0.02") else []
    elif status == "paid":
        amounts = [total] if total < 1 else [Decimal("0.33"), total - Decimal("0.33")]
    paid = sum(amounts, Decimal(0))
    row = f.InvoiceFactory(
        patient=appointment.patient if appointment else patient,
        appointment=appointment,
        invoice_date=local(moment(rng)),
        due_date=date(2026, 5, 1),
    )
    for service, quantity, price in lines:
        f.InvoiceLineItemFactory(
            invoice=row, service=service, quantity=quantity, unit_price=price, line_total=quantity * price
        )
    row.subtotal, row.discount_amount, row.tax_amount, row.total_amount = subtotal, discount, tax, total
    row.balance_due = total
    row.save()
    if status == "draft":
        return
    row.status, row.issued_at = "issued", moment(rng)
    row.save()
    if status == "cancelled":
        row.status, row.cancelled_at, row.cancellation_reason = "cancelled", moment(rng), "Wrong patient"
        row.save()
        return
    row.status, row.amount_paid, row.balance_due = status, paid, total - paid
    row.save()
    for amount in amounts:
        f.PaymentFactory(
            invoice=row,
            amount=amount,
            payment_date=moment(rng),
            payment_method=rng.choice(["cash", "insurance", "cheque"]),
        )
    f.PaymentFactory(
        invoice=row, amount=Decimal("7.77"), payment_date=moment(rng), voided_at=moment(rng), void_reason="Bounced"
    )


def tables_of(name, **narrowed):
    return {table.name: table for table in KINDS[name](PERIOD, **narrowed).tables()}


@pytest.mark.spec("RPT-1", "RPT-2", "RPT-3")
def test_every_figure_agrees_with_plain_python(clinic):
    """All tables of all types: the whole clinic, each filter, all filters at once."""
    doctor = Appointment.objects.filter(doctor__department=None).first().doctor
    f.DoctorScheduleFactory(doctor=doctor, weekday=0, start_time=time(8), end_time=time(12))
    f.DoctorScheduleFactory(
        doctor=doctor, weekday=0, start_time=time(13), end_time=time(17, 30), valid_from=date(2026, 4, 1)
    )
    f.DoctorScheduleFactory(doctor=doctor, weekday=2, start_time=time(8), end_time=time(12), is_active=False)
    for first, last in ((date(2026, 4, 1), date(2026, 4, 7)), (date(2026, 4, 5), date(2026, 4, 14))):
        f.DoctorAbsenceFactory(doctor=doctor, start_date=first, end_date=last)
    books = Books()
    department, insurer = Department.objects.first(), InsuranceProvider.objects.first()
    filters = [{}, {"doctor": doctor}, {"department": department}, {"insurer": insurer}]
    filters.append({"doctor": doctor, "insurer": insurer})
    for chosen in filters:
        assert disagreements(books, PERIOD, **chosen) == [], chosen
    for first, last in (
        (date(2026, 3, 8), date(2026, 3, 8)),  # the clock is put forward: a day of 23 hours
        (date(2026, 2, 28), date(2026, 2, 28)),
        (date(2024, 2, 29), date(2024, 2, 29)),  # a leap day, and nothing on it
    ):
        assert disagreements(books, Period(first, last)) == [], first
    assert len(books.of(PERIOD).receipts()) > 20
    assert 0 < len(books.of(PERIOD, doctor=doctor).receipts()) < len(books.of(PERIOD).receipts())


@pytest.mark.spec("RPT-2", "RPT-3")
def test_working_hours_end_at_midnight_or_with_the_last_visit(db):
    """Hours "until further notice" of who left, and visits of who has no hours, do not tell how full the house is."""
    week = Period(date(2026, 3, 2), date(2026, 3, 8))
    night, left, free = (f.UserFactory(role="doctor", last_name=name) for name in ("Night", "Left", "Free"))
    f.DoctorScheduleFactory(doctor=night, weekday=0, start_time=time(22), end_time=time(23, 59))
    for weekday in (0, 4):
        f.DoctorScheduleFactory(doctor=left, weekday=weekday, start_time=time(8), end_time=time(9))
    for doctor, status, day in (
        (night, "completed", date(2026, 3, 2)),
        (left, "completed", date(2026, 3, 3)),
        (left, "scheduled", date(2026, 3, 30)),
        (free, "completed", date(2026, 3, 2)),
    ):
        f.AppointmentFactory(
            doctor=doctor, status=status, appointment_date=day, duration_minutes=30 if doctor != free else 480
        )
    left.is_active = False
    left.save()
    kind = KINDS["operational_metrics"](week)
    assert set(kind.table("utilisation").rows) == {
        (str(free), 0, 480, None),
        (str(left), 60, 30, Decimal("50.0")),
        (str(night), 120, 30, Decimal("25.0")),
    }
    assert {str(figure.label): figure.value for figure in kind.summary()}["Working hours used (%)"] == Decimal("33.3")
    assert disagreements(Books(), week) == []
    later = KINDS["operational_metrics"](Period(date(2026, 3, 9), date(2026, 3, 15)))
    assert [row[:2] for row in later.table("utilisation").rows] == [(str(night), 120)]


@pytest.mark.spec("RPT-2", "ROLE-2")
def test_a_doctor_sees_no_money(clinic):
    only = Appointment.objects.first().doctor
    table = tables_of("doctor_performance", doctor=only, money=False)["by_doctor"]
    assert [row[0] for row in table.rows] == [str(only)]
    assert "revenue" not in [heading.name for heading in table.headings]


@pytest.mark.spec("RPT-2")
def test_merged_charts_are_one_patient(administrator):
    """Two charts of one person: registered once, seen once."""
    kept, merged = f.PatientFactory(), f.PatientFactory()
    for patient in (kept, merged):
        f.AppointmentFactory(
            patient=patient, status="completed", appointment_date=today(), doctor=f.UserFactory(role="doctor")
        )
    day = Period(today(), today())
    data = {"merged": str(merged.pk), "reason": "Registered twice"}
    assert submit(MergePatientsForm, actor=administrator, data=data, kept=kept).is_valid()
    kind = KINDS["patient_statistics"](day)
    assert kind.table("registrations").total("patients") == 1
    assert kind.table("seen").total("patients") == 1
    assert disagreements(Books(), day) == []


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-11-29", "2026-11-29", "2026-11-28", "2026-11-28"),
        ("2026-11-23", "2026-11-29", "2026-11-16", "2026-11-22"),
        ("2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
        ("2024-03-01", "2024-03-31", "2024-02-01", "2024-02-29"),
        ("2024-02-01", "2024-02-29", "2024-01-01", "2024-01-31"),
        ("2026-11-01", "2026-11-29", "2026-10-01", "2026-10-29"),
        ("2026-01-01", "2026-03-31", "2025-10-01", "2025-12-31"),
        ("2026-01-01", "2026-11-29", "2025-01-01", "2025-11-29"),
        ("2025-01-01", "2025-12-31", "2024-01-01", "2024-12-31"),
        ("1900-01-01", "2199-12-31", "1600-01-01", "1899-12-31"),
    ],
)
def test_the_period_before(start, end, first, last):
    period = Period(date.fromisoformat(start), date.fromisoformat(end))
    assert before(period) == Period(date.fromisoformat(first), date.fromisoformat(last))


def test_presets_and_schedules_on_every_day_of_two_years():
    for number in range(731):
        day = date(2024, 1, 1) + timedelta(days=number)
        for name, (_words, period) in presets(day).items():
            assert period.start <= period.end <= day, name
            assert before(period).end < period.start, name
        for often in ("daily", "weekly", "monthly"):
            due = next_on(often, day)
            assert due > day
            assert due_period(often, due).end == due - timedelta(days=1)


@pytest.mark.spec("RPT-1")
@pytest.mark.parametrize("name", KINDS)
def test_an_empty_clinic_makes_every_report(db, name):
    kind = KINDS[name](PERIOD)
    tables = {table.name: table for table in kind.tables()}
    assert list(tables) == list(kind.names)
    assert kind.summary()
    assert kind.charts()
    assert kind.definitions
    assert kind.before().summary()


@pytest.mark.parametrize("first", [date(2026, 2, 26), date(2026, 3, 1)])
@pytest.mark.parametrize("length", [-1, 0, 1, 6, 7, 8, 30])
def test_weekdays_within(first, length):
    last = first + timedelta(days=length)
    days = [first + timedelta(days=n) for n in range(length + 1)]
    for weekday in range(7):
        assert weekdays_within(first, last, weekday) == sum(day.weekday() == weekday for day in days)


def owing(amount):
    """An issued invoice of this amount."""
    row = f.InvoiceFactory(invoice_date=date(2026, 1, 1))
    f.InvoiceLineItemFactory(invoice=row, unit_price=Decimal(amount))
    row.subtotal = row.total_amount = row.balance_due = Decimal(amount)
    row.save()
    row.status, row.issued_at = "issued", datetime(2026, 1, 1, 12, tzinfo=UTC)
    row.save()
    return row


@pytest.mark.spec("RPT-2", "FND-4")
def test_a_day_ends_at_the_clinics_midnight(db):
    """23:59 in New York is the next day in UTC; both sides of both edges of the period."""
    bill = owing("100.00")
    start, end = datetime(2026, 3, 1, tzinfo=ZONE), datetime(2026, 5, 1, tzinfo=ZONE)
    second = timedelta(seconds=1)
    for amount, at in (("1.00", start - second), ("2.00", start), ("4.00", end - second), ("8.00", end)):
        f.PaymentFactory(invoice=bill, amount=Decimal(amount), payment_date=at.astimezone(UTC))
    assert tables_of("revenue")["by_month"].total("collected") == Decimal("6.00")


@pytest.mark.spec("RPT-2")
def test_many_small_amounts_add_up_to_the_cent(db):
    """Amounts that no binary fraction holds: a floating-point sum would drift."""
    bill = owing("4000000000.00")
    Payment.objects.bulk_create(
        Payment(
            invoice=bill,
            patient=bill.patient,
            amount=Decimal("1234567.89"),
            payment_method="cash",
            payment_date=datetime(2026, 3, 10, 12, tzinfo=UTC),
        )
        for _ in range(3000)
    )
    bill.amount_paid = Decimal("1234567.89") * 3000
    bill.balance_due, bill.status = bill.total_amount - bill.amount_paid, "partially_paid"
    bill.save()
    assert tables_of("revenue")["by_method"].total("collected") == Decimal("1234567.89") * 3000


@pytest.mark.spec("RPT-2", "RPT-3")
def test_what_is_not_collected_counts_once(billing_officer):
    """What was paid is credited by a refund first; what was voided or refunded is owed again, which is no loss."""

    def step(form, **data):
        done = submit(form, actor=billing_officer, data=data)
        assert done.is_valid(), done.errors
        return done.instance

    def figures():
        report = KINDS["billing_summary"](Period(today(), today()))
        lines = {str(row[0]): row[1] for row in report.table("write_offs").rows}
        return lines, {str(figure.label): figure.value for figure in report.summary()}

    invoice = f.InvoiceFactory(status="issued", lines=[("Visit", 1, "100.00")])
    paid = step(RecordPaymentForm, invoice=invoice.pk, amount="100", payment_method="cash")
    step(RefundPaymentForm, payment=paid.pk, amount="30", payment_method="cash", reason="Not done")
    assert figures()[1]["Not collected"] == 0 and figures()[1]["Outstanding"] == 30
    step(CreditNoteForm, invoice=invoice.pk, amount="20", notes="Not done")
    wrong = step(CreditNoteForm, invoice=invoice.pk, amount="5", notes="Typed twice")
    form = submit(VoidPaymentForm, actor=billing_officer, instance=wrong, data={"void_reason": "Typed twice"})
    assert form.is_valid()
    lines, summary = figures()
    assert (summary["Not collected"], summary["Outstanding"]) == (20, 10)
    assert (lines["Payments voided"], lines["Credit notes"], lines["Refunds"]) == (0, 1, 1)


@pytest.mark.spec("RPT-2")
def test_reports_agree_on_what_was_invoiced(billing_officer):
    """Drafts and cancelled invoices stand in their own lines alone, and lines without a service are no service."""
    service = f.ServiceFactory()
    f.InvoiceFactory(status="issued", lines=[("Visit", 1, "100.00", service), ("Bandage", 2, "5.00")])
    f.InvoiceFactory(lines=[("Visit", 1, "7.00")])
    cancelled = f.InvoiceFactory(status="issued", lines=[("Visit", 1, "9.00")])
    form = submit(CancelInvoiceForm, actor=billing_officer, instance=cancelled, data={"cancellation_reason": "x"})
    assert form.is_valid()
    made = {
        name: KINDS[name](Period(today(), today())) for name in ("revenue", "billing_summary", "service_utilization")
    }
    figures = {name: {str(f.label): f.value for f in kind.summary()} for name, kind in made.items()}
    assert [figures[name]["Invoiced"] for name in made] == [110, 110, 110]
    assert made["billing_summary"].table("by_status").total("total") == 126
    assert figures["service_utilization"]["Different services"] == 1
