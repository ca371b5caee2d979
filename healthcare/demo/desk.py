"""What waits at the front desk: wishes for an earlier time, a person registered twice, one who knows no birthday."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from departments.models import User
from healthcare.clock import today
from healthcare.roles import Role
from healthcare.workflow import submit
from patients.forms import RegisterPatientForm
from patients.models import Patient
from scheduling.forms.waiting import WaitingListForm

#: How many wait; one in two for a certain doctor.
WAITING = 5


def front_desk() -> None:
    """Everything through the forms that the desk uses."""
    clerk = User.objects.filter(role=Role.RECEPTIONIST).order_by("email")[0]
    doctors = list(User.objects.doctors().order_by("email"))
    patients = list(Patient.objects.filter(is_active=True, phone__gt="").order_by("id")[: WAITING + 1])
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
    twin = patients[-1]
    do(
        RegisterPatientForm,
        clerk,
        {
            "last_name": f"{twin.last_name[:-1]}{twin.last_name[-1] * 2}",
            "first_name": twin.first_name,
            "date_of_birth": twin.date_of_birth.isoformat(),
            "gender": twin.gender,
            "phone": twin.phone,
            "acknowledge_warnings": "on",
            "override_reason": "Not sure; the card was at home",
        },
    )
    unknown = {"last_name": "Unknown", "first_name": "Harbour street", "gender": "male", "age_if_unknown": "60"}
    do(RegisterPatientForm, clerk, unknown)


def do(form_class: Any, actor: User, data: dict[str, Any]) -> None:
    """Submit a form; a refusal stops the build."""
    form = submit(form_class, actor=actor, data=data)
    if not form.is_valid():
        raise CommandError(f"The demo broke a rule in {form_class.__name__}: {form.errors.as_json()}")
