"""Each report's figures, recomputed in plain Python over the same rows, to the cent."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.models import LIVE_STATUSES, Invoice, InvoiceLineItem, Payment
from clinical.models import Consultation, LabTest, Prescription
from patients.models import Patient
from reporting.periods import Period, weekdays_within
from reporting.reports import KINDS
from scheduling.models import Appointment
from tests import factories as f

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


def rows_of(table):
    return {row[0]: row[1:] for row in table.rows}


def counted_invoices():
    return [i for i in Invoice.objects.all() if i.status in LIVE_STATUSES and inside(i.invoice_date)]


def counted_payments():
    return [p for p in Payment.objects.all() if p.voided_at is None and inside(local(p.payment_date))]


@pytest.mark.spec("RPT-2", "RPT-3")
def test_revenue(clinic):
    tables = tables_of("revenue")
    invoices, payments = counted_invoices(), counted_payments()
    assert len(payments) > 20
    assert len(payments) < Payment.objects.filter(voided_at=None).count()
    months = tables["by_month"]
    assert months.total("invoiced") == sum(i.total_amount for i in invoices)
    assert months.total("collected") == sum(p.amount for p in payments)
    assert months.total("outstanding") == sum(i.balance_due for i in invoices)
    by_month = defaultdict(Decimal)
    for p in payments:
        by_month[local(p.payment_date).replace(day=1)] += p.amount
    assert {row[0]: row[4] for row in months.rows if row[3]} == by_month
    by_method = defaultdict(Decimal)
    for p in payments:
        by_method[p.get_payment_method_display()] += p.amount
    assert {name: row[1] for name, row in rows_of(tables["by_method"]).items()} == by_method
    for key in ("doctor", "department"):
        expected = defaultdict(lambda: [0, Decimal(0), Decimal(0), Decimal(0)])
        for i in invoices:
            name = str((i.appointment and getattr(i.appointment, key)) or f"No {key}")
            expected[name][0] += 1
            expected[name][1] += i.total_amount
            expected[name][3] += i.balance_due
        for p in payments:
            visit = p.invoice.appointment
            expected[str((visit and getattr(visit, key)) or f"No {key}")][2] += p.amount
        assert {name: list(row) for name, row in rows_of(tables[f"by_{key}"]).items()} == expected
    types = tables["by_service_type"]
    assert types.total("invoiced") == months.total("invoiced")
    without = sum(
        line.line_total
        for line in InvoiceLineItem.objects.all()
        if line.invoice in invoices and line.service_id is None
    )
    assert rows_of(types)["Without a service"][1] == without


@pytest.mark.spec("RPT-1", "RPT-2")
def test_revenue_narrowed_to_a_doctor_and_a_department(clinic):
    appointment = next(p.invoice.appointment for p in counted_payments() if p.invoice.appointment_id)
    doctor = appointment.doctor
    months = tables_of("revenue", doctor=doctor)["by_month"]
    of_doctor = [
        p.amount for p in counted_payments() if p.invoice.appointment and p.invoice.appointment.doctor == doctor
    ]
    assert months.total("collected") == sum(of_doctor)
    department = next(a.department for a in Appointment.objects.all() if a.department)
    months = tables_of("revenue", department=department)["by_month"]
    assert months.total("invoiced") == sum(
        i.total_amount for i in counted_invoices() if i.appointment and i.appointment.department == department
    )


@pytest.mark.spec("RPT-2", "RPT-3")
def test_billing_summary(clinic, time_machine_at):
    with time_machine_at(datetime(2026, 6, 15, 12, tzinfo=UTC)):
        tables = tables_of("billing_summary")
    dated = [i for i in Invoice.objects.all() if inside(i.invoice_date)]

    def state(i):
        return "overdue" if i.status in ("issued", "partially_paid", "overdue") and i.balance_due else i.status

    counts = Counter(state(i) for i in dated)
    shown = rows_of(tables["by_status"])
    assert {name.lower().replace(" ", "_"): row[0] for name, row in shown.items()} == counts
    owed = [i for i in dated if i.status in ("issued", "partially_paid", "overdue")]
    ages = defaultdict(Decimal)
    for i in owed:
        days = (date(2026, 6, 15) - i.invoice_date).days
        ages["0-30" if days <= 30 else "31-60" if days <= 60 else "61-90" if days <= 90 else "90+"] += i.balance_due
    assert {name: row[1] for name, row in rows_of(tables["aging"]).items() if row[1]} == ages
    cancelled = [i for i in Invoice.objects.all() if i.status == "cancelled" and inside(local(i.cancelled_at))]
    voided = [p for p in Payment.objects.all() if p.voided_at and inside(local(p.voided_at))]
    assert tables["write_offs"].column("amount") == [
        sum(i.total_amount for i in cancelled),
        sum(p.amount for p in voided),
        *(0, 0, 0),  # credit notes, write-offs and refunds: none here
    ]
    debts = defaultdict(Decimal)
    for i in owed:
        debts[i.patient.patient_number] += i.balance_due
    assert {row[0]: row[3] for row in tables["debtors"].rows} == dict(
        sorted(debts.items(), key=lambda d: (-d[1], d[0]))[:20]
    )


@pytest.mark.spec("RPT-2", "RPT-3")
def test_service_utilization(clinic):
    tables = tables_of("service_utilization")
    lines = [line for line in InvoiceLineItem.objects.all() if line.invoice in counted_invoices()]
    expected = defaultdict(lambda: [0, Decimal(0)])
    for line in lines:
        name = line.service.name if line.service else "Without a service"
        expected[name][0] += line.quantity
        expected[name][1] += line.line_total
    assert {str(row[0]): [row[2], row[4]] for row in tables["by_service"].rows} == expected
    assert tables["by_type"].total("amount") == sum(line.line_total for line in lines)


def rate(part, whole):
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole else None


@pytest.mark.spec("RPT-3")
def test_appointment_summary(clinic):
    tables = tables_of("appointment_summary")
    rows = [a for a in Appointment.objects.all() if inside(a.appointment_date)]
    statuses = Counter(a.get_status_display() for a in rows)
    assert {name: row[0] for name, row in rows_of(tables["by_status"]).items()} == statuses
    for doctor in {a.doctor for a in rows}:
        own = [a for a in rows if a.doctor == doctor]
        found = Counter(a.status for a in own)
        assert rows_of(tables["by_doctor"])[str(doctor)] == (
            len(own),
            found["completed"],
            found["cancelled"],
            found["no_show"],
            rate(found["cancelled"], len(own)),
            rate(found["no_show"], len(own) - found["cancelled"]),
        )
    lead = [(a.appointment_date - local(a.created_at)).days for a in rows]
    average = (Decimal(sum(lead)) / len(lead)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert tables["lead_time"].column("days") == [average]


@pytest.mark.spec("RPT-3")
def test_doctor_performance(clinic):
    table = tables_of("doctor_performance")["by_doctor"]
    found = rows_of(table)
    rows = [a for a in Appointment.objects.all() if inside(a.appointment_date) and a.status != "cancelled"]
    for doctor in {a.doctor for a in rows}:
        own = [a for a in rows if a.doctor == doctor]
        took = [(a.completed_at - a.started_at).total_seconds() / 60 for a in own if a.status == "completed"]
        line = found[str(doctor)]
        assert line[:6] == (
            len(own),
            sum(a.status == "completed" for a in own),
            sum(a.status == "no_show" for a in own),
            sum(
                c.doctor == doctor and c.completed_at is not None and inside(local(c.consultation_date))
                for c in Consultation.objects.all()
            ),
            sum(p.doctor == doctor and inside(p.prescribed_date) for p in Prescription.objects.all()),
            sum(t.ordered_by_doctor == doctor and inside(local(t.ordered_date)) for t in LabTest.objects.all()),
        )
        assert abs(float(line[6]) - sum(took) / len(took)) <= 0.051
        assert line[7] == sum(
            p.amount for p in counted_payments() if p.invoice.appointment and p.invoice.appointment.doctor == doctor
        )
    only = next(iter({a.doctor for a in rows}))
    table = tables_of("doctor_performance", doctor=only, money=False)["by_doctor"]
    assert [row[0] for row in table.rows] == [str(only)]
    assert "revenue" not in [heading.name for heading in table.headings]


@pytest.mark.spec("RPT-3")
def test_patient_statistics(clinic):
    tables = tables_of("patient_statistics")
    everybody = list(Patient.objects.all())
    assert tables["registrations"].total("patients") == sum(inside(local(p.created_at)) for p in everybody)
    there = [p for p in everybody if p.is_active and local(p.created_at) <= PERIOD.end]

    def age(p):
        end, born = PERIOD.end, p.date_of_birth
        return end.year - born.year - ((end.month, end.day) < (born.month, born.day))

    expected = Counter((min(age(p) // 10, 9), p.gender) for p in there)
    for decade, row in enumerate(tables["pyramid"].rows):
        assert row[1:] == tuple(
            [expected[decade, g] for g in ("male", "female", "other")]
            + [sum(expected[decade, g] for g in ("male", "female", "other"))]
        )
    completed = [a for a in Appointment.objects.all() if a.status == "completed"]
    seen = {a.patient_id for a in completed if inside(a.appointment_date)}
    before = {a.patient_id for a in completed if a.appointment_date < PERIOD.start}
    assert tables["seen"].column("patients") == [len(seen - before), len(seen & before)]
    assert seen - before
    assert seen & before
    insurers = Counter(p.insurance_provider.name if p.insurance_provider else "No insurance on file" for p in there)
    assert {str(row[0]): row[1] for row in tables["insurers"].rows} == insurers


def nearest_rank(values, share):
    values = sorted(values)
    return values[-(-len(values) * share // 100) - 1]


def in_minutes(delta):
    return (Decimal(str(delta.total_seconds())) / 60).quantize(Decimal("0.1"), ROUND_HALF_UP)


@pytest.mark.spec("RPT-3")
def test_operational_metrics(clinic):
    doctor = Appointment.objects.first().doctor
    f.DoctorScheduleFactory(doctor=doctor, weekday=0, start_time=time(8), end_time=time(12))
    f.DoctorScheduleFactory(
        doctor=doctor, weekday=0, start_time=time(13), end_time=time(17, 30), valid_from=date(2026, 4, 1)
    )
    f.DoctorScheduleFactory(doctor=doctor, weekday=2, start_time=time(8), end_time=time(12), is_active=False)
    f.DoctorAbsenceFactory(doctor=doctor, start_date=date(2026, 4, 1), end_date=date(2026, 4, 7))
    f.DoctorAbsenceFactory(doctor=doctor, start_date=date(2026, 4, 5), end_date=date(2026, 4, 14))
    f.DoctorAbsenceFactory(doctor=doctor, start_date=date(2026, 4, 20), end_date=date(2026, 9, 9))
    tables = tables_of("operational_metrics")
    rows = [a for a in Appointment.objects.all() if inside(a.appointment_date)]
    waits = [a.started_at - a.checked_in_at for a in rows if a.started_at]
    count, _average, median, late = tables["waiting"].rows[0]
    assert count == len(waits)
    assert (median, late) == (in_minutes(nearest_rank(waits, 50)), in_minutes(nearest_rank(waits, 90)))
    working = booked = 0
    for offset in range((PERIOD.end - PERIOD.start).days + 1):
        day = PERIOD.start + timedelta(days=offset)
        away = date(2026, 4, 1) <= day <= date(2026, 4, 14) or day >= date(2026, 4, 20)
        if day.weekday() == 0 and not away:
            working += 240 + (270 if day >= date(2026, 4, 1) else 0)
    booked = sum(a.duration_minutes for a in rows if a.doctor == doctor and a.status not in ("cancelled", "no_show"))
    assert rows_of(tables["utilisation"])[str(doctor)][:2] == (working, booked)
    came = [a for a in rows if a.status in ("checked_in", "in_progress", "completed")]
    hours = Counter(f"{a.appointment_time.hour:02}:00" for a in came)
    assert {name: row[0] for name, row in rows_of(tables["by_hour"]).items()} == hours
    weekdays = Counter(f"{a.appointment_date:%A}" for a in came)
    assert {str(name): row[0] for name, row in rows_of(tables["by_weekday"]).items()} == weekdays
    took = [t.result_date - t.ordered_date for t in LabTest.objects.all() if inside(local(t.result_date))]
    everything = tables["turnaround"].rows[0]
    assert everything[1] == len(took)
    assert everything[3:] == (in_minutes(nearest_rank(took, 50)), in_minutes(nearest_rank(took, 90)))


@pytest.mark.spec("RPT-1")
@pytest.mark.parametrize("name", KINDS)
def test_an_empty_clinic_makes_every_report(db, name):
    kind = KINDS[name](PERIOD)
    tables = {table.name: table for table in kind.tables()}
    assert kind.summary(tables)
    assert kind.charts(tables)
    assert kind.definitions


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
