"""The pages and writes that are measured, each with its goal at 100,000 patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

Request = tuple[str, dict[str, Any] | None]

EMAILS = {
    "administrator": "administrator@clinic.example",
    "doctor": "doctor@clinic.example",
    "nurse": "nurse@clinic.example",
    "receptionist": "receptionist@clinic.example",
    "billing_officer": "billing@clinic.example",
}


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    name: str
    role: str
    #: (path, form data) of the request number so-and-so; without data it is a GET.
    make: Callable[[dict[str, Any], int], Request]
    #: Milliseconds, median of one client, at 100,000 patients; 0 where the issue names none.
    goal: float = 0
    #: The share of the usual number of requests.
    share: float = 1
    status: int = 200
    #: Whether eight clients at once are measured too.
    crowd: bool = True


def fixed(path: str) -> Callable[[dict[str, Any], int], Request]:
    """The same page each time; the choices may stand in its address."""
    return lambda chosen, number: (path.format(**chosen), None)


def booking(chosen: dict[str, Any], number: int) -> Request:
    """A free half-hour of some doctor."""
    doctor, day, start = chosen["slots"][number]
    return "/appointments/new/", {
        "new_id": str(uuid4()),
        "patient": chosen["patients"][number % len(chosen["patients"])],
        "doctor": doctor,
        "appointment_date": day,
        "appointment_time": start,
        "duration_minutes": "30",
        "appointment_type": "consultation",
        "reason": "Bench",
    }


def vitals(chosen: dict[str, Any], number: int) -> Request:
    """A full set of measurements."""
    return "/vital-signs/new/", {
        "new_id": str(uuid4()),
        "patient": chosen["patients"][number % len(chosen["patients"])],
        "systolic_bp": "124",
        "diastolic_bp": "79",
        "pulse_rate": "72",
        "temperature_celsius": "36.8",
        "temperature_unit": "C",
        "respiratory_rate": "15",
        "oxygen_saturation": "98",
        "weight_kg": "72.5",
    }


def invoice(chosen: dict[str, Any], number: int) -> Request:
    """A draft with three lines."""
    data = {
        "new_id": str(uuid4()),
        "appointment": chosen["visits"][number],
        "line_items-TOTAL_FORMS": "3",
        "line_items-INITIAL_FORMS": "0",
    }
    for position, service in enumerate(chosen["services"]):
        data |= {f"line_items-{position}-service": service, f"line_items-{position}-quantity": "1"}
    chosen.setdefault("drafts", []).append(data["new_id"])
    return "/invoices/new/", data


def issue(chosen: dict[str, Any], number: int) -> Request:
    """One of the drafts that were just made."""
    return f"/invoices/{chosen['drafts'][number]}/issue/", {}


def duplicates(chosen: dict[str, Any], number: int) -> Request:
    """Somebody who is registered already, a little misspelled."""
    return "/patients/duplicates/", chosen["double"]


def api_booking(chosen: dict[str, Any], number: int) -> Request:
    """As `booking`, by a program."""
    doctor, day, start = chosen["api_slots"][number]
    return "/api/v1/appointments", {
        "patient_id": chosen["patients"][number % len(chosen["patients"])],
        "doctor_id": doctor,
        "appointment_date": day,
        "appointment_time": start,
        "duration_minutes": 30,
        "appointment_type": "consultation",
        "reason": "Bench",
    }


def api_payment(chosen: dict[str, Any], number: int) -> Request:
    """As `payment`, by a program."""
    key = chosen["invoices"][number % len(chosen["invoices"])]
    return "/api/v1/payments/process", {"invoice_id": key, "amount": "0.01", "payment_method": "cash"}


def payment(chosen: dict[str, Any], number: int) -> Request:
    """A cent on an issued invoice."""
    key = chosen["invoices"][number % len(chosen["invoices"])]
    return f"/invoices/{key}/pay/", {
        "new_id": str(uuid4()),
        "invoice": key,
        "amount": "0.01",
        "payment_method": "cash",
    }


def measured() -> Iterator[Measured]:
    """Every line, in the order of the table."""
    yield Measured("Patients list", "receptionist", fixed("/patients/"), 6.5)
    yield Measured("Patients list, page {page} by its next links", "receptionist", fixed("{far_page}"))
    yield Measured("Search by name", "receptionist", fixed("/patients/?q={name_quoted}"), 19.5)
    yield Measured("Search by phone", "receptionist", fixed("/patients/?q={phone}"), 6)
    yield Measured("Full chart ({chart_visits} visits): overview", "doctor", fixed("/patients/{chart}/"), 22.5)
    yield Measured("Full chart: visits", "doctor", fixed("/patients/{chart}/?tab=visits"), 22.5)
    yield Measured("Day's appointments", "receptionist", fixed("/appointments/?appointment_date={today}"), 11)
    yield Measured("Booking with conflict check (POST)", "receptionist", booking, 7, status=302)
    yield Measured("Recording vitals (POST)", "nurse", vitals, 5, status=302)
    yield Measured("Invoice with three lines (POST)", "billing_officer", invoice, 21, status=302)
    yield Measured("Issuing an invoice (POST)", "billing_officer", issue, status=302)
    yield Measured("Payment (POST)", "billing_officer", payment, 5, status=302)
    yield Measured("Search while typing", "receptionist", fixed("/search/suggestions/?q={typed}"), 15)
    yield Measured("Likely duplicates of a new patient", "receptionist", duplicates, 50)
    yield Measured("Free times of a doctor, a week", "receptionist", fixed("/appointments/slots/?doctor={one_doctor}"))
    week = "/appointments/calendar/events/?view=week&doctor={one_doctor}"
    yield Measured("Calendar of a doctor, a week", "receptionist", fixed(week))
    yield Measured("Chart of a patient with {busy_visits} visits", "doctor", fixed("/patients/{busy}/"), 17)
    yield Measured("Consultation of the same patient", "doctor", fixed("/consultations/{consultation}/edit/"), 17)
    yield Measured("Account of a patient with 1,000 invoices", "billing_officer", fixed("/patients/{busy}/account/"))
    yield Measured("Audit log", "administrator", fixed("/audit-logs/"))
    yield Measured("Audit log of a patient", "administrator", fixed("/audit-logs/?patient_id={busy}"))
    yield Measured("API: list of patients", "receptionist", fixed("/api/v1/patients"))
    yield Measured("API: details of a patient", "receptionist", fixed("/api/v1/patients/{chart}"))
    yield Measured("API: create appointment (POST)", "receptionist", api_booking, status=201)
    yield Measured("API: process payment (POST)", "billing_officer", api_payment, status=201)
    yield Measured("Log-in page", "", fixed("/login/"))
    for role in EMAILS:
        yield Measured(f"Dashboard, {role.replace('_', ' ')}", role, fixed("/"), 22)
    yield Measured(
        "Prescription PDF", "doctor", fixed("/prescriptions/{prescription}/pdf/"), 300, share=0.2, crowd=False
    )
    yield Measured("Invoice PDF", "billing_officer", fixed("/invoices/{invoice}/pdf/"), share=0.2, crowd=False)
    yield Measured(
        "Invoice PDF of 300 lines", "billing_officer", fixed("/invoices/{long}/pdf/"), share=0.1, crowd=False
    )
    yield Measured(
        "Statement PDF of 1,000 invoices",
        "billing_officer",
        fixed("/patients/{busy}/statement/"),
        share=0.1,
        crowd=False,
    )
    yield Measured(
        "Excel export of {rows} appointments",
        "receptionist",
        fixed("/appointments/?export=xlsx&date_from={date_from}&date_to={date_to}"),
        share=0.05,
        crowd=False,
    )
