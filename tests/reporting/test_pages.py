"""Pages of reports: who may ask for what, files, progress, nothing erased."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePath

import openpyxl
import pypdf
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditLog
from healthcare.clock import now, today
from healthcare.templatetags.display import nothing
from healthcare.workflow import submit
from reporting import mail, schedules, worker
from reporting.forms import HideReportForm, RegenerateReportForm, RequestReportForm
from reporting.models import Report, ReportSchedule
from reporting.periods import midnight
from reporting.reports import KINDS
from reporting.watch import Lost, Watch
from tests import factories as f

pytestmark = pytest.mark.django_db

MATRIX = {
    "administrator": set(KINDS),
    "doctor": {"doctor_performance", "appointment_summary", "patient_statistics"},
    "nurse": set(),
    "receptionist": {"appointment_summary"},
    "billing_officer": {"revenue", "billing_summary", "service_utilization"},
}


def ask(actor, report_type="revenue", **data):
    return submit(RequestReportForm, actor=actor, data={"report_type": report_type, **data})


def made(actor, report_type="revenue", **data):
    """A report that the worker has made."""
    form = ask(actor, report_type, **data)
    assert form.is_valid(), form.errors
    worker.generate(str(form.instance.pk))
    report = Report.objects.get(pk=form.instance.pk)
    assert report.status == "completed", report.failure_reason
    return report


@pytest.fixture
def takings(db):
    """Payments of an invoice whose patient has an unfortunate name."""
    patient = f.PatientFactory(last_name="=1+1", first_name='<script>"😀 مريم')
    service = f.ServiceFactory(name="=cmd|' /C calc'!A0")
    invoice = f.InvoiceFactory(patient=patient, appointment=f.AppointmentFactory(patient=patient, status="completed"))
    f.InvoiceLineItemFactory(invoice=invoice, service=service)
    invoice.subtotal = invoice.total_amount = invoice.balance_due = Decimal("120.00")
    invoice.save()
    invoice.status = "issued"
    invoice.save()
    return f.PaymentFactory(invoice=invoice, amount=Decimal("19.99"))


@pytest.mark.spec("WF-RPT", "RPT-1")
def test_asking_in_the_browser_makes_a_report_and_its_files(
    login, billing_officer, takings, django_capture_on_commit_callbacks
):
    client = login(billing_officer)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            reverse("report_create"),
            {"report_type": "revenue", "start_date": today().replace(day=1), "end_date": today(), "report_name": ""},
        )
    report = Report.objects.get()
    assert response.url == report.get_absolute_url()
    assert (report.status, report.progress, report.attempts) == ("completed", 100, 1)
    assert report.report_name == f"Revenue {today().replace(day=1)} - {today()}"
    page = client.get(response.url).content.decode()
    assert "$19.99" in page
    assert "payments that were not voided" in page
    told = AuditLog.objects.filter(entity_id=report.pk, user=billing_officer)
    assert set(told.values_list("action", flat=True)) == {"create", "generate", "view"}
    assert all("result" not in (row.new_values or {}) for row in told)


@pytest.mark.spec("RPT-1", "VAL-5")
def test_the_workbook_has_typed_cells_and_no_formula(login, billing_officer, takings):
    report = made(billing_officer, "billing_summary")
    response = login(billing_officer).get(reverse("report_download", args=[report.pk]) + "?format=xlsx")
    assert response["Content-Disposition"].startswith("attachment")
    book = openpyxl.load_workbook(io.BytesIO(response.getvalue()))
    assert book.sheetnames[0] == "Summary"
    assert book.sheetnames[-1] == "Definitions"
    assert all(sheet.freeze_panes == "A2" for sheet in book)
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    debtor = [cell for cell in book["Largest debtors"][2]]
    assert debtor[1].value == '=1+1, <script>"😀 مريم'
    assert (debtor[2].value, debtor[3].value, debtor[3].number_format) == (1, 100.01, "#,##0.00")
    total = [cell.value for cell in book["Outstanding by age"][6]]
    assert total == ["Total", 1, 100.01]
    filters = {row[0].value: row[1].value for row in book["Filters"].iter_rows(min_row=2)}
    assert filters["From"].date() == today().replace(day=1)
    assert (filters["Doctor"], filters["Insurance provider"]) == ("All", "All")
    assert book["Largest debtors"].column_dimensions["A"].width > 30
    assert AuditLog.objects.get(action="download").new_values == {"format": "xlsx"}


@pytest.mark.spec("RPT-1", "PRN-2")
@pytest.mark.parametrize("name", KINDS)
def test_every_type_becomes_a_pdf_and_a_workbook(login, administrator, takings, name):
    report = made(administrator, name)
    client = login(administrator)
    pdf = client.get(reverse("report_download", args=[report.pk]))
    reader = pypdf.PdfReader(io.BytesIO(pdf.getvalue()))
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    assert squeezed(report.report_name) in text
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    page = client.get(report.get_absolute_url())
    assert page.status_code == 200
    assert '<script>"😀' not in page.content.decode()
    # What stands on the screen stands on paper too.
    figures = page.context["figures"]
    cells = [cell["value"] for table in figures["tables"] for row in table["rows"] for cell in row]
    shown = [
        *figures["definitions"],
        *(f["value"] for f in figures["summary"]),
        *(f["label"] for f in figures["summary"]),
    ]
    for words in map(str, [*shown, *cells]):
        assert squeezed(words) in text or "😀" in words or words == nothing(), words
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(reverse("report_download", args=[report.pk]) + "?format=xlsx").getvalue())
    )
    assert len(book.sheetnames) == 3 + len(report.result["tables"])
    for table in report.result["tables"]:
        sheet = book[table["title"]]
        for row, line in zip(table["rows"], sheet.iter_rows(min_row=2, values_only=True), strict=False):
            assert [as_text(cell) for cell in line] == [as_text(value) for value in row]


@pytest.mark.spec("RPT-1", "RPT-2")
@pytest.mark.parametrize("last_name", ["Okafor", "Wolfeschlegelsteinhausenbergerdorff" * 2])
def test_no_column_is_pushed_off_the_paper(administrator, last_name):
    """The headings of doctors' figures filled the whole line: what each earned was cut off at the paper's edge."""
    doctor = f.UserFactory(role="doctor", last_name=last_name)
    visit = f.AppointmentFactory(doctor=doctor, status="completed")
    f.InvoiceFactory(patient=visit.patient, appointment=visit, lines=[("Visit", 1, "18266673.96")], status="paid")
    report = made(administrator, "doctor_performance")
    ends = {}

    def note(text, at, within, _font, size):
        # A letter is about half as wide as it is high.
        ends[text.strip()] = at[4] + at[0] * (within[4] + len(text.strip()) * size / 2)

    with default_storage.open(report.file_path) as file:
        for page in pypdf.PdfReader(file).pages:
            page.extract_text(visitor_text=note)
    edge = float(page.mediabox.width) - 30
    assert "$18,266,673.96" in ends
    assert [text for text, end in ends.items() if text and end > edge] == []


def squeezed(text):
    """Without any blanks: lines break where they like."""
    return re.sub(r"\s+", "", text)


def as_text(value):
    """A cell and the JSON value that it was made of, alike."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    return f"{float(value):.2f}" if re.fullmatch(r"-?\d+(\.\d+)?", str(value)) else str(value)


