"""The administrator asks for a report, waits for it, reads it and takes it along; a schedule makes the next."""

from __future__ import annotations

import io

import openpyxl
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e


@pytest.mark.spec("WF-RPT", "RPT-1", "RPT-4")
def test_from_the_question_to_the_file(person):
    administrator = person("administrator")
    page = administrator.page
    administrator.go("/reports/new/")
    administrator.fill(report_type="Revenue", period="Last 12 months")
    # The period's name has filled in its days.
    assert page.locator("[name=start_date]").input_value() < page.locator("[name=end_date]").input_value()
    administrator.press("Make the report")
    # A quick worker may have made it by now; a slow one is waited for, and the page turns by itself.
    expect(page.locator("#report-progress, .report-tables")).to_be_visible()
    expect(page.locator(".report-tables")).to_be_visible()
    administrator.sees("Completed", "Collected", "By payment method", "What counts as what", "before")
    assert page.locator("canvas[data-chart]").count() == 5
    drawn = "() => [...document.querySelectorAll('canvas')].every(one => Boolean(window.Chart.getChart(one)))"
    assert page.evaluate(drawn)
    assert administrator.overflow() <= 0
    assert administrator.accessibility_faults() == []
    collected = page.locator(".tile-value").first.inner_text()
    report = page.url.removeprefix(administrator.clinic.url)
    administrator.reads(f"{report}download/?format=pdf", "Revenue", collected, "What counts as what")
    book = openpyxl.load_workbook(io.BytesIO(administrator.download(f"{report}download/?format=xlsx")))
    assert f"${book['Summary']['B2'].value:,.2f}" == collected

    administrator.go("/reports/schedules/new/")
    administrator.fill(report_type="Appointment Summary", frequency="Weekly on Monday, of the week before")
    administrator.press("Save the schedule")
    administrator.sees("Appointment Summary, weekly", "None was made yet.")
