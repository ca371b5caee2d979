"""The running clinic, one Chromium, and a browser context for each person."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.clinic import running_clinic
from tests.e2e.people import DESKTOP, Person

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

# A busy machine is no fault of the clinic.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def clinic(tmp_path_factory):
    """The demo clinic, served by the processes that `make run` starts."""
    with running_clinic(tmp_path_factory.mktemp("clinic")) as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def person(clinic, browser):
    """person("nurse") logs in with a browser context of its own; nothing may go wrong on any of their screens."""
    people: list[Person] = []

    def arrive(role: str, *, log_in: bool = True, **options) -> Person:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(PATIENCE)
        people.append(Person(clinic, context, role))
        return people[-1].log_in() if log_in else people[-1]

    yield arrive
    problems = [f"{one.role}: {problem}" for one in people for problem in one.problems]
    for one in people:
        one.context.close()
    assert not problems, "\n".join(problems)
