"""What only a real browser shows: two windows, double clicks, a lost session, keys, small screens, no JavaScript."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.clinic import clinic_now
from tests.e2e.people import PHONE

pytestmark = pytest.mark.e2e


def first_row_of(one, path: str) -> str:
    """The address that the first row of a list leads to."""
    one.go(path)
    return one.page.locator("main tbody tr").first.get_by_role("link").first.get_attribute("href")


@pytest.mark.spec("FND-7", "PAGE-8")
def test_the_later_of_two_windows_sees_both_versions(person):
    receptionist = person("receptionist")
    chart = first_row_of(receptionist, "/patients/?q=a")
    receptionist.go(f"{chart}edit/")
    other = receptionist.open_tab()
    other.goto(f"{receptionist.clinic.url}{chart}edit/")
    receptionist.fill(city="Firstville")
    receptionist.press("Save")
    receptionist.sees("Firstville")

    other.fill("[name=city]", "Secondville")
    with receptionist.expecting(409):
        other.get_by_role("button", name="Save", exact=True).click()
        conflict = other.locator("#conflict")
        expect(conflict).to_be_visible()
    expect(conflict).to_contain_text("Firstville")
    expect(conflict).to_contain_text("Secondville")
    expect(other.locator("[name=city]")).to_have_value("Secondville")
    assert "Secondville" not in receptionist.go(chart).content()

    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.locator("main")).to_contain_text("Secondville")


@pytest.mark.spec("RULE-PAY-3")
def test_a_double_click_records_one_payment(person):
    officer = person("billing_officer")
    invoice = first_row_of(officer, "/invoices/?status=issued")
    officer.go(f"{invoice}pay/")
    officer.fill(amount="1.01", payment_method="Cash")
    form = officer.page.locator("form.work-form")
    posted = form.evaluate("form => Object.fromEntries(new FormData(form))")
    form.get_by_role("button", name="Record payment", exact=True).dblclick()
    paid = officer.page.locator("main tbody tr").filter(has_text="$1.01")
    expect(paid).to_have_count(1)
    # Whatever the browser does: the same page sent once more is still one payment.
    again = officer.context.request.post(
        f"{officer.clinic.url}{invoice}pay/", form=posted, headers={"Referer": officer.clinic.url}
    )
    assert again.status == 200 and "This was saved already" in again.text()
    officer.go(invoice)
    expect(paid).to_have_count(1)


@pytest.mark.spec("AUTH-7")
def test_a_lost_session_leads_to_the_log_in_and_back(person):
    nurse = person("nurse")
    nurse.go("/vital-signs/")
    nurse.context.clear_cookies(name="sessionid")
    nurse.menu("Lab tests")
    expect(nurse.page).to_have_url(re.compile(r"/login/\?next=/lab-tests/"))
    nurse.page.fill("[name=username]", "nurse@clinic.example")
    nurse.page.fill("[name=password]", "Clinic-demo-2026!")
    nurse.press("Log in")
    expect(nurse.page).to_have_url(re.compile(r"/lab-tests/$"))
    # After the log-out, Back shows nothing of the clinic.
    nurse.page.locator("#user-menu summary").click()
    nurse.press("Log out")
    expect(nurse.page).to_have_url(re.compile(r"/login/"))
    nurse.page.go_back()
    expect(nurse.page).to_have_url(re.compile(r"/login/"))


@pytest.mark.spec("PAGE-6", "PAGE-7")
def test_the_keyboard_finds_and_saves(person):
    receptionist = person("receptionist")
    chart = first_row_of(receptionist, "/patients/?q=a")
    receptionist.page.keyboard.press("/")
    expect(receptionist.page.locator("#global-search")).to_be_focused()
    receptionist.page.keyboard.type("P-000007")
    receptionist.page.keyboard.press("Enter")
    expect(receptionist.page.locator("#main")).to_contain_text("P-000007")  # straight to the chart

    receptionist.go(f"{chart}edit/")
    receptionist.page.locator("[name=city]").fill("Keyville")
    receptionist.page.keyboard.press("Control+Enter")
    expect(receptionist.page).to_have_url(re.compile(f"{chart}$"))
    receptionist.sees("Keyville")

    # From the top of a page the first stop is the way past the menu.
    receptionist.go("/patients/")
    receptionist.page.keyboard.press("Tab")
    expect(receptionist.page.locator(".skip-to-main")).to_be_focused()
    receptionist.page.keyboard.press("Enter")
    expect(receptionist.page.locator("#main")).to_be_focused()


@pytest.mark.spec("PAGE-7")
def test_the_nurses_day_fits_a_phone(person):
    nurse = person("nurse", viewport=PHONE)
    chart = first_row_of(nurse, "/patients/?q=a")
    paths = [
        *(
            "/",
            "/patients/",
            "/patients/?q=a",
            chart,
            f"{chart}?tab=visits",
            f"{chart}?tab=vitals",
            f"{chart}?tab=labs",
        ),
        *(
            "/appointments/",
            "/appointments/?vitals=missing",
            "/vital-signs/",
            f"/vital-signs/new/?patient={chart[10:-1]}",
        ),
        *("/lab-tests/", "/lab-tests/collect/", "/lab-tests/process/", "/lab-tests/enter/"),
        *(f"{chart}allergies/new/", "/account/password/"),
    ]
    wide = {}
    for path in paths:
        nurse.go(path)
        if excess := nurse.overflow():
            wide[path] = excess
    assert not wide


@pytest.mark.spec("PAGE-7", "WF-LAB")
def test_a_worklists_button_is_under_the_thumb(person):
    nurse = person("nurse", viewport=PHONE)
    nurse.go("/lab-tests/enter/")
    save = nurse.page.get_by_role("button", name="Save the results")
    expect(save).to_be_in_viewport()
    middle = "const box = b.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2"
    assert save.evaluate(f"b => {{ {middle}; return b.contains(document.elementFromPoint(x, y)) }}")


@pytest.mark.spec("VAL-3", "BYD-9")
def test_an_impossible_measurement_is_no_part_of_the_score(person):
    nurse = person("nurse")
    chart = first_row_of(nurse, "/patients/?ordering=date_of_birth")  # the oldest
    nurse.go(f"/vital-signs/new/?patient={chart[10:-1]}")
    assert nurse.page.locator("[data-news2-word]").get_attribute("data-adult")
    nurse.fill(systolic_bp="120", diastolic_bp="80", pulse_rate="250", respiratory_rate="16", oxygen_saturation="97")
    nurse.fill(temperature_celsius="98.6", consciousness="Alert", supplemental_oxygen="No", temperature_unit="°F")
    total = nurse.page.locator("[data-news2-total]")
    expect(nurse.page.locator("[data-vital]", has=nurse.page.locator("[name=pulse_rate]"))).to_contain_text(
        "impossible"
    )
    expect(total).to_have_text("—")
    nurse.fill(pulse_rate="70")
    expect(total).to_have_text("0")


@pytest.mark.spec("PAGE-7", "WF-REG", "WF-APPT")
def test_registering_and_booking_work_without_javascript(person):
    receptionist = person("receptionist", java_script_enabled=False)
    page = receptionist.page
    receptionist.go("/patients/new/")
    for name, value in {"first_name": "Noscript", "last_name": "Plainweb", "date_of_birth": "1990-05-17"}.items():
        page.fill(f"[name={name}]", value)
    page.select_option("[name=gender]", label="Male")
    receptionist.press("Register")
    receptionist.sees("Plainweb, Noscript", "1990-05-17")
    receptionist.follow("Book appointment")
    # A week on, at the first time that the page of free times offers.
    page.select_option("[name=doctor]", index=1)
    page.fill("[name=appointment_date]", (clinic_now() + timedelta(days=7)).date().isoformat())
    page.fill("[name=appointment_time]", "07:00")
    page.select_option("[name=appointment_type]", label="Consultation")
    receptionist.press("Book")
    free = re.search(r"Nearest free times: (\d{4}-\d\d-\d\d) (\d\d:\d\d)", page.locator("main").inner_text())
    page.fill("[name=appointment_date]", free.group(1))
    page.fill("[name=appointment_time]", free.group(2))
    receptionist.press("Book")
    receptionist.sees("Booked.", "Scheduled", "Plainweb, Noscript")
