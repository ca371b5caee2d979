"""Every page that changes something, generated from the routes: what it changes is told in the trail, with the person
and the verb; nothing else than its own fields is assigned; a stale page changes nothing and shows both versions.

A new page is done here by itself where a form as it is shown, with a reason, is enough; ROWS says in which state its
row has to be.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.db import transaction
from django.test import Client
from django.urls import reverse

from audit.models import AuditLog
from healthcare import conflicts
from healthcare.clock import now, today
from healthcare.generic import DetailPage
from healthcare.generic.forms import ActionPage, EditPage, FormPage
from healthcare.roles import Role
from tests import factories as f
from tests.departments.test_log_in import with_factor
from tests.kernel.routes import KEYS, NAMES, PARENTS, VIEWS, canary_patient, consultation_of, sample

pytestmark = [pytest.mark.django_db, pytest.mark.spec("AUD-1", "WF-AUD")]

EDITS = [name for name in NAMES if issubclass(VIEWS[name], EditPage) and name != "password_change"]
ACTIONS = [name for name in NAMES if issubclass(VIEWS[name], ActionPage)]
#: Typed where a page asks for more than what it shows.
TYPED = {"password": f.PASSWORD, "result_value": "4.1", "notes": "Asked for"}
#: Columns that decide over money, access and history: posted with everything, and never to be taken over.
FOREIGN = {
    "id": "00000000-0000-7000-8000-000000000001",
    "is_active": "",
    "role": "administrator",
    "status": "completed",
    "created_at": "2001-01-01 00:00",
    "completed_at": "2001-01-01 00:00",
    "issued_at": "2001-01-01 00:00",
    "voided_at": "2001-01-01 00:00",
    "one_time_until": "2001-01-01 00:00",
    "patient": "00000000-0000-7000-8000-000000000002",
    "patient_id": "00000000-0000-7000-8000-000000000002",
    "total_amount": "0.01",
    "amount_paid": "0.01",
    "balance_due": "0.01",
    "invoice_number": "INV-000000",
    "created_by_user": "00000000-0000-7000-8000-000000000003",
    "is_confidential": "on",
    "entered_in_error_at": "2001-01-01 00:00",
}


def visit(user, **fields):
    """An appointment of the canary patient with this user, or some doctor."""
    doctor = user if user.role == Role.DOCTOR else f.UserFactory(role=Role.DOCTOR)
    return f.VisitFactory(patient=canary_patient(), doctor=doctor, **fields)


def tomorrow(user, **fields):
    """The same, still to come."""
    return visit(user, status="scheduled", appointment_date=today() + timedelta(days=1), **fields)


def arrived(user):
    """A visit that was checked in and measured."""
    found = visit(user, status="checked_in", checked_in_at=now() - timedelta(minutes=5))
    f.VitalSignFactory(patient=found.patient)
    return found


def lab_test(user, *steps):
    """A lab test that went through these steps."""
    test = sample(VIEWS["lab_test_detail"].model, user)
    moments = {
        "sample_collected": {"sample_collected_date": now()},
        "in_progress": {},
        "completed": {"result_value": "4.1", "result_date": now()},
    }
    for step in steps:
        test.status = step
        for name, value in moments[step].items():
            setattr(test, name, value)
        test.save()
    return test


def put(row, *_prepared, **columns):
    """The row with these columns."""
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()
    return row


def inactive(name):
    """A row of the model that was deactivated."""
    return lambda user: getattr(f, name)(is_active=False)


#: Route -> the row that it can be done to, where the sample row of the other generated tests is in another state.
ROWS = {
    "appointment_edit": tomorrow,
    "appointment_confirm": tomorrow,
    "appointment_cancel": tomorrow,
    "appointment_delete": tomorrow,
    "appointment_check_in": lambda user: visit(user, status="scheduled"),
    "appointment_undo_check_in": lambda user: visit(user, status="checked_in", checked_in_at=now()),
    "appointment_undo_no_show": lambda user: visit(user, status="no_show"),
    "appointment_start": lambda user: arrived(user),
    "appointment_no_show": lambda user: visit(user, status="scheduled", appointment_date=today() - timedelta(days=1)),
    "appointment_complete": lambda user: consultation_of(user, diagnosis="Cold", completed_at=now()).appointment,
    "consultation_edit": consultation_of,
    "consultation_complete": lambda user: consultation_of(user, chief_complaint="Cough", diagnosis="Cold"),
    "consultation_delete": consultation_of,
    "consultation_take_over": lambda user: put(consultation_of(user), doctor=f.UserFactory(is_active=False)),
    "lab_test_enter_results": lambda user: lab_test(user, "sample_collected", "in_progress"),
    "lab_test_correct": lambda user: lab_test(user, "sample_collected", "in_progress", "completed"),
    "report_reactivate": lambda user: f.ReportFactory(generated_by_user=user, is_active=False),
    "report_regenerate": lambda user: f.ReportFactory(generated_by_user=user, status="failed", failure_reason="Full"),
    "report_schedule_reactivate": lambda user: put(sample(VIEWS["report_schedule_edit"].model, user), is_active=False),
    "second_factor_off": lambda user: with_factor(user),
    "user_remove_second_factor": lambda user: put(other := f.UserFactory(), with_factor(other)),
    "lab_test_start_processing": lambda user: lab_test(user, "sample_collected"),
    "lab_test_review": lambda user: lab_test(user, "sample_collected", "in_progress", "completed"),
    "department_reactivate": inactive("DepartmentFactory"),
    "user_reactivate": inactive("UserFactory"),
    "insurance_provider_reactivate": inactive("InsuranceProviderFactory"),
    "patient_reactivate": inactive("PatientFactory"),
    "service_reactivate": inactive("ServiceFactory"),
    "medication_reactivate": inactive("MedicationFactory"),
    "doctor_schedule_reactivate": inactive("DoctorScheduleFactory"),
    "doctor_absence_reactivate": inactive("DoctorAbsenceFactory"),
    "patient_not_confidential": lambda user: f.PatientFactory(is_confidential=True),
    "invoice_edit": lambda user: f.InvoiceFactory(lines=[("Consultation", 1, "120.00")]),
    "invoice_issue": lambda user: f.InvoiceFactory(lines=[("Consultation", 1, "120.00")]),
    "invoice_cancel": lambda user: f.InvoiceFactory(lines=[("Consultation", 1, "120.00")]),
    "invoice_delete": lambda user: f.InvoiceFactory(lines=[("Consultation", 1, "120.00")]),
}


def prepared(name):
    """(client, user, row, url) of a page that somebody of the first role it serves has before them."""
    view = VIEWS[name]
    user = f.UserFactory(role=next(role for role in Role if role in view.allowed_roles()))
    client = Client()
    client.force_login(user)
    row = ROWS[name](user) if name in ROWS else sample(PARENTS.get(name) or view.model, user)
    if not KEYS[name]:
        return client, user, reverse(name)
    session = client.session
    session["opened_charts"] = [str(row.pk)]
    session.save()
    return client, user, reverse(name, args=[row.pk])


def as_shown(form):
    """What the browser would post of a form that nobody touched, and what has to be typed."""
    data = {}
    for name, field in form.fields.items():
        value = conflicts.text_of(field, form.get_initial_for_field(field, name))
        if field.required and not value:
            value = TYPED.get(name, "Asked for by the patient")
        if value != []:
            data[form.add_prefix(name)] = value
    for formset in form.formsets.values():
        for hidden in formset.management_form:
            data[hidden.html_name] = hidden.value()
        for row in formset.forms:
            for name, field in row.fields.items():
                data[row.add_prefix(name)] = conflicts.text_of(field, row.get_initial_for_field(field, name))
    return data


def told_since(before, user):
    """The rows of the trail that this person has caused since then, views apart."""
    return AuditLog.objects.exclude(pk__in=before).filter(user=user).exclude(action__in=["view", "denied"])


def trail():
    return set(AuditLog.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.spec("FND-7", "ROLE-2")
def test_edits(name):
    client, user, url = prepared(name)
    page = client.get(url)
    form = page.context["form"]
    shown = as_shown(form)
    own = {field: form.fields[field] for field in conflicts.own_fields(form)}
    columns = [c.attname for c in form.instance._meta.concrete_fields if c.name not in own and c.attname not in own]
    before_values = {c: getattr(form.instance, c) for c in columns if c != "updated_at"}
    foreign = {field: value for field, value in FOREIGN.items() if field not in form.fields}

    before = trail()
    response = client.post(url, {**foreign, **shown, **changed(form, shown)})
    left = response.context.get("form") if response.context else None  # none where a password is shown once
    assert left is None, (name, left.errors)
    saved = type(form.instance).objects.get(pk=form.instance.pk)
    free = DERIVED | OWN.get(name, set())
    assert {c: getattr(saved, c) for c in before_values if c not in free} == {
        c: value for c, value in before_values.items() if c not in free
    }, name
    if changed(form, shown):
        told = told_since(before, user)
        verb = form.action or "update"
        assert told.filter(action=verb, entity_id=saved.pk).exists(), (
            name,
            list(told.values_list("action", flat=True)),
        )

    # The same page once more: it is stale now.
    values = {c.attname: getattr(saved, c.attname) for c in saved._meta.concrete_fields}
    with transaction.atomic():
        type(saved).objects.filter(pk=saved.pk).update(updated_at=now() + timedelta(seconds=1))
    before = trail()
    stale = client.post(url, {**shown, **changed(form, shown)})
    assert stale.status_code == 409 and stale.context["conflict"] is not None, name
    assert not told_since(before, user).exists()
    again = type(saved).objects.get(pk=saved.pk)
    assert {n: v for n, v in values.items() if n != "updated_at"} == {
        n: getattr(again, n) for n in values if n != "updated_at"
    }


#: Follows from what was typed.
DERIVED = {"search_text", "follow_up_date"}
#: Route -> what it is there to change besides its fields.
OWN = {
    "patient_import_columns": {"status", "pass_number"},
    "report_schedule_edit": {"next_on", "parameters"},
    "consultation_complete": {"completed_at"},
    "user_set_password": {"password", "one_time_until"},
    "lab_test_edit": {"is_abnormal"},
}


def changed(form, shown):
    """One of the form's own texts, typed anew."""
    for name in ("notes", "description", "text", "reaction", "first_name", "title", "report_name", "name"):
        if name in form.fields and hasattr(form.instance, name):
            return {form.add_prefix(name): f"{shown[form.add_prefix(name)] or 'Typed'} again"}
    return {}


