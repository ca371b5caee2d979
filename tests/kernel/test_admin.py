"""The Django admin obeys the same forms and roles as the pages."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditLog
from departments.models import Department, User
from healthcare.clock import today
from healthcare.models import BaseModel
from scheduling.models import Appointment
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PAGE-9")]


@pytest.mark.parametrize("role", ["doctor", "nurse", "receptionist", "billing_officer"])
def test_others_are_refused(login, staff, role):
    response = login(staff[role]).get("/admin/")
    assert response.status_code == 403
    assert AuditLog.objects.filter(action="denied", user=staff[role]).exists()


def test_anonymous_is_sent_to_the_clinics_login(client, staff):
    chain = client.get("/admin/", follow=True).redirect_chain
    assert chain[-1] == ("/login/?next=/admin/", 302)


def test_change_goes_through_the_form_and_is_audited(login, administrator):
    department = factories.DepartmentFactory(name="Cardiology")
    client, url = login(administrator), reverse("admin:departments_department_change", args=[department.pk])
    assert client.get(url).status_code == 200
    response = client.post(url, {"name": "Heart centre", "description": ""})
    assert response.status_code == 302, response.context["adminform"].form.errors
    department.refresh_from_db()
    assert department.name == "Heart centre"
    entry = AuditLog.objects.get(entity_id=department.pk, action="update")
    assert (entry.user, entry.old_values) == (administrator, {"name": "Cardiology"})
    assert AuditLog.objects.filter(entity_id=department.pk, action="view").count() == 1


def test_a_rule_of_the_form_holds_in_the_admin(login, administrator):
    url = reverse("admin:departments_user_change", args=[administrator.pk])
    data = {"first_name": "A", "last_name": "B", "email": administrator.email, "role": "nurse"}
    response = login(administrator).post(url, data)
    assert "yourself" in str(response.context["adminform"].form.errors)
    administrator.refresh_from_db()
    assert administrator.role == "administrator"


def test_every_entity_has_its_page_with_search_and_filters():
    from tests.audit.test_trail import NOT_AUDITED

    ours = {m for m in apps.get_models() if issubclass(m, BaseModel) and m.__name__ not in NOT_AUDITED - {"AuditSeal"}}
    assert ours <= set(admin.site._registry)
    for model, page in admin.site._registry.items():
        assert page.search_fields and page.list_filter and page.list_display, model


def ticked(client, model, action, *rows):
    """What an action of the list says about these rows."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    response = client.post(url, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_ticked_rows_are_deactivated_by_the_form_and_what_it_refuses_is_said(login, administrator):
    client, nurse = login(administrator), factories.UserFactory(role="nurse")
    said = ticked(client, User, "DeactivateStaffForm", nurse, administrator)
    assert any("cannot deactivate yourself" in words for words in said) and "Deactivate: 1 done." in said
    nurse.refresh_from_db()
    administrator.refresh_from_db()
    assert (nurse.is_active, administrator.is_active) == (False, True)
    assert AuditLog.objects.get(action="deactivate").entity_id == nurse.pk
    ticked(client, User, "ReactivateStaffForm", nurse)
    nurse.refresh_from_db()
    assert nurse.is_active


@pytest.mark.spec("AUTH-2", "AUTH-5")
@pytest.mark.spec("VAL-6")
def test_a_ticked_key_that_is_none_is_a_message(login, administrator):
    department = factories.DepartmentFactory()
    url = reverse("admin:departments_department_changelist")
    data = {"action": "DeactivateDepartmentForm", "_selected_action": [department.pk, "junk"]}
    assert "not a valid UUID" in login(administrator).post(url, data, follow=True).content.decode()
    department.refresh_from_db()
    assert department.is_active


def test_access_is_administered_from_the_list(login, administrator, nurse):
    from departments import lockout, second_factor

    for _n in range(lockout.ACCOUNT_LIMIT):
        lockout.take("account", nurse.email)
    client = login(administrator)
    assert ticked(client, User, "UnlockForm", nurse) == ["Unlock log-in: 1 done."]
    assert lockout.locked_until("account", nurse.email) is None
    ticked(client, User, "RequireSecondFactorForm", nurse)
    assert second_factor.required_for(nurse) and not second_factor.required_for(administrator)


def test_rows_that_belong_together_stand_on_one_page_and_the_trail_is_the_history(login, administrator):
    client, line = login(administrator), factories.InvoiceLineItemFactory(description="Zebrafish ultrasound")
    page = reverse("admin:billing_invoice_change", args=[line.invoice_id])
    assert "Zebrafish ultrasound" in client.get(page).content.decode()
    history = client.get(reverse("admin:billing_invoice_history", args=[line.invoice_id]))
    assert history.url == f"/audit-logs/?entity_id={line.invoice_id}"


@pytest.mark.spec("ROLE-2")
def test_a_confidential_chart_asks_for_the_reason_here_too(login, administrator):
    patient = factories.PatientFactory(last_name="Zebrafish", is_confidential=True)
    client = login(administrator)
    for name, row in (("patient", patient), ("medicalrecord", patient.medical_record)):
        url = reverse(f"admin:patients_{name}_change", args=[row.pk])
        asked = f"/patients/{patient.pk}/open/?next={url.replace('/', '%2F')}"
        assert (client.get(url).url, client.post(url, {}).url) == (asked, asked)
    edit = reverse("patient_edit", args=[patient.pk])
    assert client.post(edit, {}).url.startswith(f"/patients/{patient.pk}/open/")
    client.post(reverse("patient_open", args=[patient.pk]), {"reason": "She is on the phone"})
    assert client.get(url).status_code == 200


