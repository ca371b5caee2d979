"""The daily close: expected by method, counted, explained, signed off by somebody else, locked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction
from django.urls import reverse

from audit.models import AuditLog
from billing.forms import (
    CountCashForm,
    RecordPaymentForm,
    RefundPaymentForm,
    RejectCashCloseForm,
    SignOffCashCloseForm,
    VoidPaymentForm,
)
from billing.models import CashClose, Payment
from billing.takings import open_since, takings
from healthcare.clock import at, now
from healthcare.workflow import submit
from tests.billing.test_pages import read
from tests.factories import CashCloseFactory, InvoiceFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("BYD-6")]


@pytest.fixture
def pay(billing_officer):
    """pay("20", "cash") -> the payment, on an invoice of its own."""

    def _pay(amount, method="cash", officer=billing_officer):
        data = {"invoice": InvoiceFactory(status="issued").pk, "amount": amount, "payment_method": method}
        form = submit(RecordPaymentForm, actor=officer, data=data | {"transaction_reference": "R"})
        assert form.is_valid(), form.errors
        return form.instance

    return _pay


def count(officer, **data):
    return submit(CountCashForm, actor=officer, data={name.replace("__", "."): value for name, value in data.items()})


def expected(officer):
    return {method: str(amount) for method, amount in takings(officer, open_since(officer), now()).items()}


def test_a_day_from_payments_to_the_locked_close(login, billing_officer, pay, administrator):
    pay("80")
    pay("20.25")
    pay("50", "credit_card")
    voided = pay("10")
    submit(VoidPaymentForm, actor=billing_officer, instance=voided, data={"void_reason": "typed twice"})
    back = {"amount": "30", "payment_method": "cash", "reason": "x", "payment": pay("60", "cheque").pk}
    assert submit(RefundPaymentForm, actor=billing_officer, data=back).is_valid()
    assert expected(billing_officer) == {"cash": "70.25", "credit_card": "50.00", "cheque": "60.00"}
    # 170.25 in the drawer, of which 100.00 were the float; the cards agree, a cheque is missing.
    client, url = login(billing_officer), reverse("cash_close_create")
    page = client.get(url)
    data = {
        "pieces_100": "1",
        "pieces_50": "1",
        "pieces_20": "1",
        "pieces_0.25": "1",
        "opening_float": "100",
        "counted_credit_card": "50",
        "new_id": page.context["new_id"],
    }
    live = client.post(url, data | {"preview": "1"}, HTTP_HX_REQUEST="true").content.decode()
    assert "$120.25" in live and "-$60.00" in live
    refused = client.post(url, data)
    assert "Explain the difference" in str(refused.context["form"].errors["explanation"])
    data["explanation"] = "Cheque is with the doctor"
    assert client.post(url, data).status_code == 302
    assert client.post(url, data).status_code == 302  # a double click counts once
    close = CashClose.objects.get()
    assert (close.expected_total, close.counted_total, close.variance) == (180.25, Decimal("120.25"), -60)
    assert close.denominations == {"100": 1, "50": 1, "20": 1, "0.25": 1}
    assert expected(billing_officer) == {}  # the next close begins here
    own = submit(SignOffCashCloseForm, actor=billing_officer, instance=close)
    assert "Somebody else" in str(own.errors)
    for step in ("cash_close_sign_off", "cash_close_reject"):
        page = client.get(reverse(step, args=[close.pk]))
        assert page.url == close.get_absolute_url()
        assert "Somebody else than the officer signs off." in map(str, get_messages(page.wsgi_request))
        assert client.post(reverse(step, args=[close.pk]), {"review_note": "x"}).status_code == 200
    close.refresh_from_db()
    assert close.status == "counted"
    assert submit(SignOffCashCloseForm, actor=administrator, instance=close).is_valid()
    assert not submit(RejectCashCloseForm, actor=administrator, instance=close, data={"review_note": "x"}).is_valid()
    assert set(AuditLog.objects.filter(entity_type="cash_close").values_list("action", flat=True)) == {
        "count",
        "sign_off",
    }
    text = " ".join(read(client.get(reverse("cash_close_pdf", args=[close.pk])))[1])
    for words in ("$180.25", "$120.25", "-$60.00", "Cheque is with the doctor", administrator.last_name):
        assert words in text, words
    house = client.get(reverse("cash_close_house"))
    assert house.context["totals"]["variance"] == -60 and house.context["all_signed"]
    pay("7")
    assert not client.get(reverse("cash_close_house")).context["all_signed"]
    text = " ".join(read(client.get(reverse("cash_close_house_pdf")))[1])
    for words in ("$180.25", "Cheque is with the doctor", administrator.last_name, "Not counted yet", "$7.00"):
        assert words in text, words
    assert client.get(reverse("cash_close_house"), {"date": "2026-02-30"}).status_code == 200
    assert client.get(close.get_absolute_url()).status_code == 200


def test_what_comes_after_the_count_belongs_to_the_next_close(billing_officer, pay, administrator):
    first = pay("40")
    assert count(billing_officer, pieces_20="2").is_valid()
    pay("5")
    # The entry of a counted payment turns out wrong: the correction stands in the close of whoever makes it.
    submit(VoidPaymentForm, actor=administrator, instance=first, data={"void_reason": "x"})
    assert expected(billing_officer) == {"cash": "5.00"}
    assert expected(administrator) == {"cash": "-40.00"}


def test_the_first_close_reaches_back_to_the_first_entry(billing_officer, pay):
    """Midnight, a forgotten evening: no money is in nobody's close."""
    with at(now() - timedelta(days=40)):
        pay("100")  # before the clinic closed its cash
    with at(now() - timedelta(days=2)):
        pay("40")
    pay("5")
    assert expected(billing_officer) == {"cash": "45.00"}
    assert count(billing_officer, pieces_20="2", pieces_5="1").is_valid()
    assert expected(billing_officer) == {}


