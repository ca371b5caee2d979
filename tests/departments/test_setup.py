"""The first start: a page that works only while nobody has an account, then what is still missing (PAGE-10)."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from audit.models import AuditLog
from departments.forms.setup import SetUpForm
from departments.models import ClinicSettings, Department, User
from healthcare.workflow import submit
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PAGE-10")]
DATA = {
    "name": "Hillside Clinic",
    "address": "1 Hill Road",
    "time_zone": "Europe/Zurich",
    "currency": "CHF",
    "tax_rate": "7.7",
    "paper": "A4",
    "departments": "General medicine\nPaediatrics\n\n general  MEDICINE",
    "first_name": "Ana",
    "last_name": "Li",
    "admin_email": "Ana@Hillside.test",
    "password": "Quiet-harbour-7",
}


def test_the_first_start_makes_clinic_departments_and_administrator(client):
    assert client.get(reverse("login")).url == reverse("setup")
    page = client.get(reverse("setup"))
    assert page.status_code == 200
    assert "Riverside" not in page.content.decode()  # the demo's name is nobody's
    assert client.post(reverse("setup"), DATA).url == reverse("checklist")
    clinic = ClinicSettings.current()
    assert (clinic.name, str(clinic.zone), clinic.currency) == ("Hillside Clinic", "Europe/Zurich", "CHF")
    assert Department.objects.count() == 2
    user = User.objects.get()
    assert (user.email, user.role, user.must_change_password) == ("ana@hillside.test", "administrator", False)
    page = client.get(reverse("checklist"))  # logged in by that
    done = {str(step["title"]): step["done"] for step in page.context["steps"]}
    assert done["Letterhead"] and done["Departments"] and not done["Doctors"] and not done["Price list"]
    assert AuditLog.objects.filter(entity_type="user", action="create").exists()
    assert "Quiet-harbour-7" not in str(list(AuditLog.objects.values_list("new_values", flat=True)))


def test_once_there_is_an_account_there_is_no_such_page(client):
    UserFactory()
    assert client.get(reverse("setup")).status_code == 404
    assert client.post(reverse("setup"), DATA).status_code == 404
    assert not submit(SetUpForm, actor=None, data=DATA).is_valid()
    assert User.objects.count() == 1


@pytest.mark.parametrize("pixels", [(40, 40), (6000, 5000)])
def test_a_logo_is_an_image_of_a_sensible_size(client, pixels):
    Image.new("1", pixels).save(file := io.BytesIO(), "PNG")
    data = {**DATA, "password": "weak", "logo": SimpleUploadedFile("logo.png", file.getvalue())}
    errors = client.post(reverse("setup"), data).context["form"].errors
    assert ("logo" in errors) is (pixels != (40, 40))
    for name, content in (("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ("logo.png", b"MZ")):
        data["logo"] = SimpleUploadedFile(name, content)
        assert "logo" in client.post(reverse("setup"), data).context["form"].errors


@pytest.mark.parametrize("kind", ["EPS", "TIFF", "PCX"])
def test_a_logo_that_no_browser_shows_is_refused(client, kind):
    Image.new("RGB", (40, 40)).save(file := io.BytesIO(), kind)
    data = {**DATA, "logo": SimpleUploadedFile(f"logo.{kind.lower()}", file.getvalue())}
    assert "PNG" in str(client.post(reverse("setup"), data).context["form"].errors["logo"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "weak"),
        ("admin_email", f"{'a' * 250}@hillside.test"),
        ("password", "Ana-Li-2026!x" * 12),
        ("admin_email", "no"),
        ("tax_rate", "101"),
        ("time_zone", "Europe/Atlantis"),
        ("currency", "XAU"),
        ("name", ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made(client, field, value):
    page = client.post(reverse("setup"), {**DATA, field: value})
    assert page.context["form"].errors[field]
    assert not User.objects.exists() and not Department.objects.exists() and not ClinicSettings.objects.exists()
