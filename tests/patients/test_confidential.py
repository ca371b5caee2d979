"""A confidential chart opens with a reason, which is audited and told."""

import pytest
from django.core import mail
from django.urls import reverse

from audit.daily import tell_of_confidential_charts
from audit.models import AuditLog
from healthcare.api import OPERATIONS
from healthcare.clock import now
from healthcare.roles import Role
from healthcare.workflow import submit
from patients.forms.confidential import MarkConfidentialForm, UnmarkConfidentialForm
from patients.forms.merge import UndoMergeForm
from patients.models import Patient, PatientMerge
from tests import factories as f
from tests.api.conftest import Api
from tests.api.test_access import path_of
from tests.kernel.routes import CANARY, KEYS, NAMES, url_for

pytestmark = [pytest.mark.django_db, pytest.mark.spec("AUD-4")]


@pytest.fixture
def patient(administrator):
    found = f.PatientFactory(last_name="Zebrafish")
    assert submit(MarkConfidentialForm, actor=administrator, instance=found).is_valid()
    found.refresh_from_db()
    return found


def test_the_reason_is_asked_once_audited_and_told(login, administrator, doctor, patient):
    client, chart = login(doctor), patient.get_absolute_url()
    asked = client.get(chart + "?tab=visits")
    assert asked.url.startswith(reverse("patient_open", args=[patient.pk]))
    page = client.get(asked.url)
    assert b"confidential" in page.content and b"Allergies" not in page.content
    assert not AuditLog.objects.filter(action="view", patient_id=patient.pk).exists()
    assert client.post(asked.url, {"reason": " "}).status_code == 200
    assert client.post(asked.url, {"reason": "Treats her today"}).url == chart + "?tab=visits"
    assert client.get(chart).status_code == 200
    entry = AuditLog.objects.get(action="open_confidential")
    assert (entry.user, entry.patient_id, entry.new_values) == (doctor, patient.pk, {"reason": "Treats her today"})
    assert tell_of_confidential_charts() == 1
    assert administrator.email in mail.outbox[0].to and "Zebrafish" not in mail.outbox[0].body
    assert "A confidential chart was opened since yesterday" in mail.outbox[0].body


def test_what_belongs_to_the_patient_is_closed_too(login, doctor, patient):
    client = login(doctor)
    consultation = f.ConsultationFactory(patient=patient, doctor=doctor)
    prescription = f.PrescriptionFactory(consultation=consultation)
    for name, row in (
        ("consultation_detail", consultation),
        ("consultation_edit", consultation),
        ("prescription_pdf", prescription),
        ("consultation_summary", consultation),
    ):
        response = client.get(reverse(name, args=[row.pk]))
        assert response.status_code == 302 and "/open/" in response.url, name


def test_nor_is_it_written_to_from_a_worklist(login, nurse, patient):
    """A result entered with many others needed no reason, which its own page and the API ask for."""
    test = f.LabTestFactory(patient=patient, status="in_progress", sample_collected_date=now())
    client, url = login(nurse), reverse("lab_worklist_enter")
    data = {"test": str(test.pk), f"{test.pk}-result_value": "4.2"}
    page = client.post(url, data).content.decode()
    assert "This chart is confidential" in page and 'value="4.2"' in page
    test.refresh_from_db()
    assert test.status == "in_progress"
    client.post(client.get(test.get_absolute_url()).url, {"reason": "Works in the laboratory"})
    assert client.post(url, data).status_code == 302
    test.refresh_from_db()
    assert (test.status, test.result_value) == ("completed", "4.2")


def test_the_way_on_stays_on_this_site(login, doctor, patient):
    url = reverse("patient_open", args=[patient.pk]) + "?next=https://evil.example/"
    assert login(doctor).post(url, {"reason": "Treats her today"}).url == patient.get_absolute_url()


def test_only_administrators_mark_and_the_mark_is_taken_off(login, administrator, doctor, patient):
    assert login(doctor).post(reverse("patient_not_confidential", args=[patient.pk])).status_code == 403
    assert submit(UnmarkConfidentialForm, actor=administrator, instance=patient).is_valid()
    assert login(doctor).get(patient.get_absolute_url()).status_code == 200


def test_the_api_wants_the_reason_in_a_header(login, doctor, patient):
    client, url = login(doctor), f"/api/v1/patients/{patient.pk}"
    refused = client.get(url)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "reason_required" and "Zebrafish" not in refused.content.decode()
    assert client.get(url, headers={"X-Access-Reason": "Treats her today"}).status_code == 200
    assert AuditLog.objects.get(action="open_confidential").new_values == {"reason": "Treats her today"}


