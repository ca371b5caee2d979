"""Whoever takes something out of use is told what still uses it, and where that is."""

from datetime import timedelta

import pytest
from django.urls import reverse

from healthcare.clock import today
from tests import factories as f

pytestmark = pytest.mark.django_db


def uses(client, name, row):
    page = client.get(reverse(name, args=[row.pk]))
    found = {str(use["label"]): (use["count"], use["url"]) for use in page.context["uses"]}
    for _count, url in found.values():
        if url:
            assert client.get(url).status_code == 200
            assert url.replace("&", "&amp;") in page.content.decode()
    return {label: count for label, (count, _url) in found.items()}


@pytest.mark.spec("FND-6")
def test_a_doctor_leaves_a_hand_over_list(login, administrator, doctor):
    f.AppointmentFactory(doctor=doctor, appointment_date=today() + timedelta(days=3))
    f.AppointmentFactory(doctor=doctor, appointment_date=today() + timedelta(days=4), status="cancelled")
    f.ConsultationFactory(doctor=doctor)
    found = uses(login(administrator), "user_delete", doctor)
    assert found["appointments from today on"] >= 1
    assert found["consultations not completed"] == 1
    assert uses(login(administrator), "user_delete", f.UserFactory()) == {}


@pytest.mark.spec("FND-6")
def test_departments_insurers_and_services_say_what_uses_them(login, administrator):
    client = login(administrator)
    department, insurer = f.DepartmentFactory(), f.InsuranceProviderFactory()
    f.UserFactory(department=department)
    f.PatientFactory(insurance_provider=insurer)
    line = f.InvoiceLineItemFactory(invoice=f.InvoiceFactory(), service=f.ServiceFactory())
    assert uses(client, "department_delete", department)["active members of staff"] == 1
    assert uses(client, "insurance_provider_delete", insurer) == {"patients insured there": 1}
    assert uses(client, "service_delete", line.service) == {"draft invoices that name it": 1}