@pytest.mark.spec("ROLE-2", "RPT-1")
@pytest.mark.parametrize("role", MATRIX)
@pytest.mark.parametrize("name", KINDS)
def test_each_role_asks_for_its_own_types_only(staff, role, name):
    from django.core.exceptions import PermissionDenied

    if role == "nurse":
        with pytest.raises(PermissionDenied):
            ask(staff[role], name)
        return
    form = ask(staff[role], name)
    assert form.is_valid() is (name in MATRIX[role])
    if name not in MATRIX[role]:
        assert "report_type" in form.errors


@pytest.mark.spec("ROLE-2")
def test_doctors_get_their_own_figures_without_money_whatever_they_post(doctor):
    other = f.UserFactory(role="doctor", last_name="Zebrafish")
    f.AppointmentFactory(doctor=other)
    f.AppointmentFactory(doctor=doctor)
    report = made(doctor, "doctor_performance", doctor=str(other.pk))
    assert report.parameters == {"doctor_id": str(doctor.pk)}
    assert "Zebrafish" not in str(report.result)
    assert "Revenue" not in str(report.result["tables"])
    summary = made(doctor, "appointment_summary", doctor=str(other.pk))
    assert summary.result["summary"][0]["value"] == 1
    assert made(doctor, "patient_statistics").parameters == {}


