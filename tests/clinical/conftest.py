"""A checked-in patient with vital signs, and the consultation that follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinical.models import Consultation
from healthcare.clock import now, today
from tests.factories import AppointmentFactory, ConsultationFactory, VitalSignFactory


@pytest.fixture
def checked_in(doctor):
    """An appointment of today whose patient has arrived, without vital signs."""
    return AppointmentFactory(
        doctor=doctor, status="checked_in", appointment_date=today(), checked_in_at=now() - timedelta(minutes=10)
    )


@pytest.fixture
def ready(checked_in):
    """The same with vital signs."""
    VitalSignFactory(patient=checked_in.patient)
    return checked_in


@pytest.fixture
def consultation(doctor) -> Consultation:
    """An open consultation of the doctor."""
    return ConsultationFactory(doctor=doctor)


def rows(prefix, *filled):
    """A formset's data for these rows."""
    data = {f"{prefix}-TOTAL_FORMS": str(len(filled)), f"{prefix}-INITIAL_FORMS": "0"}
    for number, row in enumerate(filled):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


@pytest.fixture(name="rows")
def rows_fixture():
    """rows("prescriptions", {...}, {...}) -> form data."""
    return rows
