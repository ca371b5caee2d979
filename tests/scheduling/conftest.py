"""A doctor with a department, a patient, and the data of a booking for them."""

from datetime import datetime, time, timedelta

import pytest
import time_machine

from healthcare.clock import today, zone
from healthcare.workflow import submit
from scheduling.forms import BookAppointmentForm
from tests.factories import DepartmentFactory, PatientFactory


@pytest.fixture
def midday():
    """The clinic's clock stands at twelve."""
    with time_machine.travel(datetime.combine(today(), time(12), tzinfo=zone()), tick=False):
        yield


@pytest.fixture
def patient(db):
    return PatientFactory()


@pytest.fixture
def department(db):
    return DepartmentFactory()


@pytest.fixture
def tomorrow():
    return today() + timedelta(days=1)


@pytest.fixture
def booking(patient, doctor, department, tomorrow):
    """booking(**changes) -> what a receptionist would post."""

    def _booking(**changes):
        data = {
            "patient": str(patient.pk),
            "doctor": str(doctor.pk),
            "department": str(department.pk),
            "appointment_date": tomorrow.isoformat(),
            "appointment_time": "09:00",
            "duration_minutes": "30",
            "appointment_type": "consultation",
            "reason": "Cough",
            "notes": "",
        }
        return {name: value for name, value in {**data, **changes}.items() if value is not None}

    return _booking


@pytest.fixture
def book(receptionist, booking):
    """book(**changes) -> the submitted form."""

    def _book(**changes):
        return submit(BookAppointmentForm, actor=receptionist, data=booking(**changes))

    return _book
