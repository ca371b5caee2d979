"""No form about a patient is saved for another one than it showed: generated from the routes (BYD-2)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from healthcare.generic.forms import FormPage
from healthcare.models import new_id
from patients.views.asked import PatientAskedMixin
from tests import factories as f
from tests.audit.test_every_form import FILLED, as_shown, prepared, told_since, trail, value_for
from tests.kernel.routes import KEYS, NAMES, VIEWS, canary_patient

pytestmark = [pytest.mark.django_db, pytest.mark.spec("BYD-2")]

#: About no patient: the beginnings of their routes.
NOBODYS = (
    *("department_", "user_", "insurance_provider_", "service_", "medication_", "doctor_", "report_", "text_template_"),
    *("second_factor_", "setup", "account_", "password_", "clinic_settings", "cash_close_", "patient_import_"),
    # A new patient is nobody yet.
    "patient_create",
    # The patient is chosen within the form, and no banner shows anybody before.
    *("consultation_create", "medical_record_create", "invoice_create", "payment_create", "prescription_create"),
)
FORMS = [name for name in NAMES if issubclass(VIEWS[name], FormPage) and not name.startswith(NOBODYS)]
ASKED = [name for name in FORMS if issubclass(VIEWS[name], PatientAskedMixin)]


def opened(name):
    """(client, user, url, what the browser would post, whom the page showed)."""
    client, user, url = prepared(name)
    if not KEYS[name]:
        url += f"?patient={canary_patient().pk}"
    page = client.get(url)
    form = page.context["form"]
    data = as_shown(form) | {"new_id": page.context.get("new_id", "")}
    for field_name, field in form.fields.items():
        if field.required and data.get(form.add_prefix(field_name), "") in ("", "Asked for by the patient"):
            data[form.add_prefix(field_name)] = value_for(field, user)
    # A confidential chart is opened from a page that shows nothing of the patient.
    assert page.context["banner"] or name == "patient_open", name
    return client, user, url, data | (FILLED[name](user) if name in FILLED else {}), form["shown_patient"].value()


def refused(response):
    """Whether the form was refused because it had shown another patient."""
    form = response.context and response.context["form"]
    return bool(form) and form.has_error("__all__", "other_patient")


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_showed_another_patient_changes_nothing(name):
    client, user, url, data, whom = opened(name)
    assert whom, name
    before = trail()
    assert refused(client.post(url, data | {"shown_patient": f.PatientFactory().pk})), name
    assert not told_since(before, user).exists()


@pytest.mark.parametrize("name", ASKED)
def test_a_form_opened_from_a_chart_is_saved_for_nobody_else(name):
    client, user, url, data, whom = opened(name)
    assert str(data["patient"]) == str(whom)
    before = trail()
    assert refused(client.post(url, data | {"patient": f.PatientFactory().pk})), name
    assert not told_since(before, user).exists()


SENT = {"pulse_rate": "70", "weight_kg": "70,50", "test_name": "tsh", "substance": "Penicillin", "severity": "mild"}


@pytest.mark.parametrize(
    ("role", "name", "changed"),
    [
        ("nurse", "vital_sign_create", {"patient": "other"}),
        ("nurse", "vital_sign_create", {"pulse_rate": "120"}),
        ("doctor", "lab_test_create", {"patient": "other"}),
        ("nurse", "patient_allergy_create", {"substance": "Latex"}),
    ],
)
def test_a_page_that_was_kept_saves_its_second_row(login, staff, role, name, changed):
    """Gone back to, it has the key of what was saved: a second allergy and another's pulse were "saved already"."""
    patient, client, rows = f.PatientFactory(), login(staff[role]), VIEWS[name].model.objects
    url = reverse(name, args=[patient.pk] if KEYS[name] else [])
    sent = {**SENT, "patient": str(patient.pk), "new_id": str(new_id())}
    client.post(url, sent)
    again = client.post(url, sent, follow=True)
    assert "This was saved already" in again.content.decode() and rows.count() == 1
    sent |= {key: str(f.PatientFactory().pk) if value == "other" else value for key, value in changed.items()}
    refused = client.post(url, sent)
    assert "not saved yet" in refused.content.decode() and rows.count() == 1
    client.post(url, {**sent, "new_id": refused.context["new_id"]})
    assert rows.count() == 2
