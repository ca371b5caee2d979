"""What waits at the front desk: every edge that a receptionist meets, made through the forms that the desk uses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from departments.models import User
from healthcare.clock import today
from healthcare.demo.people import usual
from healthcare.roles import Role
from healthcare.workflow import submit
from patients.forms import RegisterPatientForm
from patients.forms.merge import MergePatientsForm
from patients.models import Patient
from scheduling.forms import AbsenceForm, BookAppointmentForm, BookSeriesForm, CancelForm
from scheduling.forms.waiting import WaitingListForm
from scheduling.models import Appointment
from scheduling.slots import Agenda

#: How many wait; one in two for a certain doctor.
WAITING = 5


def front_desk() -> None:
    """Wishes, twins, a merged chart, a series, a freed time that somebody waits for, visits in an absence."""
    clerk = usual(Role.RECEPTIONIST)
    doctors = list(User.objects.doctors().order_by("email"))
    patients = list(Patient.objects.filter(is_active=True, phone__gt="").order_by("id")[: WAITING + 3])
    put_on_the_waiting_list(clerk, doctors, patients)
    twin, merged, regular = patients[WAITING:]
    register_again(clerk, twin, "Not sure; the card was at home")
    again = register_again(clerk, merged, "Seen at once that there were two")
    do(MergePatientsForm, clerk, {"merged": again.pk, "reason": "Same person, registered twice"}, kept=merged)
    unknown = {"last_name": "Unknown", "first_name": "Harbour street", "gender": "male", "age_if_unknown": "60"}
    do(RegisterPatientForm, clerk, unknown)
    book_a_series(clerk, doctors[0], regular)
    fall_ill(clerk, doctors[1], patients[WAITING + 1])


def put_on_the_waiting_list(clerk: User, doctors: list[User], patients: list[Patient]) -> None:
    """Some for a certain doctor, some for a part of the day."""
    for number, patient in enumerate(patients[:WAITING]):
        wish = {
            "patient": patient.pk,
            "doctor": doctors[number % len(doctors)].pk if number % 2 else "",
            "appointment_type": "consultation",
            "duration_minutes": "30",
            "part_of_day": ("any", "morning", "afternoon")[number % 3],
            "earliest_date": today().isoformat(),
            "note": "Rings back after five" if number == 0 else "",
        }
        do(WaitingListForm, clerk, wish)


def register_again(clerk: User, twin: Patient, why: str) -> Any:
    """The same person with a slip of the pen."""
    data = {
        "last_name": f"{twin.last_name[:-1]}{twin.last_name[-1] * 2}",
        "first_name": twin.first_name,
        "date_of_birth": twin.date_of_birth.isoformat(),
        "gender": twin.gender,
        "phone": twin.phone,
        "acknowledge_warnings": "on",
        "override_reason": why,
    }
    return do(RegisterPatientForm, clerk, data)


def book_a_series(clerk: User, doctor: User, patient: Patient) -> None:
    """Four weekly visits; the last one is called off, so that its time is free for who waits."""
    # Beyond the month in which others are booked: no week of it is taken.
    visit = book(clerk, BookSeriesForm, doctor, patient, 35, {"repeat_times": "4", "repeat_weeks": "1"})
    last = Appointment.objects.filter(series_id=visit.pk).order_by("-appointment_date")[0]
    do(CancelForm, clerk, {"cancellation_reason": "Moves to another town"}, instance=last)


def fall_ill(clerk: User, doctor: User, patient: Patient) -> None:
    """A doctor is away at short notice on a day with a visit, which is to be moved."""
    visit = book(clerk, BookAppointmentForm, doctor, patient, 35, {})
    administrator = usual(Role.ADMINISTRATOR)
    day = visit.appointment_date.isoformat()
    do(AbsenceForm, administrator, {"doctor": doctor.pk, "start_date": day, "end_date": day, "reason": "Jury duty"})


def book(clerk: User, form: Any, doctor: User, patient: Patient, days: int, more: dict[str, Any]) -> Any:
    """At the doctor's first free time so many days on, or after."""
    first = today() + timedelta(days=days)
    agenda = Agenda.of(doctor.pk, first, first + timedelta(days=7))
    start = next(start for start in agenda.free_starts(30, agenda.working[0].start) if start.date() >= first)
    data = {
        "patient": patient.pk,
        "doctor": doctor.pk,
        "appointment_date": start.date().isoformat(),
        "appointment_time": f"{start:%H:%M}",
        "duration_minutes": "30",
        "appointment_type": "follow_up",
        "reason": "Physiotherapy plan" if more else "Check after the holidays",
        "acknowledge_warnings": "on",
        "override_reason": "Agreed with the patient",
    }
    return do(form, clerk, data | more)


def do(form_class: Any, actor: User, data: dict[str, Any], **arguments: Any) -> Any:
    """Submit a form; a refusal stops the build."""
    form = submit(form_class, actor=actor, data=data, **arguments)
    if not form.is_valid():
        raise CommandError(f"The demo broke a rule in {form_class.__name__}: {form.errors.as_json()}")
    return form.instance
