"""What the database refuses although no form was asked: raw SQL on both engines."""

from datetime import timedelta
from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction

from clinical.models import ConsultationAddendum, LabTest, LabTestStatus
from healthcare.clock import now
from healthcare.constraints import name_of, refusal_of
from tests.clinical.test_lab_tests import in_status
from tests.factories import ConsultationFactory, VitalSignFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("FND-8")]


def key(row):
    """The row's key as the database holds it."""
    return row.pk.hex if connection.vendor == "sqlite" else str(row.pk)


def execute(sql, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@pytest.mark.spec("RULE-CONS-5")
@pytest.mark.parametrize(
    "sql",
    ["UPDATE consultation_addenda SET text = 'x' WHERE id = %s", "DELETE FROM consultation_addenda WHERE id = %s"],
)
def test_addenda_are_append_only(sql):
    consultation = ConsultationFactory(completed=True)
    addendum = ConsultationAddendum.objects.create(consultation=consultation, author=consultation.doctor, text="signed")
    with pytest.raises(IntegrityError) as caught:
        execute(sql, key(addendum))
    assert "cannot be changed" in str(refusal_of(caught.value).message)
    addendum.refresh_from_db()
    assert addendum.text == "signed"


@pytest.mark.spec("RULE-CONS-5")
@pytest.mark.parametrize("fraction", [0, 123456])
@pytest.mark.parametrize(
    ("ago", "refused"),
    [
        (timedelta(hours=23, minutes=58), False),
        (timedelta(hours=24, seconds=1), True),
        (timedelta(days=2, minutes=1), True),
    ],
)
def test_consultation_is_immutable_24_hours_after_completion(ago, refused, fraction):
    completed_at = (now() - ago).replace(microsecond=fraction)
    consultation = ConsultationFactory(completed=True, completed_at=completed_at)
    sql = "UPDATE consultations SET diagnosis = 'changed' WHERE id = %s"
    if refused:
        with pytest.raises(IntegrityError) as caught:
            execute(sql, key(consultation))
        assert name_of(caught.value) == "consultations_locked"
        assert "addendum" in str(refusal_of(caught.value).message)
        with pytest.raises(IntegrityError):
            execute("UPDATE consultations SET completed_at = NULL WHERE id = %s", key(consultation))
    else:
        execute(sql, key(consultation))
    consultation.refresh_from_db()
    assert (consultation.diagnosis == "changed") is not refused


@pytest.mark.spec("RULE-LAB-1")
@pytest.mark.parametrize(("old", "new"), list(product(LabTestStatus, LabTestStatus)))
def test_lab_tests_cannot_skip_or_go_back(old, new):
    test = in_status(old, sample_collected_date=now(), result_value="4.2")
    sql = "UPDATE lab_tests SET status = %s WHERE id = %s"
    if new in LabTest.TRANSITIONS[old] or new == old:
        execute(sql, new.value, key(test))
    else:
        with pytest.raises(IntegrityError) as caught:
            execute(sql, new.value, key(test))
        assert name_of(caught.value) == "lab_tests_no_skipping"
    test.refresh_from_db()
    assert test.status == (new if new in LabTest.TRANSITIONS[old] else old)


@pytest.mark.spec("VAL-3", "RULE-LAB-2", "RULE-CONS-4")
@pytest.mark.parametrize(
    ("make", "sql"),
    [
        (VitalSignFactory, "UPDATE vital_signs SET systolic_bp = 70, diastolic_bp = 80 WHERE id = %s"),
        (VitalSignFactory, "UPDATE vital_signs SET temperature_celsius = 98.6 WHERE id = %s"),
        (VitalSignFactory, "UPDATE vital_signs SET weight_kg = 0 WHERE id = %s"),
        (lambda: in_status("in_progress"), "UPDATE lab_tests SET status = 'completed' WHERE id = %s"),
        (lambda: in_status("ordered"), "UPDATE lab_tests SET result_value = '4' WHERE id = %s"),
        (ConsultationFactory, "UPDATE consultations SET completed_at = CURRENT_TIMESTAMP WHERE id = %s"),
        (ConsultationFactory, "UPDATE consultations SET follow_up_required = true WHERE id = %s"),
    ],
)
def test_constraints_have_the_last_word(make, sql):
    row = make()
    with pytest.raises(IntegrityError) as caught:
        execute(sql, key(row))
    assert "somebody else was faster" not in str(refusal_of(caught.value).message)
