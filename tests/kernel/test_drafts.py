"""Drafts of long forms: kept while typing, restored anywhere, gone when saved, told to nobody."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.urls import reverse

from audit.models import AuditLog
from departments.drafts import FormDraft
from healthcare.clock import now
from healthcare.workflow import submit
from patients.forms.merge import MergePatientsForm
from patients.models import Patient
from tests.factories import ConsultationFactory, PatientFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("AUTH-3")]


def keep(client, page, window="one", take_over=False, **typed):
    data = {"page": page, "window": window, "data": urlencode(typed)}
    return client.post(reverse("draft_save"), {**data, "take_over": "1"} if take_over else data)


@pytest.fixture
def open_note(doctor):
    return ConsultationFactory(doctor=doctor, chief_complaint="Cough")


@pytest.fixture
def page(open_note):
    return reverse("consultation_edit", args=[open_note.pk])


def test_what_was_typed_comes_back_and_goes_when_saved(login, doctor, open_note, page, caplog):
    client = login(doctor)
    seen = client.get(page).context["form"]["updated_at_seen"].value()
    rows = {"prescriptions-TOTAL_FORMS": "2", "prescriptions-INITIAL_FORMS": "0"}
    rows |= {"prescriptions-1-medication_name": "Zebrafish syrup", "prescriptions-1-dosage": "5 ml"}
    answer = keep(client, page, chief_complaint="Zebrafish fever", updated_at_seen=seen, **rows)
    assert answer.status_code == 200 and len(answer.json()["saved_at"]) == 5
    assert not AuditLog.objects.filter(new_values__icontains="zebrafish").exists()
    assert "ebrafish" not in caplog.text
    # Another computer, after a crash.
    client.logout()
    again = login(doctor).get(page)
    text = again.content.decode()
    assert "Zebrafish fever" in text and "Zebrafish syrup" in text and "Restored" in text
    assert not again.context["form"].errors
    open_note.refresh_from_db()
    assert open_note.chief_complaint == "Cough"
    saved = client.post(page, {"chief_complaint": "Zebrafish fever", "updated_at_seen": seen})
    assert saved.status_code == 302
    assert not FormDraft.objects.exists()
    assert "Restored" not in client.get(page).content.decode()


def test_a_draft_of_an_older_version_overwrites_nothing(login, doctor, open_note, page):
    client = login(doctor)
    seen = client.get(page).context["form"]["updated_at_seen"].value()
    keep(client, page, chief_complaint="Mine", updated_at_seen=seen)
    open_note.chief_complaint = "Saved elsewhere meanwhile"
    open_note.save()
    form = client.get(page).context["form"]
    again = client.post(page, {"chief_complaint": "Mine", "updated_at_seen": form["updated_at_seen"].value()})
    assert again.status_code == 409
    assert "Saved elsewhere meanwhile" in again.content.decode()


@pytest.mark.spec("BYD-2", "BYD-8")
def test_what_was_typed_before_a_merge_can_be_saved_after_it(login, doctor, administrator, open_note, page):
    client = login(doctor)
    form = client.get(page).context["form"]
    typed = {name: form[name].value() for name in ("updated_at_seen", "values_seen", "shown_patient")}
    typed |= {"chief_complaint": "Zebrafish fever"}
    keep(client, page, **typed)
    kept = PatientFactory()
    data = {"merged": str(open_note.patient_id), "reason": "Registered twice"}
    assert submit(MergePatientsForm, actor=administrator, data=data, kept=kept).is_valid()
    assert "shown for another patient" in client.post(page, typed).content.decode()
    # As the message says, it is opened again: what was typed stands there, under the other number.
    again = client.get(page)
    assert "Zebrafish fever" in again.content.decode() and kept.patient_number in again.content.decode()
    typed |= {name: again.context["form"][name].value() for name in ("updated_at_seen", "shown_patient")}
    compared = client.post(page, typed)
    typed["updated_at_seen"] = compared.context["form"]["updated_at_seen"].value()
    assert client.post(page, typed).status_code == 302
    open_note.refresh_from_db()
    assert (open_note.chief_complaint, open_note.patient) == ("Zebrafish fever", kept)


def test_a_draft_that_says_nothing_new_is_no_draft(login, doctor, page):
    client = login(doctor)
    keep(client, page, chief_complaint="Cough")
    assert "Restored" not in client.get(page).content.decode()
    assert not FormDraft.objects.exists()


def test_discarding(login, doctor, page):
    client = login(doctor)
    keep(client, page, chief_complaint="Mine")
    answer = client.post(reverse("draft_discard"), {"page": page})
    assert answer.url == page
    assert "Cough" in client.get(page).content.decode()


def test_a_second_window_does_not_overwrite_the_first(login, doctor, page):
    client = login(doctor)
    keep(client, page, window="one", chief_complaint="First")
    refused = keep(client, page, window="two", chief_complaint="Second")
    assert refused.status_code == 409 and refused.json()["typed_at"]
    assert "First" in FormDraft.objects.get().data
    assert keep(client, page, window="two", take_over=True, chief_complaint="Second").status_code == 200
    with time_machine.travel(now() + timedelta(minutes=3), tick=False):
        assert keep(client, page, window="one", chief_complaint="Third").status_code == 200


@pytest.mark.spec("BYD-2")
def test_others_see_that_somebody_writes_and_cannot(login, doctor, open_note, page):
    keep(login(doctor), page, chief_complaint="Mine")
    other = UserFactory(role="doctor")
    text = login(other).get(open_note.get_absolute_url()).content.decode()
    assert "is writing in this consultation" in text and "Mine" not in text
    assert login(other).get(page).status_code == 403
    assert login(other).post(page, {"chief_complaint": "Theirs"}).status_code == 403


def test_nobody_sees_the_draft_of_another(login, doctor, page, receptionist):
    keep(login(doctor), page, chief_complaint="Zebrafish")
    assert keep(login(receptionist), page, chief_complaint="x").status_code == 403
    create = reverse("patient_create")
    keep(login(receptionist), create, last_name="Halfwritten")
    assert "Halfwritten" in login(receptionist).get(create).content.decode()
    assert "Halfwritten" not in login(UserFactory(role="receptionist")).get(create).content.decode()


def test_a_registration_that_was_saved_is_not_offered_again(login, receptionist):
    client, create = login(receptionist), reverse("patient_create")
    key = client.get(create).context["new_id"]
    typed = {"last_name": "Lopez", "first_name": "Maria", "date_of_birth": "1990-01-01", "gender": "female"}
    keep(client, create, new_id=key, **typed)
    assert str(client.get(create).context["new_id"]) == str(key)
    assert client.post(create, {**typed, "new_id": key}).status_code == 302
    keep(client, create, new_id=key, **typed)  # one that was on its way
    assert "Restored" not in client.get(create).content.decode()
    assert Patient.objects.filter(last_name="Lopez").count() == 1


def test_two_windows_with_one_draft_register_two_people(login, receptionist):
    """The second one was led to the first one's chart, and its own patient was lost."""
    client, create = login(receptionist), reverse("patient_create")
    key = client.get(create).context["new_id"]
    anna = {"last_name": "Lopez", "first_name": "Anna", "date_of_birth": "1990-01-01", "gender": "female"}
    bert = {"last_name": "Brown", "first_name": "Bert", "date_of_birth": "1950-01-01", "gender": "male"}
    keep(client, create, new_id=key, **anna)
    other_window = client.get(create).context["new_id"]
    assert str(other_window) == str(key)
    assert client.post(create, {**bert, "new_id": key}).status_code == 302
    again = client.post(create, {**anna, "new_id": key})
    assert "Brown, Bert was saved from another window" in again.content.decode()
    assert again.context["form"]["last_name"].value() == "Lopez" and not Patient.objects.filter(last_name="Lopez")
    fresh = again.context["new_id"]
    assert str(fresh) != str(key)
    for _click in range(2):
        saved = client.post(create, {**anna, "new_id": fresh})
        assert saved.url == Patient.objects.get(last_name="Lopez").get_absolute_url()


