"""In Chromium: the second factor, the lock over an idle page, a conflict, the calendar beside a date."""

from __future__ import annotations

import base64
import re

import pytest
from django_otp.oath import totp
from playwright.sync_api import expect

from tests.e2e.clinic import running_clinic
from tests.e2e.conftest import PATIENCE
from tests.e2e.people import DESKTOP, EMAILS, PASSWORD, Person

pytestmark = pytest.mark.e2e
OWN = "Quiet-harbour-7"


@pytest.mark.spec("PAGE-10", "AUTH-6")
def test_an_empty_clinic_is_set_up_and_its_first_doctor_gets_in(browser, tmp_path):
    with running_clinic(tmp_path, empty=True) as clinic:
        here = browser.new_context(viewport=DESKTOP, timezone_id="Europe/Zurich")
        one = Person(clinic, here, "administrator")
        one.context.set_default_timeout(PATIENCE)
        one.go("/")
        expect(one.page).to_have_url(re.compile(r"/setup/$"))
        one.sees("This page is there only now")
        expect(one.page.locator("[name=time_zone]")).to_have_value("Europe/Zurich")
        assert not one.accessibility_faults()
        one.fill(
            name="Hillside Clinic", address="1 Hill Road", tax_rate="7.7", departments="General medicine\nPaediatrics"
        )
        one.fill(currency="CHF")
        one.fill(first_name="Ana", last_name="Li", admin_email="ana@hillside.test", password="weak")
        one.press("Set up the clinic")
        one.sees("The password also needs")
        expect(one.page.locator("[name=departments]")).to_have_value("General medicine\nPaediatrics")
        one.fill(password=OWN)
        one.press("Set up the clinic")
        one.sees("Before the first patient", "Whom patients come to see.")
        assert not one.accessibility_faults()
        one.page.get_by_role("link", name="Enter: Doctors").click()
        one.fill(first_name="Bo", last_name="Ek", email="bo@hillside.test", role="Doctor")
        one.press("Save")
        password = one.page.locator(".once-password code").inner_text()
        one.go("/settings/")
        expect(one.page.locator("[name=time_zone]")).to_have_value("Europe/Zurich")
        expect(one.page.locator("[name=currency]")).to_have_value("CHF")
        one.follow("What is still missing")
        expect(one.page.get_by_role("link", name="Enter: Doctors")).to_have_count(0)
        with one.expecting(404):
            one.go("/setup/")

        doctor = Person(clinic, browser.new_context(viewport=DESKTOP), "doctor")
        doctor.context.set_default_timeout(PATIENCE)
        doctor.go("/login/")
        doctor.fill(username="bo@hillside.test", password=password)
        doctor.press("Log in")
        doctor.sees("choose a password of your own")
        doctor.fill(old_password=password)
        # By its id: the dialog of an idle page asks for a password too.
        doctor.page.fill("#id_password", OWN)
        doctor.press("Change password")
        expect(doctor.page.locator("#user-menu")).to_contain_text("Bo Ek")
        assert not one.problems + doctor.problems
        one.context.close()
        doctor.context.close()


@pytest.mark.spec("AUTH-5")
def test_a_second_factor_is_set_up_used_and_switched_off(person):
    officer = person("billing_officer")
    page = officer.page
    officer.go("/account/")
    officer.follow("Set up")
    assert not officer.accessibility_faults()
    secret = page.locator(".second-factor-key").inner_text().replace(" ", "")
    page.fill("[name=code]", f"{totp(base64.b32decode(secret)):06}")
    officer.press("Switch on")
    code = page.locator(".once-codes code").first.inner_text()
    assert not officer.accessibility_faults()
    officer.follow("I have kept them")
    officer.sees("8 recovery codes are left")

    again = person("billing_officer", log_in=False)
    again.go("/login/")
    again.page.fill("[name=username]", EMAILS["billing_officer"])
    again.page.fill("[name=password]", PASSWORD)
    again.press("Log in")
    expect(again.page).to_have_url(re.compile(r"/login/code/"))
    assert not again.accessibility_faults()
    again.page.fill("[name=code]", code)
    again.press("Log in")
    expect(again.page.locator("#user-menu")).to_be_visible()
    again.go("/account/second-factor/off/")
    again.page.fill("[name=password]", PASSWORD)
    again.press("Switch off")
    again.sees("a stolen password alone does not open your account")


@pytest.mark.spec("AUTH-3")
def test_an_idle_page_warns_locks_and_keeps_what_was_typed(person):
    # Not the receptionist of other tests: a draft of theirs in another window would be in the way.
    receptionist = person("receptionist2")
    page = receptionist.page
    page.clock.install()
    receptionist.go("/patients/new/")
    page.fill("[name=first_name]", "Halfway")
    page.clock.fast_forward("28:05")
    dialog = page.locator("#idle-dialog")
    expect(dialog).to_contain_text("Still there?")
    receptionist.press("Stay logged in")
    expect(dialog).to_be_hidden()

    receptionist.context.clear_cookies(name="sessionid")  # the server's side of it
    page.clock.fast_forward("31:00")
    expect(dialog).to_contain_text("You are logged out")
    assert not receptionist.accessibility_faults()
    page.fill("#idle-password", "Wrong-guess-1")
    with receptionist.expecting(400):
        receptionist.press("Log in", dialog)
        expect(dialog).to_contain_text("do not fit")
    page.fill("#idle-password", PASSWORD)
    receptionist.press("Log in", dialog)
    expect(dialog).to_be_hidden()
    expect(page.locator("[name=first_name]")).to_have_value("Halfway")
    page.fill("[name=last_name]", "Typed")
    page.fill("[name=date_of_birth]", "19900517")
    page.select_option("[name=gender]", label="Female")
    receptionist.press("Register")
    receptionist.sees("Typed, Halfway", "1990-05-17")


@pytest.mark.spec("FND-7")
def test_a_conflict_is_shown_field_by_field_and_decided(person):
    one = person("administrator")
    one.go("/departments/")
    address = one.page.locator("main tbody tr").first.get_by_role("link").first.get_attribute("href")
    one.go(f"{address}edit/")
    other = one.open_tab()
    other.goto(f"{one.clinic.url}{address}edit/")
    other.fill("[name=description]", "Theirs entirely")
    other.get_by_role("button", name="Save", exact=True).click()
    one.page.fill("[name=description]", "Mine entirely")
    with one.expecting(409):
        one.press("Save")
        one.sees("Somebody else changed this", "Theirs entirely", "Mine entirely")
    assert not one.accessibility_faults()
    one.press("Theirs", one.page.locator(".conflict-table"))
    expect(one.page.locator("[name=description]")).to_have_value("Theirs entirely")
    one.press("Yours", one.page.locator(".conflict-table"))
    one.press("Save")
    one.sees("Mine entirely")


@pytest.mark.spec("FND-4")
def test_the_calendar_beside_a_date_fills_it(person):
    nurse = person("receptionist", locale="en-US")
    nurse.go("/patients/new/")
    field = nurse.page.locator("[name=date_of_birth]")
    expect(field).to_have_attribute("placeholder", "YYYY-MM-DD")
    nurse.page.locator(".date-box", has=field).locator(".date-picker").evaluate(
        "picker => { picker.value = '1984-03-05'; picker.dispatchEvent(new Event('change')); }"
    )
    expect(field).to_have_value("1984-03-05")
    field.fill("5.3.1985")
    field.press("Tab")
    expect(field).to_have_value("1985-03-05")
