"""One patient's day, from the front desk to the audit log, each step by its own role in its own browser."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.e2e.clinic import clinic_now

pytestmark = pytest.mark.e2e

FIRST, LAST, BORN = "Adaeze", "Okafor-Lindqvist", "1988-02-29"
NAME = f"{LAST}, {FIRST}"


def quiet_time() -> str:
    """A start today that the demo has left free: it books within four hours of now."""
    now = clinic_now()
    hour = now.hour + 6 if now.hour < 17 else now.hour - 7
    return f"{hour:02}:40"


@pytest.mark.spec(
    *("WF-REG", "WF-APPT", "WF-CHECKIN", "WF-CONS", "WF-RX", "WF-LAB", "WF-INV", "WF-PAY", "WF-RPT", "WF-AUD"),
    *("RULE-RX-2", "RULE-LAB-3", "RULE-INV-5", "PRN-1", "AUD-1", "PAGE-4", "BYD-5"),
)
def test_one_patients_day(person):
    time = quiet_time()
    receptionist, nurse, doctor = person("receptionist"), person("nurse"), person("doctor")
    officer, administrator = person("billing_officer"), person("administrator")

    # -- reception ---------------------------------------------------------------------------
    for attempt in ("first", "namesake"):
        receptionist.page.locator("#new-menu summary").click()
        receptionist.follow("Patient", receptionist.page.locator("#new-menu"))
        receptionist.fill(
            first_name=FIRST,
            last_name=LAST,
            date_of_birth=BORN,
            gender="Female",
            phone="+1 951 555 0142",
            city="Riverside",
            emergency_contact_name="Ifeoma Okafor",
            emergency_contact_phone="+1 951 555 0143",
        )
        receptionist.press("Register")
        if attempt == "namesake":
            warnings = receptionist.page.locator("#warnings .warning-list li")
            expect(warnings).to_have_count(1)
            expect(warnings).to_contain_text(NAME)
            receptionist.page.check("[name=acknowledge_warnings]")
            receptionist.fill(override_reason="Cousins, both were here")
            receptionist.press("Register")
        expect(receptionist.page).to_have_url(re.compile(r"/patients/[0-9a-f-]{36}/"))
        receptionist.sees(NAME, BORN)
    chart = receptionist.page.url.removeprefix(receptionist.clinic.url).split("?")[0]
    number = re.search(r"P-\d{6}", receptionist.page.locator("main, .banner").first.inner_text()).group()

    receptionist.follow("Book appointment")
    doctor_name = doctor.page.locator("#user-menu .person-name").inner_text().split("\n")[0]
    today = clinic_now().date()
    receptionist.fill(
        doctor=doctor_name,
        appointment_date=today.isoformat(),
        appointment_time=time,
        duration_minutes="15",
        appointment_type="Consultation",
        reason="Sore throat",
    )
    receptionist.press("Book")
    receptionist.sees("Booked.", "Scheduled", NAME)
    appointment = receptionist.page.url.removeprefix(receptionist.clinic.url)
    receptionist.reads(f"{appointment}confirmation/", number, time, doctor_name)
    receptionist.follow("Check in")
    receptionist.press("Check in")
    receptionist.sees("is checked in: ticket", "Checked In")

    # -- nurse -------------------------------------------------------------------------------
    nurse.page.keyboard.press("/")
    nurse.page.keyboard.type(number)
    nurse.page.keyboard.press("Enter")  # a whole number leads straight to the chart
    expect(nurse.page).to_have_url(re.compile(chart))
    nurse.follow("Add allergy")
    nurse.fill(substance="Penicillin", reaction="Hives", severity="Severe")
    nurse.press("Add allergy")
    nurse.sees("Penicillin", "Severe")
    nurse.go(chart)
    nurse.follow("Record vitals")
    nurse.fill(
        systolic_bp="124",
        diastolic_bp="79",
        pulse_rate="88",
        temperature_celsius="38.4",
        respiratory_rate="16",
        oxygen_saturation="98",
    )
    nurse.press("Record")
    nurse.sees("Vital signs recorded.")
    nurse.go(f"{chart}?tab=vitals")
    nurse.sees(NAME, "38.4")

    # -- doctor ------------------------------------------------------------------------------
    doctor.menu("Appointments")
    doctor.go(f"{doctor.address('Today')}&page_size=100")
    doctor.follow("Start consultation", doctor.row(NAME, time))
    doctor.press("Start consultation")
    doctor.sees("The consultation has begun.", "Penicillin", "38.4")
    doctor.fill(
        chief_complaint="Sore throat for three days",
        examination_findings="Tonsils red with exudate",
        diagnosis="Acute tonsillitis (J03.9)",
        treatment_plan="Antibiotic, fluids, rest",
    )
    add_row(doctor, "prescriptions", "Add a medication")
    doctor.select("prescriptions-0-medication", "Amoxicillin")
    doctor.fill("prescriptions-0-", dosage="500 mg", frequency="three times a day", duration="7 days", quantity="21")
    add_row(doctor, "lab_tests", "Add a test")
    doctor.fill("lab_tests-0-", test_name="Potassium")
    doctor.press("Complete")
    warning = doctor.page.locator(".order-row .order-warnings")
    expect(warning).to_contain_text("Penicillin")
    expect(warning).to_contain_text("Allergy")
    doctor.page.check("[name=prescriptions-0-acknowledge_warnings]")
    doctor.press("Complete")
    doctor.sees("Give the reason for going on.")
    assert doctor.page.locator("[name=diagnosis]").input_value() == "Acute tonsillitis (J03.9)"
    doctor.fill("prescriptions-0-", override_reason="Tolerated amoxicillin last year")
    doctor.press("Complete")
    doctor.sees("The consultation is completed.", "Acute tonsillitis (J03.9)", "Potassium", "Ordered")
    consultation = doctor.page.url.removeprefix(doctor.clinic.url)
    prescribed = ("Amoxicillin", "500 mg", "three times a day", number, NAME, doctor_name, "Penicillin")
    doctor.reads(doctor.address("Print prescriptions"), *prescribed)
    doctor.row("Amoxicillin").get_by_role("link").first.click()
    doctor.sees("Tolerated amoxicillin last year")
    doctor.reads(f"{doctor.page.url.removeprefix(doctor.clinic.url)}pdf/", *prescribed)
    doctor.go(consultation)
    doctor.row("Potassium").get_by_role("link").first.click()
    doctor.reads(doctor.address("Print requisition"), "Potassium", number, NAME, doctor_name)

    # -- laboratory, by the nurse --------------------------------------------------------------
    for step, then in (("Collect sample", "Sample Collected"), ("Start processing", "In Progress")):
        nurse.menu("Lab tests")
        nurse.follow(step, nurse.row("Potassium", NAME))
        nurse.press(step)
        nurse.go("/lab-tests/")
        expect(nurse.row("Potassium", NAME)).to_contain_text(then)
    nurse.follow("Enter results", nurse.row("Potassium", NAME))
    nurse.fill(result_value="6.2")
    nurse.press("Enter results")
    nurse.go("/lab-tests/")
    expect(nurse.page.locator("main tbody tr").filter(has_text=NAME)).to_have_count(0)

    # -- the doctor's inbox --------------------------------------------------------------------
    doctor.menu("Dashboard")
    doctor.page.locator("main a").filter(has_text="Results to review").first.click()
    expect(doctor.row("Potassium", NAME)).to_contain_text("Abnormal")
    doctor.follow("Review", doctor.row("Potassium", NAME))
    doctor.fill(review_comment="Repeat the sample tomorrow")
    doctor.press("Review")
    doctor.sees("Repeat the sample tomorrow", "6.2", "Abnormal")

    # -- billing -----------------------------------------------------------------------------
    officer.menu("Invoices")
    officer.follow("Unbilled visits")
    officer.follow("Create invoice", officer.row(NAME))
    officer.sees(NAME, "Potassium")
    officer.press("Save and review")
    officer.sees("Draft", "Potassium")
    invoice = officer.page.url.removeprefix(officer.clinic.url)
    invoice_number = re.search(r"INV-\d{6}", officer.page.locator("h1").inner_text()).group()
    officer.press("Issue invoice")
    officer.sees("Issued")
    officer.follow("Record payment")
    total = Decimal(officer.page.locator("[name=amount]").input_value())
    assert total > 20
    officer.fill(amount="20.00", payment_method="Cash")
    officer.press("Record payment")
    officer.sees("$20.00")
    officer.reads(receipt_of(officer, invoice, "20.00"), "$20.00", invoice_number, NAME)
    officer.go(invoice)
    officer.sees("Partially Paid")
    officer.follow("Record payment")
    rest = total - 20
    assert Decimal(officer.page.locator("[name=amount]").input_value()) == rest
    officer.fill(payment_method="Credit Card", transaction_reference="CC-4711")
    officer.press("Record payment")
    officer.go(invoice)
    expect(officer.page.locator("h1")).to_contain_text("Paid")
    expect(officer.page.get_by_role("link", name="Record payment", exact=True)).to_have_count(0)
    amounts = (f"${total:,.2f}", "$20.00", f"${rest:,.2f}")
    officer.reads(officer.address("Print"), invoice_number, number, NAME, "Potassium", *amounts)

    # -- the administrator reads it all --------------------------------------------------------
    names = {
        one: one.page.locator("#user-menu .person-name").inner_text().split("\n")[0]
        for one in (receptionist, nurse, doctor, officer)
    }
    administrator.go(chart)
    administrator.go(f"{administrator.address('Access log')}&page_size=100")
    trail = administrator.page.locator("main tbody tr").all_inner_texts()
    steps = [
        (receptionist, "Create", "Patient"),
        (receptionist, "Create", "Appointment"),
        (receptionist, "Check in", "Appointment"),
        (receptionist, "Print", "Appointment"),
        (nurse, "View", "Patient"),
        (nurse, "Create", "Allergy"),
        (nurse, "Create", "Vital signs"),
        (doctor, "Start", "Appointment"),
        (doctor, "Create", "Consultation"),
        (doctor, "Complete", "Consultation"),
        (doctor, "Complete", "Appointment"),
        (doctor, "Create", "Prescription"),
        (doctor, "Override warning", "Prescription"),
        (doctor, "Print", "Prescription"),
        (doctor, "Create", "Lab test"),
        (doctor, "Print", "Lab test"),
        (nurse, "Collect sample", "Lab test"),
        (nurse, "Start processing", "Lab test"),
        (nurse, "Enter results", "Lab test"),
        (doctor, "Review", "Lab test"),
        (officer, "Create", "Invoice"),
        (officer, "Issue", "Invoice"),
        (officer, "Pay", "Payment"),
        (officer, "Print", "Payment"),
        (officer, "Print", "Invoice"),
    ]
    missing = [
        (names[one], action, entity)
        for one, action, entity in steps
        if not any(
            names[one] in line and has_cell(line, action) and has_cell(line, entity) and today.isoformat() in line
            for line in trail
        )
    ]
    assert not missing, "\n".join([str(missing), *trail])

    # -- and runs a revenue report, made by the worker -----------------------------------------
    administrator.menu("Reports")
    administrator.follow("New report")
    administrator.fill(report_type="Revenue", start_date=today.isoformat(), end_date=today.isoformat())
    administrator.press("Make the report")
    administrator.sees("Revenue")
    expect(administrator.page.get_by_role("link", name="Excel", exact=True)).to_be_visible(timeout=60_000)
    collected, paid = collected_today(administrator, today)
    # Our two payments are in the list, the report's figure is the sum of that list, and the PDF says the same.
    assert {Decimal(20), rest} <= set(paid[invoice_number])
    assert collected == sum(sum(amounts) for amounts in paid.values())
    administrator.sees(f"${collected:,.2f}")
    administrator.reads(administrator.address("PDF"), "Collected", f"${collected:,.2f}")


def collected_today(administrator, today) -> tuple[Decimal, dict[str, list[Decimal]]]:
    """What the report's workbook calls collected, and the payments of the day by invoice from the list's export."""
    book = load_workbook(io.BytesIO(administrator.download(administrator.address("Excel"))))
    figures = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True)}
    listed = administrator.download(f"/payments/?export=xlsx&date_from={today}&date_to={today}&voided=false")
    rows = list(load_workbook(io.BytesIO(listed)).active.iter_rows(values_only=True))
    head = {name: position for position, name in enumerate(rows[0])}
    paid: dict[str, list[Decimal]] = {}
    for row in rows[1:]:
        if row[head["State"]] != "Received":
            continue  # credit notes and write-offs reduce what is due; nobody paid them
        value = Decimal(str(row[head["Amount"]])).quantize(Decimal("0.01"))
        paid.setdefault(str(row[head["Invoice"]]), []).append(value)
    return Decimal(str(figures["Collected"])).quantize(Decimal("0.01")), paid


def add_row(one, prefix: str, label: str) -> None:
    """An empty row of a formset, added where the page shows none yet."""
    if one.page.locator(f"[data-formset={prefix}] [data-formset-row]").count() == 0:
        one.press(label)


def has_cell(line: str, words: str) -> bool:
    """Whether one of the row's cells says exactly this."""
    return any(cell.strip().lower() == words.lower() for cell in re.split(r"[\t\n]", line))


def receipt_of(officer, invoice: str, paid: str) -> str:
    """The receipt's address, by way of the invoice's list of payments."""
    officer.go(invoice)
    officer.row(paid).get_by_role("link").first.click()
    return officer.address("Receipt")
