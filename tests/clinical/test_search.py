"""Lists of rows about patients are searched through the index of patients, never by reading all rows."""

import pytest
from django.urls import reverse

from clinical.models import Consultation, LabTest, Prescription, VitalSign
from patients.models import MedicalRecord
from scheduling.models import Appointment
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    LabTestFactory,
    PatientFactory,
    PrescriptionFactory,
    VitalSignFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PAGE-2")]


@pytest.fixture
def two(db):
    """The rows of Renée Söderberg and of somebody else, by model."""
    found = {}
    for name in ("Renée", "Xavier"):
        patient = PatientFactory(first_name=name, last_name=f"{name}-Söderberg", phone="+12025550143")
        consultation = ConsultationFactory(patient=patient)
        found[name] = {
            Appointment: AppointmentFactory(patient=patient, status="scheduled"),
            Consultation: consultation,
            Prescription: PrescriptionFactory(consultation=consultation, medication_name=f"Drug{name}"),
            LabTest: LabTestFactory(consultation=consultation, test_name=f"Test{name}"),
            VitalSign: VitalSignFactory(patient=patient),
            MedicalRecord: patient.medical_record,
        }
    return found


@pytest.mark.parametrize("model", [Appointment, Consultation, Prescription, LabTest, VitalSign, MedicalRecord])
def test_rows_are_found_by_their_patient(two, model):
    row, other = two["Renée"][model], two["Xavier"][model]
    for text in ("renee soderberg", "soder renée", "renee 0143"):
        assert row in model.objects.search(text)
        assert other not in model.objects.search(text)
    assert {row, other} <= set(model.objects.search("202 555 0143"))
    assert not model.objects.search("zzzz").exists()
    assert "search_terms" in str(model.objects.search("renee").query)


def test_own_words_count_where_nobody_has_that_name(two, login, doctor):
    assert list(Prescription.objects.search("drugx")) == [two["Xavier"][Prescription]]
    assert list(LabTest.objects.search("testren")) == [two["Renée"][LabTest]]
    by_doctor = Consultation.objects.search(two["Xavier"][Consultation].doctor.last_name)
    assert two["Xavier"][Consultation] in by_doctor
    page = login(doctor).get(reverse("prescription_list"), {"q": "soderberg xavier"})
    assert [row["object"] for row in page.context["rows"]] == [two["Xavier"][Prescription]]