@pytest.mark.spec("ROLE-2")
def test_nobody_sees_the_reports_of_others_but_administrators(login, administrator, billing_officer):
    theirs = f.ReportFactory(report_name="Zebrafish", generated_by_user=administrator)
    own = f.ReportFactory(report_name="Own", generated_by_user=billing_officer)
    client = login(billing_officer)
    page = client.get(reverse("report_list")).content.decode()
    assert "Zebrafish" not in page
    assert "Own" in page
    for name in ("detail", "edit", "delete", "regenerate", "download"):
        response = client.get(reverse(f"report_{name}", args=[theirs.pk]))
        assert response.status_code == 403
        assert "Zebrafish" not in response.content.decode()
    assert "Own" in login(administrator).get(reverse("report_list")).content.decode()
    # A role that changes takes the old reports' figures with it.
    billing_officer.role = "receptionist"
    billing_officer.save()
    assert login(billing_officer).get(own.get_absolute_url()).status_code == 403


@pytest.mark.spec("ROLE-2")
def test_whoever_becomes_a_doctor_sees_their_own_figures_only(login, administrator):
    """What was asked for as an administrator holds the figures, and the money, of all colleagues."""
    owner = f.UserFactory(role="administrator")
    of_all = made(owner, "doctor_performance")
    of_patients = made(owner, "patient_statistics")
    schedule = f.ReportScheduleFactory(generated_by_user=owner, report_type="doctor_performance")
    owner.role = "doctor"
    owner.save()
    own = made(owner, "doctor_performance")
    client = login(owner)
    for name in ("detail", "download", "regenerate"):
        assert client.get(reverse(f"report_{name}", args=[of_all.pk])).status_code == 403
    assert set(Report.objects.visible_to(owner)) == {own, of_patients}
    # What it makes from now on is their own, and they can stop it.
    assert client.get(schedule.get_absolute_url()).status_code == 200


@pytest.mark.spec("VAL-2")
@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("2026-05-02", "2026-05-01", "start_date"),
        ("0001-01-01", "2026-05-01", "start_date"),
        ("2026-05-01", "9999-12-31", "end_date"),
        ("2026-02-29", "2026-05-01", "start_date"),
        ("yesterday", "2026-05-01", "start_date"),
        ("2026-05-01", "1e400", "end_date"),
    ],
)
def test_bad_dates_are_refused_at_their_field(login, administrator, start, end, field):
    data = {"report_type": "revenue", "start_date": start, "end_date": end, "report_name": "Kept name"}
    response = login(administrator).post(reverse("report_create"), data)
    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert "Kept name" in response.content.decode()
    assert not Report.objects.exists()


def test_a_day_alone_and_a_leap_day_are_fine(administrator):
    assert made(administrator, start_date="2024-02-29", end_date="2024-02-29")
    report = made(administrator, end_date="2026-05-09")
    assert (report.start_date, report.end_date) == (date(2026, 5, 1), date(2026, 5, 9))