def test_secrets_stand_on_no_page(login, administrator):
    from tests.departments.test_log_in import with_factor

    secret, _codes = with_factor(administrator)
    client = login(administrator)
    for url in (
        reverse("admin:departments_secondfactor_change", args=[administrator.second_factor.pk]),
        reverse("admin:departments_user_change", args=[administrator.pk]),
    ):
        page = client.get(url).content.decode()
        assert secret not in page and "md5$" not in page and "recovery" not in page


@pytest.mark.spec("AUTH-7")
def test_logging_out_of_the_admin_logs_out(login, administrator):
    client = login(administrator)
    assert client.post(reverse("admin:logout")).url == reverse("login")
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("rest", ["1/1/", "x/y/", "99999/0190a1b2-0000-7000-8000-000000000000/", "1/%00/"])
def test_an_address_of_the_admin_that_leads_nowhere_is_not_found(login, administrator, rest):
    assert login(administrator).get(f"/admin/r/{rest}").status_code == 404


def posted(client, url, value):
    """The answer to a form whose every field says this."""
    form = client.get(url).context["adminform"].form
    return client.post(url, {name: value for name in form.fields})


@pytest.mark.parametrize("value", ["", "1e400", "x\x00", "<b>", "0190a1b2-0000-7000-8000-000000000000"])
@pytest.mark.parametrize("kind", ["add", "change"])
def test_every_form_of_the_admin_takes_whatever_is_posted(login, administrator, kind, value):
    client, tried = login(administrator), 0
    for model, page in admin.site._registry.items():
        make = getattr(factories, f"{model.__name__}Factory", None)
        if not (page.add_form if kind == "add" else page.change_form and make):
            continue
        keys = [] if kind == "add" else [make().pk]
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=keys)
        if "adminform" in (client.get(url).context or {}):
            assert posted(client, url, value).status_code in (200, 302), url
            tried += 1
    assert tried >= 8


def test_a_visit_is_booked_in_the_admin_and_not_twice(login, administrator):
    doctor, patient = factories.UserFactory(role="doctor"), factories.PatientFactory()
    day = today() + timedelta(days=7)
    data = {
        **{"patient": patient.pk, "doctor": doctor.pk, "appointment_date": day, "appointment_time": "10:00"},
        **{"duration_minutes": 30, "appointment_type": "consultation", "reason": "Cough"},
    }
    client, url = login(administrator), reverse("admin:scheduling_appointment_add")
    first = client.post(url, data)
    if first.status_code == 200:  # outside working hours the reason is asked, as on the page
        first = client.post(url, {**data, "acknowledge_warnings": "on", "override_reason": "Agreed by phone"})
    assert first.status_code == 302, first.context["adminform"].form.errors
    visit = Appointment.objects.get()
    assert (visit.patient, visit.doctor) == (patient, doctor)
    again = client.post(url, data | {"patient": factories.PatientFactory().pk})
    assert again.status_code == 200 and Appointment.objects.count() == 1
    assert again.context["adminform"].form.errors


@pytest.mark.parametrize("key", ["1e400", "", "x", "%00", "0190a1b2-0000-7000-8000-000000000000"])
def test_an_address_prefills_keys_alone(login, administrator, key):
    for entity, name in (("scheduling/appointment", "patient"), ("patients/patient", "insurance_provider")):
        page = login(administrator).get(f"/admin/{entity}/add/?{name}={key}&service={key}&date={key}")
        assert page.status_code == 200
    patient = factories.PatientFactory()
    page = login(administrator).get(f"/admin/scheduling/appointment/add/?patient={patient.pk}").content.decode()
    assert f'value="{patient.pk}" selected' in page


def test_a_rows_page_in_the_admin_leads_to_the_clinics_page(login, administrator):
    patient = factories.PatientFactory()
    page = login(administrator).get(reverse("admin:patients_patient_change", args=[patient.pk])).content.decode()
    assert f'href="{patient.get_absolute_url()}"' in page


def test_add_refuses_bad_input(login, administrator):
    response = login(administrator).post(reverse("admin:departments_department_add"), {"name": "bell\x07"})
    assert response.status_code == 200
    assert not Department.objects.exists()


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize("year", ["0", "99999", "x"])
def test_a_year_that_is_none_filters_nothing(login, administrator, year):
    url = reverse("admin:scheduling_appointment_changelist")
    page = login(administrator).get(url, {"appointment_date__year": year}, follow=True)
    assert page.status_code == 200


def test_a_list_counts_no_further_than_people_page(login, administrator):
    """Ten million rows of the trail are not counted for each look at its newest."""
    client = login(administrator)
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("admin:audit_auditlog_changelist"))
    counts = [q["sql"] for q in queries if "COUNT(" in q["sql"] and "audit_logs" in q["sql"]]
    assert counts and all("LIMIT 10000" in sql for sql in counts)


@pytest.mark.parametrize("model", [m for m in admin.site._registry if issubclass(m, BaseModel)])
def test_every_list_and_search_opens_and_nothing_is_deleted(login, administrator, model):
    options = model._meta
    client = login(administrator)
    base = f"admin:{options.app_label}_{options.model_name}"
    assert client.get(reverse(f"{base}_changelist")).status_code == 200
    assert client.get(reverse(f"{base}_changelist"), {"q": "a <b> \x00"}).status_code == 200
    row = model.objects.first() or getattr(factories, f"{model.__name__}Factory", lambda: None)()
    if row is not None:
        assert client.get(reverse(f"{base}_change", args=[row.pk])).status_code == 200
        assert client.post(reverse(f"{base}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=row.pk).exists()
