"""Observations become vital signs, one row per encounter, and completed lab tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext as _

from clinical.models import Consultation, LabTest, LabTestStatus, VitalSign
from healthcare.synthea.forms import PastLabTest, PastVitalSigns, errors_by_field, fill
from healthcare.synthea.reading import Row, Unusable, has_time, identity, moment, number, words
from healthcare.synthea.rejects import Outcome

#: LOINC code -> (column, decimal places).
VITALS = {
    "8480-6": ("systolic_bp", "1"),
    "8462-4": ("diastolic_bp", "1"),
    "8867-4": ("pulse_rate", "1"),
    "8310-5": ("temperature_celsius", "0.1"),
    "8331-1": ("temperature_celsius", "0.1"),
    "9279-1": ("respiratory_rate", "1"),
    "29463-7": ("weight_kg", "0.01"),
    "8302-2": ("height_cm", "0.1"),
    "2708-6": ("oxygen_saturation", "1"),
    "59408-5": ("oxygen_saturation", "1"),
}
#: The units in which those columns are kept; a value in any other unit is not guessed at.
VITAL_UNITS = {
    "systolic_bp": "mm[Hg]",
    "diastolic_bp": "mm[Hg]",
    "pulse_rate": "/min",
    "temperature_celsius": "Cel",
    "respiratory_rate": "/min",
    "weight_kg": "kg",
    "height_cm": "cm",
    "oxygen_saturation": "%",
}
#: The old layout has no category: these units are a laboratory's ...
LAB_UNITS = frozenset(
    (
        *("U/L", "kU/L", "10*3/uL", "10*6/uL", "/uL", "/[HPF]", "{copies}/mL", "fL", "pg", "pH", "[pH]", "{INR}"),
        *("g/dL", "g/L", "mg/dL", "mg/L", "mg/g", "mmol/L", "mL/min", "mL/min/{1.73_m2}"),
        *("ng/mL", "pg/mL", "ug/mL", "ug/L", "ug/dL"),
    )
)
#: ... and so are these codes, whose unit is a percentage or none (haematocrit, HbA1c, urine strips).
LAB_CODES = frozenset(
    (
        *("20570-8", "4544-3", "4548-4"),
        *("20454-5", "2514-8", "25428-4", "32167-9", "5767-9", "5770-3", "5778-6"),
        *("5794-3", "5799-2", "5802-4", "5811-5"),
    )
)
#: What stands in the column of units where there is none.
NO_UNIT = frozenset({"null", "n/a", "{nominal}", "{score}", "(score)"})


def is_laboratory(row: Row) -> bool:
    """Whether the observation is a laboratory's result."""
    if "CATEGORY" in row.data:
        return row["CATEGORY"] == "laboratory"
    return row["UNITS"] in LAB_UNITS or row["CODE"] in LAB_CODES


def read_vital_signs(
    encounter: str, rows: Iterable[Row], consultation: Consultation, outcome: Outcome
) -> VitalSign | None:
    """One set of measurements from an encounter's rows; None if none is usable.

    A row that the form refuses is rejected with the form's words, and the others are kept.
    """
    values: dict[str, str] = {}
    sources: dict[str, Row] = {}
    for row in rows:
        column, places = VITALS[row["CODE"]]
        try:
            if row["UNITS"] != VITAL_UNITS[column]:
                raise Unusable(_("The unit is not %(unit)s.") % {"unit": VITAL_UNITS[column]})
            value = str(number(row, "VALUE", places))
        except Unusable as error:
            outcome.reject(row, error)
            continue
        if column in sources:
            outcome.reject(row, _("The encounter has this measurement already; one set is kept per encounter."))
            continue
        values[column], sources[column] = value, row
    recorded_at = consultation.consultation_date.isoformat()
    while values:
        vital_signs = VitalSign(
            pk=identity("vital_signs", encounter),
            patient=consultation.patient,
            recorded_by_user=consultation.doctor,
        )
        data = {**values, "recorded_at": recorded_at}
        refused = errors_by_field(PastVitalSigns, vital_signs, data, actor=consultation.doctor)
        if not refused:
            for row in sources.values():
                outcome.take(row)
            return vital_signs
        named = [column for column in refused if column in values]
        for column in named or list(values):
            outcome.reject(sources.pop(column), refused.get(column) or "; ".join(refused.values()))
            del values[column]
    return None


def read_lab_tests(
    rows: Iterable[Row], consultation: Consultation, known: set[UUID], outcome: Outcome
) -> Iterable[LabTest]:
    """The completed and reviewed tests of an encounter."""
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        key = (row["ENCOUNTER"].lower(), row["CODE"], row["DATE"], row["DESCRIPTION"], row["VALUE"], row["UNITS"])
        seen[key] += 1
        if seen[key] > 1:
            outcome.reject(row, _("The file has this row already."))
            continue
        pk = identity("lab_test", *key)
        if pk in known:
            outcome.skip(row)
            continue
        try:
            test = _lab_test(row, pk, consultation)
        except Unusable as error:
            outcome.reject(row, error)
            continue
        outcome.take(row)
        yield test


def _lab_test(row: Row, pk: UUID, consultation: Consultation) -> LabTest:
    sampled = consultation.consultation_date
    # The old layout has the date alone, which the encounter knows better.
    resulted = max(moment(row, "DATE"), sampled) if has_time(row["DATE"]) else sampled
    if row["TYPE"] == "numeric":
        number(row, "VALUE")
    code = words(row, "CODE", 40)
    test = LabTest(
        pk=pk,
        patient=consultation.patient,
        consultation=consultation,
        ordered_by_doctor=consultation.doctor,
        status=LabTestStatus.IN_PROGRESS,
        ordered_date=sampled,
        sample_collected_date=sampled,
    )
    data = {
        "test_name": words(row, "DESCRIPTION"),
        "result_value": row["VALUE"],
        "result_unit": "" if row["UNITS"] in NO_UNIT else row["UNITS"],
        "notes": f"LOINC {code}" if code else "",
    }
    fill(PastLabTest, test, data, actor=consultation.doctor)
    test.status = LabTestStatus.COMPLETED
    test.result_date = test.reviewed_at = resulted
    test.reviewed_by_user = consultation.doctor
    return test