@pytest.mark.spec("RPT-4")
def test_progress_is_asked_for_and_ends_by_a_refresh(login, administrator):
    report = f.ReportFactory(generated_by_user=administrator, progress=60, stage="Drawing the PDF")
    client, url = login(administrator), report.get_absolute_url()
    page = client.get(url).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert "<noscript>" in page
    viewed = AuditLog.objects.filter(action="view", entity_id=report.pk).count()
    part = client.get(url, headers={"hx-request": "true"})
    assert "Drawing the PDF" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert AuditLog.objects.filter(action="view", entity_id=report.pk).count() == viewed
    report.status = "failed"
    report.save()
    assert client.get(url, headers={"hx-request": "true"})["HX-Refresh"] == "true"


@pytest.mark.spec("RPT-4")
def test_a_failure_says_why_and_the_report_can_be_made_again(
    login, administrator, monkeypatch, django_capture_on_commit_callbacks
):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(worker, "put", full)
    form = ask(administrator)
    worker.generate(str(form.instance.pk))
    report = Report.objects.get()
    assert report.status == "failed"
    assert "disk is full" in report.failure_reason
    client = login(administrator)
    assert "disk is full" in client.get(report.get_absolute_url()).content.decode()
    assert client.get(reverse("report_download", args=[report.pk])).status_code == 404
    monkeypatch.undo()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(reverse("report_regenerate", args=[report.pk])).status_code == 302
    report.refresh_from_db()
    assert (report.status, report.failure_reason, report.attempts) == ("completed", "", 1)


@pytest.mark.spec("RPT-4")
def test_a_report_being_made_is_left_alone_by_a_second_worker(administrator, settings):
    form = ask(administrator)
    key = str(form.instance.pk)
    first = worker.claim(key)
    assert first
    assert not worker.claim(key)
    worker.generate(key)
    assert Report.objects.get().status == "generating"
    settings.REPORT_LEASE_SECONDS = -1
    second = worker.claim(key)
    assert second not in ("", first)
    report = Report.objects.get()
    worker.finish(report, first, status="failed", failure_reason="from the first worker, late")
    assert Report.objects.get().status == "generating"
    with pytest.raises(Lost), Watch(report.pk, first) as watch:
        watch.tell(50, "Counting", 3)
    with Watch(report.pk, second) as watch:
        watch.tell(50, "Counting", 3)
    report.refresh_from_db()
    assert (report.progress, report.stage, report.rows) == (50, "Counting", 3)


@pytest.mark.spec("RPT-4")
@pytest.mark.parametrize("again", [False, True])
def test_a_cancelled_report_stops_and_leaves_no_files(
    login, administrator, monkeypatch, again, django_capture_on_commit_callbacks
):
    """Cancelled while it is counted, and at once asked for again: the old worker spoils nothing of the new one's."""
    report = ask(administrator).instance
    client, compute = login(administrator), worker.compute

    def cancelled_meanwhile(*arguments):
        monkeypatch.undo()
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post(reverse("report_cancel", args=[report.pk])).status_code == 302
            if again:
                client.post(reverse("report_regenerate", args=[report.pk]))
        return compute(*arguments)

    monkeypatch.setattr(worker, "compute", cancelled_meanwhile)
    with django_capture_on_commit_callbacks(execute=True):
        worker.generate(str(report.pk))
    report.refresh_from_db()
    folder = f"reports/{report.pk}"
    files = default_storage.listdir(folder)[1] if default_storage.exists(folder) else []
    if again:
        assert report.status == "completed"
        assert len(files) == 2
    else:
        assert (report.status, report.file_path, files) == ("failed", "", [])
        assert "Cancelled by" in report.failure_reason
        page = client.get(report.get_absolute_url()).content.decode()
        assert "Cancelled by" in page
        assert reverse("report_cancel", args=[report.pk]) not in page
    assert AuditLog.objects.filter(entity_id=report.pk, action="cancel", user=administrator).exists()


