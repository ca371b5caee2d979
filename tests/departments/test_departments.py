"""Departments and staff: pages, rules, audit. The pattern for every other app's tests."""

import pytest
from django.urls import reverse

from audit.models import AuditLog
from departments.forms import DeactivateStaffForm, DepartmentForm, StaffForm
from departments.models import Department, User
from healthcare.workflow import submit
from tests.factories import DepartmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.spec("FND-8", "AUD-1", "AUD-5")
def test_create_department_is_saved_and_audited(login, administrator):
    client = login(administrator)
    response = client.post(reverse("department_create"), {"name": "Cardiology", "description": "Hearts"})
    department = Department.objects.get(name="Cardiology")
    assert response.url == department.get_absolute_url()
    entry = AuditLog.objects.get(entity_type="department", entity_id=department.pk, action="create")
    assert entry.user == administrator
    assert entry.new_values == {"name": "Cardiology", "description": "Hearts", "is_active": True}
    assert client.get(department.get_absolute_url()).status_code == 200


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("name", ["", "a" * 101, "NUL\x00", "bell\x07"])
def test_bad_name_is_refused_at_its_field_and_kept(login, administrator, name):
    response = login(administrator).post(reverse("department_create"), {"name": name, "description": "kept text"})
    assert response.status_code == 200
    assert response.context["form"].errors["name"]
    assert b"kept text" in response.content
    assert not Department.objects.exists()


def test_name_is_unique_whatever_its_case(administrator):
    DepartmentFactory(name="Cardiology")
    form = submit(DepartmentForm, actor=administrator, data={"name": "CARDIOLOGY"})
    assert "already a department" in str(form.errors)


@pytest.mark.spec("FND-7")
def test_stale_edit_shows_both_versions_and_can_be_repeated(login, administrator):
    department = DepartmentFactory(name="Cardiology")
    client, url = login(administrator), reverse("department_edit", args=[department.pk])
    seen = client.get(url).context["form"].initial["updated_at_seen"]
    submit(DepartmentForm, actor=administrator, instance=department, data={"name": "Heart centre"})
    response = client.post(url, {"name": "Cardiac unit", "updated_at_seen": seen})
    assert response.status_code == 409
    change = response.context["conflict"]["changes"][0]
    assert (change["mine"], change["theirs"]) == ("Cardiac unit", "Heart centre")
    department.refresh_from_db()
    assert department.name == "Heart centre"
    again = response.context["form"]["updated_at_seen"].value()
    assert client.post(url, {"name": "Cardiac unit", "updated_at_seen": again}).status_code == 302
    department.refresh_from_db()
    assert department.name == "Cardiac unit"


def test_double_submit_makes_one_row(login, administrator):
    client = login(administrator)
    new_id = client.get(reverse("department_create")).context["new_id"]
    data = {"name": "Cardiology", "new_id": str(new_id)}
    first = client.post(reverse("department_create"), data)
    second = client.post(reverse("department_create"), data)
    assert first.url == second.url
    assert Department.objects.count() == 1


@pytest.mark.spec("FND-6")
def test_department_in_use_cannot_be_deactivated(login, administrator):
    department = DepartmentFactory()
    UserFactory(department=department)
    response = login(administrator).post(reverse("department_delete", args=[department.pk]))
    assert "1 active member of staff belongs to this department. Move them first." in response.content.decode()
    department.refresh_from_db()
    assert department.is_active


@pytest.mark.spec("ROLE-4")
def test_last_administrator_cannot_be_demoted_or_deactivated(administrator):
    other = UserFactory(role="administrator")
    data = {"first_name": "A", "last_name": "B", "email": administrator.email, "role": "nurse"}
    assert "yourself" in str(submit(StaffForm, actor=administrator, instance=administrator, data=data).errors)
    assert "yourself" in str(submit(DeactivateStaffForm, actor=administrator, instance=administrator).errors)
    assert submit(DeactivateStaffForm, actor=administrator, instance=other).is_valid()
    # An outdated actor (deactivated meanwhile) cannot take the last one away either.
    other.refresh_from_db()
    assert not other.is_active
    assert User.objects.filter(role="administrator", is_active=True).count() == 1
