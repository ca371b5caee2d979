"""Invoices, their lines and payments through the API: the same rules as on pages."""

from __future__ import annotations

import json
import re

import pytest

from audit.models import AuditLog
from billing.models import Invoice, Payment
from healthcare.api_examples import EXAMPLES
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return factories.ConsultationFactory(completed=True).appointment


@pytest.mark.spec("API-3", "API-4", "API-5", "RULE-INV-1", "RULE-INV-2", "RULE-PAY-1")
def test_from_the_visit_to_the_receipt(api_of, visit):
    api = api_of("billing_officer")
    service = factories.ServiceFactory(default_price="80.00")
    body = {
        "appointment_id": str(visit.pk),
        "total_amount": "1.00",
        "line_items": [
            {"service_id": str(service.pk)},
            {"description": "Dressing", "quantity": 2, "unit_price": 10.10},
        ],
    }
    made = api.data("POST", "/invoices", body, 201, **{"Idempotency-Key": "i1"})
    assert made["total_amount"] == made["balance_due"] == "100.20" and made["status"] == "draft"
    assert api.data("POST", "/invoices", body, 201, **{"Idempotency-Key": "i1"})["id"] == made["id"]
    assert api.post("/invoices", body).status_code == 400  # RULE-INV-1
    path = f"/invoices/{made['id']}"
    assert api.data("PATCH", path, {"notes": "By post"})["total_amount"] == "100.20"
    assert api.data("PATCH", path, {"discount_amount": "5.00"})["total_amount"] == "95.20"
    # A percentage stands instead of the amount that is there; both at once are still refused.
    assert api.data("PATCH", path, {"discount_percent": "10"})["discount_amount"] == "10.02"
    assert api.patch(path, {"discount_percent": "10", "discount_amount": "5.00"}).status_code == 400
    api.data("PATCH", path, {"discount_amount": "0"})
    lines = api.data("GET", f"{path}/details")["line_items"]
    assert [line["line_total"] for line in lines] == ["80.00", "20.20"]
    replaced = api.data(
        "PATCH",
        path,
        {"line_items": [{"id": lines[0]["id"], "service_id": str(service.pk), "quantity": 3, "unit_price": "80"}]},
    )
    assert replaced["total_amount"] == "240.00"
    assert api.post("/payments", {"invoice_id": made["id"], "amount": 1, "payment_method": "cash"}).status_code == 400
    assert api.data("POST", f"{path}/issue")["status"] == "issued"
    pay = {"invoice_id": made["id"], "amount": "40.00", "payment_method": "cash"}
    first = api.data("POST", "/payments/process", pay, 201, **{"Idempotency-Key": "p1"})
    api.data("POST", "/payments/process", pay, 201, **{"Idempotency-Key": "p1"})
    assert Payment.objects.count() == 1 and first["amount"] == "40.00"
    assert api.data("GET", path)["status"] == "partially_paid"
    refused = api.post("/payments", {**pay, "amount": "200.01"})
    assert refused.status_code == 400 and refused.body["error"]["fields"]["amount"]
    assert "never changed" in api.put(f"/payments/{first['id']}", {"amount": "1.00"}).body["error"]["message"]
    assert api.delete(f"/payments/{first['id']}").status_code == 400
    voided = api.data("DELETE", f"/payments/{first['id']}", {"void_reason": "Wrong invoice"})
    assert voided["state"] == "voided" and api.data("GET", path)["balance_due"] == "240.00"
    assert api.data("DELETE", f"{path}?reason=Mistake")["status"] == "cancelled"


