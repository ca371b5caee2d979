"""What a doctor has typed survives: the browser killed, the session ended, another computer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.clinic import clinic_now

pytestmark = [pytest.mark.e2e, pytest.mark.spec("AUTH-3", "WF-CONS")]


TYPED = re.compile("Since Tuesday, worse at night")


def open_note(doctor) -> str:
    """The address of a note that the doctor may write in: one of today, finished or not."""
    doctor.go(f"/consultations/?consultation_from={clinic_now():%Y-%m-%d}&page_size=100")
    links = doctor.page.locator("main tbody tr a.row-link")
    for href in [links.nth(number).get_attribute("href") for number in range(links.count())]:
        answer = doctor.page.request.get(f"{doctor.clinic.url}{href}edit/")
        if answer.ok and answer.url.endswith("/edit/"):
            return f"{href}edit/"
    pytest.fail("The demo has no note of this doctor today.")


def typed(one, **values) -> None:
    """Type, and wait until the server keeps it."""
    for name, value in values.items():
        one.page.locator(f"[name={name}]").press_sequentially(value)
    expect(one.page.locator("[data-draft]")).to_have_attribute("data-state", "kept")
    expect(one.page.locator("[data-draft]")).to_contain_text(re.compile(r"Draft kept at \d\d:\d\d"))


def test_nothing_typed_is_lost(person):
    doctor = person("doctor")
    note = open_note(doctor)
    doctor.go(note)
    typed(doctor, present_illness="Since Tuesday, worse at night.")
    doctor.page.get_by_role("button", name="Add a medication").click()
    doctor.page.locator("[name=prescriptions-1-medication_name]").fill("Paracetamol 500 mg tablets")
    typed(doctor, notes=".lungs ")
    expect(doctor.page.locator("[name=notes]")).to_have_value(re.compile("Lungs clear"))
    typed(doctor, treatment_plan="Rest")

    # The browser dies without a word; the doctor goes on at another computer.
    doctor.page.close(run_before_unload=False)
    elsewhere = person("doctor")
    elsewhere.go(note)
    expect(elsewhere.page.locator(".draft-restored")).to_be_visible()
    expect(elsewhere.page.locator("[name=present_illness]")).to_have_value(TYPED)
    expect(elsewhere.page.locator("[name=prescriptions-1-medication_name]")).to_have_value("Paracetamol 500 mg tablets")

    # The other window typed a moment ago, so this one asks before it takes over.
    with elsewhere.expecting(409):
        elsewhere.page.locator("[name=examination_findings]").press_sequentially("Throat red")
        elsewhere.page.get_by_role("button", name="Write here instead").click()
        expect(elsewhere.page.locator("[data-draft]")).to_have_attribute("data-state", "kept")

    # The session ends in the middle of a sentence, with all cookies, and Save is pressed before anybody knows.
    elsewhere.context.clear_cookies()
    elsewhere.page.locator("[name=notes]").press_sequentially("Back on Monday")
    with elsewhere.expecting(403):
        elsewhere.page.get_by_role("button", name=re.compile("^Save")).first.click()
        elsewhere.page.fill("#idle-password", "Clinic-demo-2026!")
        elsewhere.press("Log in", elsewhere.page.locator("#idle-dialog"))
        expect(elsewhere.page.locator("[data-draft]")).to_have_attribute("data-state", "kept")
    elsewhere.go(note)
    expect(elsewhere.page.locator("[name=notes]")).to_have_value(re.compile("Back on Monday"))
    expect(elsewhere.page.locator("[name=examination_findings]")).to_have_value(re.compile("Throat red"))

    # Refused, because the medication's dosage is missing: what was sent is kept without another key.
    elsewhere.page.locator("[name=treatment_plan]").fill("Rest and fluids")
    elsewhere.page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(elsewhere.page.locator(".consultation-orders .has-error").first).to_be_visible()
    expect(elsewhere.page.locator("[data-draft]")).to_have_attribute("data-state", "kept")
    elsewhere.go(note)
    expect(elsewhere.page.locator("[name=treatment_plan]")).to_have_value("Rest and fluids")

    # Saved, it is no draft any more.
    elsewhere.page.locator("[name=prescriptions-1-medication_name]").fill("")
    elsewhere.page.get_by_role("button", name=re.compile("^Save")).first.click()
    expect(elsewhere.page.locator(".draft-restored")).to_have_count(0)
    elsewhere.go(note)
    expect(elsewhere.page.locator(".draft-restored")).to_have_count(0)
    expect(elsewhere.page.locator("[name=present_illness]")).to_have_value(TYPED)
