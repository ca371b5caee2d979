"""axe finds nothing on the main pages of each role, light on a desk and dark on a phone: colours know no width."""

from __future__ import annotations

import pytest

from tests.e2e.people import DESKTOP, PHONE

pytestmark = pytest.mark.e2e

#: By role: lists, forms, `list > link` for the page of the first row, `list >> link` for that of their own first row.
PAGES = {
    "receptionist": [
        *("/", "/patients/", "/patients/ >", "/patients/new/", "/appointments/", "/appointments/new/"),
        *(
            "/appointments/board/",
            "/appointments/calendar/",
            "/search/?q=a",
            "/waiting-list/new/",
            "/appointments/walk-in/",
        ),
    ],
    "nurse": [
        "/",
        "/patients/ >",
        "/appointments/?vitals=missing",
        "/vital-signs/",
        "/vital-signs/new/",
        "/lab-tests/enter/",
        "/lab-tests/",
    ],
    "doctor": [
        *(
            "/",
            "/patients/ >",
            "/patients/ > ?tab=medications",
            "/consultations/?open=true >> edit/",
            "/consultations/ >",
        ),
        *("/lab-tests/?inbox=1", "/lab-tests/ >", "/prescriptions/", "/medical-records/ >"),
        *("/prescriptions/overrides/", "/text-templates/new/"),
    ],
    "billing_officer": [
        *(
            "/",
            "/invoices/",
            "/invoices/ >",
            "/invoices/new/",
            "/invoices/unbilled/",
            "/payments/ >",
            "/services/",
            "/cash-closes/",
            "/cash-closes/new/",
        ),
        "/invoices/?status=issued > pay/",
    ],
    "administrator": [
        *(
            "/",
            "/audit-logs/",
            "/audit-logs/ >",
            "/users/",
            "/users/new/",
            "/departments/ >",
            "/reports/",
            "/reports/new/",
        ),
        *("/settings/", "/working-hours/"),
    ],
}


@pytest.mark.spec("PAGE-7")
@pytest.mark.parametrize("role", PAGES)
def test_axe_finds_nothing(person, role):
    one = person(role)
    faults = []
    for entry in PAGES[role]:
        path, arrow, tail = entry.partition(" >")
        one.go(path)
        if arrow:
            own = [one.page.locator("#user-menu .person-name").inner_text().split("\n")[0]] if tail[:1] == ">" else []
            one.go(one.row(*own).get_by_role("link").first.get_attribute("href") + tail.removeprefix(">").strip())
        for scheme, name, size in (("light", "desk", DESKTOP), ("dark", "phone", PHONE)):
            one.page.emulate_media(color_scheme=scheme)
            one.page.set_viewport_size(size)
            faults += [f"{entry} ({scheme}, {name}): {fault}" for fault in one.accessibility_faults()]
            if excess := one.overflow():
                faults.append(f"{entry} ({scheme}, {name}): {excess} px too wide")
        one.page.set_viewport_size(DESKTOP)
    assert not faults, "\n".join(faults)


@pytest.mark.spec("PAGE-7", "PAGE-8")
def test_axe_finds_nothing_before_the_log_in_and_on_refusals(person):
    nobody = person("nurse", log_in=False)
    nobody.go("/login/")
    faults = nobody.accessibility_faults()
    nurse = person("nurse")
    for path, status in (("/no-such-page/", 404), ("/invoices/", 403)):
        with nurse.expecting(status):
            nurse.go(path)
            faults += [f"{path}: {fault}" for fault in nurse.accessibility_faults()]
    assert not faults, "\n".join(faults)


LAPTOP = {"width": 1280, "height": 720}
#: Whether what has the focus can be seen: something of it is on the screen and under nothing.
IN_SIGHT = """() => {
    const focused = document.activeElement, box = focused.getBoundingClientRect();
    return [0.1, 0.5, 0.9].some(part => {
        const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height * part);
        return top && (focused.contains(top) || top.contains(focused) || focused.labels?.[0]?.contains(top));
    });
}"""


@pytest.mark.spec("PAGE-7")
@pytest.mark.parametrize(
    ("path", "size"), [("/patients/new/", LAPTOP), ("/appointments/walk-in/", LAPTOP), ("/patients/", PHONE)]
)
def test_what_has_the_focus_is_in_sight(person, path, size):
    """Neither under the bar with a form's buttons, nor a sorting link of the head that cards do without."""
    desk = person("receptionist", viewport=size, reduced_motion="reduce")
    page = desk.go(path)
    page.locator("main").focus()
    hidden = []
    for _step in range(30):
        page.keyboard.press("Tab")
        page.evaluate("() => new Promise(requestAnimationFrame)")
        if not page.evaluate(IN_SIGHT):
            hidden.append(page.evaluate("() => document.activeElement.outerHTML.slice(0, 120)"))
    assert not hidden, "\n".join(hidden)


@pytest.mark.spec("PAGE-7", "BYD-2")
def test_a_very_long_surname_makes_no_page_wider_than_the_phone(person):
    desk = person("receptionist")
    desk.go("/patients/new/")
    desk.fill(last_name="Donaudampf" * 9, first_name="Ada", date_of_birth="1984-03-05", gender="Female")
    desk.press("Register")
    desk.sees("Donaudampf" * 9)
    chart = desk.page.url.removeprefix(desk.clinic.url)
    desk.page.set_viewport_size(PHONE)
    for path in (chart, f"{chart}edit/"):
        desk.go(path)
        assert desk.overflow() <= 0, path
