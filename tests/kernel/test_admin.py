"""The Django admin obeys the same forms and roles as the pages."""

import pytest
from django.contrib import admin
from django.urls import reverse

from audit.models import AuditLog
from departments.models import Department
from healthcare.models import BaseModel
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


def test_add_refuses_bad_input(login, administrator):
    response = login(administrator).post(reverse("admin:departments_department_add"), {"name": "bell\x07"})
    assert response.status_code == 200
    assert not Department.objects.exists()


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
