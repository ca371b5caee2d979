"""Reading and writing through the API: the envelope, lists, versions, warnings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import AuditLog
from healthcare.clock import today
from patients.models import Patient
from scheduling.models import Appointment
from tests import factories

pytestmark = pytest.mark.django_db
MARIA = {"first_name": "María", "last_name": "Rentería", "date_of_birth": "1984-03-05", "gender": "female"}


def booking(patient, doctor, **more):
    factories.DoctorScheduleFactory(doctor=doctor, weekday=(today() + timedelta(days=1)).weekday())
    day = (today() + timedelta(days=1)).isoformat()
    return {
        "patient_id": str(patient.pk),
        "doctor_id": str(doctor.pk),
        "appointment_date": day,
        "appointment_time": "09:30",
        **more,
    }


@pytest.mark.spec("API-1", "API-2", "API-4", "WF-REG")
def test_a_patient_is_registered_read_changed_replaced_and_deactivated(api_of):
    api = api_of("receptionist")
    body = {**MARIA, "phone": "+12025550143", "is_active": False, "id": "nonsense", "search_text": "x", "wrong": 1}
    made = api.data("POST", "/patients", body, 201)
    assert made["patient_number"] == "P-000001" and made["is_active"] is True and made["notices"] == []
    assert made["last_name"] == "Rentería" and made["date_of_birth"] == "1984-03-05" and made["age"] >= 42 - 1
    assert "search_text" not in made
    row = Patient.objects.get(pk=made["id"])
    assert row.medical_record and row.phone == "+12025550143"

    path = f"/patients/{row.pk}"
    changed = api.data("PATCH", path, {"city": "Lugano"})
    assert (changed["city"], changed["phone"], changed["first_name"]) == ("Lugano", "+12025550143", "María")
    replaced = api.data("PUT", path, {**MARIA, "state": "TI"})
    assert replaced["patient_number"] == "P-000001"
    assert (replaced["city"], replaced["phone"], replaced["state"]) == ("", "", "TI")
    gone = api.data("DELETE", path)
    assert gone["is_active"] is False
    assert api.data("GET", "/patients")["total"] == 0
    assert api.data("GET", "/patients?inactive=true")["total"] == 1
    actions = list(AuditLog.objects.filter(entity_id=row.pk).values_list("action", flat=True).order_by("created_at"))
    assert actions == ["create", "update", "update", "deactivate"]
    assert set(AuditLog.objects.filter(entity_id=row.pk).values_list("user", flat=True)) == {
        AuditLog.objects.get(entity_id=row.pk, action="create").user_id
    }


@pytest.mark.spec("API-2")
@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "validation", "last_name"),
        ({**MARIA, "date_of_birth": "2999-01-01"}, 400, "validation", "date_of_birth"),
        ({**MARIA, "gender": "x"}, 400, "validation", "gender"),
        ({**MARIA, "first_name": ["a"]}, 400, "validation", "first_name"),
        ({**MARIA, "first_name": True}, 400, "validation", "first_name"),
        ({**MARIA, "first_name": "\u0000"}, 400, "validation", "first_name"),
        ({**MARIA, "insurance_provider_id": "nobody"}, 400, "validation", "insurance_provider_id"),
        ([], 400, "validation", None),
        ("{", 400, "malformed", None),
        ('{"first_name": NaN}', 400, "malformed", None),
        (b"\xff", 400, "malformed", None),
        (None, 400, None, None),
    ],
)
def test_what_cannot_be_saved_is_said_by_column(api_of, body, status, code, field):
    response = api_of("receptionist").post("/patients", body)
    assert response.status_code == status, response.content
    error = response.body["error"]
    assert response.body["status"] == "error" and response.body["data"] is None
    assert error["message"]
    if code:
        assert error["code"] == code
    if field:
        assert error["fields"][field]
    assert not Patient.objects.exists()


@pytest.mark.spec("API-2")
def test_statuses_of_paths_and_methods(api_of):
    api = api_of("receptionist")
    assert api.get("/nothing").status_code == 404
    assert api.get("/patients/not-a-uuid").body["error"]["code"] == "not_found"
    assert api.get("/patients/00000000-0000-7000-8000-000000000000").status_code == 404
    assert api.send("DELETE", "/patients").status_code == 405
    large = api.post("/patients", {"first_name": "x" * 3_000_000})
    assert large.status_code == 413 and large.body["error"]["code"] == "too_large"
    # Also without a token for the form of a page, and where Django itself refuses.
    strict = Client(enforce_csrf_checks=True)
    for path in ("/api/v1/nothing", "/api/v1"):
        assert strict.post(path).json()["error"]["code"] == "not_found"
    assert strict.post("/api/v1/openapi.json").status_code == strict.post("/fhir/Patient").status_code == 405
    evil = strict.get("/api/v1/patients", headers={"Host": "evil.example"})
    assert evil.status_code == 400 and evil.json()["error"]["code"] == "malformed"
    response = api.get("/patients")
    assert response.headers["Cache-Control"] == "no-store" and response.headers["X-Request-ID"]
    assert api.send("HEAD", "/patients").status_code == 200


@pytest.mark.spec("API-2")
def test_an_error_of_ours_is_an_envelope_without_details(api_of, monkeypatch):
    monkeypatch.setattr("healthcare.rest.resource.page_of", lambda *args: 1 / 0)
    response = api_of("receptionist").get("/patients")
    assert response.status_code == 500 and response.body["error"]["code"] == "error"
    assert b"division" not in response.content
    assert AuditLog.objects.filter(action="error", new_values__kind="ZeroDivisionError").exists()


@pytest.mark.spec("API-2")
def test_lists_are_paged_ordered_filtered_and_searched(api_of):
    api = api_of("receptionist")
    for number in range(30):
        factories.PatientFactory(last_name=f"Name{number:02}", gender="male" if number % 2 else "female")
    first = api.data("GET", "/patients?page_size=10")
    assert [first[name] for name in ("page", "page_size", "total")] == [1, 10, 30]
    assert [row["last_name"] for row in first["items"]] == [f"Name{number:02}" for number in range(10)]
    second = api.data("GET", "/patients?page_size=10&page=2")
    after = api.data("GET", f"/patients?page_size=10&after={first['next']}")
    assert [row["id"] for row in second["items"]] == [row["id"] for row in after["items"]]
    assert api.data("GET", "/patients?page=99")["items"] == []
    assert api.data("GET", "/patients?gender=male")["total"] == 15
    assert api.data("GET", "/patients?q=name07")["total"] == 1
    assert api.data("GET", "/patients?ordering=-last_name")["items"][0]["last_name"] == "Name29"
    # Columns by their name, also where the page has no such filter; and several orders.
    assert api.data("GET", "/patients?last_name=Name07&is_active=true")["total"] == 1
    assert api.data("GET", "/patients?is_active=false")["total"] == 0
    found = api.data("GET", "/patients?ordering=-last_name,date_of_birth&page_size=2")
    assert [row["last_name"] for row in found["items"]] == ["Name29", "Name28"]
    following = api.data("GET", f"/patients?ordering=-last_name,date_of_birth&page_size=2&after={found['next']}")
    assert [row["last_name"] for row in following["items"]] == ["Name27", "Name26"]
    # A search and a column together: both hold.
    Patient.objects.filter(last_name="Name07").update(city="Boston")
    assert [row["last_name"] for row in api.data("GET", "/patients?q=name&city=Boston")["items"]] == ["Name07"]
    assert api.data("GET", "/patients?q=name08&city=Boston")["items"] == []
    found = api.data("GET", "/patients?q=name&ordering=-last_name,date_of_birth&page_size=2")
    assert [row["last_name"] for row in found["items"]] == ["Name29", "Name28"] and found["total"] == 30
    assert api_of("nurse").data("GET", "/patients?city=Nowhere")["total"] == 30  # nurses see no city
    assert api.get("/patients?city=%00").status_code == api.get("/patients?is_active=x").status_code == 400
    for query in ("page=0", "page=x", "page_size=-1", "ordering=password", "gender=x", "page=99999", "after=x"):
        response = api.get(f"/patients?{query}")
        assert response.status_code == 400, query
        assert list(response.body["error"]["fields"]) == [query.split("=")[0]]


@pytest.mark.spec("API-2")
def test_a_large_total_is_counted_once_in_a_while_and_a_small_one_each_time(api_of, monkeypatch):
    api = api_of("receptionist")
    factories.PatientFactory.create_batch(6)

    def told(query="page_size=2"):
        with CaptureQueriesContext(connection) as queries:
            total = api.data("GET", f"/patients?{query}")["total"]
        return total, sum("COUNT(" in query["sql"] for query in queries)

    assert told("page_size=9") == (6, 0), "what ends on this page is counted already"
    assert told("q=nobody-of-that-name&page=3")[0] == 0
    assert told() == told() == (6, 1)
    monkeypatch.setattr("healthcare.rest.totals.COUNTED_EACH_TIME", 4)
    monkeypatch.setattr("healthcare.rest.totals.KEPT_TIMES", 10**6)
    assert told() == (6, 2)
    factories.PatientFactory(gender="other")
    assert told() == told("page_size=2&page=2") == (6, 0), "kept for a while, for every page"
    assert told("page_size=2&inactive=true") == (7, 2), "another question"


@pytest.mark.spec("API-2")
def test_lists_are_narrowed_by_keys_under_their_column_names(api_of):
    visit = factories.AppointmentFactory()
    factories.AppointmentFactory(appointment_date=today() - timedelta(days=400))
    api = api_of("receptionist")
    assert api.data("GET", "/appointments")["total"] == 2
    assert api.data("GET", f"/appointments?patient_id={visit.patient_id}")["total"] == 1
    assert api.data("GET", f"/appointments?doctor_id={visit.doctor_id}&status=scheduled")["total"] == 1
    invoice = factories.InvoiceFactory(patient=visit.patient, status="issued")
    factories.InvoiceFactory(status="issued")
    assert api_of("billing_officer").data("GET", f"/invoice-line-items?invoice_id={invoice.pk}")["total"] == 1
    assert api_of("billing_officer").get("/invoice-line-items?invoice_id=x").status_code == 400


@pytest.mark.spec("API-1", "ROLE-3")
def test_columns_follow_the_role(api_of):
    patient = factories.PatientFactory(address="1 Main Street", phone="+12025550143")
    seen = api_of("nurse").data("GET", f"/patients/{patient.pk}")
    assert "address" not in seen and seen["phone"] == "+12025550143"
    assert api_of("receptionist").data("GET", f"/patients/{patient.pk}")["address"] == "1 Main Street"
    note = factories.ConsultationFactory(completed=True, notes="secret")
    listed = api_of("billing_officer").data("GET", "/consultations")["items"]
    assert [row["id"] for row in listed] == [str(note.pk)] and "diagnosis" not in listed[0]
    assert api_of("billing_officer").get(f"/appointments/{factories.AppointmentFactory().pk}").status_code == 403


@pytest.mark.spec("API-1", "AUD-1")
def test_details_and_views_are_audited_in_a_constant_number_of_queries(api_of):
    doctor = api_of("doctor")
    patient = factories.PatientFactory()

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            data = doctor.data("GET", f"/patients/{patient.pk}/details")
        return data, len(seen)

    factories.AppointmentFactory(patient=patient)
    doctor.data("GET", "/patients")  # a person's first call is counted in the database, further ones in portions
    data, few = queries()
    assert data["medical_record"]["patient_id"] == str(patient.pk) and len(data["appointments"]) == 1
    for _number in range(9):
        factories.AppointmentFactory(patient=patient)
    data, many = queries()
    assert len(data["appointments"]) == 10 and few == many
    assert AuditLog.objects.filter(action="view", entity_id=patient.pk).count() == 2


@pytest.mark.spec("API-2", "FND-7")
def test_a_stale_version_is_refused_and_none_is_the_last_write(api_of):
    api = api_of("receptionist")
    patient = factories.PatientFactory()
    path = f"/patients/{patient.pk}"
    etag = api.get(path).headers["ETag"]
    response = api.patch(path, {"city": "Bern"}, **{"If-Match": etag})
    assert response.status_code == 200 and response.headers["ETag"] != etag
    stale = api.patch(path, {"city": "Basel"}, **{"If-Match": etag})
    assert stale.status_code == 409 and stale.body["error"]["code"] == "stale"
    assert Patient.objects.get().city == "Bern"
    assert api.patch(path, {"city": "Basel"}, **{"If-Match": "nonsense"}).status_code == 409
    assert api.patch(path, {"city": "Basel"}, **{"If-Match": f'"x", {response.headers["ETag"]}'}).status_code == 200
    assert api.patch(path, {"city": "Chur"}).status_code == 200


@pytest.mark.spec("API-2", "RULE-APPT-2")
def test_an_overlap_is_a_conflict_with_the_free_times(api_of, doctor):
    api = api_of("receptionist")
    made = api.data("POST", "/appointments", booking(factories.PatientFactory(), doctor), 201)
    assert made["status"] == "scheduled" and made["duration_minutes"] == 30 and made["appointment_time"] == "09:30:00"
    response = api.post("/appointments", booking(factories.PatientFactory(), doctor))
    assert response.status_code == 409 and response.body["error"]["code"] == "overlap"
    assert "appointment_time" in response.body["error"]["fields"]
    refused = api.delete(f"/appointments/{made['id']}")
    assert refused.status_code == 400 and refused.body["error"]["fields"]["cancellation_reason"]
    gone = api.data("DELETE", f"/appointments/{made['id']}?reason=Ill")
    assert (gone["status"], gone["cancellation_reason"]) == ("cancelled", "Ill")


@pytest.mark.spec("API-5")
def test_a_repeated_key_books_once(api_of, doctor):
    api = api_of("receptionist")
    body = booking(factories.PatientFactory(), doctor)
    first = api.post("/appointments", body, **{"Idempotency-Key": "k1"})
    again = api.post("/appointments", body, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.body["data"]["id"] == again.body["data"]["id"] and again.headers["Idempotency-Replayed"] == "true"
    assert Appointment.objects.count() == 1
    other = api.post("/appointments", {**body, "notes": "x"}, **{"Idempotency-Key": "k1"})
    assert other.status_code == 409 and other.body["error"]["code"] == "idempotency_key"
    assert api.post("/appointments", body, **{"Idempotency-Key": "x" * 300}).status_code == 400


@pytest.mark.spec("API-4", "RULE-RX-2")
def test_a_warning_is_told_and_acknowledged_with_a_reason(api_of, doctor):
    api = api_of("doctor")
    consultation = factories.ConsultationFactory(doctor=doctor)
    factories.PatientAllergyFactory(patient=consultation.patient)
    body = {
        "consultation_id": str(consultation.pk),
        "medication_name": "Amoxicillin 500 mg",
        "dosage": "500 mg",
        "frequency": "three times a day",
        "duration": "7 days",
    }
    response = api.post("/prescriptions", body)
    assert response.status_code == 400
    error = response.body["error"]
    assert error["code"] == "safety_warning"
    assert error["warnings"][0]["kind"] == "allergy" and set(error["warnings"][0]) == {
        "kind",
        "severity",
        "message",
        "source",
    }
    assert api.post("/prescriptions", {**body, "acknowledge_warnings": True}).status_code == 400
    made = api.data(
        "POST", "/prescriptions", {**body, "acknowledge_warnings": True, "override_reason": "Tolerated before"}, 201
    )
    assert made["override_reason"] == "Tolerated before" and made["state"] == "active"
    for unclear in ("no", "0", 1, "on"):  # to a form's tick each of them is a yes
        said = {"acknowledge_warnings": unclear, "override_reason": "Tolerated before"}
        refused = api.post("/prescriptions", {**body, **said})
        assert refused.status_code == 400 and "acknowledge_warnings" in refused.body["error"]["fields"], unclear
    # As rows of the consultation, all or nothing.
    path = f"/consultations/{consultation.pk}/complete"
    del body["consultation_id"]
    rows = {
        "diagnosis": "Pharyngitis",
        "prescriptions": [{**body, "medication_name": "Ampicillin 1 g"}],
        "lab_tests": [{"test_name": "Potassium"}],
    }
    refused = api.post(path, rows)
    assert refused.status_code == 400 and refused.body["error"]["code"] == "safety_warning"
    for empty in ({}, {"test_name": ""}):  # a row that says nothing is a mistake of the program
        refused = api.post(path, {"diagnosis": "Pharyngitis", "lab_tests": [{"test_name": "Potassium"}, empty]})
        assert refused.status_code == 400 and "lab_tests.1.__all__" in refused.body["error"]["fields"]
    said = {"acknowledge_warnings": "no", "override_reason": "Tolerated"}
    refused = api.post(path, {"diagnosis": "Pharyngitis", "prescriptions": [{**rows["prescriptions"][0], **said}]})
    assert "prescriptions.0.acknowledge_warnings" in refused.body["error"]["fields"]
    assert not consultation.lab_tests.exists()
    done = api.data("POST", path, {**rows, "acknowledge_warnings": True, "override_reason": "Tolerated"})
    assert done["state"] == "completed" and done["diagnosis"] == "Pharyngitis"
    details = api.data("GET", f"/consultations/{consultation.pk}/details")
    assert len(details["prescriptions"]) == 2 and details["lab_tests"][0]["test_name"] == "Potassium"
    assert details["appointment"]["status"] == "completed"


@pytest.mark.spec("API-4", "BYD-9")
def test_a_yes_or_no_is_true_or_false_and_never_lost(api_of):
    """A patient on oxygen was saved as not known to be: `yes` is nothing that the form's box knows."""
    api, patient = api_of("nurse"), str(factories.PatientFactory().pk)
    for said, kept in ((True, True), ("true", True), (False, False), ("False", False), (None, None)):
        body = {"patient_id": patient, "pulse_rate": 70, "supplemental_oxygen": said}
        assert api.data("POST", "/vital-signs", body, 201)["supplemental_oxygen"] is kept
    for said in ("yes", 1, 0, "on", [True]):
        refused = api.post("/vital-signs", {"patient_id": patient, "pulse_rate": 70, "supplemental_oxygen": said})
        assert refused.body["error"]["fields"] == {"supplemental_oxygen": ["Enter true or false."]}, said


@pytest.mark.spec("API-3")
def test_the_browsers_session_works_with_its_csrf_token(receptionist):
    client = Client(enforce_csrf_checks=True)
    client.force_login(receptionist)
    assert client.get("/api/v1/patients").status_code == 200
    response = client.post("/api/v1/patients", MARIA, content_type="application/json")
    assert response.status_code == 403 and response.json()["error"]["code"] == "csrf"
    client.get("/patients/new/")
    token = client.cookies["csrftoken"].value
    response = client.post("/api/v1/patients", MARIA, content_type="application/json", headers={"X-CSRFToken": token})
    assert response.status_code == 201
    # A header that does not hold is not helped by the cookie.
    assert client.get("/api/v1/patients", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.spec("API-2")
def test_too_many_requests_are_told_to_wait(api_of, settings, monkeypatch):
    from healthcare.rest.auth import PersonThrottle

    monkeypatch.setattr(PersonThrottle, "allow_request", lambda self, request: False)
    monkeypatch.setattr(PersonThrottle, "wait", lambda self: 7.2)
    response = api_of("nurse").get("/patients")
    assert response.status_code == 429 and response.headers["Retry-After"] == "8"
    assert response.body["error"]["code"] == "throttled"
