"""Reference ranges: what is abnormal, what is not, what cannot be told (RULE-LAB-3)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical import lab_catalogue
from clinical.reference_ranges import Interval, is_abnormal, parse

pytestmark = pytest.mark.spec("RULE-LAB-3")


@pytest.mark.parametrize(
    ("value", "reference_range", "expected"),
    [
        ("4.0", "3.5-5.1", False),
        ("3.5", "3.5-5.1", False),
        ("5.1", "3.5-5.1", False),
        ("5.10", "3.5 - 5.1", False),
        ("5.2", "3.5-5.1", True),
        ("3.4", "3.5–5.1", True),
        ("11", "12–16", True),
        ("14", "12 — 16", False),
        ("14", "12 to 16", False),
        ("199", "<200", False),
        ("200", "<200", True),
        ("200", "<=200", False),
        ("201", "≤ 200", True),
        ("5", "≤5", False),
        ("60", ">=60", False),
        ("59.9", ">=60", True),
        ("60", ">60", True),
        ("61", "≥60", False),
        ("3", "up to 5", False),
        ("-3", "-5--1", False),
        ("−3", "−5 – −1", False),
        ("0", "-5--1", True),
        ("-1.5", "-2 - 2", False),
        ("1,250", "140-450", True),
        ("7", "(5.0-8.0)", False),
        ("7 mmol/L", "5-8 mmol/L", False),
        ("<0.1", "3.5-5.1", True),
        ("<0.1", "<0.5", False),
        (">300", "<200", True),
        ("<5", "3-7", None),
        (">4", "3-7", None),
        # A C-reactive protein that is too little to be measured is normal.
        ("<0.1", "0-0.49", False),
        ("<0.5", "0-0.49", None),
        ("<0", "0-0.49", True),
        ("-1", "0-0.49", True),
        ("negative", "Negative", False),
        ("Positive", "negative", True),
        ("Not detected", "negative", False),
        ("reactive", "non-reactive", True),
        ("positive", "3-7", None),
        ("5", "negative", None),
        ("see note", "3-7", None),
        ("5", "", None),
        ("5", "adults only", None),
        ("5", "7-3", None),
        ("NaN", "3-7", None),
        ("1e400", "3-7", None),
        ("Infinity", "3-7", None),
        ("120/80", "3-7", None),
        ("", "3-7", None),
        ("21.7 (repeated)", "14-17", True),
        ("15 mmol/L (repeated)", "14-17", False),
        ("15 [haemolysed]", "14-17", False),
        ("18.2*", "14-17", True),
        ("18.2 H", "14-17", True),
        ("12 LL", "14-17", True),
        ("7 (of 10) fields", "3-7", None),
        # As people write: the laboratory's own flag is never shown as normal, whatever the range says.
        ("90 H", "70-100", True),
        ("90H", "70-100", True),
        ("90 (H)", "70-100", True),
        ("90 [low]", "70-100", True),
        ("90 high", "70-100", True),
        ("H 90", "70-100", True),
        ("90 mmol/L H", "70-100", True),
        ("90 H mmol/L", "70-100", None),
        ("90 H (repeated)", "70-100", True),
        ("90 H*", "70-100", True),
        ("90 H", "", True),
        ("12-15 H", "10-20", True),
        ("90*", "70-100", None),
        ("90 **", "70-80", True),
        ("90", "90 H", None),
        ("90", "70-100 H", None),
        ("90 low power fields", "70-100", None),
        ("<5", "<10", False),
        (">= 200", "<200", True),
        ("=>200", "<200", True),
        ("7,2", "3,5-5,1", True),
        ("7,2", "7.0-8.0", False),
        ("0,125", "0.1-0.2", False),
        ("1,250", "1-2", True),
        (".5", "<0.4", True),
        ("neg", "negative", False),
        ("Neg.", "neg", False),
        ("positive", "neg", True),
        ("++", "negative", True),
        ("(+)", "negative", True),
        ("2+", "negative", True),
        ("+1", "negative", True),
        ("±", "negative", True),
        ("+", "3-7", None),
        ("1.2 mmol/L", "0.6-1.3", False),
        ("1.4 mmol/L", "0.6-1.3", True),
        ("1.2 mg/dL", "0.6-1.3", None),
        ("12-15", "0-5", True),
        ("12-15", "10-20", False),
        ("4-6", "0-5", None),
        ("1:80", "<1:40", True),
        ("1:20", "<1:40", False),
        ("< 1 : 20", "<1:40", False),
        ("1:80", "<40", None),
        ("80", "<1:40", None),
        ("250", "less than 200", True),
        ("50", "at least 60", True),
        ("haemolysed", "3-7", None),
    ],
)
def test_examples(value, reference_range, expected):
    assert is_abnormal(value, reference_range, "mmol/L") is expected


numbers = st.decimals("-100000", "100000", places=3)


@given(numbers, numbers, numbers, st.sampled_from(["-", " - ", "–", " to ", "—"]))
def test_between_two_numbers(value, one, other, dash):
    low, high = sorted((one, other))
    assert is_abnormal(str(value), f"{low}{dash}{high}") is (not low <= value <= high)


@given(numbers, numbers)
def test_one_sided(value, limit):
    assert is_abnormal(str(value), f"<{limit}") is (value >= limit)
    assert is_abnormal(str(value), f"<={limit}") is (value > limit)
    assert is_abnormal(str(value), f">{limit}") is (value <= limit)
    assert is_abnormal(str(value), f"≥{limit}") is (value < limit)


@given(st.text(), st.text(), st.text(max_size=5))
def test_any_text_gets_an_answer(value, reference_range, unit):
    assert is_abnormal(value, reference_range, unit) in (True, False, None)


def test_a_result_that_is_itself_a_range():
    assert parse("<5") == Interval(high=Decimal(5), high_open=True)
    assert Interval(high=Decimal(5), high_open=True).below(Interval(low=Decimal(5)))
    assert not Interval(high=Decimal(5)).below(Interval(low=Decimal(5)))


def test_catalogue_knows_unit_and_range_by_sex():
    woman, man = lab_catalogue.find("haemoglobin", "female"), lab_catalogue.find("Haemoglobin ", "male")
    assert (woman.unit, woman.reference_range, man.reference_range) == ("g/dL", "12-16", "14-17")
    other = lab_catalogue.find("Haemoglobin", "other")
    assert (other.unit, other.reference_range) == ("g/dL", "")
    assert lab_catalogue.find("Potassium", "other").reference_range == "3.5-5"
    assert lab_catalogue.find("Unobtainium", "male") is None


def test_what_the_laboratory_calls_critical_is_critical():
    """HH and LL are the laboratory's panic flags; H alone is not."""
    assert lab_catalogue.is_critical("Glucose", "90 HH", "mg/dL")
    assert lab_catalogue.is_critical("Unobtainium", "7 (LL)", "")
    assert not lab_catalogue.is_critical("Glucose", "90 H", "mg/dL")


@given(numbers, st.sampled_from([" H", "H", " L", " HH", "LL", " (H)", " [L]", " high", " LOW", " H *"]))
def test_a_flagged_number_is_never_normal(value, flag):
    assert is_abnormal(f"{value}{flag}", "-200000-200000") is True


def test_every_range_of_the_catalogue_can_be_read():
    for name in lab_catalogue.names():
        for gender in ("male", "female"):
            test = lab_catalogue.find(name, gender)
            expected = "negative" in test.reference_range.lower() or not test.reference_range
            assert expected or parse(test.reference_range, test.unit), test
