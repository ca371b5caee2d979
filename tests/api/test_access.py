"""Every operation of the API, every role: the answer is in a table, and a refusal tells nothing."""

import pytest
from django.urls import get_resolver

from billing.models import InvoiceLineItem
from healthcare.api import OPERATIONS
from healthcare.checks import declares_roles, routes
from healthcare.roles import Role
from tests import factories
from tests.api.access_table import TABLE
from tests.api.conftest import Api
from tests.api.source_table import SOURCE
from tests.kernel.routes import CANARY, canary_patient, invoice_of, sample

pytestmark = [pytest.mark.django_db, pytest.mark.spec("API-1", "ROLE-1", "ROLE-2")]
LETTERS = dict(zip("ADNRB", Role, strict=True))
NAMES = [operation.name for operation in OPERATIONS]
MODELS = {}


def collect():
    from healthcare.api import ROOMS

    return {resource.path: resource.model for room in ROOMS for resource in room.RESOURCES}


MODELS = collect()


def path_of(name, user):
    path = name.split()[1]
    if "{id}" not in path:
        return path
    model = MODELS[path.split("/")[1]]
    if model is InvoiceLineItem:
        row = invoice_of(canary_patient()).line_items.first()
    else:
        row = sample(model, user)
    return path.replace("{id}", str(row.pk))


def test_every_path_and_verb_of_the_source_exists():
    assert len(SOURCE) == 91
    assert not set(SOURCE) - set(NAMES)


def test_the_table_names_every_operation_and_no_other():
    assert sorted(TABLE) == sorted(NAMES)


def test_every_url_of_the_api_declares_its_roles():
    found = [pattern for path, pattern, _names in routes(get_resolver()) if path.startswith("api/v1/")]
    assert len(found) > 60
    assert all(declares_roles(pattern.callback) for pattern in found)
    assert not declares_roles(lambda request: None)


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE[name] != "public"])
def test_access(name):
    canary_patient()
    allowed = {LETTERS[letter] for letter in TABLE[name]}
    for role in Role:
        user = factories.UserFactory(role=role)
        verb = name.split()[0]
        response = Api(user).send(verb, path_of(name, user), None if verb == "GET" else {})
        where = f"{name} as {role}: {response.status_code} {response.content[:300]}"
        if role in allowed:
            assert response.status_code in (200, 201, 400, 404) or name == "GET /reports/{id}/download", where
            assert response.status_code != 500, where
        else:
            assert response.status_code == 403, where
            assert response.body["error"]["code"] == "forbidden"
            assert CANARY.lower() not in response.content.decode().lower(), where


@pytest.mark.spec("API-2")
@pytest.mark.parametrize("name", [name for name in NAMES if TABLE[name] != "public"])
def test_anonymous_is_told_to_log_in(name):
    user = factories.UserFactory(role=Role.ADMINISTRATOR)
    response = Api().send(name.split()[0], path_of(name, user), {})
    assert response.status_code == 401, name
    assert response.body == {
        "status": "error",
        "data": None,
        "error": {"code": "unauthenticated", "message": response.body["error"]["message"], "fields": {}},
    }
    assert CANARY.lower() not in response.content.decode().lower()