@pytest.mark.spec("WF-RPT", "RPT-4")
def test_the_same_request_twice_at_once_runs_once(administrator, billing_officer):
    first, second = ask(administrator).instance, ask(administrator)
    assert second.already_saved
    assert second.instance.pk == first.pk
    assert ask(administrator, "billing_summary").instance.pk != first.pk
    assert ask(billing_officer).instance.pk != first.pk
    worker.generate(str(first.pk))
    third = ask(administrator).instance
    assert third.pk != first.pk
    refused = submit(RegenerateReportForm, actor=administrator, instance=Report.objects.get(pk=first.pk))
    assert "being made already" in str(refused.errors)


@pytest.mark.spec("RPT-4")
def test_files_go_when_they_are_old(login, administrator, settings):
    report = made(administrator)
    path = report.file_path
    worker.tidy()
    assert default_storage.exists(path)
    settings.REPORT_KEEP_DAYS = 30
    Report.objects.update(generated_at=now() - timedelta(days=31))
    worker.tidy()
    assert not default_storage.exists(path)
    client = login(administrator)
    page = client.get(report.get_absolute_url()).content.decode()
    assert "removed for their age" in page
    assert reverse("report_download", args=[report.pk]) not in page
    assert client.get(reverse("report_download", args=[report.pk])).status_code == 404


def test_what_a_dead_worker_left_behind_is_cleared(administrator, time_machine_at):
    report = made(administrator)
    left = default_storage.save(f"reports/{report.pk}/dead.pdf.part", ContentFile(b"%PDF"))
    worker.tidy()
    assert default_storage.exists(left), "it may be being written"
    with time_machine_at(now() + timedelta(days=2)):
        worker.tidy()
    assert not default_storage.exists(left)
    assert default_storage.exists(report.file_path)


@pytest.mark.spec("RPT-4")
def test_a_job_that_kills_its_worker_is_given_up(administrator, settings, django_capture_on_commit_callbacks):
    form = ask(administrator)
    settings.REPORT_LEASE_SECONDS = -1
    assert all(worker.claim(str(form.instance.pk)) for _attempt in (1, 2, 3))
    assert not worker.claim(str(form.instance.pk))
    worker.sweep()
    report = Report.objects.get()
    assert report.status == "failed"
    assert "stopped 3 times" in report.failure_reason


@pytest.mark.spec("RPT-4")
@pytest.mark.parametrize("attempts", [0, 1, 2])
def test_the_sweep_starts_what_is_stuck_again(administrator, settings, attempts, django_capture_on_commit_callbacks):
    form = ask(administrator)
    Report.objects.update(attempts=attempts)
    worker.sweep()
    assert Report.objects.get().status == "generating", "its worker may still be alive"
    settings.REPORT_LEASE_SECONDS = -1
    with django_capture_on_commit_callbacks(execute=True):
        worker.sweep()
    report = Report.objects.get(pk=form.instance.pk)
    assert (report.status, report.attempts) == ("completed", attempts + 1)


@pytest.mark.spec("FND-6")
def test_deleting_hides_and_keeps(login, administrator):
    report = made(administrator)
    client = login(administrator)
    assert client.post(reverse("report_delete", args=[report.pk])).url == reverse("report_list")
    assert report.report_name not in client.get(reverse("report_list")).content.decode()
    assert report.report_name in client.get(reverse("report_list") + "?inactive=1").content.decode()
    assert default_storage.exists(report.file_path)
    assert AuditLog.objects.filter(entity_id=report.pk, action="deactivate").exists()
    assert "done already" in str(submit(HideReportForm, actor=administrator, instance=report).errors)
    client.post(reverse("report_reactivate", args=[report.pk]))
    assert report.report_name in client.get(reverse("report_list")).content.decode()


def test_renaming(login, administrator):
    report = f.ReportFactory(generated_by_user=administrator)
    client, url = login(administrator), reverse("report_edit", args=[report.pk])
    assert client.post(url, {"report_name": "NUL\x00"}).status_code == 200
    assert client.post(url, {"report_name": "For the board"}).status_code == 302
    report.refresh_from_db()
    assert report.report_name == "For the board"


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize("query", ["?format=exe", "?format=", "?format=../../etc"])
def test_odd_downloads_are_not_found(login, administrator, query):
    report = made(administrator)
    assert login(administrator).get(reverse("report_download", args=[report.pk]) + query).status_code == 404


