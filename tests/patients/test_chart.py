"""The chart, the banner and the list: what each role sees (ROLE-2, BYD-2), and what a page costs."""

import re
from datetime import date, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from audit.models import AuditLog
from healthcare import clock
from healthcare.clock import now, today
from healthcare.roles import Role
from patients.models import Patient
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    InsuranceProviderFactory,
    InvoiceFactory,
    LabTestFactory,
    MedicationFactory,
    PatientAllergyFactory,
    PatientFactory,
    PrescriptionFactory,
    VitalSignFactory,
)

pytestmark = pytest.mark.django_db

A, D, N, R, B = (role.value for role in Role)
#: What is planted in a patient's data -> the roles that may read it somewhere on the chart or in the list.
CANARIES = {
    "Canaryname": {A, D, N, R, B},
    "+1 202-555-0143": {A, D, N, R, B},
    "canary@example.com": {A, D, R, B},
    "Canary Street": {A, D, R, B},
    "Canary Contact": {A, D, R, B},
    "Canary Insurance": {A, D, R, B},
    "CANARY-POLICY": {A, D, R, B},
    "Canarycillin": {A, D, N},
    "Canary condition": {A, D},
    "Canary complaint": {A, D},
    "Canary diagnosis": {A, D},
    "Canary drug": {A, D},
    "Canary reason": {A, D, N, R},
    "Canary open test": {A, D, N},
    "Canary finished test": {A, D},
    "CANARY-RESULT": {A, D},
    "INV-CANARY": {A, B},
    "117": {A, D, N},  # the systolic pressure
}
TABS = {
    "overview": {A, D, N, R, B},
    "record": {A, D},
    "visits": {A, D, N, R, B},
    "timeline": {A, D, N},
    "vitals": {A, D, N},
    "medications": {A, D},
    "labs": {A, D, N},
    "billing": {A, B},
}


@pytest.fixture
def canary(db):
    """A patient with something in every part of the chart."""
    patient = PatientFactory(
        last_name="Canaryname",
        phone="+12025550143",
        email="canary@example.com",
        address="Canary Street",
        emergency_contact_name="Canary Contact",
        insurance_provider=InsuranceProviderFactory(name="Canary Insurance"),
        insurance_policy_number="CANARY-POLICY",
    )
    patient.medical_record.chronic_conditions = "Canary condition"
    patient.medical_record.save()
    PatientAllergyFactory(patient=patient, substance="Canarycillin", severity="severe")
    visit = AppointmentFactory(patient=patient, status="completed", reason="Canary reason")
    consultation = ConsultationFactory(
        patient=patient,
        appointment=visit,
        chief_complaint="Canary complaint",
        diagnosis="Canary diagnosis",
        completed_at=now(),
    )
    PrescriptionFactory(consultation=consultation, medication_name="Canary drug")
    LabTestFactory(consultation=consultation, test_name="Canary open test")
    LabTestFactory(
        consultation=consultation,
        test_name="Canary finished test",
        status="completed",
        result_value="CANARY-RESULT",
        sample_collected_date=now(),
    )
    VitalSignFactory(patient=patient, systolic_bp=117, diastolic_bp=71)
    InvoiceFactory(patient=patient, invoice_number="INV-CANARY")
    return patient


@pytest.mark.spec("ROLE-2")
@pytest.mark.parametrize("role", [A, D, N, R, B])
def test_chart_and_list_show_each_role_its_part_only(login, staff, canary, role):
    client, seen = login(staff[role]), ""
    for tab, roles in TABS.items():
        response = client.get(reverse("patient_detail", args=[canary.pk]), {"tab": tab})
        assert response.status_code == (200 if role in roles else 403)
        text = response.content.decode()
        if response.status_code == 403:
            assert not [word for word in CANARIES if word in text and word != "117"]  # digits may be part of any id
        else:
            assert {entry["url"][5:] for entry in response.context["tabs"]} == {t for t, r in TABS.items() if role in r}
            seen += text.split("<main")[1] + text.split("<main")[0].split("patient-banner")[-1]
    listed = client.get(reverse("patient_list")).content.decode()
    export = client.get(reverse("patient_list"), {"export": "xlsx"})
    sheet = load_workbook(BytesIO(b"".join(export.streaming_content))).active
    cells = " ".join(str(cell.value) for row in sheet for cell in row)
    options = client.get(reverse("patient_options"), {"q": "canary"}).content.decode()
    for text, roles in CANARIES.items():
        if text != "117":
            assert role in roles or text not in listed + cells + options, text
        # Whole words: three digits of a measurement may be part of any id.
        assert bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", seen)) is (role in roles), text
    assert "Canaryname" in cells and "+1 202-555-0143" in cells
    assert ("canary@example.com" in cells) is (role != N)
    assert ("Insurance provider" in listed) is (role != N)
    filtered = client.get(reverse("patient_list"), {"insurance_provider": str(canary.pk)})
    assert (b"Canaryname" in filtered.content) is (role == N), "a nurse must not learn the insurer by filtering"


