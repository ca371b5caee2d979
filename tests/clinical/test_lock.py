"""24 hours after completion: nothing of a visit changes by any door, and an addendum is always possible."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from clinical.forms.consultations import CompleteConsultationForm, ConsultationForm
from clinical.models import Consultation, ConsultationAddendum, LabTest, Prescription
from healthcare.clock import now
from healthcare.workflow import submit
from tests.api.conftest import Api
from tests.factories import ConsultationFactory, LabTestFactory, PrescriptionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("RULE-CONS-5")]

NOTE = ("chief_complaint", "present_illness", "examination_findings", "diagnosis", "treatment_plan", "notes")


@pytest.fixture
def locked(doctor):
    """A visit of the day before yesterday with a prescription and an ordered test."""
    visit = ConsultationFactory(doctor=doctor, completed=True, completed_at=now() - timedelta(hours=24, minutes=1))
    return visit, PrescriptionFactory(consultation=visit, quantity=20), LabTestFactory(consultation=visit)


def everything():
    """What stands in the tables now."""
    tables = (Consultation, Prescription, LabTest, ConsultationAddendum)
    return [list(model.objects.order_by("pk").values()) for model in tables]


@pytest.mark.spec("FND-8", "RULE-RX-1", "PAGE-9")
def test_no_door_opens_a_locked_visit(login, doctor, administrator, locked):
    visit, prescription, test = locked
    before = everything()
    text = dict.fromkeys(NOTE, "Rewritten")
    drug = {"medication_name": "Other", "dosage": "9 mg", "frequency": "daily", "duration": "9 days", "quantity": "9"}

    pages = login(doctor)
    for url in (
        reverse("consultation_edit", args=[visit.pk]),
        reverse("consultation_complete", args=[visit.pk]),
        reverse("consultation_delete", args=[visit.pk]),
        reverse("prescription_edit", args=[prescription.pk]),
        reverse("prescription_create") + f"?consultation={visit.pk}",
        reverse("lab_test_edit", args=[test.pk]),
        reverse("lab_test_create") + f"?consultation={visit.pk}",
    ):
        answer = pages.post(url, {**text, **drug, "consultation": visit.pk, "test_name": "Sodium", "reason": "oops"})
        assert answer.status_code in (200, 302, 404, 405), url
        assert everything() == before, url

    for actor in (doctor, administrator):
        api = Api(actor)
        for method, path, body in (
            ("PATCH", f"/consultations/{visit.pk}", text),
            ("PUT", f"/consultations/{visit.pk}", text),
            ("POST", f"/consultations/{visit.pk}/complete", {**text, "prescriptions": [drug]}),
            ("DELETE", f"/consultations/{visit.pk}", {"reason": "oops"}),
            ("PATCH", f"/prescriptions/{prescription.pk}", drug),
            ("POST", "/prescriptions", {**drug, "consultation_id": str(visit.pk)}),
            ("PATCH", f"/lab-tests/{test.pk}", {"test_name": "Sodium", "notes": "Rewritten"}),
            ("POST", "/lab-tests", {"consultation_id": str(visit.pk), "test_name": "Sodium"}),
        ):
            assert 400 <= api.send(method, path, body).status_code < 500, (method, path)
            assert everything() == before, (method, path)

    admin = login(administrator)
    for row in (visit, prescription, test):
        url = reverse(f"admin:clinical_{row._meta.model_name}_change", args=[row.pk])
        admin.post(url, {**text, **drug, "test_name": "Sodium"})
        assert everything() == before, url

    for form in (ConsultationForm, CompleteConsultationForm):
        assert not submit(form, actor=doctor, instance=visit, data=text).is_valid()
    for row, change in (
        (visit, {"notes": "x"}),
        (prescription, {"quantity": 21}),
        (prescription, {"quantity": None}),
        (test, {"test_name": "Sodium"}),
        (test, {"consultation": None}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**change)
    assert everything() == before


@pytest.mark.spec("PRN-1")
def test_the_addendum_is_still_possible(login, doctor, locked):
    visit = locked[0]
    login(doctor).post(reverse("consultation_addendum", args=[visit.pk]), {"text": "Culture negative"})
    assert visit.addenda.get().author == doctor
