"""What the billing tests share."""

from __future__ import annotations

import pytest

from billing.forms import CreateInvoiceForm
from departments.models import ClinicSettings
from healthcare.workflow import submit
from tests.factories import ConsultationFactory


def rows(*lines, prefix="line_items", **more):
    """Posted rows: each a dict of fields, or (description, quantity, price)."""
    data = {f"{prefix}-TOTAL_FORMS": str(len(lines)), f"{prefix}-INITIAL_FORMS": "0"}
    for number, line in enumerate(lines):
        if isinstance(line, tuple):
            line = dict(zip(("description", "quantity", "unit_price"), line, strict=True))
        data |= {f"{prefix}-{number}-{name}": str(value) for name, value in line.items()}
    return data | more


@pytest.fixture
def visit(db):
    """A completed visit without an invoice."""
    return ConsultationFactory(completed=True).appointment


@pytest.fixture
def tax(db):
    """tax("8.25") sets the clinic's rate."""

    def _tax(rate):
        ClinicSettings.objects.all()
        settings = ClinicSettings.current()
        settings.tax_rate = rate
        settings.save()

    return _tax


@pytest.fixture
def create(billing_officer):
    """create(visit, *lines, **fields) -> the submitted form."""

    def _create(visit, *lines, **fields):
        return submit(
            CreateInvoiceForm, actor=billing_officer, data={"appointment": str(visit.pk), **rows(*lines), **fields}
        )

    return _create