#: What has to differ from what is shown.
MORE = {"lab_test_correct": {"result_value": "4.2"}}
#: There to say that it cannot be done.
REFUSED = {"medical_record_delete"}


@pytest.mark.parametrize("name", ACTIONS)
def test_steps(name):
    client, user, url = prepared(name)
    before = trail()
    page = client.get(url)
    assert page.status_code == 200, name
    form = page.context["form"]
    response = client.post(url, {**FOREIGN, **as_shown(form), **MORE.get(name, {})})
    if name in REFUSED:
        assert response.context["form"].errors and not told_since(before, user).exists()
        return
    assert response.status_code == 302, (name, response.context["form"].errors)
    said = [str(message) for message in get_messages(response.wsgi_request)]
    told = told_since(before, user)
    verbs = set(told.values_list("action", flat=True))
    assert (form.action or "update") in verbs, (name, verbs, said)


DETAILS = [
    name for name in NAMES if issubclass(VIEWS[name], DetailPage) and Role.ADMINISTRATOR in VIEWS[name].allowed_roles()
]


@pytest.mark.parametrize("name", DETAILS)
@pytest.mark.spec("AUD-4")
def test_details_lead_to_their_history(name):
    client, _user, url = prepared(name)
    page = client.get(url)
    row = page.context["object"]
    links = {f"{reverse('audit_log_list')}?{key}={row.pk}" for key in ("entity_id", "patient_id")}
    assert name in NO_HISTORY or any(link in page.content.decode() for link in links)


