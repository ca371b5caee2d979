"""Whatever is typed or put into a URL: a message, a 403 or a 404, never a 500.

Generated over every form and list, so that no new page escapes.
"""

import pytest
from django.test import Client
from django.urls import reverse

from healthcare.generic.forms import FormPage
from healthcare.generic.lists import ListPage
from healthcare.generic.options import OptionsView
from healthcare.roles import Role
from tests import factories
from tests.kernel.routes import KEYS, NAMES, VIEWS, sample, url_for

pytestmark = [pytest.mark.django_db, pytest.mark.spec("VAL-5", "VAL-6")]

HOSTILE = [
    "",
    " ",
    "a" * 40_000,
    "NUL\x00byte",
    "bell\x07",
    "👩‍⚕️🩺💊",
    "‮שלום مرحبا",
    "<script>alert(1)</script>",
    "=1+1",
    "' OR 1=1 --",
    "NaN",
    "Infinity",
    "-1",
    "1e400",
    "99999999999999999999",
    "0.005",
    "2024-02-30",
    "2028-02-29",
    "0001-01-01",
    "9999-12-31",
    "25:61",
    "00000000-0000-0000-0000-000000000000",
    "../../etc/passwd",
]
#: For the many parameters of the many lists: one of each kind.
HOSTILE_QUERIES = [
    "a" * 3000,
    "NUL\x00byte",
    "👩‍⚕️‮שלום",
    "' OR 1=1 --",
    "-1",
    "1e400",
    "99999999999999999999",
    "2024-02-30",
    "9999-12-31",
]
FINE = {200, 302, 400, 403, 404, 405, 409}

FORM_PAGES = [name for name in NAMES if issubclass(VIEWS[name], FormPage)]
LISTS = [name for name in NAMES if issubclass(VIEWS[name], ListPage)]
OPTIONS = [name for name in NAMES if issubclass(VIEWS[name], OptionsView)]


def client_for(name):
    """A client logged in as the first role that the page serves, and its user."""
    view = VIEWS[name]
    role = next(role for role in Role if role in view.allowed_roles())
    user = factories.UserFactory(role=role)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client, user


def names_of_inputs(form):
    """Every input's name, rows of formsets included."""
    names = [form.add_prefix(name) for name in form.fields]
    for formset in form.formsets.values():
        row = formset.empty_form
        names += [f"{formset.prefix}-0-{field}" for field in row.fields]
    return names


@pytest.mark.parametrize("name", FORM_PAGES)
def test_forms_survive(name):
    client, user = client_for(name)
    url = url_for(name, user)
    page = client.get(url)
    assert page.status_code in FINE
    form = (page.context or {}).get("form") if page.status_code == 200 else None
    inputs = names_of_inputs(form) if form is not None else ["reason"]
    prefixes = [formset.prefix for formset in form.formsets.values()] if form is not None else []
    for value in HOSTILE:
        data = dict.fromkeys(inputs, value)
        for prefix in prefixes:
            data |= {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "0"}
        response = client.post(url, data)
        assert response.status_code in FINE, f"{name} {value[:40]!r}: {response.status_code}"


@pytest.mark.parametrize("name", FORM_PAGES)
def test_formset_counts_survive(name):
    client, user = client_for(name)
    url = url_for(name, user)
    page = client.get(url)
    form = (page.context or {}).get("form") if page.status_code == 200 else None
    for formset in form.formsets.values() if form is not None else ():
        for count in ("-1", "99999999", "x", ""):
            data = {f"{formset.prefix}-TOTAL_FORMS": count, f"{formset.prefix}-INITIAL_FORMS": count}
            assert client.post(url, data).status_code in FINE, f"{name} {count!r}"


@pytest.mark.parametrize("name", LISTS)
def test_list_parameters_survive(name):
    client, user = client_for(name)
    sample(VIEWS[name].model, user)
    url = url_for(name, user)
    filterset = VIEWS[name].filterset_class
    filters = list(filterset.base_filters) if filterset is not None else []
    for value in HOSTILE_QUERIES:
        for parameter in ("q", "ordering", "page", "page_size", "after", "before", "inactive", *filters):
            response = client.get(url, {parameter: value})
            assert response.status_code in (200, 404), f"{name}?{parameter}={value[:40]!r}: {response.status_code}"


@pytest.mark.parametrize("name", OPTIONS)
def test_option_searches_survive(name):
    client, user = client_for(name)
    for value in HOSTILE:
        response = client.get(url_for(name, user), {"q": value[:3000]})
        assert response.status_code == 200, f"{name} {value[:40]!r}"


@pytest.mark.parametrize("name", [name for name in NAMES if KEYS[name]])
def test_unknown_keys_are_not_found(name):
    client, _user = client_for(name)
    for key in ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"):
        for method in ("get", "post"):
            assert getattr(client, method)(reverse(name, args=[key])).status_code in (404, 405), name
    assert client.get(reverse(name, args=["0" * 8 + "-0000-0000-0000-" + "0" * 12]) + "x/").status_code == 404
