"""No clinical text reaches who may not read it: by page, list, search, export or paper (ROLE-2)."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from audit.models import AuditLog
from clinical.models import ConsultationAddendum, LabTest
from healthcare.clock import now
from tests.factories import (
    ConsultationFactory,
    LabTestFactory,
    PatientAllergyFactory,
    PrescriptionFactory,
    ProblemFactory,
    VitalSignFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.spec("ROLE-2", "ROLE-3")]

CANARY = "zebrafishcanary"
LISTS = (
    "vital_sign_list",
    "consultation_list",
    "prescription_list",
    "prescription_overrides",
    "lab_test_list",
    "medication_list",
)


@pytest.fixture
def chart():
    """A completed visit in which every clinical text holds the canary."""
    visit = ConsultationFactory(
        completed=True,
        chief_complaint=CANARY,
        present_illness=CANARY,
        examination_findings=CANARY,
        diagnosis=CANARY,
        treatment_plan=CANARY,
        notes=CANARY,
    )
    patient = visit.patient
    ConsultationAddendum.objects.create(consultation=visit, author=visit.doctor, text=CANARY)
    PatientAllergyFactory(patient=patient, substance=CANARY)
    return {
        "consultation": visit,
        "prescription": PrescriptionFactory(consultation=visit, medication_name=CANARY, special_instructions=CANARY),
        "lab_test": LabTestFactory(
            consultation=visit,
            status="completed",
            sample_collected_date=now(),
            result_date=now(),
            result_value=CANARY,
            review_comment=CANARY,
        ),
        "vital_sign": VitalSignFactory(patient=patient, notes=CANARY),
    }


def opened(client, response_url, **query):
    """What a GET gives, as text, Excel cells included."""
    response = client.get(response_url, query)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if response.headers.get("Content-Type", "").startswith("application/vnd.openxml"):
        sheet = load_workbook(BytesIO(body), read_only=True).active
        return response, " ".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)
    return response, body.decode(errors="replace")


#: (role, entities whose detail holds the canary and is allowed)
SEES = {
    "administrator": {"consultation", "prescription", "lab_test", "vital_sign"},
    "doctor": {"consultation", "prescription", "lab_test", "vital_sign"},
    "nurse": {"vital_sign"},
    "receptionist": set(),
    "billing_officer": set(),
}
PAPERS = {
    "consultation": (
        "consultation_summary",
        "consultation_prescriptions_pdf",
        "consultation_requisition",
        "consultation_edit",
        "consultation_addendum",
        "consultation_versions",
        "consultation_delete",
        "consultation_take_over",
    ),
    "prescription": ("prescription_pdf", "prescription_edit", "prescription_renew", "prescription_discontinue"),
    "lab_test": ("lab_test_requisition", "lab_test_edit", "lab_test_review", "lab_test_correct"),
    "vital_sign": (),
}


@pytest.mark.parametrize("role", SEES)
def test_details_documents_and_forms(staff, chart, role):
    client = Client()
    client.force_login(staff[role])
    for entity, row in chart.items():
        response, text = opened(client, row.get_absolute_url())
        if entity in SEES[role]:
            assert (response.status_code, CANARY in text) == (200, True), entity
            continue
        assert (response.status_code, CANARY in text) == (403, False), entity
        for name in PAPERS[entity]:
            response, text = opened(client, reverse(name, args=[row.pk]))
            assert (response.status_code, CANARY in text) == (403, False), name
    refusals = AuditLog.objects.filter(user=staff[role], action="denied").count()
    assert refusals == sum(1 + len(PAPERS[entity]) for entity in chart if entity not in SEES[role])


@pytest.mark.parametrize("role", ["nurse", "receptionist", "billing_officer"])
def test_the_chart_its_tabs_its_print_and_the_trends(staff, chart, role):
    """By no route of the patient does a note, a prescription or a result reach them; a nurse sees measurements."""
    patient = chart["consultation"].patient
    ProblemFactory(patient=patient, title=CANARY, notes=CANARY)
    LabTestFactory(consultation=chart["consultation"], status="in_progress", sample_collected_date=now())
    chart["vital_sign"].notes = ""
    chart["vital_sign"].save()
    patient.patient_allergies.update(substance="Latex")
    client = Client()
    client.force_login(staff[role])
    for tab in ("overview", "record", "visits", "vitals", "medications", "labs", "billing"):
        _response, text = opened(client, patient.get_absolute_url(), tab=tab)
        assert CANARY not in text, tab
    for name in ("patient_chart_pdf", "lab_test_trends", "vital_sign_trends"):
        response, text = opened(client, reverse(name, args=[patient.pk]))
        assert response.status_code == (200 if (name, role) == ("vital_sign_trends", "nurse") else 403), name
        assert CANARY not in text, name
    for name in ("lab_worklist_collect", "lab_worklist_process", "lab_worklist_enter", "prescription_overrides"):
        response, text = opened(client, reverse(name))
        assert response.status_code == (200 if role == "nurse" and name.startswith("lab_") else 403), name
        assert CANARY not in text, name
    assert CANARY not in opened(client, reverse("dashboard"))[1]
    for name in ("patient_list", "appointment_list"):
        assert client.get(reverse(name), {"q": CANARY}).context["rows"] == [], name


@pytest.mark.parametrize("role", ["nurse", "receptionist", "billing_officer"])
def test_lists_searches_and_exports(staff, chart, role):
    client = Client()
    client.force_login(staff[role])
    for name in LISTS:
        for query in (
            {},
            {"q": CANARY},
            {"export": "xlsx"},
            {"ordering": "diagnosis"},
            {"inbox": "1"},
            {"is_abnormal": "true"},
        ):
            _response, text = opened(client, reverse(name), **query)
            text = text.replace(f'value="{CANARY}"', "").replace(f"<b>{CANARY}</b>", "")
            assert f"q={CANARY}" in text or CANARY not in text or query.get("q"), (name, query)
            if query != {"q": CANARY}:
                assert CANARY not in text, (name, query)


def test_billing_officer_lists_completed_visits_with_four_facts(login, billing_officer, chart):
    open_visit = ConsultationFactory()
    client = login(billing_officer)
    page = client.get(reverse("consultation_list"))
    (row,) = page.context["rows"]
    assert row["object"] == chart["consultation"]
    assert row["url"] == ""
    assert [str(column["label"]) for column in page.context["columns"]] == [
        "Patient",
        "Date",
        "Doctor",
        "Department",
        "State",
    ]
    assert client.get(open_visit.get_absolute_url()).status_code == 403


def test_nurse_sees_the_open_worklist_without_results(login, nurse, chart):
    waiting = LabTestFactory(status="in_progress", sample_collected_date=now(), ordered_date=now() - timedelta(days=1))
    client = login(nurse)
    page = client.get(reverse("lab_test_list"))
    assert [row["object"] for row in page.context["rows"]] == [waiting]
    assert "Result" not in [str(column["label"]) for column in page.context["columns"]]
    assert client.get(reverse("lab_test_list"), {"status": "completed"}).context["rows"] == []
    detail = client.get(waiting.get_absolute_url())
    assert [str(section["title"]) for section in detail.context["sections"]] == ["Order"]
    assert client.post(reverse("lab_test_enter_results", args=[chart["lab_test"].pk])).status_code == 403
    assert LabTest.objects.get(pk=chart["lab_test"].pk).result_value == CANARY


@pytest.mark.spec("AUD-1")
def test_views_are_audited(login, doctor, chart):
    client = login(doctor)
    for row in chart.values():
        client.get(row.get_absolute_url())
        entry = AuditLog.objects.get(action="view", entity_id=row.pk)
        assert (entry.user, entry.patient_id) == (doctor, chart["consultation"].patient_id)
