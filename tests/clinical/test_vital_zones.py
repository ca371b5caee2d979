"""Zones, units, NEWS2, last values and trends of vital signs (BYD-9)."""

import csv
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags

from clinical import news2, trends, zones
from clinical.forms.vital_signs import RecordVitalSignsForm, to_centimetres, to_kilograms
from clinical.models import VitalSign
from healthcare.clock import now, today
from healthcare.sparkline import sparkline
from healthcare.workflow import submit
from tests.factories import PatientFactory, VitalSignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("BYD-9")]
DATA = Path(news2.__file__).parent / "data"
COMPLETE = {
    "systolic_bp": 118,
    "diastolic_bp": 74,
    "pulse_rate": 72,
    "respiratory_rate": 16,
    "temperature_celsius": Decimal("36.8"),
    "oxygen_saturation": 98,
    "consciousness": "A",
    "supplemental_oxygen": False,
}


def vitals(**values):
    return VitalSignFactory(patient=PatientFactory(), **{**COMPLETE, **values})


def test_every_band_of_the_published_table_gives_its_points():
    columns = {
        "respiration_rate": "respiratory_rate",
        "pulse": "pulse_rate",
        "temperature": "temperature_celsius",
        "spo2_scale1": "oxygen_saturation",
        "systolic_bp": "systolic_bp",
    }
    checked = 0
    for row in csv.DictReader((DATA / "news2_thresholds.csv").open()):
        name = columns.get(row["parameter"])
        if name is None:
            continue
        for end in ("low_inclusive", "high_inclusive"):
            if row[end]:
                score = vitals(**{name: Decimal(row[end]) if "." in row[end] else int(row[end])}).news2
                assert score.total == int(row["score"]), row
                checked += 1
    assert checked > 30


@pytest.mark.parametrize(
    ("values", "total", "risk"),
    [
        ({}, 0, "low"),
        ({"respiratory_rate": 22}, 2, "low"),
        ({"consciousness": "C"}, 3, "low-medium"),
        ({"pulse_rate": 115, "temperature_celsius": Decimal("39.2"), "systolic_bp": 108}, 5, "medium"),
        ({"oxygen_saturation": 90, "supplemental_oxygen": True, "pulse_rate": 112}, 7, "high"),
        ({"oxygen_saturation": 90, "supplemental_oxygen": True, "spo2_scale": 2}, 2, "low"),
        ({"oxygen_saturation": 97, "supplemental_oxygen": True, "spo2_scale": 2}, 5, "medium"),
        ({"oxygen_saturation": 97, "spo2_scale": 2}, 0, "low"),
    ],
)  # fmt: skip
def test_totals_and_risks(values, total, risk):
    score = vitals(**values).news2
    assert (score.total, score.risk) == (total, risk)
    assert sum(points for _label, points in score.parts) == total
    assert len(score.parts) == 7


@pytest.mark.parametrize(
    "missing",
    [
        {"respiratory_rate": None},
        {"oxygen_saturation": None},
        {"supplemental_oxygen": None},
        {"systolic_bp": None},
        {"pulse_rate": None},
        {"consciousness": ""},
        {"temperature_celsius": None},
    ],
)
def test_no_score_from_a_part_of_the_seven(missing):
    assert vitals(**missing).news2 is None


def test_no_score_for_children(login, nurse):
    child = PatientFactory(date_of_birth=today() - timedelta(days=365 * 15))
    row = VitalSignFactory(patient=child, **COMPLETE)
    assert row.news2 is None and row.concerns == []
    page = login(nurse).get(reverse("vital_sign_create"), {"patient": child.pk}).content.decode()
    assert "for adults of 16 years and more only" in page
    assert "data-low" not in page


@pytest.mark.parametrize(
    ("name", "value", "zone"),
    [
        ("pulse_rate", 72, "normal"),
        ("pulse_rate", 95, "concerning"),
        ("pulse_rate", 30, "impossible"),
        ("systolic_bp", 100, "concerning"),
        ("systolic_bp", 101, "normal"),
        ("systolic_bp", 139, "normal"),
        ("systolic_bp", 140, "concerning"),
        ("systolic_bp", 182, "concerning"),
        ("diastolic_bp", 89, "normal"),
        ("diastolic_bp", 90, "concerning"),
        ("diastolic_bp", 95, "concerning"),
        ("diastolic_bp", 80, "normal"),
        ("temperature_celsius", Decimal("38.5"), "concerning"),
        ("temperature_celsius", Decimal("34.0"), "impossible"),
        ("oxygen_saturation", 96, "normal"),
        ("oxygen_saturation", 69, "impossible"),
        ("weight_kg", Decimal(70), ""),
        ("pulse_rate", None, ""),
    ],
)
def test_zones(name, value, zone):
    assert zones.zone(name, value, 40) == zone


@pytest.mark.parametrize(
    ("values", "side"),
    [
        ({"oxygen_saturation": 90}, "low"),
        ({"oxygen_saturation": 90, "spo2_scale": 2}, ""),
        ({"oxygen_saturation": 87, "spo2_scale": 2}, "low"),
        ({"oxygen_saturation": 98, "spo2_scale": 2}, ""),
        ({"oxygen_saturation": 90, "spo2_scale": 2, "supplemental_oxygen": True}, ""),
        ({"oxygen_saturation": 97, "spo2_scale": 2, "supplemental_oxygen": True}, "high"),
        ({"oxygen_saturation": 97, "spo2_scale": 1, "supplemental_oxygen": True}, ""),
    ],
)
def test_where_88_to_92_percent_are_aimed_at_the_zone_is_that_of_the_score(values, side):
    """97 % on oxygen gave three points and was shown as normal; 90 % gave none and was shown as too low."""
    row = vitals(**values)
    assert row.beyond("oxygen_saturation") == side
    assert bool(row.concerns) is bool(side)
    points = {str(label): given for label, given in row.news2.parts}
    assert bool(points["SpO₂"]) is bool(side)


