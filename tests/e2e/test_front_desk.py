"""The front desk in a real browser: search, duplicates, the calendar, a refusal with alternatives, the board."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.clinic import clinic_now

pytestmark = pytest.mark.e2e

#: The height of a quarter of an hour in the calendar, in pixels.
QUARTER = 22


def quiet_day(weekday: int) -> str:
    """A day some weeks on, on which the demo books nobody."""
    day = clinic_now().date() + timedelta(weeks=40)
    return (day + timedelta(days=weekday - day.weekday())).isoformat()


def patient_name(one) -> str:
    """`Last, First` of some patient."""
    one.go("/patients/")
    return one.page.locator("main tbody tr").nth(3).get_by_role("link").first.inner_text()


@pytest.mark.spec("PAGE-6")
def test_somebody_is_found_with_a_misspelled_name_and_the_keyboard_alone(person):
    one = person("receptionist")
    last = patient_name(one).split(",")[0]
    one.go("/appointments/")
    one.page.keyboard.press("/")
    box = one.page.locator("#global-search")
    expect(box).to_be_focused()
    box.press_sequentially(last[:-2] + last[-1] + last[-2] if len(last) > 4 else last)
    first = one.page.locator("#search-list [role=option][data-url]").first
    expect(first).to_be_visible()
    box.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    faults = one.accessibility_faults()
    assert not faults, "\n".join(faults)
    box.press("Enter")
    one.page.wait_for_url("**/patients/*/")


@pytest.mark.spec("WF-REG", "BYD-8")
def test_a_likely_duplicate_shows_while_typing_and_opens_the_chart(person):
    one = person("receptionist")
    last, first = patient_name(one).split(", ")
    one.go("/patients/new/")
    one.fill(last_name=last, first_name=first)
    one.page.locator("[name=date_of_birth]").first.focus()
    found = one.page.locator(".duplicates")
    expect(found).to_contain_text(last)
    # Leaving what was typed is what is wanted here.
    one.page.on("dialog", lambda dialog: dialog.accept())
    found.get_by_role("link").first.click()
    one.page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}/"))
    one.sees(last)


@pytest.mark.spec("WF-REG", "BYD-8")
def test_who_is_somebody_else_after_all_is_registered_with_a_reason(person):
    one = person("receptionist")
    last, first = patient_name(one).split(", ")
    page = one.page
    born = page.locator("main tbody tr").nth(3).locator("[data-label='Date of birth']").inner_text()
    one.go("/patients/new/")
    one.fill(last_name=last, first_name=first, date_of_birth=born, gender="Female")
    one.press("Register")
    one.sees("Perhaps registered already")
    expect(page.locator("[name=last_name]")).to_have_value(last)
    one.fill(override_reason="Another person: neither address nor card are the same")
    page.locator("[name=acknowledge_warnings]").check()
    one.press("Register")
    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}/"))
    one.sees(f"{last}, {first}", born)


@pytest.mark.spec("BYD-7", "PAGE-5")
def test_who_waits_is_dragged_onto_a_free_time(person):
    one = person("receptionist")
    page = one.go(f"/appointments/calendar/?date={quiet_day(3)}")
    waiting = page.locator("[data-waiting]").first
    name = waiting.inner_text()
    columns = page.locator(".ec-body .ec-day")
    expect(page.locator("#calendar")).to_have_attribute("aria-busy", "false")
    waiting.drag_to(columns.nth(2), target_position={"x": 40, "y": 9 * QUARTER + 8})
    page.wait_for_url("**/appointments/new/**")
    expect(page.locator("[name=appointment_date]").first).to_have_value(quiet_day(3))
    expect(page.locator(".patient-banner")).to_contain_text(name)


@pytest.mark.spec("PAGE-5", "WF-APPT", "BYD-1", "RULE-APPT-2")
def test_booking_by_click_dragging_and_a_refusal_with_alternatives(person):
    one = person("receptionist")
    name, day = patient_name(one), quiet_day(1)
    page = one.go(f"/appointments/calendar/?date={day}")
    columns = page.locator(".ec-body .ec-day")
    expect(columns.first).to_be_visible()
    opens = int(page.locator("#calendar").get_attribute("data-opens")[:2])

    # A click on a free time leads to the form with doctor, day and time.
    columns.nth(0).click(position={"x": 40, "y": (10 - opens) * 4 * QUARTER + 8})
    page.wait_for_url("**/appointments/new/**")
    expect(page.locator("[name=appointment_time]")).to_have_value("10:00")
    one.select("patient", name.split(",")[0])
    one.press("Book")
    one.sees("Booked.", day)

    # Who comes to it with the keyboard reads the phone number and the reason, and goes on to the next step.
    one.go(f"/appointments/calendar/?date={day}")
    visit = page.locator(".ec-event.visit")
    expect(visit).to_have_count(1)
    page.locator("#calendar-doctor").focus()
    card = page.locator(".visit-card:popover-open")
    for _ in range(12):
        page.keyboard.press("Tab")
        if card.count():
            break
    expect(card).to_contain_text("P-")
    faults = one.accessibility_faults()
    assert not faults, "\n".join(faults)
    page.keyboard.press("Tab")
    expect(card.get_by_role("link", name="Reschedule")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)

    # Dragged down by an hour: the same form has moved it.
    drag(page, visit, QUARTER * 4)
    expect(page.locator("#toasts")).to_contain_text(f"Moved to {day} 11:00")
    expect(visit).to_contain_text("11:00")

    # Dragged to before anybody works, it snaps back and says why.
    drag(page, visit, -QUARTER * 4 * (11 - opens) - QUARTER)
    if "Not moved" not in page.locator("#toasts").inner_text():
        drag(page, visit, QUARTER * 4 * 9)
    expect(page.locator("#toasts")).to_contain_text("Not moved.")
    expect(visit).to_contain_text("11:00")

    # The same time once more is refused, and one click books the nearest.
    doctor = visit.first.evaluate("visit => document.getElementById('calendar-doctors').textContent")
    key = re.search(r'"id": "([0-9a-f-]{36})"', doctor).group(1)
    one.go(f"/appointments/new/?doctor={key}&appointment_date={day}&appointment_time=11:00")
    one.select("patient", name.split(",")[0])
    one.press("Book")
    alternatives = page.locator(".nearest button")
    expect(alternatives).to_have_count(3)
    alternatives.last.click()
    one.sees("Booked.")


def drag(page, visit, down: int) -> None:
    """Drag a visit by so many pixels, once the calendar is drawn."""
    expect(page.locator("#calendar")).to_have_attribute("aria-busy", "false")
    visit.first.scroll_into_view_if_needed()
    box = visit.first.bounding_box()
    x, y = box["x"] + 60, box["y"] + 6
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 4, y + down / 2, steps=6)
    page.mouse.move(x + 4, y + down, steps=6)
    with page.expect_response(lambda response: "/move/" in response.url):
        page.mouse.up()
    page.wait_for_load_state("networkidle")


@pytest.mark.spec("PAGE-5", "WF-CHECKIN")
def test_the_board_checks_in_with_one_click_and_keeps_the_keyboard(person):
    one = person("receptionist")
    page = one.go("/appointments/board/")
    expected = page.locator(".board-expected .board-card")
    count = expected.count()
    if not count:
        pytest.skip("Late in the evening the demo expects nobody any more.")
    # Whoever is late has a button for the no-show before it.
    button = expected.first.get_by_role("button", name="Check in")
    button.focus()
    key = button.get_attribute("id")
    with page.expect_response(lambda response: "/appointments/board/" in response.url):
        page.evaluate("document.body.dispatchEvent(new Event('board:refresh'))")
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.id") == key
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("is checked in: ticket")
    expect(page.locator(f"#{key}")).to_have_count(0)
    ticket = re.search(r"ticket (\d+)", page.locator("#toasts").inner_text()).group(1)
    room = one.go("/appointments/board/room/")
    expect(room.locator(".room-waiting")).to_contain_text(ticket)
