"""Staff from a file: a dry run that names what is wrong, then an account and a password shown once for each row."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook

from audit.models import AuditLog
from departments.forms.staff_import import ImportStaffForm
from departments.models import User
from healthcare import xlsx
from tests.factories import DepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("AUTH-6", "PAGE-10")]
HEAD = "First name,Last name,E-mail,Role,Phone,Department"
GOOD = (
    f"{HEAD}\nAna,Li,Ana@Clinic.test,Doctor,+1 202 555 0143,cardiology\n\nBo,Šťastný,bo@clinic.test,billing_officer,,\n"
)


def file_of(text, name="staff.csv"):
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())


def excel_of(text):
    book = Workbook()
    for line in text.splitlines():
        book.active.append(line.split(","))
    book.save(file := io.BytesIO())
    return file_of(file.getvalue(), "staff.xlsx")


@pytest.fixture
def page(login, administrator):
    DepartmentFactory(name="Cardiology")
    client = login(administrator)
    return lambda **data: client.post(reverse("user_import"), data)


@pytest.mark.parametrize("kind", [file_of, excel_of, lambda text: file_of("\ufeff" + text.replace(",", ";"))])
def test_what_was_looked_at_is_what_is_made_and_everybody_gets_a_password_once(page, kind):
    before = User.objects.count()
    looked = page(file=kind(GOOD)).context["form"]
    assert [str(row.outcome) for row in looked.rows] == ["New account"] * 2 and not looked.errors
    assert User.objects.count() == before  # a dry run
    made = page(apply="1", checked=looked.signed)
    passwords = re.findall(r"<code>([\w-]+)</code>", made.content.decode())
    ana, bo = (User.objects.get(email=f"{name}@clinic.test") for name in ("ana", "bo"))
    assert (ana.role, ana.department.name, ana.phone) == ("doctor", "Cardiology", "+12025550143")
    assert (bo.role, bo.last_name) == ("billing_officer", "Šťastný")
    assert [ana.check_password(passwords[0]), bo.check_password(passwords[1])] == [True, True]
    assert ana.must_change_password
    assert AuditLog.objects.filter(action="create", entity_id__in=[ana.pk, bo.pk]).count() == 2
    assert AuditLog.objects.get(action="import").new_values == {"accounts": 2, "rows": 2}
    again = page(apply="1", checked=looked.signed)
    assert again.url == reverse("user_list") and User.objects.count() == before + 2


def test_each_wrong_row_is_named_and_nothing_is_made(page, nurse):
    lines = [
        "Ana,Li,not an address,doctor,,",
        "Bo,Ek,bo@clinic.test,janitor,,",
        "Cy,Oz,cy@clinic.test,nurse,,Astrology",
        "Di,Xu,di@clinic.test,nurse,12,",
        "Di,Xu,DI@clinic.test,nurse,,",
        ",Yi,yi@clinic.test,nurse,,",
        f"Eve,Fox,{nurse.email},nurse,,",
    ]
    before = User.objects.count()
    form = page(file=file_of("\n".join([HEAD, *lines]))).context["form"]
    said = [row.errors for row in form.rows]
    for words, expected in zip(
        said, ["E-mail", "Role", "no department", "Phone", "twice", "First name", ""], strict=True
    ):
        assert expected in words if expected else not words
    assert "6 rows cannot be imported" in str(form.non_field_errors())
    assert page(apply="1", checked=form.signed).context["form"].errors
    assert User.objects.count() == before


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize(
    "content",
    ["", "\n", "a,b\n1,2", HEAD, b"PK\x03\x04broken", b"\xff\xfe\x00", "x" * 2000, f"{HEAD}\n{chr(0)}", '"' * 99],
)
def test_a_file_that_is_no_list_of_staff_is_a_message(page, content):
    assert page(file=file_of(content)).context["form"].errors


@pytest.mark.spec("VAL-5")
def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(page, monkeypatch):
    monkeypatch.setattr(xlsx, "MOST_UNPACKED", 100)
    assert "can be read" in str(page(file=excel_of(GOOD)).context["form"].errors)


def test_what_was_not_looked_at_is_not_made(page, monkeypatch):
    assert page(apply="1", checked="forged").context["form"].errors
    assert page(apply="1").context["form"].errors
    monkeypatch.setattr(ImportStaffForm, "most_rows", 1)
    assert "at most 1" in str(page(file=file_of(GOOD)).context["form"].errors)