def test_fhir_wants_it_too_and_keeps_such_charts_out_of_what_is_about_many(login, doctor, patient):
    client, reason = login(doctor), {"X-Access-Reason": "Treats her today"}
    for path in (f"Patient/{patient.pk}", f"Patient/{patient.pk}/$everything", f"Patient?patient={patient.pk}"):
        refused = client.get(f"/fhir/{path}")
        assert refused.status_code == 403 and "Zebrafish" not in refused.content.decode(), path
        allowed = client.get(f"/fhir/{path}", headers=reason)
        assert allowed.status_code == 200 and "Zebrafish" in allowed.content.decode(), path
    assert "Zebrafish" not in client.get("/fhir/Patient").content.decode()
    assert AuditLog.objects.filter(action="open_confidential", user=doctor).count() == 3


def test_a_merge_opens_nothing_and_its_undo_closes_no_other_chart(login, administrator, receptionist, doctor, patient):
    """What was confidential would have been there for everybody, under the other chart's number."""
    kept = f.PatientFactory()
    url = reverse("patient_merge", args=[kept.pk])
    desk, choice = login(receptionist), {"merged": str(patient.pk), "reason": "Registered twice"}
    assert desk.get(f"{url}?merged={patient.pk}").url.startswith(reverse("patient_open", args=[patient.pk]))
    assert desk.post(url, choice).url.startswith(reverse("patient_open", args=[patient.pk]))
    desk.post(reverse("patient_open", args=[patient.pk]), {"reason": "Registered twice"})
    assert "Zebrafish" in desk.get(f"{url}?merged={patient.pk}").content.decode()
    assert desk.post(url, choice).status_code == 302
    merge = PatientMerge.objects.get()
    assert login(doctor).get(kept.get_absolute_url()).url.startswith(reverse("patient_open", args=[kept.pk]))
    assert submit(UndoMergeForm, actor=administrator, instance=merge, data={"undo_reason": "Sisters"}).is_valid()
    assert login(doctor).get(kept.get_absolute_url()).status_code == 200
    assert login(doctor).get(patient.get_absolute_url()).url.startswith(reverse("patient_open", args=[patient.pk]))


def close_the_canary():
    """Mark the sample row's patient; whether it is about one."""
    return Patient.objects.filter(last_name=CANARY).update(is_confidential=True)


@pytest.mark.parametrize("name", [name for name in NAMES if KEYS[name] and name != "patient_open"])
def test_no_page_about_one_patient_opens_without_the_reason(login, name):
    """The versions of a note, both pages of trends and the account did."""
    for role in Role:
        user = f.UserFactory(role=role)
        url = url_for(name, user)
        if close_the_canary():
            answer = login(user).get(url)
            assert answer.status_code in (302, 403, 404, 405), f"{name} as {role}: {answer.status_code}"
            told = AuditLog.objects.filter(user=user, action__in=("view", "print", "export"))
            assert not told.exists(), f"{name} as {role}"


@pytest.mark.parametrize("name", [o.name for o in OPERATIONS if "{id}" in o.name and "audit-logs" not in o.name])
def test_nor_does_any_operation_of_the_api(name):
    """An empty PATCH showed the whole row, and DELETE and steps did too."""
    for role in Role:
        user = f.UserFactory(role=role)
        path, verb = path_of(name, user), name.split()[0]
        if close_the_canary():
            answer = Api(user).send(verb, path, None if verb == "GET" else {})
            assert answer.status_code in (400, 403, 404), f"{name} as {role}: {answer.status_code}"
            assert CANARY not in answer.content.decode()


@pytest.mark.spec("AUD-1", "API-1")
@pytest.mark.parametrize("body", [{}, {"blood_type": "A+"}])
def test_a_change_by_the_api_that_changes_nothing_is_told_as_the_look_that_it_is(doctor, body):
    chart = f.PatientFactory().medical_record
    chart.blood_type = "A+"
    chart.save()
    before = AuditLog.objects.count()
    answer = Api(doctor).send("PATCH", f"/medical-records/{chart.pk}", body)
    assert answer.body["data"]["blood_type"] == "A+"
    (told,) = AuditLog.objects.order_by("created_at", "pk")[before:]
    assert (told.action, told.entity_id, told.user) == ("view", chart.pk, doctor)
    Api(doctor).send("PATCH", f"/medical-records/{chart.pk}", {"blood_type": "B+"})
    assert [row.action for row in AuditLog.objects.order_by("created_at", "pk")[before + 1 :]] == ["update"]
