"""The price list: prices with validity, the history that no invoice follows, Excel in and out."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from zipfile import ZipFile

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.models import AuditLog
from billing import nightly
from billing.forms import SchedulePriceForm, ServiceForm
from billing.models import Service, ServicePrice
from healthcare.clock import now, today
from healthcare.workflow import submit
from tests.factories import DepartmentFactory, InvoiceFactory, ServiceFactory

pytestmark = pytest.mark.django_db


def price_of(service):
    return Service.objects.priced().get(pk=service.pk).price


@pytest.mark.spec("VAL-4")
def test_a_price_is_valid_from_its_day_on_and_no_invoice_follows(administrator, create, visit):
    data = {"name": "ECG", "service_type": "procedure", "default_price": "80"}
    service = submit(ServiceForm, actor=administrator, data=data).instance
    invoice = InvoiceFactory(status="issued", lines=[("ECG", 1, "80", service)])
    later = {"service": service.pk, "valid_from": today() + timedelta(3), "price": "95.50"}
    assert submit(SchedulePriceForm, actor=administrator, data=later).is_valid()
    assert "already" in str(submit(SchedulePriceForm, actor=administrator, data=later).errors)
    past = later | {"valid_from": today() - timedelta(1)}
    assert "from today on" in str(submit(SchedulePriceForm, actor=administrator, data=past).errors)
    assert price_of(service) == 80
    line = {"service": service.pk, "quantity": 1}
    with time_machine.travel(now() + timedelta(3), tick=False):
        # The valid price counts before the nightly step has run, and after it.
        assert price_of(service) == Decimal("95.50")
        assert create(visit, line).instance.line_items.get().unit_price == Decimal("95.50")
        assert nightly.apply_prices() == 1
        assert Service.objects.get(pk=service.pk).default_price == Decimal("95.50")
        assert nightly.apply_prices() == 0
    assert invoice.line_items.get().unit_price == 80
    at_once = {"service": service.pk, "valid_from": today() + timedelta(9), "price": "0"}
    assert submit(SchedulePriceForm, actor=administrator, data=at_once).errors["price"]


@pytest.mark.spec("VAL-4", "AUD-1")
def test_a_planned_price_is_put_right_before_its_day(administrator, login):
    service = ServiceFactory(default_price=Decimal("80"))
    data = {"service": service.pk, "valid_from": today() + timedelta(3), "price": "955"}
    wrong = submit(SchedulePriceForm, actor=administrator, data=data).instance
    url = reverse("service_price", args=[service.pk])
    assert login(administrator).post(url, data | {"price": "95.50"}).url == service.get_absolute_url()
    assert service.prices.get().price == Decimal("95.50")
    changed = AuditLog.objects.get(entity_type="service_price", action="update")
    assert (changed.entity_id, changed.old_values["price"]) == (wrong.pk, "955.00")
    # The price that is valid from today on is no other.
    for price in ("90", "91"):
        now_on = {"service": service.pk, "valid_from": today(), "price": price}
        assert submit(SchedulePriceForm, actor=administrator, data=now_on).is_valid()
    service.refresh_from_db()
    assert service.default_price == 91 == price_of(service)
    assert service.prices.count() == 2


def test_changing_the_price_writes_history(administrator):
    service = ServiceFactory(default_price=Decimal("50"))
    data = {"name": service.name, "service_type": "consultation", "default_price": "60"}
    assert submit(ServiceForm, actor=administrator, data=data, instance=service).is_valid()
    assert submit(ServiceForm, actor=administrator, data=data | {"default_price": "61"}, instance=service).is_valid()
    assert ServicePrice.objects.get().price == 61 == price_of(service)


def book(*rows):
    """An uploaded workbook."""
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return SimpleUploadedFile("prices.xlsx", file.getvalue())


HEAD = ["Name", "Type", "Department", "Price", "Valid from"]


@pytest.mark.spec("VAL-5")
def test_import_is_looked_at_first_and_then_done(login, administrator):
    department = DepartmentFactory(name="Cardiology")
    old = ServiceFactory(name="ECG", default_price=Decimal("80"), description="kept")
    planned, same = ServiceFactory(name="Echo"), ServiceFactory(name="Same", default_price=Decimal("5"))
    client, url = login(administrator), reverse("service_import")
    file = book(
        HEAD,
        ["ecg", "Consultation", "", 90.5, None],
        ["Stress test", "Procedure", "cardiology", "200", None],
        ["Echo", "consultation", "", 130.1, today() + timedelta(30)],
        ["Same", "Consultation", "", 5, None],
    )
    page = client.post(url, {"file": file, "new_id": ""})
    text = page.content.decode()
    assert "Dry run" in text and "$80.00 → $90.50" in text and "Stress test" in text
    assert Service.objects.count() == 3 and not ServicePrice.objects.exists()
    done = client.post(url, {"apply": "1", "checked": page.context["form"].signed})
    assert done.url == reverse("service_list")
    old.refresh_from_db()
    assert (old.default_price, old.description) == (Decimal("90.50"), "kept")
    assert old.prices.get().price == Decimal("90.50")
    assert Service.objects.get(name="Stress test").department == department
    assert planned.prices.get().price == Decimal("130.10") and price_of(planned) == 120
    assert not same.prices.exists()
    assert AuditLog.objects.filter(entity_type="service", action="update", entity_id=old.pk).exists()
    exported = b"".join(client.get(reverse("service_list"), {"export": "xlsx"}).streaming_content)
    page = client.post(url, {"file": SimpleUploadedFile("prices.xlsx", exported)})
    assert not page.context["form"].errors
    assert not [row for row in page.context["form"].rows if row.changes]


def test_the_day_of_an_imported_price_is_read_or_refused(login, administrator):
    """A day in another spelling changed the price at once."""
    service, day = ServiceFactory(name="ECG", default_price=Decimal("80")), today() + timedelta(1)
    client, url = login(administrator), reverse("service_import")
    text = client.post(url, {"file": book(HEAD, ["ECG", "Consultation", "", 90, f"{day:%d.%m.%Y}"])}).content.decode()
    assert f"Price from {day} on" in text
    for row, words in (
        (["ECG", "Consultation", "", 90, f"{day:%m/%d/%Y}"], "valid date"),
        (["Echo", "Consultation", "", 90, day], "at once"),
    ):
        page = client.post(url, {"file": book(HEAD, row)})
        assert words in page.context["form"].rows[0].errors
    assert price_of(service) == 80


@pytest.mark.spec("VAL-5", "VAL-6")
@pytest.mark.parametrize(
    ("file", "words"),
    [
        (lambda: SimpleUploadedFile("x.xlsx", b"not a workbook"), "can be read"),
        (lambda: book(["Nothing", "here"], ["a", "b"]), "must name the columns"),
        (lambda: book(HEAD), "no rows"),
        (lambda: book(HEAD, ["A", "Consultation", "", -1, None]), "cannot be imported"),
        (lambda: book(HEAD, ["A", "Nonsense", "", 1, None]), "cannot be imported"),
        (lambda: book(HEAD, ["A", "Consultation", "Nowhere", 1, None]), "no department"),
        (lambda: book(HEAD, ["A", "Consultation", "", 1, None], ["a", "Consultation", "", 2, None]), "twice"),
        (lambda: book(HEAD, ["", "", "", 5]), "cannot"),
    ],
)
def test_what_cannot_be_imported_changes_nothing(login, administrator, file, words):
    page = login(administrator).post(reverse("service_import"), {"file": file()})
    assert words in page.content.decode()
    assert not Service.objects.exists()


def test_no_row_of_a_price_list_goes_missing_unseen(login, administrator):
    """A quotation mark took rows into its cell; rows beyond what a sheet said of its size were not read."""
    client, url = login(administrator), reverse("service_import")
    lines = [
        "Name,Type,Price,Remark",
        'ECG,Consultation,80,"new',
        "Echo,Consultation,90,",
        'MRI,Consultation,900,as told"',
    ]
    page = client.post(url, {"file": SimpleUploadedFile("prices.csv", "\n".join(lines).encode())})
    assert "in line 2 takes in the lines up to 4" in page.content.decode()
    stale = io.BytesIO()
    whole = book(HEAD, ["ECG", "Consultation", "", 80, None], ["Echo", "Consultation", "", 90, None])
    with ZipFile(whole) as old, ZipFile(stale, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'<dimension ref="A1:E3"', b'<dimension ref="A1:E2"'))
    page = client.post(url, {"file": SimpleUploadedFile("prices.xlsx", stale.getvalue())})
    assert [row.name for row in page.context["form"].rows] == ["ECG", "Echo"]


def test_rows_that_nobody_looked_at_are_not_imported(login, administrator):
    page = login(administrator).post(reverse("service_import"), {"apply": "1", "checked": "forged:rows"})
    assert "Choose a file" in page.content.decode()