@pytest.mark.spec("API-1", "RULE-INV-3")
def test_lines_by_themselves_go_through_the_invoices_own_form(api_of, visit):
    api = api_of("billing_officer")
    invoice = api.data("POST", "/invoices", {"appointment_id": str(visit.pk)}, 201)["id"]
    line = api.data(
        "POST",
        "/invoice-line-items",
        {"invoice_id": invoice, "description": "Dressing", "quantity": 2, "unit_price": "10.00"},
        201,
    )
    assert line["line_total"] == "20.00" and line["invoice_id"] == invoice
    path = f"/invoice-line-items/{line['id']}"
    assert api.data("GET", path)["description"] == "Dressing"
    assert api.data("PATCH", path, {"quantity": 5})["line_total"] == "50.00"
    assert api.data("GET", f"/invoices/{invoice}")["total_amount"] == "50.00"
    bad = api.patch(path, {"quantity": 0})
    assert bad.status_code == 400 and bad.body["error"]["fields"]["quantity"]
    empty = api.post("/invoice-line-items", {"invoice_id": invoice})
    assert empty.status_code == 400 and set(empty.body["error"]["fields"]) == {"description", "unit_price"}
    other = api.data("POST", "/invoice-line-items", {"invoice_id": invoice, "description": "X", "unit_price": 1}, 201)
    api.data("DELETE", f"/invoice-line-items/{other['id']}")
    assert AuditLog.objects.filter(action="remove", entity_id=other["id"]).exists()
    assert Invoice.objects.get().total_amount == 50
    api.data("POST", f"/invoices/{invoice}/issue")
    for response in (
        api.patch(path, {"quantity": 1}),
        api.delete(path),
        api.post("/invoice-line-items", {"invoice_id": invoice, "description": "Y", "unit_price": 1}),
    ):
        assert response.status_code == 400, response.content
    assert Invoice.objects.get().total_amount == 50


@pytest.mark.spec("API-1", "AUTH-6")
def test_an_account_without_a_password_gets_one_that_is_told_once(api_of):
    api = api_of("administrator")
    made = api.data(
        "POST", "/users", {"email": "New@clinic.test", "first_name": "N", "last_name": "E", "role": "nurse"}, 201
    )
    assert made["email"] == "new@clinic.test" and len(made["one_time_password"]) > 8
    assert "password" not in made and "one_time_password" not in api.data("GET", f"/users/{made['id']}")
    assert api.data("DELETE", f"/users/{made['id']}")["is_active"] is False


@pytest.mark.spec("API-1")
def test_a_report_is_asked_for_and_downloaded(api_of, django_capture_on_commit_callbacks):
    api = api_of("administrator")
    with django_capture_on_commit_callbacks(execute=True):
        department = str(factories.DepartmentFactory().pk)
        body = {"report_type": "appointment_summary", "parameters": {"department_id": department}}
        made = api.data("POST", "/reports/generate", body, 201)
    assert made["parameters"] == {"department_id": department}
    assert api.data("GET", f"/reports/{made['id']}")["status"] == "completed"
    assert api.data("PUT", f"/reports/{made['id']}", {"report_name": "Mine"})["report_name"] == "Mine"
    response = api.get(f"/reports/{made['id']}/download?format=xlsx")
    assert response.status_code == 200 and "spreadsheet" in response.headers["Content-Type"]
    assert api.get(f"/reports/{made['id']}/download?format=exe").status_code == 404
    assert api.data("DELETE", f"/reports/{made['id']}")["is_active"] is False


@pytest.mark.spec("API-1", "RPT-1")
def test_reports_and_schedules_compare_unless_told_otherwise(api_of):
    api = api_of("administrator")
    schedule = api.data("POST", "/report-schedules", {"report_type": "revenue", "frequency": "weekly"}, 201)
    assert schedule["parameters"] == {}
    report = api.data("POST", "/reports", {"report_type": "revenue", "period": "last_month"}, 201)
    assert report["parameters"] == {}
    for compare, parameters in ((False, {"compare": False}), (True, {})):
        body = {"compare": compare}
        assert api.data("PATCH", f"/report-schedules/{schedule['id']}", body)["parameters"] == parameters
        renamed = api.data("PATCH", f"/report-schedules/{schedule['id']}", {"report_name": "Mine"})
        assert renamed["parameters"] == parameters


