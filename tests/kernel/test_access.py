"""Every route, every identity, every method: the answer is in a table, and a refusal tells nothing.

The table is written by hand from the specification's matrix (ROLE-2); the routes come from the resolver,
so that a new route fails here until somebody has decided who may use it.
"""

import pytest
from django.test import Client

from healthcare.roles import Role
from tests import factories
from tests.kernel.access_table import TABLE
from tests.kernel.routes import CANARY, NAMES, canary_patient, url_for

pytestmark = [pytest.mark.django_db, pytest.mark.spec("ROLE-1", "ROLE-2")]

LETTERS = dict(zip("ADNRB", Role, strict=True))


def test_the_table_names_every_route_and_no_other():
    assert sorted(TABLE) == sorted(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE.get(name) != "public"])
def test_access(name):
    canary_patient()
    allowed = {LETTERS[letter] for letter in TABLE[name]}
    for role in Role:
        user = factories.UserFactory(role=role)
        client = Client()
        client.force_login(user)
        url = url_for(name, user)
        for method in ("get", "head", "post"):
            response = getattr(client, method)(url)
            where = f"{method} {name} as {role}"
            if role in allowed:
                assert response.status_code not in (401, 403, 500), where
                # A select with nothing chosen says so in words, on whatever form.
                assert response.streaming or b"--------" not in response.content, where
            else:
                assert response.status_code == 403, where
                assert CANARY.lower() not in response.content.decode().lower(), where


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE.get(name) != "public"])
def test_anonymous_is_sent_to_log_in(name):
    url = url_for(name, factories.UserFactory(role=Role.ADMINISTRATOR))
    for method in ("get", "head", "post"):
        response = getattr(Client(), method)(url)
        assert response.status_code == 302, f"{method} {name}"
        assert response.url.startswith("/login/?next=/")
        assert CANARY.lower() not in response.content.decode().lower()


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE.get(name) == "public"])
def test_public_pages_hold_no_patient(client, name):
    canary_patient()
    for method in ("get", "head", "post"):
        response = getattr(client, method)(url_for(name, None))
        assert response.status_code in (200, 302, 400, 404, 405, 503), f"{method} {name}"
        assert CANARY.lower() not in response.content.decode().lower(), f"{method} {name}"
