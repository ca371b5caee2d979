"""The billing officer's day: three clicks to the invoice, money in several ways, a correction, the close."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e


@pytest.mark.spec("WF-INV", "WF-PAY", "BYD-5", "BYD-6", "RULE-INV-5")
def test_the_officers_day(person):
    officer, administrator = person("billing_officer"), person("administrator")
    page = officer.page

    # -- from the visit to the invoice in three clicks, with totals that follow ------------------
    officer.go("/invoices/unbilled/")
    officer.follow("Create invoice", page.locator("main tbody tr").first)
    total = page.locator("#live-totals .is-due dd")
    before = Decimal(total.inner_text().replace("$", "").replace(",", ""))
    page.locator("[data-formset-add]").click()
    last = page.locator("[data-formset-row]").count() - 1
    officer.fill(f"line_items-{last}-", description="Dressing", quantity="3", unit_price="12.50")
    expect(page.locator(f"#line_items-{last}-total")).to_have_text("$37.50")
    expect(total).to_have_text(f"${before + Decimal('37.50'):,.2f}")
    officer.press("Save and review")
    officer.sees("Draft", "Dressing", "$37.50")
    officer.press("Issue invoice")
    officer.sees("Issued")

    # -- cash with change, and the rest by the insurer, at once ---------------------------------
    officer.follow("Record payment")
    due = Decimal(page.locator("[name=amount]").input_value())
    officer.fill(amount="1e400")
    officer.press("Record payment")
    officer.sees("Enter an amount such as 125.00.")
    expect(page.locator("[name=amount]")).to_have_value("1e400")
    officer.fill(amount="20.00", payment_method="Cash", tendered="50")
    expect(page.locator("#change")).to_contain_text("30.00")
    page.locator("[data-formset-add]").click()
    officer.fill("parts-0-", amount="10", payment_method="Insurance")
    officer.press("Record payment")
    officer.sees("This method needs its reference number.")
    officer.fill("parts-0-", transaction_reference="CLAIM-7")
    officer.press("Record payment")
    officer.sees("Change: $30.00", "CLAIM-7", f"${due - 30:,.2f}", "Please pay")
    officer.reads(officer.address("Receipt"), "$30.00 received", "CLAIM-7", "$50.00 given, change $30.00")

    # -- a credit note for the rest --------------------------------------------------------------
    officer.follow("Credit note")
    officer.fill(notes="Dressing was not used")
    officer.press("Issue credit note")
    officer.sees("CN-0000")
    expect(page.locator("h1")).to_contain_text("Paid")
    officer.follow("Account")
    officer.sees("CN-0000", "Statement")

    # -- the close, and the second person --------------------------------------------------------
    officer.go("/cash-closes/new/")
    rows = page.locator(".invoice-sums div").filter(has=page.locator("dt", has_text="Cash"))
    expected = rows.locator("dd").first.inner_text()
    cash = Decimal(expected.split("/")[1].replace("$", "").replace(",", ""))
    assert cash >= 20
    officer.fill(explanation="Counted by the end-to-end test", **{"pieces_0.01": str(int(cash * 100))})
    officer.press("Close")
    officer.sees("Counted", "By method")
    close = page.url.removeprefix(officer.clinic.url)
    expect(page.get_by_role("link", name="Sign off", exact=True)).to_have_count(0)
    administrator.go(close)
    administrator.follow("Sign off")
    administrator.press("Sign off")
    administrator.sees("Signed off", "Counted by the end-to-end test")
    officer.reads(f"{close}pdf/", "Cash close", "Signed off")
    officer.reads("/cash-closes/house/pdf/", "By officer", "Counted by the end-to-end test")


@pytest.mark.spec("WF-INV", "PAGE-7")
def test_another_service_brings_its_own_words_and_price(person):
    """Of a suggested line too; what was typed stays; and the box for typing leaves the name its room."""
    officer = person("billing_officer")
    page = officer.page
    officer.go("/invoices/unbilled/")
    officer.follow("Create invoice", page.locator("main tbody tr").first)
    page.set_viewport_size({"width": 1280, "height": 900})
    words, price = page.locator("#id_line_items-0-description"), page.locator("#id_line_items-0-unit_price")
    assert words.input_value()
    control = page.locator(".line-service .ts-control").first
    for asked, name, amount, typed in (
        ("holter", "24-hour Holter monitoring", "230.00", ""),
        ("TSH", "TSH", "36.00", "As agreed"),
        ("holter", "As agreed", "230.00", ""),
    ):
        control.click()
        # A chosen name hides the box for typing until it has the focus; what is typed sooner than a hand can is lost.
        expect(page.locator(".line-service .ts-wrapper").first).to_have_class(re.compile(r"\binput-active\b"))
        page.keyboard.type(asked, delay=30)
        expect(page.locator(".ts-dropdown:visible .option.active")).to_contain_text(asked, ignore_case=True)
        assert control.bounding_box()["height"] < 150
        page.keyboard.press("Enter")
        expect(words).to_have_value(name)
        expect(price).to_have_value(amount)
        if typed:
            words.fill(typed)