def test_a_file_is_replaced_in_one_step(administrator):
    report = made(administrator)
    _folders, files = default_storage.listdir(f"reports/{report.pk}")
    assert sorted(PurePath(name).suffix for name in files) == [".pdf", ".xlsx"]
    assert report.file_path in {f"reports/{report.pk}/{name}" for name in files}


@pytest.mark.parametrize("page", ["list", "detail"])
def test_pages_run_the_same_queries_for_one_and_many(login, administrator, page):
    client = login(administrator)
    report = made(administrator)
    url = reverse("report_list") if page == "list" else report.get_absolute_url()
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url)
    for _n in range(20):
        f.ReportFactory(generated_by_user=f.UserFactory(role="doctor"))
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(one) == len(many)


@pytest.mark.spec("RPT-4")
def test_the_queries_of_a_report_do_not_grow_with_its_rows(administrator, takings):
    from reporting.figures import compute

    report = f.ReportFactory(start_date=today(), end_date=today())
    with CaptureQueriesContext(connection) as one:
        compute(report)
    for _n in range(20):
        f.PaymentFactory(invoice=takings.invoice, amount=Decimal("1.00"))
    with CaptureQueriesContext(connection) as many:
        compute(report)
    assert len(one) == len(many)


@pytest.mark.spec("AUD-5")
def test_a_report_that_could_not_be_sent_is_not_told_as_sent(billing_officer, mailoutbox, monkeypatch):
    """The worker tries three times: the trail told of three reports that had left the clinic."""
    schedule = f.ReportScheduleFactory(generated_by_user=billing_officer, report_type="revenue", mailing="file")
    report = f.ReportFactory(generated_by_user=billing_officer, schedule=schedule, start_date=today(), end_date=today())
    worker.generate(str(report.pk))
    mailoutbox.clear()
    before = AuditLog.objects.filter(action="export").count()

    def away(_message, **_how):
        raise OSError("Connection refused")

    with monkeypatch.context() as without_server:
        without_server.setattr(EmailMessage, "send", away)
        for _attempt in range(3):
            with pytest.raises(OSError, match="refused"):
                mail.send(str(report.pk))
    assert AuditLog.objects.filter(action="export").count() == before
    mail.send(str(report.pk))
    assert len(mailoutbox) == 1
    assert AuditLog.objects.filter(action="export").count() == before + 1


@pytest.mark.spec("RPT-1")
def test_a_schedule_makes_reports_and_sends_them(
    login, billing_officer, mailoutbox, settings, time_machine_at, django_capture_on_commit_callbacks
):
    client = login(billing_officer)
    settings.SITE_URL = "https://clinic.example"
    data = {"report_type": "billing_summary", "frequency": "weekly", "mailing": "file", "report_name": ""}
    refused = client.post(reverse("report_schedule_create"), data)
    assert "names patients" in refused.content.decode()
    for kind, mailing in (("billing_summary", "link"), ("revenue", "file"), ("service_utilization", "none")):
        posted = data | {"report_type": kind, "mailing": mailing}
        assert client.post(reverse("report_schedule_create"), posted).status_code == 302
    schedule = ReportSchedule.objects.get(report_type="revenue")
    monday = schedule.next_on
    assert monday > today()
    assert monday.weekday() == 0
    schedules.run()
    assert not Report.objects.exists()
    ReportSchedule.objects.filter(report_type="service_utilization").update(next_on=monday - timedelta(days=14))
    with time_machine_at(midnight(monday) + timedelta(hours=12)), django_capture_on_commit_callbacks(execute=True):
        schedules.run()
        schedules.run()
    reports = Report.objects.filter(generated_by_user=billing_officer, status="completed")
    assert reports.count() == 3, "once each, however long nobody looked"
    week = {(report.start_date, report.end_date) for report in reports}
    assert week == {(monday - timedelta(days=7), monday - timedelta(days=1))}
    schedule.refresh_from_db()
    assert schedule.next_on == monday + timedelta(days=7)
    by_subject = {message.subject.split(",")[0]: message for message in mailoutbox}
    assert set(by_subject) == {"Report: Billing Summary", "Report: Revenue"}
    assert {tuple(message.to) for message in mailoutbox} == {(billing_officer.email,)}
    assert next(name for name, _file, _type in by_subject["Report: Revenue"].attachments).endswith(".pdf")
    letter = by_subject["Report: Billing Summary"]
    assert not letter.attachments
    report = reports.get(report_type="billing_summary")
    assert f"https://clinic.example{report.get_absolute_url()}" in letter.body
    assert "billing_summary" in client.get(reverse("report_list") + "?report_type=billing_summary").content.decode()


