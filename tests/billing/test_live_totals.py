"""The summary beside the lines: the server's own arithmetic, as one types."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from billing.models import Invoice
from tests.billing.conftest import rows
from tests.factories import InvoiceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("WF-INV", "RULE-INV-2")]
HTMX = {"HTTP_HX_REQUEST": "true"}


def test_each_change_is_answered_with_what_it_comes_to(login, billing_officer, visit, tax):
    tax("10")
    client, url = login(billing_officer), reverse("invoice_create") + f"?appointment={visit.pk}"
    free = {"description": "Book", "quantity": 1, "unit_price": "50", "is_tax_free": "on"}
    data = rows(("A", 2, "25"), free) | {
        "appointment": visit.pk,
        "discount_percent": "10",
        "covered_amount": "60",
        "preview": "1",
    }
    answer = client.post(url, data, **HTMX).content.decode()
    # 100.00 - 10.00; tax on the taxed half of what remains: 45.00 at 10%.
    for amount in ("$100.00", "$10.00", "$4.50", "$94.50", "$60.00", "$34.50"):
        assert amount in answer, amount
    assert 'id="line_items-0-total"' in answer and "<html" not in answer
    assert not Invoice.objects.exists()
    del data["preview"]
    client.post(url, data)
    invoice = Invoice.objects.get()
    assert (invoice.tax_amount, invoice.total_amount, invoice.covered_amount, invoice.patient_share) == (
        Decimal("4.50"),
        Decimal("94.50"),
        Decimal("60.00"),
        Decimal("34.50"),
    )
    edit = client.get(reverse("invoice_edit", args=[invoice.pk]))
    assert edit.context["form"].initial["tax_amount"] is None  # automatic, and stays so


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"discount_amount": "200"}, "cannot exceed the subtotal"),
        ({"covered_amount": "100.01"}, "cannot cover more than the total"),
        ({"discount_amount": "1", "discount_percent": "1"}, "not both"),
        ({"line_items-0-unit_price": "1e5"}, "not given"),
    ],
)
def test_what_is_wrong_is_said_at_once(login, billing_officer, change, words):
    invoice = InvoiceFactory(lines=[("A", 1, "100")])
    data = rows(("A", 1, "100")) | {"preview": "1"} | change
    answer = login(billing_officer).post(reverse("invoice_edit", args=[invoice.pk]), data, **HTMX)
    assert answer.status_code == 200
    assert words in answer.content.decode()
