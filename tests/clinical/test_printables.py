"""Clinical documents: what they must say, in any script, how many pages, and that printing is audited."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from audit.models import AuditLog
from clinical.models import ConsultationAddendum
from healthcare.clock import local, now, today
from tests.factories import (
    ConsultationFactory,
    LabTestFactory,
    PatientAllergyFactory,
    PatientFactory,
    PrescriptionFactory,
    ProblemFactory,
    UserFactory,
    VitalSignFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PRN-1")]


@pytest.fixture
def visit(doctor):
    address = {"address": "12 Elm Street", "city": "Lakewood", "state": "OH", "postal_code": "44107", "country": "USA"}
    patient = PatientFactory(last_name="Lopez", first_name="Maria", **address)
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
        "12 Elm Street Lakewood, OH 44107 USA",
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


def test_what_is_no_longer_valid_says_so(login, doctor, visit):
    expired = PrescriptionFactory(consultation=visit, prescribed_date=today() - timedelta(days=31))
    stopped = PrescriptionFactory(consultation=visit, medication_name="Stopped one", is_active=False)
    assert "Expired" in pdf(login(doctor), "prescription_pdf", expired)[0]
    assert "Discontinued" in pdf(login(doctor), "prescription_pdf", stopped)[0]
    assert "Discontinued" in pdf(login(doctor), "consultation_summary", visit)[0]


def test_the_appointments_slip_carries_the_patients_number_as_a_code(login, receptionist, visit):
    reader = PdfReader(
        BytesIO(login(receptionist).get(reverse("appointment_confirmation", args=[visit.appointment_id])).content)
    )
    assert visit.patient.patient_number in reader.metadata.title


def test_all_prescriptions_on_one_sheet_without_the_discontinued(login, doctor, visit):
    for number in range(3):
        PrescriptionFactory(consultation=visit, medication_name=f"Medicine {number}")
    PrescriptionFactory(consultation=visit, medication_name="Stopped one", is_active=False)
    text, pages = pdf(login(doctor), "consultation_prescriptions_pdf", visit)
    assert all(f"Medicine {number}" in text for number in range(3))
    assert "Stopped one" not in text
    assert pages == 1
    other = PrescriptionFactory(
        consultation=visit, medication_name="Renewed by another", doctor=UserFactory(role="doctor")
    )
    assert "Renewed by another" not in pdf(login(doctor), "consultation_prescriptions_pdf", visit)[0]
    assert other.doctor.full_name in pdf(login(doctor), "prescription_pdf", other)[0]
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


def test_each_set_of_the_day_is_printed_and_how_each_medicine_is_taken(login, doctor, visit):
    first = visit.patient.vital_signs.get()
    first.temperature_celsius, first.recorded_at = "38.4", now() - timedelta(minutes=3)
    first.save()
    VitalSignFactory(patient=visit.patient, systolic_bp=131, diastolic_bp=84)  # the pressure once more
    PrescriptionFactory(consultation=visit, route="oral", special_instructions="Only on Mondays")
    text, _pages = pdf(login(doctor), "consultation_summary", visit)
    assert text.index("38.4 °C") < text.index("131/84") and f"{local(first.recorded_at):%H:%M} BP 120/80" in text
    assert "Only on Mondays" in text
    text, _pages = pdf(login(doctor), "patient_chart_pdf", visit.patient)
    assert "oral" in text and "Only on Mondays" in text


def test_what_is_typed_without_a_space_stays_on_its_page(login, doctor, visit):
    PrescriptionFactory(consultation=visit, medication_name="x" * 300, dosage="y" * 100, frequency="twenty times")
    visit.treatment_plan = "https://clinic.example/" + "z" * 300
    visit.save()
    for name, row in (("consultation_summary", visit), ("patient_chart_pdf", visit.patient)):
        for page in PdfReader(BytesIO(login(doctor).get(reverse(name, args=[row.pk])).content)).pages:
            ends = []
            page.extract_text(visitor_text=lambda text, _cm, tm, *_rest, ends=ends: ends.append((text, tm[4])))
            assert all(len(line) < 150 for text, _x in ends for line in text.splitlines())


def test_a_long_note_takes_several_numbered_pages(login, doctor, visit):
    visit.examination_findings = "Unremarkable finding. " * 400
    visit.save()
    text, pages = pdf(login(doctor), "consultation_summary", visit)
    assert pages > 1
    assert text.count("Lopez, Maria") == pages  # sheets get apart
    assert f"page {pages} of {pages}" in text


@pytest.mark.spec("WF-LAB")
def test_requisition_can_be_printed_by_the_lab_staff(login, nurse, doctor, visit):
    test = LabTestFactory(consultation=visit, notes="Fasting since 22:00", reference_range="3.5-5")
    text, pages = pdf(login(nurse), "lab_test_requisition", test)
    for said in ("Potassium", "Fasting since 22:00", "Lopez, Maria", doctor.full_name, "Penicillin"):
        assert said in text, said
    assert pages == 1


@pytest.mark.spec("WF-LAB", "PRN-1")
def test_all_tests_of_a_visit_that_are_to_be_done_are_on_one_requisition(login, doctor, visit):
    for name in ("Potassium", "Sodium", "Ferritin"):
        LabTestFactory(consultation=visit, test_name=name, ordered_by_doctor=doctor)
    LabTestFactory(consultation=visit, test_name="Called off", ordered_by_doctor=doctor, status="cancelled")
    LabTestFactory(consultation=visit, test_name="Colleague's", ordered_by_doctor=UserFactory(role="doctor"))
    client = login(doctor)
    assert reverse("consultation_requisition", args=[visit.pk]) in client.get(visit.get_absolute_url()).content.decode()
    text, _pages = pdf(client, "consultation_requisition", visit)
    for said in ("Potassium", "Sodium", "Ferritin", "Lopez, Maria", doctor.full_name, "Penicillin"):
        assert said in text, said
    assert "Called off" not in text and "Colleague's" not in text
    assert text.count("Signature of the ordering doctor") == 1
    empty = ConsultationFactory(doctor=doctor)
    assert client.get(reverse("consultation_requisition", args=[empty.pk])).status_code == 404
    shown = client.get(empty.get_absolute_url()).content.decode()
    assert reverse("consultation_requisition", args=[empty.pk]) not in shown


@pytest.mark.parametrize(
    ("last_name", "first_name"),
    [
        ("Παπαδόπουλος", "Ελένη"),
        ("Иванова", "Ольга"),
        ("حداد", "ليلى"),
        ("王", "小明"),
        ("शर्मा", "अनीता"),
        ("Nguyễn", "Thị Hồng"),
        ("Łukasiewicz", "Żaneta"),
    ],
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


@pytest.mark.spec("DATA-5", "PRN-1", "PRN-2")
def test_the_whole_chart(login, doctor, nurse, visit):
    """What the screen shows of the patient stands in the document, and what was withdrawn does not."""
    PrescriptionFactory(consultation=visit, medication_name="Currentol", dosage="5 mg")
    LabTestFactory(
        consultation=visit, test_name="Potassium", status="completed", sample_collected_date=now(),
        result_value="7.1", result_unit="mmol/L", reference_range="3.5-5", is_abnormal=True, is_critical=True,
    )  # fmt: skip
    ConsultationAddendum.objects.create(consultation=visit, author=doctor, text="Culture negative")
    ProblemFactory(patient=visit.patient, title="Essential hypertension", code="I10")
    ProblemFactory(patient=visit.patient, title="Never true", status="entered_in_error")
    VitalSignFactory(patient=visit.patient, systolic_bp=222, entered_in_error_at=now())
    ConsultationFactory(patient=visit.patient, appointment=None, abandoned_at=now(), chief_complaint="By mistake")
    record = visit.patient.medical_record
    record.surgical_history = "Appendectomy 2001"
    record.save()
    text, pages = pdf(login(doctor), "patient_chart_pdf", visit.patient)
    for said in (
        "Lopez, Maria", visit.patient.patient_number, "Essential hypertension (I10)", "Penicillin (anaphylaxis)",
        "Appendectomy 2001", "Currentol 5 mg", "BP 120/80 mmHg", "Acute viral pharyngitis", "Rest & fluids <3 l",
        "7.1 mmol/L", "Critical", "Culture negative", doctor.full_name, f"page {pages} of {pages}",
    ):  # fmt: skip
        assert said in text, said
    for unsaid in ("Never true", "222", "By mistake"):
        assert unsaid not in text, unsaid
    entry = AuditLog.objects.filter(action="print").latest("created_at")
    assert (entry.user, entry.patient_id) == (doctor, visit.patient_id)
    assert login(nurse).get(reverse("patient_chart_pdf", args=[visit.patient.pk])).status_code == 403


@pytest.mark.spec("DATA-5")
def test_the_chart_asks_the_same_for_more_visits(doctor, visit, login, django_assert_max_num_queries):
    for _number in range(12):
        other = ConsultationFactory(patient=visit.patient, doctor=doctor, completed=True)
        PrescriptionFactory(consultation=other)
    client = login(doctor)
    with django_assert_max_num_queries(26):
        pdf(client, "patient_chart_pdf", visit.patient)


@pytest.mark.spec("PRN-2")
@pytest.mark.parametrize("name", ["consultation_summary", "patient_chart_pdf"])
def test_documents_are_tagged_and_titled(login, doctor, visit, name):
    row = visit if name == "consultation_summary" else visit.patient
    reader = PdfReader(BytesIO(login(doctor).get(reverse(name, args=[row.pk])).content))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root and "/Lang" in root
    assert b"pdfuaid" in root["/Metadata"].get_data()
    assert reader.metadata.title


@pytest.mark.spec("PRN-1")
def test_the_summary_says_what_the_page_says(login, doctor, visit):
    """Every word of the note on the screen stands in the printed summary."""
    visit.chief_complaint, visit.notes = "Sore throat since Monday", "Sick note for three days"
    visit.diagnosis_codes = [{"code": "J02.9", "title": "Acute pharyngitis, unspecified"}]
    visit.save()
    client = login(doctor)
    screen = client.get(visit.get_absolute_url()).context["sections"]
    text, _pages = pdf(client, "consultation_summary", visit)
    shown = [row["value"] for section in screen for row in section["rows"] if section["title"] == "Note"]
    words = [value for value in shown if isinstance(value, str) and value]
    assert len(words) >= 3
    for value in (*words, "J02.9 Acute pharyngitis, unspecified"):
        assert value in text, value


@pytest.mark.spec("PRN-1", "WF-RX")
def test_a_long_prescription_leaves_the_patients_lines_together(login, doctor, visit):
    """It moves to the next page as a whole; the allergies stay under the name they belong to."""
    prescription = PrescriptionFactory(consultation=visit, special_instructions="X" * 1000)
    response = login(doctor).get(reverse("prescription_pdf", args=[prescription.pk]))
    first, second = (page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)
    assert "Lopez, Maria" in first and "Penicillin" in first and "Paracetamol" not in first
    assert "Paracetamol" in second and "signature" in second
