"""manage.py import_patients and its pages: matched, checked row by row, registered by the form's rules (DATA-3)."""

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from openpyxl import Workbook

from audit.models import AuditLog
from patients.imports import worker
from patients.imports.models import PatientImport
from patients.models import Patient
from tests.factories import InsuranceProviderFactory, PatientFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("DATA-3")]

HEADINGS = ["Surname", "Given name", "DOB", "Sex", "Mobile", "Insurance", "Colour"]
ROWS = [
    ["Müller", "Änne", "24.12.1980", "F", "+49 30 1234567", "ACME mutual", "red"],
    ["Known", "Maria", "05.03.1984", "w", "", "", ""],
    ["Doe", "John", "13.01.1999", "m", "", "", ""],
    ["Doe", "John", "13.01.1999", "m", "", "", ""],
    ["", "Nobody", "31.02.2001", "q", "12", "Unheard of", ""],
]


@pytest.fixture
def house():
    InsuranceProviderFactory(name="ACME Mutual")
    PatientFactory(last_name="Known", first_name="Maria", date_of_birth=date(1984, 3, 5), gender="female")


def as_csv(rows, encoding="utf-8", sign=";"):
    return "\r\n".join(sign.join(row) for row in [HEADINGS, *rows]).encode(encoding)


def as_excel(rows):
    book, file = Workbook(), io.BytesIO()
    for row in [HEADINGS, *rows]:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def run(path, *options):
    out = io.StringIO()
    problems = path.with_name("problems.csv")
    call_command("import_patients", str(path), "--problems", str(problems), *options, stdout=out)
    return out.getvalue(), problems.read_text()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", as_csv(ROWS)), ("b.csv", as_csv(ROWS, "cp1252", "\t")), ("c.xlsx", as_excel(ROWS))],
)
def test_a_file_is_checked_then_registered_once(house, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    said, problems = run(path, "--dry-run")
    assert Patient.objects.count() == 1
    assert "not used: Colour" in said
    for field in ("Last name", "Date of birth", "Gender", "Phone", "Insurance provider"):
        assert f"6,wrong,{field}" in problems, problems
    assert "Perhaps registered already: Known, Maria" in problems.splitlines()[1]
    assert "5,duplicate,,The same person stands further up" in problems

    said, _problems = run(path)
    assert "2 registered, 1 known already, 1 likely duplicates, 1 with errors" in said
    one = Patient.objects.get(last_name="Müller")
    assert (one.first_name, one.date_of_birth, one.gender) == ("Änne", date(1980, 12, 24), "female")
    assert one.phone == "+49301234567" and one.insurance_provider.name == "ACME Mutual"
    assert one.medical_record and one.patient_number
    assert AuditLog.objects.filter(entity_id=one.pk, action="import").count() == 1

    said, _problems = run(path, "--accept-duplicates")
    assert "1 registered, 3 known already, 0 likely duplicates, 1 with errors" in said
    assert Patient.objects.count() == 4


def test_going_on_asks_for_what_is_registered_many_rows_at_once(tmp_path, django_assert_max_num_queries):
    path = tmp_path / "list.csv"
    people = [[f"Doe{number}", "John", f"{number + 1:02}.01.19{50 + number}", "m", "", "", ""] for number in range(20)]
    path.write_bytes(as_csv(people[:15]))
    assert "15 registered" in run(path)[0]
    with django_assert_max_num_queries(5):
        assert "0 registered, 15 known already" in run(path)[0]
    path.write_bytes(as_csv(people))
    assert "5 registered, 15 known already" in run(path)[0]


def upload(client, content, name="list.csv"):
    return client.post(reverse("patient_import_create"), {"file": SimpleUploadedFile(name, content)})


def test_the_page_checks_shows_and_registers(house, login, administrator, django_capture_on_commit_callbacks):
    client = login(administrator)
    with django_capture_on_commit_callbacks(execute=True):
        assert upload(client, as_csv(ROWS)).status_code == 302
    job = PatientImport.objects.get()
    assert (job.status, job.good, job.duplicate, job.wrong) == ("checked", 2, 2, 1)
    page = client.get(job.get_absolute_url()).content.decode()
    assert "Perhaps registered already" in page and "not used" in page
    assert Patient.objects.count() == 1
    # Without dates nothing can be registered, and the page says so of every row.
    columns = {f"column_{name}": at for name, at in job.fields.items() if name != "date_of_birth"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("patient_import_columns", args=[job.pk]), {**columns, "date_order": "dmy"})
    job.refresh_from_db()
    assert (job.good, job.wrong) == (0, 5)
    columns["column_date_of_birth"] = 2
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("patient_import_columns", args=[job.pk]), {**columns, "date_order": "dmy"})
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("patient_import_run", args=[job.pk]))
    job.refresh_from_db()
    assert (job.status, job.good, job.known, job.duplicate, job.wrong) == ("completed", 2, 1, 1, 1)
    assert Patient.objects.count() == 3
    assert AuditLog.objects.filter(action="import", entity_type="patient", user=administrator).count() == 2
    assert "6,wrong,Last name" in client.get(reverse("patient_import_problems", args=[job.pk])).content.decode()


def test_a_worker_killed_on_the_way_is_followed_by_another(
    house, login, administrator, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(worker, "STEP", 1)
    monkeypatch.setattr(worker, "SLICE_SECONDS", -1)
    client = login(administrator)
    with django_capture_on_commit_callbacks() as waiting:
        upload(client, as_csv(ROWS))
    job = PatientImport.objects.get()
    for _delivery in range(12):  # one row each; the first ones are delivered twice
        worker.work(str(job.pk), 1)
    job.refresh_from_db()
    assert waiting and (job.status, job.good + job.duplicate + job.wrong) == ("checked", 5)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"\0\1\2"),
        ("a.csv", b'a,b\n"' + b"x" * 200_000),
        ("a.xlsx", b"PK\3\4 no"),
        ("a.pdf", b"%PDF"),
        ("one.csv", b"only"),
    ],
)
def test_what_is_no_table_is_refused_at_the_field(login, administrator, name, content):
    response = upload(login(administrator), content, name)
    assert response.status_code == 200 and response.context["form"].errors["file"]
    assert not PatientImport.objects.exists()


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_the_line_that_tells_excel_the_separator_is_no_heading(tmp_path, bom):
    path = tmp_path / "excel.csv"
    path.write_text(f"{bom}sep=;\r\nLast name;First name, given;DOB;Sex\r\nDoe;Jane;1980-12-24;F\r\n", encoding="utf-8")
    said, problems = run(path, "--column", "first_name=First name, given")
    assert "1 registered" in said and not problems.splitlines()[1:]
    assert Patient.objects.get().full_name == "Doe, Jane"


def test_dates_with_points_begin_with_the_day_also_where_no_day_tells(tmp_path, settings):
    settings.PHONE_REGION = "US"
    path = tmp_path / "points.csv"
    path.write_text("Last name;First name;DOB;Sex\nDoe;Jane;05.03.1984;F\n")
    run(path)
    assert Patient.objects.get().date_of_birth == date(1984, 3, 5)
