"""manage.py import_patients and its pages: matched, checked row by row, registered by the form's rules (DATA-3)."""

import io
from datetime import date
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from openpyxl import Workbook

from audit.models import AuditLog
from patients.imports import importer, worker
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


def upload(client, content, name="list.csv", **told):
    return client.post(reverse("patient_import_create"), {"file": SimpleUploadedFile(name, content), **told})


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


PEOPLE = [
    "Last name;First name;DOB;Sex;City;Notes",
    "Łukasiński;Žižka;1984-05-13;m;Łódź;",
    "Dvořák;Anna;1985-01-02;f;;",
]


def test_letters_that_can_be_read_in_two_ways_are_asked_for(tmp_path):
    path = tmp_path / "central.csv"
    path.write_bytes("\n".join(PEOPLE).encode("cp1250"))
    with pytest.raises(CommandError, match=r"Western European .*: £ukasiñski; Central European .*: Łukasiński"):
        run(path)
    with pytest.raises(CommandError, match="written in another way"):
        path_of_others = tmp_path / "none.csv"
        path_of_others.write_bytes("Last name;First name;DOB;Sex\nDoe;J\x81;1984-05-13;m\n".encode("latin-1"))
        run(path_of_others)
    assert not Patient.objects.exists()
    assert "2 registered" in run(path, "--encoding", "cp1250")[0]
    assert set(Patient.objects.values_list("last_name", flat=True)) == {"Łukasiński", "Dvořák"}


def test_the_page_asks_for_the_letters_at_its_field(login, administrator, django_capture_on_commit_callbacks):
    client, content = login(administrator), "\n".join(PEOPLE).encode("cp1250")
    assert "Łukasiński" in str(upload(client, content).context["form"].errors["file"])
    with django_capture_on_commit_callbacks(execute=True):
        upload(client, content, encoding="cp1250")
    job = PatientImport.objects.get()
    assert (job.status, job.good) == ("checked", 2)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("patient_import_run", args=[job.pk]))
    assert Patient.objects.filter(last_name="Dvořák", first_name="Anna").exists()


STRAY = ["Last name;First name;DOB;Sex;Address;Notes"] + [
    f"Doe{number};Jane;1980-01-0{number};f;{address};{notes}"
    for number, address, notes in [
        (1, '"Two lines;\nof one cell"', '""'),
        (2, "Main St", '"6 ft'),
        (3, "Elm St", "said"),
        (4, "Oak St", 'waist 36"'),
        (5, "Elm St", ""),
    ]
]


@pytest.mark.parametrize("rows", [STRAY, [*STRAY[:4], STRAY[5]], [*STRAY[:4], 'Doe4;Jane;1980-01-04;f;"Oak St";']])
def test_a_quotation_mark_that_takes_in_other_patients_is_told(tmp_path, rows):
    path = tmp_path / "quotes.csv"
    path.write_text("\n".join(rows))
    with pytest.raises(CommandError, match=r"in line 4 takes in the lines up to"):
        run(path, "--dry-run")
    path.write_text("\n".join(rows).replace('"6 ft', "6 ft"))
    assert f"{len(rows) - 1} registered" in run(path)[0]


def test_a_cell_of_several_lines_is_no_stray_quotation_mark(tmp_path):
    """The line that ends it looked like a row where the cell comes first, or the text has as many commas."""
    path = tmp_path / "lines.csv"
    path.write_text('Address,Last name,First name,DOB,Sex\n"Elm St 4\nFlat 2",Doe,Jane,1980-01-01,f\n')
    assert "1 registered" in run(path)[0]
    path.write_text('Last name,First name,DOB,Sex,Address\nRoe,Max,1980-01-01,m,"Elm St 4\nFlat 2, A, B, C, D"\n')
    assert "1 registered" in run(path)[0]


def test_a_file_that_turns_out_unreadable_says_why_on_its_page(
    login, administrator, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(importer, "SAMPLE_ROWS", 1)
    client = login(administrator)
    with django_capture_on_commit_callbacks(execute=True):
        upload(client, "\n".join(STRAY).encode())
    job = PatientImport.objects.get()
    assert job.status == "failed"
    assert "in line 4 takes in the lines up to 6" in client.get(job.get_absolute_url()).content.decode()


def changed(content, part, change):
    """The workbook with one of its files written otherwise."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_rows_beyond_what_a_sheet_says_of_its_size_are_not_lost(house, tmp_path):
    path = tmp_path / "stale.xlsx"
    path.write_bytes(changed(as_excel(ROWS), SHEET, lambda xml: xml.replace(b'ref="A1:G6"', b'ref="A1:C2"')))
    said, _problems = run(path, "--dry-run")
    assert "2 would be registered, 0 known already, 2 likely duplicates, 1 with errors" in said


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml"])
def test_a_workbook_that_was_cut_off_is_refused_at_the_field(login, administrator, part):
    content = changed(as_excel(ROWS), part, lambda xml: xml[: len(xml) // 2])
    assert upload(login(administrator), content, "cut.xlsx").context["form"].errors["file"]


def test_what_a_spreadsheet_could_not_work_out_is_nobodys_name(tmp_path):
    path = tmp_path / "errors.csv"
    path.write_text(
        "Last name;First name;DOB;Sex;MRN;City\n#N/A;Jane;1980-12-24;F;;\nDoe;Jane;1980-12-24;F;#REF!;#REF!\n"
    )
    said, problems = run(path)
    assert "0 registered" in said and "2 with errors" in said
    assert "2,wrong,Last name,The spreadsheet holds an error here: #N/A." in problems
    assert "3,wrong,Patient number" in problems and "3,wrong,City" in problems


def test_a_number_that_stands_in_the_file_twice_is_told_before_anything_is_saved(tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("Last name;First name;DOB;Sex;MRN\nDoe;Jane;1980-12-24;F;D-7\nRoe;Max;1970-12-24;M; d-7\n")
    for option in (["--dry-run"], []):
        said, problems = run(path, *option)
        assert "1 with errors" in said and "3,wrong,Patient number" in problems