@pytest.mark.spec("ROLE-2", "PAGE-3")
@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (
            A,
            {
                *("Book appointment", "Record vitals", "Edit", "Deactivate", "Print chart", "Access log"),
                *("Merge", "Sticker", "Mark as confidential", "Account"),
            },
        ),
        (D, {"Record vitals", "Print chart"}),
        (N, {"Record vitals"}),
        (R, {"Book appointment", "Edit", "Deactivate", "Merge", "Sticker"}),
        (B, {"Account"}),
    ],
)
def test_actions_of_the_chart(login, staff, role, expected):
    patient = PatientFactory()
    actions = login(staff[role]).get(patient.get_absolute_url()).context["actions"]
    assert {str(action["label"]) for action in actions} == expected
    for action in actions:
        if action["label"] in ("Book appointment", "Record vitals"):
            assert action["url"].endswith(f"?patient={patient.pk}")
            assert login(staff[role]).get(action["url"]).status_code == 200


@pytest.mark.spec("ROLE-2")
@pytest.mark.parametrize(("role", "expected"), [(D, ["Edit", "Entered in error"]), (N, [])])
def test_allergies_lead_to_their_pages_for_those_who_may_change_them(login, staff, role, expected):
    allergy = PatientAllergyFactory()
    table = login(staff[role]).get(allergy.patient.get_absolute_url()).context["related"][0]
    (row,) = table["rows"]
    assert [str(action["label"]) for action in row["actions"]] == expected
    assert row["url"] == (reverse("patient_allergy_edit", args=[allergy.pk]) if expected else "")


@pytest.mark.spec("BYD-2", "BYD-3")
def test_banner(administrator, nurse, receptionist, billing_officer):
    patient = PatientFactory(
        first_name="Maria", last_name="Lopez", phone="+12025550143", date_of_birth=today().replace(year=1984)
    )
    banner = patient.banner_for(nurse)
    assert (banner["name"], banner["number"], banner["sex"]) == ("Lopez, Maria", patient.patient_number, "Female")
    assert banner["age"] == today().year - 1984
    assert (banner["allergy_state"], banner["extra"]) == ("not_asked", [])
    for user in (receptionist, billing_officer):
        hidden = patient.banner_for(user)
        assert (hidden["allergy_state"], hidden["allergies"]) == ("hidden", [])
        assert "+1 202-555-0143" in [value for _label, value in hidden["extra"]]
    record = patient.medical_record
    record.allergy_status = "none_known"
    record.save()
    assert Patient.objects.get().banner_for(nurse)["allergy_state"] == "none_known"
    # What is listed outweighs the answer, whoever wrote it.
    PatientAllergyFactory(patient=patient, substance="Latex", severity="mild")
    PatientAllergyFactory(patient=patient, substance="Penicillin", reaction="anaphylaxis", severity="severe")
    PatientAllergyFactory(patient=patient, substance="Nonsense", status="entered_in_error")
    record.allergies = "bee\nstings"
    record.save()
    banner = Patient.objects.get().banner_for(nurse)
    assert banner["allergy_state"] == "list"
    assert [(entry["text"], entry["severity"]) for entry in banner["allergies"]] == [
        ("Penicillin (anaphylaxis)", "severe"),
        ("Latex", "mild"),
        ("bee stings", "unknown"),
    ]


@pytest.mark.spec("BYD-2")
def test_banner_stands_on_every_page_about_a_patient_and_costs_no_query_when_prefetched(
    login, administrator, django_assert_num_queries
):
    patient = PatientFactory(last_name="Bannername")
    allergy = PatientAllergyFactory(patient=patient)
    client = login(administrator)
    for name, key in (
        ("patient_detail", patient.pk),
        ("patient_edit", patient.pk),
        ("patient_delete", patient.pk),
        ("patient_allergy_create", patient.pk),
        ("patient_allergy_edit", allergy.pk),
        ("patient_allergy_delete", allergy.pk),
        ("medical_record_detail", patient.medical_record.pk),
        ("medical_record_edit", patient.medical_record.pk),
    ):
        page = client.get(reverse(name, args=[key]))
        assert page.context["banner"]["name"].startswith("Bannername"), name
        assert b"patient-banner" in page.content
    loaded = Patient.objects.for_banner().get()
    with django_assert_num_queries(0):
        loaded.banner_for(administrator)


