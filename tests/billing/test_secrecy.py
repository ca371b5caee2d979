"""Nobody but administrators and billing officers reaches an amount, by any page, print, download or search."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from healthcare.roles import Role, roles_with
from tests.factories import InvoiceFactory, UserFactory
from tests.kernel.routes import KEYS, NAMES, PARENTS, VIEWS, consultation_of, url_for

pytestmark = [pytest.mark.django_db, pytest.mark.spec("ROLE-2")]
#: An amount that no other number on a page can be.
AMOUNT, SHOWN = Decimal("7654321.98"), ("7654321.98", "7,654,321.98")
OTHERS = sorted(set(Role) - roles_with("invoices.view"))
PLAIN = [name for name in NAMES if not KEYS[name] and name != "logout"]


@pytest.mark.parametrize("role", OTHERS)
def test_no_page_of_the_others_holds_an_amount(role):
    user = UserFactory(role=role)
    visit = consultation_of(user, completed=True)
    patient, appointment = visit.patient, visit.appointment
    paid = InvoiceFactory(patient=patient, appointment=appointment, status="paid", lines=[("A", 1, str(AMOUNT))])
    InvoiceFactory(patient=patient, status="issued", lines=[("A", 1, str(AMOUNT))])
    client = Client()
    client.force_login(user)
    tabs = ("overview", "record", "visits", "vitals", "medications", "labs", "billing", "access_log")
    urls = [url_for(name, user) for name in PLAIN]
    urls += [f"{url}?export=xlsx" for name, url in zip(PLAIN, urls, strict=True) if hasattr(VIEWS[name], "export")]
    urls += [f"/patients/{patient.pk}/?tab={tab}" for tab in tabs]
    rows = {type(row): row for row in (patient, appointment, visit, paid)}
    keyed = ((name, rows.get(PARENTS.get(name) or VIEWS[name].model)) for name in NAMES if KEYS[name] == ["pk"])
    urls += [reverse(name, args=[row.pk]) for name, row in keyed if row is not None]
    urls += [f"/search/?q={paid.invoice_number}", f"/search/?q={patient.last_name}"]
    for url in urls:
        response = client.get(url)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        assert not any(amount.encode() in body for amount in SHOWN), url


@pytest.mark.parametrize("name", [name for name in NAMES if VIEWS[name].__module__.startswith("billing.views")])
def test_every_page_of_billing_with_money_is_for_those_two_roles(name):
    # The price list is no secret (ROLE-2); everything else of billing is.
    roles = VIEWS[name].allowed_roles()
    if not VIEWS[name].permission.startswith("services."):
        assert roles <= roles_with("invoices.view"), name