@pytest.mark.spec("VAL-3")
@pytest.mark.parametrize(("pounds", "kilograms"), [("154", "69.85"), ("1", "0.45"), ("220.5", "100.02")])
def test_pounds(nurse, pounds, kilograms):
    assert to_kilograms(Decimal(pounds)) == Decimal(kilograms)
    data = {"patient": str(PatientFactory().pk), "weight_kg": pounds, "weight_unit": "lb"}
    assert submit(RecordVitalSignsForm, actor=nurse, data=data).instance.weight_kg == Decimal(kilograms)


@pytest.mark.spec("VAL-3")
def test_inches_and_bmi(nurse):
    assert to_centimetres(Decimal(70)) == Decimal("177.8")
    data = {"patient": str(PatientFactory().pk), "weight_kg": "154", "weight_unit": "lb", "height_cm": "70"}
    row = submit(RecordVitalSignsForm, actor=nurse, data={**data, "height_unit": "in"}).instance
    assert (row.height_cm, row.bmi) == (Decimal("177.8"), "22.1")


def test_the_page_shows_last_values_and_says_what_concerns_after_saving(login, nurse):
    patient = PatientFactory()
    with time_machine.travel(now() - timedelta(days=3), tick=False):
        VitalSignFactory(patient=patient, systolic_bp=131, diastolic_bp=85, recorded_at=now())
    VitalSignFactory(patient=patient, systolic_bp=199, diastolic_bp=85, entered_in_error_at=now())
    client = login(nurse)
    page = client.get(reverse("vital_sign_create"), {"patient": patient.pk}).content.decode()
    assert "131/85 mmHg" in page and "199/85" not in page
    data = {name: str(value) for name, value in COMPLETE.items()} | {"pulse_rate": "118", "patient": str(patient.pk)}
    answer = client.post(reverse("vital_sign_create"), {**data, "supplemental_oxygen": "false"}, follow=True)
    text = answer.content.decode()
    assert "Outside the normal zone: pulse (per minute)" in text and "NEWS2 2, low" in text
    assert "pulse 2" in text


def test_trends_draw_valid_values_from_the_oldest_on(login, nurse):
    patient = PatientFactory()
    for day, systolic in ((3, 120), (2, 130), (1, 140)):
        VitalSignFactory(patient=patient, recorded_at=now() - timedelta(days=day), systolic_bp=systolic)
    VitalSignFactory(patient=patient, systolic_bp=250, entered_in_error_at=now())
    page = login(nurse).get(reverse("vital_sign_trends", args=[patient.pk]))
    chart = page.context["charts"][0]
    assert json.loads(chart["json"])["series"][0]["values"] == [120, 130, 140]
    assert chart["latest"] == "140/80"
    text = page.content.decode()
    assert "140/80" in text and "250/" not in text  # 250 alone may stand in a key


def test_lists_carry_a_small_line_in_one_query(login, nurse, django_assert_max_num_queries):
    for _number in range(10):
        patient = PatientFactory()
        VitalSignFactory(patient=patient, systolic_bp=120)
        VitalSignFactory(patient=patient, systolic_bp=130)
    client = login(nurse)
    with django_assert_max_num_queries(13):
        page = client.get(reverse("vital_sign_list"))
    assert page.content.decode().count("<polyline") == 20
    assert client.get(reverse("vital_sign_list"), {"export": "xlsx"}).status_code == 200


def test_a_small_line():
    assert sparkline([1], "x") == ""
    line = sparkline(["5", "5", "7"], "Pulse <b>")
    assert 'aria-label="Pulse &lt;b&gt;: 5, 5, 7"' in line and "style" not in line.replace("sparkline", "")


def test_the_table_for_the_script_is_the_table_of_the_server():
    table = trends.news2_table()
    for name, bands in news2.bands().items():
        assert [row[2] for row in table[name]] == [band.points for band in bands]


def test_consciousness_and_scale_are_checked_by_the_database():
    from django.db import IntegrityError, transaction

    for wrong in ({"consciousness": "X"}, {"spo2_scale": 3}):
        with pytest.raises(IntegrityError), transaction.atomic():
            VitalSign.objects.create(
                patient=PatientFactory(), recorded_by_user=VitalSignFactory().recorded_by_user, **wrong
            )


@pytest.mark.spec("BYD-9")
def test_values_outside_the_normal_zone_are_marked_where_they_are_listed(login, doctor, nurse):
    adult = PatientFactory(date_of_birth=today() - timedelta(days=365 * 50))
    row = VitalSignFactory(patient=adult, systolic_bp=156, diastolic_bp=80, pulse_rate=44, oxygen_saturation=97)
    assert row.beyond("systolic_bp", "diastolic_bp") == "high"
    assert (row.beyond("pulse_rate"), row.beyond("oxygen_saturation")) == ("low", "")
    listed = login(nurse).get(reverse("vital_sign_list")).content.decode()
    chart = login(doctor).get(reverse("patient_detail", args=[adult.pk]), {"tab": "vitals"}).content.decode()
    for page, high in ((listed, "156/80"), (chart, "156")):
        text = " ".join(strip_tags(page).split())
        assert f"↑ {high} above normal" in text
        assert "↓ 44 below normal" in text
        assert page.count('class="beyond"') == 2
    child = VitalSignFactory(patient=PatientFactory(date_of_birth=today() - timedelta(days=3650)), systolic_bp=156)
    assert child.beyond("systolic_bp") == ""
    [pressure, *_others] = trends.sparklines([row])
    assert pressure["beyond"] == "high"
