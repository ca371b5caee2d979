"""Two people at one row: before, theirs and mine, field by field; what I left alone stays theirs (FND-7)."""

import pytest
from django.urls import reverse

from departments.models import User
from tests.factories import DepartmentFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("FND-7")]


@pytest.fixture
def page(login, administrator):
    """A staff page that was opened, and then changed by somebody else; (client, url, what the page would post)."""
    heart, bones = DepartmentFactory(name="Heart"), DepartmentFactory(name="Bones")
    user = UserFactory(first_name="Ana", last_name="Li", role="nurse", department=heart)
    client, url = login(administrator), reverse("user_edit", args=[user.pk])
    form = client.get(url).context["form"]
    names = ["first_name", "last_name", "email", "role", "updated_at_seen", "values_seen"]
    data = {name: form[name].value() for name in names} | {"phone": "", "department": str(heart.pk)}
    user.department, user.last_name = bones, "Lind"
    user.save()
    return client, url, data, user


def test_all_three_are_shown_and_nothing_is_overwritten(page):
    client, url, data, user = page
    response = client.post(url, {**data, "last_name": "Liang", "first_name": "Anna"})
    assert response.status_code == 409
    changes = {change["name"]: change for change in response.context["conflict"]["changes"]}
    assert set(changes) == {"first_name", "last_name", "department"}
    last = changes["last_name"]
    assert (last["before"], last["theirs"], last["mine"]) == ("Li", "Lind", "Liang")
    assert last["mine_changed"] and last["theirs_changed"]
    department = changes["department"]
    assert (department["before"], department["theirs"], department["mine_changed"]) == ("Heart", "Bones", False)
    assert not changes["first_name"]["theirs_changed"]
    user.refresh_from_db()
    assert user.last_name == "Lind"


def test_saving_again_keeps_mine_and_what_only_they_changed(page):
    client, url, data, user = page
    form = client.post(url, {**data, "last_name": "Liang"}).context["form"]
    again = {name: form[name].value() for name in data}
    assert again["department"] == str(User.objects.get(pk=user.pk).department_id)
    assert client.post(url, again).status_code == 302
    user.refresh_from_db()
    assert (user.last_name, user.department.name) == ("Liang", "Bones")


def test_a_page_that_does_not_say_what_it_showed_still_refuses(page):
    client, url, data, _user = page
    del data["values_seen"]
    response = client.post(url, data)
    assert response.status_code == 409
    assert all(change["before"] is None for change in response.context["conflict"]["changes"])
    assert client.post(url, {**data, "values_seen": "[[not json"}).status_code == 409