@pytest.mark.spec("API-1", "AUD-1")
def test_the_trail_is_read(api_of):
    api = api_of("administrator")
    api.data("POST", "/departments", {"name": "Surgery"}, 201)
    found = api.data("GET", "/audit-logs?entity_type=department")
    assert found["total"] == 1 and found["items"][0]["new_values"]["name"] == "Surgery"


@pytest.mark.spec("API-1", "API-2")
def test_openapi_tells_the_truth(api_of):
    schema = api_of("receptionist").client.get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    patient = schema["components"]["schemas"]["Patient"]
    seen = api_of("administrator").data(
        "POST",
        "/patients",
        {"first_name": "A", "last_name": "B", "date_of_birth": "2000-01-01", "gender": "other"},
        201,
    )
    assert set(patient["properties"]) == set(seen) - {"notices"}
    assert set(patient["required"]) <= set(seen)
    new = schema["components"]["schemas"]["PatientNew"]
    assert new["properties"]["gender"]["enum"] == ["male", "female", "other"]
    assert set(new["required"]) == {"first_name", "last_name", "date_of_birth", "gender"}
    listed = schema["paths"]["/api/v1/appointments"]["get"]
    assert {"page", "ordering", "status", "doctor"} <= {each["name"] for each in listed["parameters"]}
    made = schema["paths"]["/api/v1/payments/process"]["post"]
    assert [each["name"] for each in made["parameters"]] == ["Idempotency-Key"]
    assert set(made["responses"]) == {"201", "400", "401", "403", "404", "405", "409", "413", "429", "500", "503"}
    status = next(each for each in listed["parameters"] if each["name"] == "status")
    assert "checked_in" in status["schema"]["enum"]
    # Every body has an example, which is one of the operation that it stands for, and every reference leads somewhere.
    shown = {}
    for path, operations in schema["paths"].items():
        for verb, operation in operations.items():
            if "requestBody" in operation:
                body = operation["requestBody"]["content"]["application/json"]
                place = (body["schema"] if "$ref" in body["schema"] else body["schema"]["allOf"][0])["$ref"]
                described = schema["components"]["schemas"][place.rpartition("/")[2]]
                name = f"{verb.upper()} {path.removeprefix('/api/v1')}"
                shown[name] = body["example"]
                assert set(body["example"]) <= set(described["properties"]), name
                assert set(described.get("required", ())) <= set(body["example"]), name
    assert EXAMPLES.items() <= shown.items()
    assert shown["DELETE /invoices/{id}"] == {"cancellation_reason": "Entered by mistake"}
    assert shown["PATCH /patients/{id}"] == {"phone": "+12025550143"}
    for place in set(re.findall(r'"#/components/(\w+/\w+)"', json.dumps(schema))):
        kind, _slash, part = place.partition("/")
        assert part in schema["components"][kind], place
    assert "search_text" not in str(schema) and "password_hash" not in str(schema)
    for page in ("/docs", "/redoc"):
        response = api_of("nurse").client.get(page)
        assert response.status_code == 200 and "unsafe-inline" not in response.headers["Content-Security-Policy"]


@pytest.mark.spec("FND-6", "API-1")
def test_a_delete_takes_its_reason_from_the_body_or_the_query(api_of):
    for path, body in (
        ("", {"reason": "Wrong visit"}),
        ("?reason=Wrong+visit", None),
        ("", {"cancellation_reason": "Wrong visit"}),
    ):
        draft = factories.InvoiceFactory()
        gone = api_of("billing_officer").data("DELETE", f"/invoices/{draft.pk}{path}", body)
        assert (gone["status"], gone["cancellation_reason"]) == ("cancelled", "Wrong visit"), (path, body)
    refused = api_of("billing_officer").delete(f"/invoices/{factories.InvoiceFactory().pk}", {})
    assert refused.status_code == 400 and "cancellation_reason" in refused.body["error"]["fields"]
