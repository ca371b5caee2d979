"""Every figure of the seven reports worked out once more, in plain Python over the rows: no grouping by a database.

`disagreements()` compares them with what the reports say, table by table, row by row, to the cent.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from django.conf import settings

from billing.models import Invoice, InvoiceLineItem, Payment, Refund, Service
from clinical.models import Consultation, LabTest, Prescription
from departments.models import Department, User
from healthcare.clock import today
from patients.models import InsuranceProvider, Patient, PatientMerge
from reporting.reports import KINDS
from scheduling.models import Appointment, DoctorAbsence, DoctorSchedule

TENTH, NONE = Decimal("0.1"), Decimal("0.00")
LIVE = {"issued", "partially_paid", "paid", "overdue"}
OWED = LIVE - {"paid"}
CAME = {"checked_in", "in_progress", "completed"}


def half_up(value, step=TENTH):
    return Decimal(value).quantize(step, ROUND_HALF_UP)


def percent(part, whole):
    return half_up(Decimal(part) * 100 / Decimal(whole)) if whole else None


def nearest_rank(values, share):
    ordered = sorted(values)
    return ordered[max(1, -(-len(ordered) * share // 100)) - 1]


def spread_of(values, unit):
    """(count, average, median, 90th percentile) in a unit of time."""
    if not values:
        return (0, None, None, None)
    mean = sum(values, timedelta()) / len(values)
    return (len(values), *(in_units(v, unit) for v in (mean, nearest_rank(values, 50), nearest_rank(values, 90))))


def in_units(delta, seconds):
    return half_up(Decimal(str(delta.total_seconds())) / seconds)


def all_months(months):
    """The months from the first to the last of these, found day by day; a month without anything is a line too."""
    days = (max(months) - min(months)).days if months else -1
    return sorted({(min(months) + timedelta(days=n)).replace(day=1) for n in range(days + 1)})


class Books:
    """All rows, read once, and what belongs to a period and to what was chosen."""

    def __init__(self):
        self.zone = ZoneInfo(settings.CLINIC_TIME_ZONE)
        self.people = {row.pk: str(row) for row in User.objects.all()}
        self.users = {row.pk: row for row in User.objects.all()}
        self.departments = {row.pk: str(row) for row in Department.objects.all()}
        self.insurers = {row.pk: row.name for row in InsuranceProvider.objects.all()}
        self.services = {row.pk: row for row in Service.objects.all()}
        self.patients = {row.pk: row for row in Patient.objects.all()}
        self.merged = {m.merged_id for m in PatientMerge.objects.all() if m.undone_at is None}
        self.visits = {row.pk: row for row in Appointment.objects.all()}
        self.notes = {row.pk: row for row in Consultation.objects.all()}
        self.prescriptions = list(Prescription.objects.all())
        self.tests = list(LabTest.objects.all())
        self.invoices = {row.pk: row for row in Invoice.objects.all()}
        self.lines = list(InvoiceLineItem.objects.all())
        self.payments = list(Payment.objects.all())
        self.refunds = list(Refund.objects.all())
        self.hours = [row for row in DoctorSchedule.objects.all() if row.is_active]
        self.absences = [row for row in DoctorAbsence.objects.all() if row.is_active]

    # -- what belongs ------------------------------------------------------------------------

    def of(self, period, doctor=None, department=None, insurer=None):
        self.period, self.doctor, self.department, self.insurer = period, doctor, department, insurer
        return self

    def local(self, moment):
        return moment.astimezone(self.zone).date()

    def within(self, day):
        if isinstance(day, datetime):
            day = self.local(day)
        return day is not None and self.period.start <= day <= self.period.end

    def chosen(self, doctor, department, patient):
        return (
            (self.doctor is None or doctor == self.doctor.pk)
            and (self.department is None or department == self.department.pk)
            and (self.insurer is None or self.patients[patient].insurance_provider_id == self.insurer.pk)
        )

    def visit_chosen(self, visit):
        return self.chosen(visit.doctor_id, visit.department_id, visit.patient_id)

    def bill_chosen(self, invoice):
        visit = self.visits.get(invoice.appointment_id)
        doctor, department = (visit.doctor_id, visit.department_id) if visit else (None, None)
        return self.chosen(doctor, department, invoice.patient_id)

    def appointments(self):
        return [v for v in self.visits.values() if self.within(v.appointment_date) and self.visit_chosen(v)]

    def bills(self, statuses):
        return [
            i
            for i in self.invoices.values()
            if i.status in statuses and self.within(i.invoice_date) and self.bill_chosen(i)
        ]

    def receipts(self):
        return [
            p
            for p in self.payments
            if p.voided_at is None
            and p.kind == "received"
            and self.within(p.payment_date)
            and self.bill_chosen(self.invoices[p.invoice_id])
        ]

    # -- patient_statistics ------------------------------------------------------------------

    def patient_statistics(self):
        seen_there = {
            v.patient_id
            for v in self.visits.values()
            if v.status == "completed" and v.appointment_date <= self.period.end and self.visit_chosen(v)
        }
        about = [
            p
            for p in self.patients.values()
            if (self.insurer is None or p.insurance_provider_id == self.insurer.pk)
            and ((self.doctor is None and self.department is None) or p.pk in seen_there)
        ]
        months = Counter(
            self.local(p.created_at).replace(day=1)
            for p in about
            if self.within(p.created_at) and p.pk not in self.merged
        )
        there = [p for p in about if p.is_active and self.local(p.created_at) <= self.period.end]
        grid = Counter((min(self.age(p) // 10, 9), p.gender) for p in there)
        genders = ("male", "female", "other")
        pyramid = []
        for decade in range(10):
            counts = [grid[decade, gender] for gender in genders]
            label = "90+" if decade == 9 else f"{decade * 10}-{decade * 10 + 9}"
            pyramid.append((label, *counts, sum(counts)))
        completed = [v for v in self.visits.values() if v.status == "completed"]
        seen = {v.patient_id for v in completed if self.within(v.appointment_date) and self.visit_chosen(v)}
        before = {v.patient_id for v in completed if v.appointment_date < self.period.start}
        new, returning = len(seen - before), len(seen & before)
        insurers = Counter(self.insurers.get(p.insurance_provider_id, "No insurance on file") for p in there)
        return {
            "registrations": [(month, months[month]) for month in all_months(months)],
            "pyramid": pyramid,
            "seen": [
                ("New", new, percent(new, len(seen))),
                ("Returning", returning, percent(returning, len(seen))),
            ],
            "insurers": list(insurers.items()),
        }

    def age(self, patient):
        end, born = self.period.end, patient.date_of_birth
        # Whoever is born on 29 February is a year older on 1 March where there is none.
        return end.year - born.year - ((end.month, end.day) < (born.month, born.day))

    # -- revenue -----------------------------------------------------------------------------

    def revenue(self):
        bills, receipts = self.bills(LIVE), self.receipts()
        months = defaultdict(lambda: [0, NONE, 0, NONE, NONE])
        people = {name: defaultdict(lambda: [0, NONE, NONE, NONE]) for name in ("doctor", "department")}
        for i in bills:
            month = months[i.invoice_date.replace(day=1)]
            month[0] += 1
            month[1] += i.total_amount
            month[4] += i.balance_due
            for name, found in people.items():
                row = found[self.name_of(name, i)]
                row[0] += 1
                row[1] += i.total_amount
                row[3] += i.balance_due
        methods = defaultdict(lambda: [0, NONE])
        for p in receipts:
            month = months[self.local(p.payment_date).replace(day=1)]
            month[2] += 1
            month[3] += p.amount
            methods[p.get_payment_method_display()][0] += 1
            methods[p.get_payment_method_display()][1] += p.amount
            for name, found in people.items():
                found[self.name_of(name, self.invoices[p.invoice_id])][2] += p.amount
        kinds = self.by_kind({i.pk for i in bills})
        if kinds:
            kinds["Discounts"] = [0, -sum((i.discount_amount for i in bills), NONE)]
            kinds["Tax"] = [0, sum((i.tax_amount for i in bills), NONE)]
        return {
            "by_month": [(month, *months[month]) for month in all_months(months)],
            "by_method": [(name, *row) for name, row in methods.items()],
            "by_service_type": [(name, *row) for name, row in kinds.items()],
            "by_doctor": [(name, *row) for name, row in people["doctor"].items()],
            "by_department": [(name, *row) for name, row in people["department"].items()],
        }

    def by_kind(self, bills):
        kinds = defaultdict(lambda: [0, NONE])
        for line in self.lines:
            if line.invoice_id in bills:
                service = self.services.get(line.service_id)
                row = kinds[service.get_service_type_display() if service else "Without a service"]
                row[0] += line.quantity
                row[1] += line.line_total
        return kinds

    def name_of(self, name, invoice):
        visit = self.visits.get(invoice.appointment_id)
        names = {"doctor": self.people, "department": self.departments}[name]
        return names.get(getattr(visit, f"{name}_id", None), f"No {name}")

    # -- service_utilization -----------------------------------------------------------------

    def service_utilization(self):
        bills = {i.pk for i in self.bills(LIVE)}
        kinds = self.by_kind(bills)
        whole = sum((row[1] for row in kinds.values()), NONE)
        services = defaultdict(lambda: [0, set(), NONE])
        for line in self.lines:
            if line.invoice_id in bills:
                row = services[line.service_id]
                row[0] += line.quantity
                row[1].add(line.invoice_id)
                row[2] += line.line_total
        named = []
        for key, (quantity, invoices, amount) in services.items():
            service = self.services.get(key)
            name = service.name if service else "Without a service"
            kind = service.get_service_type_display() if service else "Without a service"
            named.append((name, kind, quantity, len(invoices), amount))
        return {
            "by_type": [(name, *row, percent(row[1], whole)) for name, row in kinds.items()],
            "by_service": named,
        }

    # -- appointment_summary -----------------------------------------------------------------

    def appointment_summary(self):
        rows = self.appointments()
        statuses = Counter(v.get_status_display() for v in rows)
        leads = [max(timedelta(), v.appointment_date - self.local(v.created_at)) for v in rows]
        classes = Counter(
            0 if lead.days == 0 else 1 if lead.days <= 7 else 2 if lead.days <= 30 else 3 for lead in leads
        )
        labels = ("Same day", "1-7 days", "8-30 days", "More than 30 days")
        return {
            "by_status": [(name, number, percent(number, len(rows))) for name, number in statuses.items()],
            "by_type": self.outcomes(rows, lambda v: v.get_appointment_type_display()),
            "by_doctor": self.outcomes(rows, lambda v: self.people[v.doctor_id]),
            "by_department": self.outcomes(rows, lambda v: self.departments.get(v.department_id, "No department")),
            "lead_time": [spread_of(leads, 86_400)],
            "lead_classes": [(label, classes[n], percent(classes[n], len(rows))) for n, label in enumerate(labels)],
        }

    def outcomes(self, rows, key):
        groups = defaultdict(list)
        for visit in rows:
            groups[key(visit)].append(visit.status)
        return [
            (
                name,
                len(found),
                found.count("completed"),
                found.count("cancelled"),
                found.count("no_show"),
                percent(found.count("cancelled"), len(found)),
                percent(found.count("no_show"), len(found) - found.count("cancelled")),
            )
            for name, found in groups.items()
        ]

    # -- doctor_performance ------------------------------------------------------------------

    def doctor_performance(self):
        found = defaultdict(lambda: [0, 0, 0, 0, 0, 0, [], NONE])
        for v in self.appointments():
            if v.status == "cancelled":
                continue
            row = found[v.doctor_id]
            row[0] += 1
            row[1] += v.status == "completed"
            row[2] += v.status == "no_show"
            if v.status == "completed" and v.started_at and v.completed_at:
                row[6].append(v.completed_at - v.started_at)
        notes = [n for n in self.notes.values() if n.completed_at and n.abandoned_at is None]
        for place, key, day, rows in (
            (3, "doctor_id", "consultation_date", notes),
            (4, "doctor_id", "prescribed_date", self.prescriptions),
            (5, "ordered_by_doctor_id", "ordered_date", self.tests),
        ):
            for one in rows:
                doctor = getattr(one, key)
                if self.within(getattr(one, day)) and self.chosen(doctor, self.department_of(one), one.patient_id):
                    found[doctor][place] += 1
        for p in self.receipts():
            if visit := self.visits.get(self.invoices[p.invoice_id].appointment_id):
                found[visit.doctor_id][7] += p.amount
        return {
            "by_doctor": [
                (self.people.get(key, "No doctor"), *row[:6], spread_of(row[6], 60)[1], row[7])
                for key, row in found.items()
            ]
        }

    def department_of(self, row):
        """The department of the visit behind a consultation, or behind what was ordered in it."""
        note = row if isinstance(row, Consultation) else self.notes.get(row.consultation_id)
        visit = self.visits.get(note.appointment_id) if note else None
        return visit.department_id if visit else None

    # -- billing_summary ---------------------------------------------------------------------

    def billing_summary(self):
        rows = self.bills(LIVE | {"draft", "cancelled"})
        statuses = defaultdict(lambda: [0, NONE, NONE, NONE])
        ages = {name: [0, NONE] for name in ("0-30", "31-60", "61-90", "90+")}
        debts = defaultdict(lambda: [0, NONE])
        for i in rows:
            owing = i.status in OWED and i.balance_due > 0
            late = owing and i.due_date is not None and i.due_date < today()
            row = statuses["Overdue" if late else i.get_status_display()]
            owed = i.balance_due if i.status in OWED else NONE
            for place, value in enumerate((1, i.total_amount, i.amount_paid, owed)):
                row[place] += value
            if owing:
                days = (today() - i.invoice_date).days
                age = ages["0-30" if days <= 30 else "31-60" if days <= 60 else "61-90" if days <= 90 else "90+"]
                age[0] += 1
                age[1] += i.balance_due
                debts[i.patient_id][0] += 1
                debts[i.patient_id][1] += i.balance_due
        people = [(self.patients[key], *row) for key, row in debts.items()]
        people.sort(key=lambda row: (-row[2], row[0].patient_number))
        return {
            "by_status": [(name, *row) for name, row in statuses.items()],
            "aging": [(name, *row) for name, row in ages.items()],
            "write_offs": self.write_offs(),
            "debtors": [(p.patient_number, f"{p.last_name}, {p.first_name}", n, owed) for p, n, owed in people[:20]],
        }

    def write_offs(self):
        def line(label, amounts):
            amounts = list(amounts)
            return (label, len(amounts), sum(amounts, NONE))

        def settled(kind):
            return (
                p.amount
                for p in self.payments
                if p.kind == kind
                and p.voided_at is None
                and self.within(p.payment_date)
                and self.bill_chosen(self.invoices[p.invoice_id])
            )

        return [
            line(
                "Invoices cancelled after issue",
                (
                    i.total_amount
                    for i in self.invoices.values()
                    if i.status == "cancelled" and i.issued_at and self.within(i.cancelled_at) and self.bill_chosen(i)
                ),
            ),
            line(
                "Payments voided",
                (
                    p.amount
                    for p in self.payments
                    if p.kind == "received"
                    and not p.is_refunded
                    and self.within(p.voided_at)
                    and self.bill_chosen(self.invoices[p.invoice_id])
                ),
            ),
            line("Credit notes", settled("credit_note")),
            line("Written off", settled("write_off")),
            line(
                "Refunds",
                (
                    r.amount
                    for r in self.refunds
                    if self.within(r.refunded_at) and self.bill_chosen(self.invoices[r.invoice_id])
                ),
            ),
        ]

    # -- operational_metrics -----------------------------------------------------------------

    def operational_metrics(self):
        rows = self.appointments()
        waits = defaultdict(list)
        for v in rows:
            if v.started_at and v.checked_in_at:
                waits[self.people[v.doctor_id]].append(v.started_at - v.checked_in_at)
        took = defaultdict(list)
        for t in self.tests:
            chosen = self.chosen(t.ordered_by_doctor_id, self.department_of(t), t.patient_id)
            if chosen and self.within(t.result_date):
                took[t.test_name].append(t.result_date - t.ordered_date)
        came = [v for v in rows if v.status in CAME]
        grid = Counter((v.appointment_time.hour, v.appointment_date.weekday()) for v in came)
        hours = [hour for hour, _day in grid]
        throughput = []
        for hour in range(min(hours, default=0), max(hours, default=-1) + 1):
            counts = [grid[hour, day] for day in range(7)]
            throughput.append((f"{hour:02}:00", *counts, sum(counts)))
        return {
            "waiting": self.spreads("All doctors", waits),
            "utilisation": self.utilisation(rows),
            "throughput": throughput,
            "turnaround": self.spreads("All tests", took),
        }

    def spreads(self, label, groups):
        everything = [value for values in groups.values() for value in values]
        return [
            (label, *spread_of(everything, 60)),
            *((name, *spread_of(values, 60)) for name, values in groups.items()),
        ]

    def utilisation(self, rows):
        booked = Counter()
        for v in rows:
            if v.status not in {"cancelled", "no_show"}:
                booked[v.doctor_id] += v.duration_minutes
        working = defaultdict(int)
        for row in self.hours:
            user = self.users[row.doctor_id]
            if (self.doctor and user != self.doctor) or (self.department and user.department_id != self.department.pk):
                continue
            minutes = (row.end_time.hour - row.start_time.hour) * 60 + row.end_time.minute - row.start_time.minute
            first = max(self.period.start, row.valid_from or date.min)
            last = min(self.period.end, row.valid_until or date.max)
            if not (user.is_active and user.role == "doctor"):
                came = [v for v in self.visits.values() if v.doctor_id == user.pk and v.status in CAME]
                last = min(last, max((v.appointment_date for v in came), default=date.min))
                if last < self.period.start:
                    continue
            minutes += row.end_time == time(23, 59)  # which means midnight
            working[row.doctor_id] += 0
            for number in range((last - first).days + 1):
                day = first + timedelta(days=number)
                away = any(a.doctor_id == row.doctor_id and a.start_date <= day <= a.end_date for a in self.absences)
                if day.weekday() == row.weekday and not away:
                    working[row.doctor_id] += minutes
        return [
            (
                self.people[key],
                working.get(key, 0),
                booked.get(key, 0),
                percent(booked.get(key, 0), working.get(key, 0)),
            )
            for key in {*booked, *working}
        ]


def sorted_rows(rows):
    """Rows in an order of their own, so that ties do not matter."""
    return sorted((tuple(map(str_if_lazy, row)) for row in rows), key=str)


def str_if_lazy(value):
    known = (int, Decimal, date, type(None))
    return value if isinstance(value, known) else str(value)


def disagreements(books, period, **chosen):
    """Where the reports differ from plain Python: (type, table, only in the report, only in plain Python)."""
    books.of(period, **chosen)
    found = []
    for name, kind in KINDS.items():
        told = {table.name: table for table in kind(period, **chosen).tables()}
        expected = getattr(books, name)()
        assert set(told) == set(expected), name
        for key, rows in expected.items():
            said, counted = sorted_rows(told[key].rows), sorted_rows(rows)
            if said != counted:
                found.append((name, key, [r for r in said if r not in counted], [r for r in counted if r not in said]))
    return found
