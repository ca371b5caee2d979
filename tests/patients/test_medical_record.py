"""The medical record and coded allergies: three states that never contradict what is listed (BYD-3)."""

import pytest
from django.urls import reverse

from audit.models import AuditLog
from healthcare.workflow import submit
from patients.forms import AddAllergyForm, AllergyEnteredInErrorForm, ChangeAllergyForm, MedicalRecordForm
from patients.models import MedicalRecord, PatientAllergy
from tests.factories import PatientAllergyFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db


def status_of(patient):
    return MedicalRecord.objects.get(patient=patient).allergy_status


def add(actor, patient, **data):
    return submit(AddAllergyForm, actor=actor, patient=patient, data={"severity": "severe", **data})


@pytest.mark.spec("BYD-3")
@pytest.mark.parametrize(
    ("status", "text", "coded", "saved"),
    [
        ("not_asked", "", False, "not_asked"),
        ("none_known", "", False, "none_known"),
        ("none_known", "penicillin", False, None),
        ("none_known", "", True, None),
        ("listed", "", False, None),
        ("listed", "penicillin", False, "listed"),
        ("listed", "", True, "listed"),
        ("not_asked", "penicillin", False, "listed"),
        ("not_asked", "", True, "listed"),
        ("perhaps", "", False, None),
    ],
)
def test_the_answer_agrees_with_what_is_listed(login, doctor, status, text, coded, saved):
    patient = PatientFactory()
    if coded:
        PatientAllergyFactory(patient=patient, substance="Latex")
    response = login(doctor).post(
        reverse("medical_record_edit", args=[patient.medical_record.pk]),
        {"allergy_status": status, "allergies": text, "notes": "kept note"},
    )
    if saved is None:
        assert response.context["form"].errors["allergy_status"]
        assert b"kept note" in response.content
        assert status_of(patient) == "not_asked"
    else:
        assert response.status_code == 302
        assert status_of(patient) == saved


@pytest.mark.spec("BYD-3", "AUD-1")
def test_adding_an_allergy_answers_the_question_in_the_same_save(login, nurse):
    patient = PatientFactory()
    client, url = login(nurse), reverse("patient_allergy_create", args=[patient.pk])
    page = client.get(url)
    data = {
        "substance": "Penicillin",
        "reaction": "anaphylaxis",
        "severity": "severe",
        "shown_patient": page.context["form"]["shown_patient"].value(),
        "new_id": page.context["new_id"],
    }
    assert client.post(url, data).url == patient.get_absolute_url()
    allergy = PatientAllergy.objects.get()
    assert (allergy.patient, allergy.recorded_by_user, allergy.status) == (patient, nurse, "active")
    assert status_of(patient) == "listed"
    assert AuditLog.objects.filter(entity_type="medical_record", action="update", patient_id=patient.pk).exists()
    assert b"Penicillin (anaphylaxis)" in client.get(patient.get_absolute_url()).content
    # A double click adds one; the same substance once more is refused.
    client.post(url, data)
    assert PatientAllergy.objects.count() == 1
    assert add(nurse, patient, substance=" PENICILLIN ").errors["substance"]


@pytest.mark.spec("BYD-2")
def test_allergy_form_shown_for_another_patient_is_refused(login, doctor):
    shown, other = PatientFactory(), PatientFactory()
    data = {"substance": "Latex", "severity": "mild", "shown_patient": str(shown.pk)}
    response = login(doctor).post(reverse("patient_allergy_create", args=[other.pk]), data)
    assert "another patient" in str(response.context["form"].errors)
    assert not PatientAllergy.objects.exists()


@pytest.mark.spec("BYD-3", "FND-6")
def test_the_last_allergy_withdrawn_opens_the_question_again(doctor):
    patient = PatientFactory()
    latex = add(doctor, patient, substance="Latex").instance
    nuts = add(doctor, patient, substance="Nuts").instance
    assert submit(AllergyEnteredInErrorForm, actor=doctor, instance=latex).errors["status_reason"]
    reason = {"status_reason": "wrong patient"}
    assert submit(AllergyEnteredInErrorForm, actor=doctor, instance=latex, data=reason).is_valid()
    assert status_of(patient) == "listed"
    assert not submit(AllergyEnteredInErrorForm, actor=doctor, instance=latex, data=reason).is_valid()
    changed = {"substance": "Nuts", "severity": "mild", "status": "inactive"}
    assert submit(ChangeAllergyForm, actor=doctor, instance=nuts, data=changed).errors["status_reason"]
    changed["status_reason"] = "outgrown"
    assert submit(ChangeAllergyForm, actor=doctor, instance=nuts, data=changed).is_valid()
    assert status_of(patient) == "not_asked"
    assert PatientAllergy.objects.count() == 2
    changed |= {"status": "active"}
    assert submit(ChangeAllergyForm, actor=doctor, instance=nuts, data=changed).is_valid()
    assert status_of(patient) == "listed"


