"""Clinical documents: what they must say, in any script, how many pages, and that printing is audited."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from audit.models import AuditLog
from clinical.models import ConsultationAddendum
from healthcare.clock import today
from tests.factories import (
    ConsultationFactory,
    LabTestFactory,
    PatientAllergyFactory,
    PatientFactory,
    PrescriptionFactory,
    VitalSignFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PRN-1")]


@pytest.fixture
def visit(doctor):
    patient = PatientFactory(last_name="Lopez", first_name="Maria")
    PatientAllergyFactory(patient=patient, substance="Penicillin", reaction="anaphylaxis", severity="severe")
    VitalSignFactory(patient=patient)
    return ConsultationFactory(patient=patient, doctor=doctor, completed=True, treatment_plan="Rest & fluids <3 l")


def pdf(client, name, row):
    """(text of all pages, number of pages)"""
    response = client.get(reverse(name, args=[row.pk]))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/pdf"
    assert "Lopez" not in response.headers["Content-Disposition"]
    reader = PdfReader(BytesIO(response.content))
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages), len(reader.pages)


@pytest.mark.spec("WF-RX")
def test_prescription(login, doctor, visit):
    prescription = PrescriptionFactory(consultation=visit, quantity=20, special_instructions="With food")
    text, pages = pdf(login(doctor), "prescription_pdf", prescription)
    for said in (
        "Lopez, Maria",
        visit.patient.patient_number,
        "1984-03-05",
        "Penicillin (anaphylaxis)",
        "Paracetamol 500 mg tablets",
        "four times a day",
        "With food",
        "20",
        str(today()),
        str(today() + timedelta(days=30)),
        doctor.full_name,
        "page 1 of 1",
    ):
        assert said in text, said
    assert pages == 1
    entry = AuditLog.objects.get(action="print")
    assert (entry.user, entry.entity_id, entry.patient_id) == (doctor, prescription.pk, visit.patient_id)


def test_all_prescriptions_on_one_sheet_without_the_discontinued(login, doctor, visit):
    for number in range(3):
        PrescriptionFactory(consultation=visit, medication_name=f"Medicine {number}")
    PrescriptionFactory(consultation=visit, medication_name="Stopped one", is_active=False)
    text, pages = pdf(login(doctor), "consultation_prescriptions_pdf", visit)
    assert all(f"Medicine {number}" in text for number in range(3))
    assert "Stopped one" not in text
    assert pages == 1
    empty = ConsultationFactory(doctor=doctor)
    assert login(doctor).get(reverse("consultation_prescriptions_pdf", args=[empty.pk])).status_code == 404


def test_summary_says_the_whole_visit(login, doctor, visit):
    PrescriptionFactory(consultation=visit)
    LabTestFactory(consultation=visit, test_name="Potassium")
    ConsultationAddendum.objects.create(consultation=visit, author=doctor, text="Culture negative")
    text, _pages = pdf(login(doctor), "consultation_summary", visit)
    for said in (
        "Acute viral pharyngitis",
        "Rest & fluids <3 l",
        "120/80",
        "Paracetamol",
        "Potassium",
        "Culture negative",
    ):
        assert said in text, said


def test_a_long_note_takes_several_numbered_pages(login, doctor, visit):
    visit.examination_findings = "Unremarkable finding. " * 400
    visit.save()
    text, pages = pdf(login(doctor), "consultation_summary", visit)
    assert pages > 1
    assert f"page {pages} of {pages}" in text


@pytest.mark.spec("WF-LAB")
def test_requisition_can_be_printed_by_the_lab_staff(login, nurse, doctor, visit):
    test = LabTestFactory(consultation=visit, notes="Fasting since 22:00", reference_range="3.5-5")
    text, pages = pdf(login(nurse), "lab_test_requisition", test)
    for said in ("Potassium", "Fasting since 22:00", "Lopez, Maria", doctor.full_name, "Penicillin"):
        assert said in text, said
    assert pages == 1


@pytest.mark.parametrize(
    ("last_name", "first_name"),
    [("حداد", "ليلى"), ("王", "小明"), ("शर्मा", "अनीता"), ("Nguyễn", "Thị Hồng"), ("Łukasiewicz", "Żaneta")],
)
def test_names_in_any_script(login, doctor, last_name, first_name):
    patient = PatientFactory(last_name=last_name, first_name=first_name)
    prescription = PrescriptionFactory(consultation=ConsultationFactory(patient=patient, doctor=doctor))
    response = login(doctor).get(reverse("prescription_pdf", args=[prescription.pk]))
    reader = PdfReader(BytesIO(response.content))
    letters = set("".join(page.extract_text() for page in reader.pages))
    # Shaped scripts come out in visual order or with joined glyphs, so letters are compared, not words.
    wanted = {char for char in last_name + first_name if char.isalpha()}
    assert len(wanted & letters) >= 0.6 * len(wanted)
    fonts = {font for page in reader.pages for font in page["/Resources"]["/Font"]}
    assert fonts