#: The entry is the history.
NO_HISTORY = {"audit_log_detail"}


#: Files and the ways in are told in the tests of their own.
ELSEWHERE = {"second_factor_on", "setup", "password_change", "user_import", "service_import", "patient_import_create"}
CREATES = [name for name in NAMES if issubclass(VIEWS[name], FormPage) and name not in {*EDITS, *ACTIONS, *ELSEWHERE}]
#: What its fields alone do not tell.
FILLED = {
    "patient_create": lambda user: {"date_of_birth": "1990-05-17"},
    "patient_merge": lambda user: {"merged": f.PatientFactory().pk},
    "medical_record_create": lambda user: {"patient": f.PatientFactory(record=None).pk},
    "doctor_schedule_create": lambda user: {"end_time": "23:30"},
    "vital_sign_create": lambda user: {"pulse_rate": "72"},
    "consultation_create": lambda user: {"appointment": arrived(user).pk},
    "problem_create": lambda user: {"title": "Asthma"},
    "prescription_create": lambda user: {"medication_name": "Nothing that the catalogue knows"},
}


def value_for(field, user):
    """Something that the field takes."""
    if isinstance(field, forms.ModelChoiceField):
        return str((field.queryset.first() or sample(field.queryset.model, user)).pk)
    if isinstance(field, forms.ChoiceField):
        return next(str(value) for value, _label in field.choices if value)
    kinds = {
        forms.DecimalField: "10",
        forms.IntegerField: "30",
        forms.DateField: f"{today():%Y-%m-%d}",
        forms.TimeField: "23:00",
        forms.EmailField: "typed@clinic.test",
    }
    return next((value for kind, value in kinds.items() if isinstance(field, kind)), "Typed")


@pytest.mark.parametrize("name", CREATES)
def test_creations(name):
    client, user, url = prepared(name)
    page = client.get(url)
    form = page.context["form"]
    data = as_shown(form) | {"new_id": page.context.get("new_id", "")}
    for field_name, field in form.fields.items():
        if field.required and data.get(form.add_prefix(field_name), "") in ("", "Asked for by the patient"):
            data[form.add_prefix(field_name)] = value_for(field, user)
    data |= FILLED[name](user) if name in FILLED else {}
    before = trail()
    response = client.post(url, data)
    left = response.context.get("form") if response.context else None
    assert left is None, (name, left.errors)
    told = told_since(before, user)
    assert told.filter(action=form.action or "create").exists(), (name, list(told.values_list("action", flat=True)))
