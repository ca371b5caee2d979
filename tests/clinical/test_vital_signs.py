"""Vital signs: limits, units, times, who may record, where one goes next."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from audit.models import AuditLog
from clinical.forms.vital_signs import EditVitalSignsForm, RecordVitalSignsForm, to_celsius, to_fahrenheit
from clinical.models import VitalSign
from departments.models import ClinicSettings
from healthcare.clock import local, now, wall_clock
from healthcare.workflow import submit
from tests.factories import PatientFactory, VitalSignFactory

pytestmark = pytest.mark.django_db


def record(actor, patient, **data):
    return submit(RecordVitalSignsForm, actor=actor, data={"patient": str(patient.pk), **data})


@pytest.mark.spec("WF-CHECKIN", "WF-AUD")
def test_nurse_records_and_returns_to_the_queue(login, nurse, checked_in):
    client = login(nurse)
    page = client.get(reverse("vital_sign_create"), {"patient": checked_in.patient_id})
    assert checked_in.patient.patient_number in page.content.decode()
    response = client.post(
        reverse("vital_sign_create"),
        {
            "patient": checked_in.patient_id,
            "shown_patient": checked_in.patient_id,
            "systolic_bp": "128",
            "diastolic_bp": "82",
            "pulse_rate": "71",
            "temperature_celsius": "98.6",
            "temperature_unit": "F",
            "weight_kg": "70.25",
        },
    )
    assert response.status_code == 302
    assert response.url == reverse("appointment_list")
    row = VitalSign.objects.get()
    assert (row.systolic_bp, row.temperature_celsius, row.weight_kg) == (128, Decimal("37.0"), Decimal("70.25"))
    assert row.recorded_by_user == nurse
    entry = AuditLog.objects.get(entity_type="vital_sign", action="create")
    assert (entry.user, entry.patient_id) == (nurse, checked_in.patient_id)


def test_without_a_visit_the_new_row_is_shown(login, nurse):
    patient = PatientFactory()
    response = login(nurse).post(reverse("vital_sign_create"), {"patient": patient.pk, "pulse_rate": "60"})
    assert response.url == VitalSign.objects.get().get_absolute_url()
    assert "60" in login(nurse).get(response.url).content.decode()


@pytest.mark.spec("VAL-3")
@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("temperature_celsius", ["35.0", "35", "43.3"], ["34.9", "43.4", "NaN", "1e400", "37.55", "-1", "x"]),
        ("pulse_rate", ["40", "200"], ["39", "201", "60.5", "NaN", "1e400", "-60", "9" * 40]),
        ("oxygen_saturation", ["70", "100"], ["69", "101", "97.5"]),
        ("respiratory_rate", ["1", "18"], ["0", "-1", "201", "16.5"]),
        ("weight_kg", ["0.5", "999.99"], ["0", "-3", "1000", "1.234", "nan"]),
        ("height_cm", ["30.5", "251"], ["0", "-1", "10000"]),
        ("systolic_bp", ["90"], ["0", "-1", "401", "40000", "120/80"]),
        ("diastolic_bp", ["60"], ["0", "301"]),
    ],
)
def test_limits(nurse, field, good, bad):
    patient = PatientFactory()
    for value in good:
        form = record(nurse, patient, **{field: value})
        assert form.is_valid(), (value, form.errors)
    saved = VitalSign.objects.count()
    for value in bad:
        form = record(nurse, patient, **{field: value})
        assert field in form.errors, value
        assert form[field].value() == value
    assert VitalSign.objects.count() == saved == len(good)


@pytest.mark.spec("VAL-3")
def test_fahrenheit_limits_and_message_are_in_the_unit_that_was_typed(nurse):
    patient = PatientFactory()
    for value in ("95", "110", "104.5"):
        assert record(nurse, patient, temperature_celsius=value, temperature_unit="F").is_valid()
    for value in ("94.8", "110.3", "37"):
        form = record(nurse, patient, temperature_celsius=value, temperature_unit="F")
        assert "between 95.0 and 109.9" in str(form.errors["temperature_celsius"])
    assert VitalSign.objects.count() == 3


@pytest.mark.spec("VAL-3")
def test_limits_are_settings(nurse, settings):
    patient = PatientFactory()
    settings.VITAL_LIMITS = {**settings.VITAL_LIMITS, "pulse_rate": (30, 220)}
    assert record(nurse, patient, pulse_rate="30").is_valid()
    assert not record(nurse, patient, pulse_rate="29").is_valid()


@pytest.mark.spec("VAL-3")
@pytest.mark.parametrize(("systolic", "diastolic", "ok"), [(120, 80, True), (80, 80, False), (79, 80, False)])
def test_systolic_is_above_diastolic(nurse, systolic, diastolic, ok):
    form = record(nurse, PatientFactory(), systolic_bp=str(systolic), diastolic_bp=str(diastolic))
    assert form.is_valid() is ok
    assert ("systolic_bp" in form.errors) is not ok


@pytest.mark.spec("VAL-3")
def test_one_measurement_at_least(nurse):
    form = record(nurse, PatientFactory(), notes="refused to be measured")
    assert "at least one measurement" in str(form.errors)
    assert not VitalSign.objects.exists()


@pytest.mark.spec("VAL-3")
def test_recorded_at_is_never_in_the_future_nor_before_birth(nurse):
    patient = PatientFactory()

    def at(moment):
        return record(nurse, patient, pulse_rate="60", recorded_at=moment)

    assert at((wall_clock() - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M")).is_valid()
    for bad in (
        (wall_clock() + timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M"),
        "9999-12-31T23:59",
        "0001-01-01T00:00",
        "1970-01-01T00:00",
        "2025-02-29T10:00",
        "yesterday",
        "\x00",
    ):
        assert at(bad).errors["recorded_at"], bad
    assert VitalSign.objects.count() == 1


@pytest.mark.spec("VAL-3", "PAGE-7")
def test_a_decimal_comma_is_a_decimal_point_and_reaches_the_server(login, nurse):
    row = record(nurse, PatientFactory(), temperature_celsius="38,2", weight_kg="70,5", height_cm="175").instance
    assert (row.temperature_celsius, row.weight_kg, row.height_cm) == (Decimal("38.2"), Decimal("70.5"), 175)
    for bad in ("1,250", "7,0,5", "7.0,5", "70-5"):
        assert record(nurse, PatientFactory(), pulse_rate="70", weight_kg=bad).errors["weight_kg"], bad
    # A number input of an English browser would send 705 for 70,5, and nothing for 70-5.
    page = login(nurse).get(reverse("vital_sign_create")).content.decode()
    assert 'type="number"' not in page and page.count('inputmode="decimal"') == len(VitalSign.MEASUREMENTS)


@pytest.mark.spec("VAL-3", "FND-4")
def test_a_newborn_of_the_night_is_measured_on_the_clinics_day(nurse, monkeypatch):
    # 2026-11-23 23:30 UTC is already the 24th in Kyiv.
    monkeypatch.setattr(ClinicSettings, "_shown", ClinicSettings(time_zone="Europe/Kyiv"))
    with time_machine.travel("2026-11-23 23:30+00:00", tick=False):
        born = PatientFactory(date_of_birth=date(2026, 11, 24))
        form = record(nurse, born, pulse_rate="140", weight_kg="3.2")
        assert form.is_valid(), form.errors
        assert not record(nurse, PatientFactory(date_of_birth=date(2026, 11, 25)), pulse_rate="140").is_valid()


def test_edit_is_for_administrators_and_keeps_patient_and_seconds(administrator, nurse, login):
    row = VitalSignFactory(recorded_at=now() - timedelta(hours=1, seconds=7))
    assert login(nurse).get(reverse("vital_sign_edit", args=[row.pk])).status_code == 403
    form = submit(
        EditVitalSignsForm,
        actor=administrator,
        instance=row,
        data={
            "patient": str(PatientFactory().pk),
            "systolic_bp": "118",
            "diastolic_bp": "76",
            "recorded_at": local(row.recorded_at).strftime("%Y-%m-%dT%H:%M"),
        },
    )
    assert form.is_valid(), form.errors
    changed = VitalSign.objects.get()
    assert (changed.systolic_bp, changed.patient_id, changed.recorded_at) == (118, row.patient_id, row.recorded_at)
    entry = AuditLog.objects.get(entity_type="vital_sign", action="update")
    assert entry.old_values == {"systolic_bp": 120, "diastolic_bp": 80}
    assert entry.new_values == {"systolic_bp": 118, "diastolic_bp": 76}


@pytest.mark.spec("BYD-2")
def test_a_form_shown_for_another_patient_is_refused(nurse):
    shown, posted = PatientFactory(), PatientFactory()
    form = record(nurse, posted, shown_patient=str(shown.pk), pulse_rate="60")
    assert "another patient" in str(form.errors)
    assert not VitalSign.objects.exists()


def test_inactive_or_unknown_patients_are_refused(nurse):
    gone = PatientFactory(is_active=False)
    assert "merged into another one" in str(record(nurse, gone, pulse_rate="60").errors["patient"])
    for bad in ("", "not-a-uuid", "00000000-0000-0000-0000-000000000000", "\x00"):
        assert "patient" in submit(RecordVitalSignsForm, actor=nurse, data={"patient": bad, "pulse_rate": "6"}).errors


@pytest.mark.spec("VAL-3")
@given(st.decimals("35.0", "43.3", places=1))
def test_celsius_survives_the_way_through_fahrenheit(celsius):
    assert to_celsius(to_fahrenheit(celsius)) == celsius


@given(st.decimals("-50", "150", places=1), st.decimals("-50", "150", places=1))
def test_conversion_keeps_the_order(first, second):
    if first <= second:
        assert to_celsius(first) <= to_celsius(second)
