"""Clinical pages as pages: same number of queries for 1 and 30 rows, catalogue, formulary, filters."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditLog
from clinical import formulary
from clinical.forms.medications import MedicationForm
from clinical.models import Medication, Prescription
from healthcare.workflow import submit
from tests.factories import (
    ConsultationFactory,
    LabTestFactory,
    MedicationFactory,
    PatientAllergyFactory,
    PrescriptionFactory,
    VitalSignFactory,
)

pytestmark = pytest.mark.django_db


def queries(client, url):
    """How many queries a page takes."""
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("vital_sign_list", VitalSignFactory),
        ("consultation_list", lambda: ConsultationFactory(completed=True)),
        ("prescription_list", PrescriptionFactory),
        ("lab_test_list", LabTestFactory),
        ("medication_list", MedicationFactory),
    ],
)
def test_lists_take_as_many_queries_for_thirty_rows_as_for_one(login, doctor, name, make):
    client, url = login(doctor), reverse(name) + "?page_size=50"
    make()
    one = queries(client, url)
    for _ in range(29):
        make()
    assert queries(client, url) == one
    assert one <= 9


@pytest.mark.parametrize("name", ["consultation_detail", "consultation_edit"])
def test_consultation_takes_as_many_queries_for_many_rows_as_for_one(login, doctor, consultation, name):
    def fill(times):
        patient = consultation.patient
        for _ in range(times):
            PrescriptionFactory(consultation=consultation)
            LabTestFactory(
                consultation=consultation,
                status="completed",
                sample_collected_date=consultation.created_at,
                result_value="1",
            )
            VitalSignFactory(patient=patient)
            PatientAllergyFactory(patient=patient)
            ConsultationFactory(patient=patient, completed=True)

    client, url = login(doctor), reverse(name, args=[consultation.pk])
    fill(1)
    one = queries(client, url)
    fill(10)
    assert queries(client, url) == one
    assert one <= 25


def test_recording_vital_signs_takes_few_queries(login, nurse, checked_in):
    client = login(nurse)
    data = {"patient": checked_in.patient_id, "systolic_bp": "120", "diastolic_bp": "80", "pulse_rate": "60"}
    client.post(reverse("vital_sign_create"), data)
    with CaptureQueriesContext(connection) as captured:
        assert client.post(reverse("vital_sign_create"), data).status_code == 302
    assert len(captured) <= 9, [query["sql"][:90] for query in captured]


def test_administrator_keeps_the_catalogue(login, administrator, doctor):
    client = login(administrator)
    data = {"name": "Amoxicillin 250 mg capsule", "ingredients": "amoxicillin", "strength": "250 mg", "form": "capsule"}
    response = client.post(reverse("medication_create"), data)
    medication = Medication.objects.get()
    assert response.url == medication.get_absolute_url()
    assert "already" in str(client.post(reverse("medication_create"), data).context["form"].errors)
    assert client.post(reverse("medication_delete", args=[medication.pk])).status_code == 302
    medication.refresh_from_db()
    assert not medication.is_active
    assert AuditLog.objects.filter(entity_type="medication", action="deactivate").count() == 1
    client = login(doctor)
    assert client.get(medication.get_absolute_url()).status_code == 200
    assert client.get(reverse("medication_edit", args=[medication.pk])).status_code == 403
    assert client.get(reverse("medication_options"), {"q": "amox"}).json() == {"results": []}


@pytest.mark.spec("ENT-3")
def test_formulary_loads_once_with_one_strength_per_product(capsys):
    call_command("load_formulary")
    count = Medication.objects.count()
    assert count >= 400
    assert Medication.objects.filter(name="Amoxicillin 500 mg capsule", strength="500 mg").count() == 1
    assert Medication.objects.filter(name="Vitamin D3 1,000 units capsule", strength="1,000 units").count() == 1
    assert not Medication.objects.filter(ingredients="").exists()
    Medication.objects.filter(name="Amoxicillin 500 mg capsule").first().save()
    assert formulary.load() == (0, 0)
    assert "added" in capsys.readouterr().out


@pytest.mark.spec("ENT-3")
def test_ingredients_and_brands_are_written_in_one_way(administrator):
    data = {"name": "House mixture", "ingredients": "paracetamol;codeine ;; ", "brand_names": "Panadeine;Tylex"}
    form = submit(MedicationForm, actor=administrator, data=data)
    assert form.is_valid(), form.errors
    medication = Medication.objects.get()
    assert (medication.ingredients, medication.brand_names) == ("paracetamol; codeine", "Panadeine; Tylex")
    form = submit(MedicationForm, actor=administrator, data={**data, "name": "Nothing", "ingredients": " ; "})
    assert "ingredients" in form.errors


def test_list_filters(login, doctor):
    mine, other = PrescriptionFactory(), PrescriptionFactory()
    client = login(doctor)
    page = client.get(reverse("prescription_list"), {"patient": mine.patient_id})
    assert [row["object"] for row in page.context["rows"]] == [mine]
    page = client.get(reverse("prescription_list"), {"q": other.patient.last_name})
    assert other in [row["object"] for row in page.context["rows"]]
    page = client.get(reverse("consultation_list"), {"open": "true"})
    assert len(page.context["rows"]) == 2
    assert Prescription.objects.count() == 2