@pytest.mark.spec("BYD-2", "BYD-12")
@pytest.mark.parametrize(
    ("born", "estimated", "shown"),
    [
        ("2026-03-10", False, "0 d"),
        ("2026-02-26", False, "12 d"),
        ("2026-02-10", False, "1 mo"),
        ("2025-03-11", False, "11 mo"),
        ("2024-03-11", False, "23 mo"),
        ("2024-03-10", False, "2 y"),
        ("2025-07-01", True, "0 y"),  # day and month say nothing
        ("1984-03-11", False, "41 y"),
    ],
)
def test_the_age_of_small_children_is_told_in_months_and_days(login, nurse, born, estimated, shown):
    with time_machine.travel(datetime(2026, 3, 10, 12, tzinfo=clock.zone()), tick=False):
        patient = PatientFactory(date_of_birth=date.fromisoformat(born), date_of_birth_estimated=estimated)
        patient.refresh_from_db()
        assert patient.age_shown == shown
        assert f"({shown})" in " ".join(login(nurse).get(patient.get_absolute_url()).content.decode().split())


@pytest.mark.spec("AUD-1")
def test_opening_the_chart_is_audited(login, nurse):
    patient = PatientFactory()
    login(nurse).get(patient.get_absolute_url())
    entry = AuditLog.objects.get(action="view", entity_type="patient")
    assert (entry.user, entry.entity_id, entry.patient_id) == (nurse, patient.pk, patient.pk)


@pytest.mark.spec("VAL-6")
def test_unknown_tab_and_patient_are_404(login, nurse):
    patient = PatientFactory()
    client = login(nurse)
    assert client.get(patient.get_absolute_url(), {"tab": "nix"}).status_code == 404
    assert client.get(reverse("patient_detail", args=["01a20307-6f4f-753d-8f04-0d95ccbea0a6"])).status_code == 404


@pytest.mark.spec("PAGE-2")
@pytest.mark.parametrize("tab", list(TABS))
def test_chart_asks_the_same_number_of_questions_for_1_and_30_visits(login, administrator, tab):
    patient = PatientFactory()
    client = login(administrator)

    def visit(number):
        consultation = ConsultationFactory(
            patient=patient,
            appointment=AppointmentFactory(patient=patient, appointment_date=today() + timedelta(days=number)),
        )
        PrescriptionFactory(consultation=consultation)
        LabTestFactory(consultation=consultation)
        VitalSignFactory(patient=patient)
        InvoiceFactory(patient=patient)
        PatientAllergyFactory(patient=patient, substance=f"Substance {number}")

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(patient.get_absolute_url(), {"tab": tab}).status_code == 200
        return len(queries)

    visit(0)
    asked()
    one = asked()
    for number in range(1, 30):
        visit(number)
    assert asked() == one


@pytest.mark.spec("RULE-RX-3")
@pytest.mark.parametrize("tab", ["overview", "medications"])
def test_the_chart_leads_to_renewing_and_discontinuing(login, staff, tab):
    prescription = PrescriptionFactory()
    for role, shown in ((D, True), (A, False)):
        page = login(staff[role]).get(prescription.patient.get_absolute_url(), {"tab": tab}).content.decode()
        for name in ("prescription_renew", "prescription_discontinue"):
            assert (reverse(name, args=[prescription.pk]) in page) is shown


@pytest.mark.spec("PAGE-5", "ROLE-2")
def test_the_timeline_tells_what_the_role_may_know(login, staff):
    note = ConsultationFactory(completed=True, diagnosis="Zebrafish fever")
    PrescriptionFactory(consultation=note, medication_name="Zebrafish syrup")
    LabTestFactory(consultation=note, test_name="Zebrafish test", result_unit="g/dL")
    VitalSignFactory(patient=note.patient, systolic_bp=133)
    VitalSignFactory(patient=note.patient, systolic_bp=211, entered_in_error_at=now())
    seen = {}
    for role in (D, N):
        page = login(staff[role]).get(note.patient.get_absolute_url(), {"tab": "timeline"})
        seen[role] = page.content.decode()
        assert "133/80 mmHg" in seen[role] and "is-inactive" in seen[role]
    assert "Zebrafish test: Ordered<" in seen[D]  # no unit behind a step
    assert "Zebrafish fever" in seen[D] and "Zebrafish syrup" in seen[D]
    assert "Zebrafish" not in seen[N]
    for role in (R, B):
        assert login(staff[role]).get(note.patient.get_absolute_url(), {"tab": "timeline"}).status_code == 403


@pytest.mark.spec("ENT-3")
def test_allergies_are_suggested_from_the_formulary(login, staff):
    MedicationFactory(ingredients="zebrafishol; aspirin", drug_class="Zebrafishes")
    page = login(staff[N]).get(reverse("patient_allergy_create", args=[PatientFactory().pk])).content.decode()
    for name in ("zebrafishol", "Zebrafishes", "Latex"):
        assert f'<option value="{name}">' in page