@pytest.mark.spec("ROLE-2")
def test_schedules_of_people_who_left_or_changed_roles_make_nothing(billing_officer, time_machine_at):
    schedule = f.ReportScheduleFactory(generated_by_user=billing_officer)
    billing_officer.role = "nurse"
    billing_officer.save()
    schedules.run()
    assert not Report.objects.exists()
    schedule.refresh_from_db()
    assert schedule.next_on > today()


@pytest.mark.spec("RPT-1", "RPT-3")
def test_a_doctor_of_another_role_by_now_can_be_chosen_still(administrator, time_machine_at):
    """A schedule narrowed to somebody who was a doctor stopped without a word."""
    visit = f.AppointmentFactory(status="completed")
    schedule = f.ReportScheduleFactory(
        generated_by_user=administrator,
        report_type="doctor_performance",
        parameters={"doctor_id": str(visit.doctor_id)},
        frequency="daily",
    )
    visit.doctor.role = "administrator"
    visit.doctor.save()
    with time_machine_at(now() + timedelta(days=1)):
        schedules.run()
    worker.generate(str(schedule.reports.get().pk))
    (row,) = schedule.reports.get().result["tables"][0]["rows"]
    assert row[:3] == [str(visit.doctor), 1, 1]
    stranger = f.UserFactory(role="nurse")
    assert "doctor" in ask(administrator, "doctor_performance", doctor=str(stranger.pk)).errors


@pytest.mark.spec("RPT-1", "VAL-2")
def test_presets_filters_and_comparison(login, administrator, takings):
    client = login(administrator)
    department, insurer = f.DepartmentFactory(), f.InsuranceProviderFactory()
    data = {
        "report_type": "revenue",
        "values_seen": "",  # as the page sends it, and an empty box not at all
        "period": "last_month",
        "start_date": "2020-01-01",
        "end_date": "2020-01-01",
        "department": department.pk,
        "insurer": insurer.pk,
    }
    client.post(reverse("report_create"), data)
    report = Report.objects.get()
    last = today().replace(day=1) - timedelta(days=1)
    assert (report.start_date, report.end_date) == (last.replace(day=1), last)
    assert report.parameters == {"department_id": str(department.pk), "insurer_id": str(insurer.pk), "compare": False}
    worker.generate(str(report.pk))
    page = client.get(report.get_absolute_url())
    assert insurer.name in page.content.decode()
    assert not page.context["figures"]["compared"]
    again = next(action["url"] for action in page.context["actions"] if action["label"] == "Change filters")
    response = client.get(again)
    form = response.context["form"]
    assert re.search(r'<input type="checkbox" name="compare"[^>]*>', response.content.decode())[0].count("checked") == 0
    assert form["insurer"].value() == str(insurer.pk)
    assert form["start_date"].value() == str(report.start_date)
    compared = made(administrator, start_date=str(today()), end_date=str(today()))
    figure = compared.result["summary"][0]
    assert (figure["value"], figure["before"]) == ("19.99", "0.00")
    assert client.post(reverse("report_create"), data | {"period": "tomorrow"}).context["form"].errors["period"]
