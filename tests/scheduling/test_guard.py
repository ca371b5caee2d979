"""The database's own guard against overlap: plain rows, no form in sight."""

from datetime import date, time, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthcare.constraints import refusal_of
from healthcare.models import new_id
from scheduling.models import Appointment
from tests.factories import AppointmentFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = date(2028, 2, 28)


def accepts(make):
    """Whether the database takes the row."""
    try:
        with transaction.atomic():
            make()
    except IntegrityError as error:
        assert refusal_of(error).field == "appointment_time"
        return False
    return True


@pytest.mark.spec("RULE-APPT-2", "FND-8")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1439), st.integers(15, 480), st.booleans()),
        min_size=2,
        max_size=6,
    )
)
def test_overlap_is_refused_exactly_when_minutes_are_shared(rows, doctor_and_patient):
    doctor, patient = doctor_and_patient
    taken: set[int] = set()
    with transaction.atomic():
        for day, minute, length, cancelled in rows:
            minutes = set(range(day * 1440 + minute, day * 1440 + minute + length))
            accepted = accepts(
                lambda day=day, minute=minute, length=length, cancelled=cancelled: Appointment(
                    patient=patient,
                    doctor=doctor,
                    appointment_date=DAY + timedelta(days=day),
                    appointment_time=time(*divmod(minute, 60)),
                    duration_minutes=length,
                    status="cancelled" if cancelled else "scheduled",
                ).save()
            )
            assert accepted == (cancelled or not minutes & taken)
            if accepted and not cancelled:
                taken |= minutes
        transaction.set_rollback(True)


@pytest.fixture
def doctor_and_patient():
    return UserFactory(role="doctor"), PatientFactory()


@pytest.mark.spec("RULE-APPT-2")
def test_waking_a_cancelled_row_is_checked():
    first = AppointmentFactory(status="cancelled")
    AppointmentFactory(doctor=first.doctor)
    first.status = "scheduled"
    assert not accepts(first.save)


@pytest.mark.spec("RULE-APPT-2")
@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"appointment_time": time(9, 30)}, True),
        ({"appointment_time": time(9, 29)}, False),
        ({"duration_minutes": 61}, False),
        ({"notes": "only a note"}, True),
    ],
)
def test_moving_a_row_is_checked(change, accepted):
    first = AppointmentFactory()
    second = AppointmentFactory(doctor=first.doctor, appointment_time=time(10))
    moved = second if "appointment_time" in change else first
    for name, value in change.items():
        setattr(moved, name, value)
    assert accepts(moved.save) == accepted


@pytest.mark.spec("RULE-APPT-2")
@pytest.mark.parametrize("stored", ["09:30", "09:30:00", "09:30:00.000000", "09:30:00.000"])
@pytest.mark.parametrize(("at", "accepted"), [(time(10), True), (time(9, 59), False), (time(9), True)])
def test_however_the_time_is_stored(stored, at, accepted):
    first = AppointmentFactory(appointment_time=time(7))
    with connection.cursor() as cursor:
        key = first.pk.hex if connection.vendor == "sqlite" else first.pk
        cursor.execute("UPDATE appointments SET appointment_time = %s WHERE id = %s", [stored, key])
    assert accepts(lambda: AppointmentFactory(doctor=first.doctor, appointment_time=at)) == accepted


@pytest.mark.spec("RULE-APPT-2")
def test_seconds_count_too():
    first = AppointmentFactory(appointment_time=time(9, 0, 0, 500_000))
    assert not accepts(lambda: AppointmentFactory(doctor=first.doctor, appointment_time=time(9, 30)))
    assert accepts(lambda: AppointmentFactory(doctor=first.doctor, appointment_time=time(9, 30, 0, 500_000)))


@pytest.mark.spec("RULE-APPT-2")
def test_raw_sql_is_refused_too(doctor_and_patient):
    first = AppointmentFactory()
    columns = [field.column for field in Appointment._meta.concrete_fields]
    names = ", ".join("%s" if column == "id" else column for column in columns)
    key = new_id()
    sql = f"INSERT INTO appointments ({', '.join(columns)}) SELECT {names} FROM appointments WHERE id = %s"
    keys = [key.hex, first.pk.hex] if connection.vendor == "sqlite" else [key, first.pk]

    def copy():
        with connection.cursor() as cursor:
            cursor.execute(sql, keys)

    assert not accepts(copy)


@pytest.mark.spec("RULE-APPT-4")
@pytest.mark.parametrize("minutes", [14, 481, 0])
def test_duration_is_a_constraint(minutes):
    with pytest.raises(IntegrityError), transaction.atomic():
        AppointmentFactory(duration_minutes=minutes)