def test_free_text_keeps_the_answer_when_the_last_coded_allergy_goes(doctor):
    patient = PatientFactory()
    latex = add(doctor, patient, substance="Latex").instance
    data = {"allergy_status": "listed", "allergies": "bee stings"}
    assert submit(MedicalRecordForm, actor=doctor, instance=patient.medical_record, data=data).is_valid()
    submit(AllergyEnteredInErrorForm, actor=doctor, instance=latex, data={"status_reason": "x"})
    assert status_of(patient) == "listed"


@pytest.mark.spec("ROLE-2")
def test_nurses_add_allergies_and_change_none(login, nurse, receptionist):
    allergy = PatientAllergyFactory()
    for user, statuses in ((nurse, (200, 403, 403)), (receptionist, (403, 403, 403))):
        client = login(user)
        pages = (
            ("patient_allergy_create", allergy.patient_id),
            ("patient_allergy_edit", allergy.pk),
            ("patient_allergy_delete", allergy.pk),
        )
        assert tuple(client.get(reverse(name, args=[key])).status_code for name, key in pages) == statuses


@pytest.mark.spec("FND-6")
@pytest.mark.spec("BYD-3")
@pytest.mark.parametrize("said", ["NKDA", "none", " No known allergies.", "n.k.a.", "no known drug allergy", "-", "?"])
def test_that_there_is_none_is_no_substance(nurse, said):
    """It stood in the banner as an allergy, and the question that nobody had asked was answered."""
    patient = PatientFactory()
    assert "medical record" in str(add(nurse, patient, substance=said).errors["substance"])
    assert status_of(patient) == "not_asked"
    # One that was written before can be withdrawn, and changed otherwise.
    row = PatientAllergyFactory(patient=patient, substance=said.strip())
    form = submit(ChangeAllergyForm, actor=UserFactory(role="doctor"), instance=row, data=withdrawn(said.strip()))
    assert form.is_valid(), form.errors


@pytest.mark.parametrize("said", ["Nonoxynol", "No-Spa", "Unknown antibiotic", "Nickel", "α-lactose", "卵"])
def test_what_is_a_substance(nurse, said):
    assert add(nurse, PatientFactory(), substance=said).is_valid()


def withdrawn(substance):
    return {"substance": substance, "severity": "mild", "status": "inactive", "status_reason": "There is none"}


def test_a_record_is_never_deleted(login, doctor):
    patient = PatientFactory()
    response = login(doctor).post(reverse("medical_record_delete", args=[patient.medical_record.pk]))
    assert "never deleted" in response.content.decode()
    assert MedicalRecord.objects.filter(patient=patient).exists()


def test_a_missing_record_is_made_once(login, doctor):
    patient = PatientFactory(record=None)
    client, url = login(doctor), reverse("medical_record_create")
    data = {"patient": str(patient.pk), "allergy_status": "none_known", "blood_type": "A+"}
    assert client.post(url, data).status_code == 302
    assert patient.medical_record.blood_type == "A+"
    assert "already" in str(client.post(url, data).context["form"].errors["patient"])


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("value", ["NUL\x00", "x" * 10_001])
def test_bad_text_is_refused(doctor, value):
    patient = PatientFactory()
    data = {"allergy_status": "not_asked", "notes": value}
    assert submit(MedicalRecordForm, actor=doctor, instance=patient.medical_record, data=data).errors["notes"]


@pytest.mark.spec("FND-7")
def test_stale_record_overwrites_nothing(doctor):
    patient = PatientFactory()
    record = patient.medical_record
    seen = record.updated_at.isoformat()
    data = {"allergy_status": "not_asked", "updated_at_seen": seen}
    assert submit(MedicalRecordForm, actor=doctor, instance=record, data={**data, "notes": "first"}).is_valid()
    late = submit(MedicalRecordForm, actor=doctor, instance=record, data={**data, "notes": "second"})
    assert late.conflict
    assert MedicalRecord.objects.get().notes == "first"
