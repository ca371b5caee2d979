"""Registering, changing and deactivating patients; insurers."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from audit.models import AuditLog
from departments.models import Counter
from healthcare.clock import today
from healthcare.workflow import submit
from patients.forms import DeactivatePatientForm, EditPatientForm, RegisterPatientForm
from patients.models import InsuranceProvider, MedicalRecord, Patient, PatientSearchTerm
from tests.factories import AppointmentFactory, InsuranceProviderFactory, PatientFactory

pytestmark = pytest.mark.django_db

MARIA = {
    "first_name": "María",
    "last_name": "Lopez",
    "date_of_birth": "1984-03-05",
    "gender": "female",
    "phone": "(202) 555-0143",
}


def register(actor, **data):
    return submit(RegisterPatientForm, actor=actor, data={**MARIA, **data})


@pytest.mark.spec("WF-REG", "WF-AUD")
def test_registration_makes_patient_and_record_and_is_audited(login, receptionist):
    insurer = InsuranceProviderFactory()
    data = {
        **MARIA,
        "email": "maria@example.com",
        "emergency_contact_name": "Juan Lopez",
        "emergency_contact_phone": "+44 20 7946 0018",
        "insurance_provider": insurer.pk,
        "insurance_policy_number": "POL-7",
    }
    response = login(receptionist).post(reverse("patient_create"), data)
    patient = Patient.objects.get()
    assert response.url == patient.get_absolute_url()
    assert (patient.patient_number, patient.phone) == ("P-000001", "+12025550143")
    assert patient.emergency_contact_phone == "+442079460018"
    assert patient.insurance_provider == insurer
    assert patient.medical_record.allergy_status == "not_asked"
    entries = AuditLog.objects.filter(patient_id=patient.pk, action="create", user=receptionist)
    assert set(entries.values_list("entity_type", flat=True)) == {"patient", "medical_record"}
    assert "search_text" not in entries.get(entity_type="patient").new_values
    assert not AuditLog.objects.filter(entity_type="patient_search_term").exists()


@pytest.mark.spec("VAL-5")
def test_a_name_cannot_turn_the_words_beside_it_around(receptionist):
    """An override or an isolate that is left open runs on to the end of the sentence that the name stands in."""
    for sign in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068":
        form = register(receptionist, last_name=f"Lopez{sign}")
        assert list(form.errors) == ["last_name"], hex(ord(sign))
    # The plain marks, and names that are read from right to left, are fine.
    assert register(receptionist, last_name="\u200fالقحطاني\u200e").is_valid()


@pytest.mark.spec("WF-REG")
def test_nothing_is_left_when_the_record_fails(receptionist, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(MedicalRecord, "save", fail)
    with pytest.raises(RuntimeError):
        register(receptionist)
    assert not Patient.objects.exists()
    assert not PatientSearchTerm.objects.exists()
    assert not Counter.objects.filter(name="patient_number", value__gt=0).exists()


@pytest.mark.spec("ENT-5")
def test_numbers_run_on_and_skip_those_typed_by_hand(receptionist):
    assert register(receptionist, patient_number=" p-000002 ", last_name="A").instance.patient_number == "P-000002"
    assert register(receptionist, last_name="B", phone="").instance.patient_number == "P-000001"
    assert register(receptionist, last_name="C", phone="").instance.patient_number == "P-000003"
    taken = register(receptionist, last_name="D", phone="", patient_number="P-000003")
    assert taken.errors["patient_number"]
    # What was refused takes no number.
    assert register(receptionist, last_name="E", phone="").instance.patient_number == "P-000004"


@pytest.mark.spec("WF-REG")
@pytest.mark.parametrize(
    ("other", "warned"),
    [
        ({"first_name": "MARIA", "last_name": "López", "phone": ""}, True),
        ({"first_name": "Lopez", "last_name": "Maria", "phone": ""}, True),
        ({"first_name": "Anna", "last_name": "Smith"}, True),  # the same phone and date of birth
        ({"first_name": "Anna", "last_name": "Smith", "phone": ""}, False),
        ({"date_of_birth": "1985-03-05"}, True),  # a year off, with the same name and phone
        ({"date_of_birth": "1985-03-05", "phone": ""}, False),
    ],
)
def test_likely_duplicates_must_be_acknowledged(login, receptionist, other, warned):
    assert register(receptionist).is_valid()
    client, data = login(receptionist), {**MARIA, **other}
    response = client.post(reverse("patient_create"), data)
    if not warned:
        assert response.status_code == 302
        return
    warning = response.context["form"].warnings[0]
    assert warning.kind == "duplicate"
    assert "Lopez, María · P-000001 · 1984-03-05" in response.content.decode()
    assert Patient.objects.count() == 1
    data |= {"acknowledge_warnings": "on", "warnings_seen": response.context["form"]["warnings_seen"].value()}
    assert client.post(reverse("patient_create"), data).context["form"].errors["override_reason"]
    assert client.post(reverse("patient_create"), data | {"override_reason": "twins"}).status_code == 302
    assert Patient.objects.count() == 2


@pytest.mark.spec("VAL-2")
@pytest.mark.parametrize(
    ("born", "good"),
    [
        (lambda day: day, True),
        (lambda day: day + timedelta(days=1), False),
        (lambda day: date(day.year - 129, 1, 1), True),
        (lambda day: date(day.year - 131, 1, 1), False),
        ("9999-12-31", False),
        ("0001-01-01", False),
        ("2023-02-29", False),
        ("2024-02-29", True),
        ("NaN", False),
    ],
)
def test_date_of_birth(receptionist, born, good):
    form = register(receptionist, date_of_birth=str(born(today()) if callable(born) else born))
    assert form.is_valid() is good
    assert bool(form.errors.get("date_of_birth")) is not good
    assert Patient.objects.exists() is good


@pytest.mark.spec("VAL-2")
def test_the_day_of_the_130th_birthday_is_too_long_ago(receptionist):
    day = today()
    assert register(receptionist, date_of_birth=f"{day.year - 130}-{day:%m-%d}").errors["date_of_birth"]


@pytest.mark.spec("VAL-1", "VAL-5")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "12"),
        ("phone", "call me"),
        ("email", "maria@"),
        ("first_name", "a" * 101),
        ("first_name", "NUL\x00"),
        ("last_name", "bell\x07"),
        ("gender", "unknown"),
        ("patient_number", "P" * 21),
        ("emergency_contact_phone", "1e400"),
        ("insurance_provider", "01a20307-6f4f-753d-8f04-0d95ccbea0a6"),
        ("insurance_provider", "not a key"),
        ("insurance_policy_number", "x" * 101),
    ],
)
def test_bad_values_are_refused_at_their_field_and_kept(login, receptionist, field, value):
    response = login(receptionist).post(reverse("patient_create"), {**MARIA, "city": "kept city", field: value})
    assert response.status_code == 200
    assert response.context["form"].errors[field]
    assert b"kept city" in response.content
    assert not Patient.objects.exists()


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=1+1", "😀", "שָׁלוֹם", "O'Brien-Núñez"])
def test_any_text_is_kept_and_escaped(login, receptionist, name):
    client = login(receptionist)
    response = client.post(reverse("patient_create"), {**MARIA, "last_name": name}, follow=True)
    assert Patient.objects.get().last_name == name
    assert b"<script>alert" not in response.content
    assert b"<script>alert" not in client.get(reverse("patient_list")).content


def test_a_policy_number_needs_its_insurer(receptionist):
    assert register(receptionist, insurance_policy_number="POL-7").errors["insurance_provider"]
    closed = InsuranceProviderFactory(is_active=False)
    assert register(receptionist, insurance_provider=closed.pk).errors["insurance_provider"]
    patient = PatientFactory(insurance_provider=closed)
    kept = {**MARIA, "patient_number": patient.patient_number, "insurance_provider": closed.pk}
    assert submit(EditPatientForm, actor=receptionist, instance=patient, data=kept).is_valid()


@pytest.mark.spec("FND-7")
def test_stale_edit_overwrites_nothing(login, receptionist):
    patient = PatientFactory(city="Boston")
    client, url = login(receptionist), reverse("patient_edit", args=[patient.pk])
    page = client.get(url)
    data = {**MARIA, "patient_number": patient.patient_number, "phone": ""}
    hidden = {name: page.context["form"].initial[name] for name in ("updated_at_seen", "shown_patient")}
    assert submit(EditPatientForm, actor=receptionist, instance=patient, data={**data, "city": "Salem"}).is_valid()
    response = client.post(url, {**data, **hidden, "city": "Lynn"})
    assert response.status_code == 409
    assert b"Salem" in response.content and b"Lynn" in response.content
    patient.refresh_from_db()
    assert patient.city == "Salem"


@pytest.mark.spec("BYD-2")
def test_form_shown_for_another_patient_is_refused(login, receptionist):
    shown, other = PatientFactory(), PatientFactory(city="Boston")
    data = {**MARIA, "patient_number": other.patient_number, "shown_patient": str(shown.pk)}
    response = login(receptionist).post(reverse("patient_edit", args=[other.pk]), data)
    assert "another patient" in str(response.context["form"].errors)
    other.refresh_from_db()
    assert other.city == "Boston"


@pytest.mark.spec("FND-6")
def test_deactivation_hides_and_is_refused_while_visits_lie_ahead(login, receptionist):
    patient = PatientFactory(last_name="Hidden")
    visit = AppointmentFactory(patient=patient, appointment_date=today() + timedelta(days=3))
    client, url = login(receptionist), reverse("patient_delete", args=[patient.pk])
    assert "open appointments" in client.post(url).content.decode()
    visit.status = "cancelled"
    visit.save()
    assert client.post(url).status_code == 302
    assert Patient.objects.get(pk=patient.pk).is_active is False
    assert AuditLog.objects.filter(entity_id=patient.pk, action="deactivate").exists()
    for query in ("", "?q=hidden"):
        assert b"Hidden, " not in client.get(reverse("patient_list") + query).content
    for query in ("?inactive=1", "?inactive=1&q=hidden"):
        assert b"Hidden, " in client.get(reverse("patient_list") + query).content
    assert client.get(reverse("patient_options"), {"q": "hidden"}).json()["results"] == []
    assert not submit(DeactivatePatientForm, actor=receptionist, instance=patient).is_valid()
    assert client.post(reverse("patient_reactivate", args=[patient.pk])).status_code == 302
    assert b"Hidden, " in client.get(reverse("patient_list"), {"q": "hidden"}).content


@pytest.mark.spec("FND-6")
def test_insurers(login, administrator):
    client = login(administrator)
    data = {"name": "Blue", "phone": "202 555 0100", "coverage_policy": "All of it"}
    assert client.post(reverse("insurance_provider_create"), data).status_code == 302
    insurer = InsuranceProvider.objects.get(name="Blue")
    assert insurer.phone == "+12025550100"
    page = client.get(insurer.get_absolute_url()).content.decode()
    assert "All of it" in page and "+1 202-555-0100" in page
    edit = reverse("insurance_provider_edit", args=[insurer.pk])
    assert client.post(edit, {**data, "name": "Blue Shield"}).status_code == 302
    assert client.post(reverse("insurance_provider_delete", args=[insurer.pk])).status_code == 302
    assert b"Blue Shield" not in client.get(reverse("insurance_provider_list")).content
    assert b"Blue Shield" in client.get(reverse("insurance_provider_list"), {"inactive": "1"}).content
    assert client.post(reverse("insurance_provider_reactivate", args=[insurer.pk])).status_code == 302
    assert b"Blue Shield" in client.get(reverse("insurance_provider_list"), {"q": "shield"}).content