def test_an_invoice_keeps_its_lines(login, billing_officer, doctor):
    visit = ConsultationFactory(doctor=doctor, completed=True).appointment
    create = f"{reverse('invoice_create')}?appointment={visit.pk}"
    client = login(billing_officer)
    names = [name for name in client.get(create).context["form"].formsets]
    prefix = client.get(create).context["form"].formsets[names[0]].prefix
    typed = {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "0", f"{prefix}-0-description": "Halfwritten"}
    keep(client, create, notes="Notes", **typed)
    assert "Halfwritten" in client.get(create).content.decode()
    assert "Halfwritten" not in client.get(reverse("invoice_create")).content.decode()


@pytest.mark.parametrize(
    "bad", [{"page": "/nowhere/"}, {"page": "/patients/"}, {"page": "//evil.example/"}, {"page": "\x00"}, {"page": ""}]
)
def test_drafts_are_for_pages_that_keep_them(login, doctor, bad):
    client = login(doctor)
    for name in ("draft_save", "draft_discard"):
        assert client.post(reverse(name), bad).status_code in (403, 404)


def test_too_long_or_broken_text_is_refused(login, doctor, page):
    client = login(doctor)
    assert keep(client, page, chief_complaint="a" * 400_000).status_code == 400
    assert client.post(reverse("draft_save"), {"page": page, "data": "a=\x00"}).status_code == 400
    assert keep(client, page, chief_complaint="NUL\x00byte").status_code == 200
    assert client.get(page).status_code == 200


def test_what_nobody_came_back_for_goes(login, doctor, page):
    client = login(doctor)
    with time_machine.travel(now() - timedelta(days=31), tick=False):
        FormDraft.objects.create(user=doctor, page="/old/", window="one", data="a=b")
    keep(client, page, chief_complaint="x")
    assert FormDraft.objects.get().page == page