def test_once_the_clinic_closes_its_cash_nothing_uncounted_is_forgotten(billing_officer, pay, administrator):
    """Whoever takes money once and never counts it had it forgotten after a week."""
    with at(now() - timedelta(days=40)):
        pay("100", officer=administrator)  # before the clinic closed its cash
    with at(now() - timedelta(days=20)):
        pay("40")
    with at(now() - timedelta(days=19)):
        assert count(billing_officer, pieces_20="2").is_valid()
    with at(now() - timedelta(days=15)):
        pay("7", officer=administrator)
    assert expected(administrator) == {"cash": "7.00"}


def test_a_count_that_is_sent_back_is_made_again(billing_officer, pay, administrator):
    pay("40")
    close = count(billing_officer, pieces_20="1", explanation="?").instance
    assert "required" in str(submit(RejectCashCloseForm, actor=administrator, instance=close, data={}).errors)
    note = {"review_note": "Look under the tray"}
    assert submit(RejectCashCloseForm, actor=administrator, instance=close, data=note).is_valid()
    assert expected(billing_officer) == {"cash": "40.00"}
    again = count(billing_officer, pieces_20="2").instance
    assert (again.variance, again.starts_at) == (0, close.starts_at)


def test_no_takings_are_left_behind_by_a_count_that_is_sent_back(billing_officer, pay, administrator):
    """The next count begins where the last one ends: counts are sent back from the last one on."""
    pay("40")
    monday = count(billing_officer, pieces_20="2").instance
    pay("5")
    tuesday = count(billing_officer, pieces_5="1").instance
    note = {"review_note": "Look under the tray"}
    assert "first" in str(submit(SignOffCashCloseForm, actor=administrator, instance=tuesday).errors)
    refused = submit(RejectCashCloseForm, actor=administrator, instance=monday, data=note)
    assert "send that one back first" in str(refused.errors)
    for close in (tuesday, monday):
        assert submit(RejectCashCloseForm, actor=administrator, instance=close, data=note).is_valid()
    assert expected(billing_officer) == {"cash": "45.00"}
    whole = count(billing_officer, pieces_20="2", pieces_5="1").instance
    assert submit(SignOffCashCloseForm, actor=administrator, instance=whole).is_valid()


def test_what_was_voided_is_not_taken_off_twice(billing_officer, pay, administrator):
    """It stands in the count of whoever voided it: the one that it was first in stays, or both are made again."""
    payment = pay("40")
    first = count(billing_officer, pieces_20="2").instance
    submit(VoidPaymentForm, actor=administrator, instance=payment, data={"void_reason": "x"})
    taken_off = count(administrator, opening_float="40").instance
    assert taken_off.expected == {"cash": "-40.00"}
    note = {"review_note": "x"}
    refused = submit(RejectCashCloseForm, actor=administrator, instance=first, data=note)
    assert administrator.full_name in str(refused.errors)
    assert submit(RejectCashCloseForm, actor=billing_officer, instance=taken_off, data=note).is_valid()
    assert submit(RejectCashCloseForm, actor=administrator, instance=first, data=note).is_valid()
    assert expected(billing_officer) == expected(administrator) == {}


def test_uncounted_money_of_who_left_is_still_seen(login, billing_officer, pay, administrator):
    pay("40")
    for change in ({"is_active": False}, {"is_active": True, "role": "receptionist"}):
        type(billing_officer).objects.filter(pk=billing_officer.pk).update(**change)
        house = login(administrator).get(reverse("cash_close_list")).context["house"]
        assert [(row["name"], row["total"]) for row in house][:-1] == [(billing_officer.full_name, 40)]


def test_too_much_here_does_not_make_good_what_lacks_there(billing_officer, pay):
    pay("40")
    pay("10", "credit_card")
    form = count(billing_officer, pieces_20="1", counted_credit_card="30")
    assert form.variance == 0 and form.errors["explanation"]


@pytest.mark.parametrize("value", ["-1", "1.5", "x", "1e3", "1000000000"])
def test_pieces_are_counted_in_whole_numbers(billing_officer, value):
    assert count(billing_officer, pieces_100=value).errors["pieces_100"]
    assert not CashClose.objects.exists()


@pytest.mark.spec("FND-8")
def test_the_database_locks_a_close():
    close, other = CashCloseFactory(), UserFactory(role="administrator")
    rows = CashClose.objects.filter(pk=close.pk)
    for change in ({"counted_total": 1}, {"expected": {}}, {"ends_at": now()}, {"status": "signed_off"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(status="signed_off", second_person=close.officer)
    rows.update(status="signed_off", second_person=other)
    for change in ({"status": "counted", "second_person": None}, {"review_note": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        CashCloseFactory(variance=1)


@pytest.mark.spec("FND-8")
def test_no_money_slips_into_counted_hours():
    close = CashCloseFactory()
    invoice = InvoiceFactory(status="issued")
    entry = {
        "invoice": invoice,
        "patient": invoice.patient,
        "amount": 1,
        "payment_method": "cash",
        "processed_by_user": close.officer,
    }
    for moment in (close.starts_at, close.ends_at - timedelta(seconds=1)):
        with pytest.raises(IntegrityError, match="closed_cash"), transaction.atomic():
            Payment.objects.create(created_at=moment, **entry)
