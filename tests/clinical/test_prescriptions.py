"""Prescribing: choice, safety, validity, editing, renewing, stopping."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from audit.models import AuditLog
from clinical.forms.prescriptions import (
    DiscontinuePrescriptionForm,
    EditPrescriptionForm,
    PrescribeForm,
    RenewPrescriptionForm,
)
from clinical.models import Prescription
from clinical.safety import SafetyDataError
from healthcare.clock import now, today
from healthcare.workflow import submit
from tests.factories import (
    ConsultationFactory,
    MedicationFactory,
    PatientAllergyFactory,
    PatientFactory,
    PrescriptionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def data(consultation=None, **changes):
    found = {
        "medication_name": "Ibuprofen 400 mg tablet",
        "dosage": "1 tablet",
        "frequency": "twice a day",
        "duration": "5 days",
        **changes,
    }
    return found | ({"consultation": str(consultation.pk)} if consultation else {})


def prescribe(actor, consultation, **changes):
    return submit(PrescribeForm, actor=actor, data=data(consultation, **changes))


def amoxicillin():
    return MedicationFactory(
        name="Amoxicillin 500 mg capsule", brand_names="Amoxil", ingredients="amoxicillin", strength="500 mg"
    )


@pytest.mark.spec("WF-RX", "RULE-RX-1")
def test_prescribe_from_the_catalogue(login, doctor, consultation):
    medication = amoxicillin()
    response = login(doctor).post(
        reverse("prescription_create"),
        data(consultation, medication=str(medication.pk), medication_name="", quantity="21", route="oral"),
    )
    prescription = Prescription.objects.get()
    assert response.url == prescription.get_absolute_url()
    assert (prescription.medication_name, prescription.medication) == (medication.name, medication)
    assert (prescription.patient_id, prescription.doctor, prescription.is_active, prescription.prescribed_date) == (
        consultation.patient_id,
        doctor,
        True,
        today(),
    )
    assert AuditLog.objects.get(entity_type="prescription").action == "create"


@pytest.mark.spec("RULE-RX-1", "ROLE-3")
@pytest.mark.parametrize("role", ["administrator", "nurse", "receptionist", "billing_officer"])
def test_only_doctors_prescribe_change_renew_and_stop(staff, consultation, role):
    prescription = PrescriptionFactory(consultation=consultation)
    for form, extra in (
        (PrescribeForm, {"data": data(consultation)}),
        (EditPrescriptionForm, {"instance": prescription, "data": data()}),
        (RenewPrescriptionForm, {"source": prescription, "data": data()}),
        (DiscontinuePrescriptionForm, {"instance": prescription, "data": {"discontinued_reason": "x"}}),
    ):
        with pytest.raises(PermissionDenied):
            submit(form, actor=staff[role], **extra)


@pytest.mark.spec("RULE-RX-1")
@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "NaN", "1e400", "99999999999", "x"])
def test_quantity_is_a_positive_number(doctor, consultation, quantity):
    form = prescribe(doctor, consultation, quantity=quantity)
    assert form.errors["quantity"]
    assert form["quantity"].value() == quantity
    assert not Prescription.objects.exists()


def test_choice_is_one_thing(doctor, consultation):
    medication = amoxicillin()
    assert prescribe(doctor, consultation, medication_name="").errors["medication_name"]
    both = prescribe(doctor, consultation, medication=str(medication.pk), medication_name="Aspirin")
    assert "not both" in str(both.errors["medication_name"])
    medication.is_active = False
    medication.save()
    assert prescribe(doctor, consultation, medication=str(medication.pk)).errors["medication"]


def test_only_on_ones_own_consultation_while_it_can_be_edited(doctor):
    others = ConsultationFactory()
    locked = ConsultationFactory(doctor=doctor, completed=True, completed_at=now() - timedelta(hours=24))
    corrected = ConsultationFactory(doctor=doctor, completed=True, completed_at=now() - timedelta(hours=23))
    assert prescribe(doctor, others).errors["consultation"]
    assert prescribe(doctor, locked).errors["consultation"]
    assert prescribe(doctor, corrected).is_valid()


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize(
    ("coded", "text", "medication", "kinds"),
    [
        ("Penicillin", "", "Amoxil 500 mg", ["allergy"]),
        ("Amoxicillin", "", "Augmentin", ["allergy"]),
        ("", "allergic to penicilin, latex", "Amoxicillin 500 mg capsule", ["allergy"]),
        ("", "Penicillin; sulfa drugs", "Bactrim DS", ["allergy"]),
        ("Penicillin", "", "Cephalexin 500 mg capsule", ["allergy"]),
        ("", "NKDA", "Amoxicillin 500 mg capsule", []),
        ("", "No known allergies", "Amoxicillin 500 mg capsule", []),
        ("", "denies penicillin allergy", "Amoxicillin 500 mg capsule", []),
        ("Latex", "", "Ibuprofen 400 mg tablet", []),
    ],
)
def test_allergies_warn(doctor, consultation, coded, text, medication, kinds):
    if coded:
        PatientAllergyFactory(patient=consultation.patient, substance=coded)
    record = consultation.patient.medical_record
    record.allergies, record.allergy_status = text, "listed"
    record.save()
    form = prescribe(doctor, consultation, medication_name=medication)
    assert [warning.kind for warning in form.warnings] == kinds
    assert form.is_valid() is (not kinds)
    assert Prescription.objects.exists() is (not kinds)


@pytest.mark.spec("RULE-RX-2")
def test_ingredients_of_the_catalogue_count_whatever_the_name(doctor, consultation):
    PatientAllergyFactory(patient=consultation.patient, substance="Penicillin")
    house_brand = MedicationFactory(name="House mixture no. 7", ingredients="amoxicillin;clavulanic acid")
    form = prescribe(doctor, consultation, medication=str(house_brand.pk), medication_name="")
    assert [warning.kind for warning in form.warnings] == ["allergy"]


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize("status", ["inactive", "entered_in_error"])
def test_allergies_not_in_force_do_not_warn(doctor, consultation, status):
    PatientAllergyFactory(patient=consultation.patient, substance="Penicillin", status=status)
    assert prescribe(doctor, consultation, medication_name="Amoxicillin 500 mg capsule").is_valid()


@pytest.mark.spec("RULE-RX-2", "WF-AUD")
def test_override_is_kept_with_warning_reason_and_person(login, doctor, consultation):
    PatientAllergyFactory(patient=consultation.patient, substance="Penicillin", severity="severe")
    risky = data(consultation, medication_name="Amoxicillin 500 mg capsule")
    client, url = login(doctor), reverse("prescription_create")
    page = client.post(url, risky)
    assert page.status_code == 200
    assert 'id="warnings"' in page.content.decode()
    seen = page.context["form"]["warnings_seen"].value()
    without_reason = client.post(url, {**risky, "acknowledge_warnings": "on", "warnings_seen": seen})
    assert without_reason.context["form"].errors["override_reason"]
    assert not Prescription.objects.exists()
    answer = {**risky, "acknowledge_warnings": "on", "warnings_seen": seen, "override_reason": "Challenge passed"}
    assert client.post(url, answer).status_code == 302
    kept = Prescription.objects.get()
    assert kept.safety_warnings[0]["kind"] == "allergy"
    assert (kept.override_reason, kept.overridden_by_user) == ("Challenge passed", doctor)
    entry = AuditLog.objects.get(action="override")
    assert (entry.user, entry.entity_id, entry.patient_id) == (doctor, kept.pk, kept.patient_id)
    assert entry.new_values["reason"] == "Challenge passed"
    assert "Challenge passed" in client.get(kept.get_absolute_url()).content.decode()


@pytest.mark.spec("RULE-RX-2")
def test_acknowledging_other_warnings_than_those_shown_does_not_count(doctor, consultation):
    PatientAllergyFactory(patient=consultation.patient, substance="Penicillin")
    form = prescribe(
        doctor,
        consultation,
        medication_name="Amoxicillin 500 mg capsule",
        acknowledge_warnings="on",
        warnings_seen="of-something-else",
        override_reason="Yes",
    )
    assert not form.is_valid()


@pytest.mark.spec("RULE-RX-2", "BYD-3")
def test_what_could_not_be_checked_is_said(login, doctor, consultation):
    response = login(doctor).post(
        reverse("prescription_create"), data(consultation, medication_name="Herbal tea of grandmother"), follow=True
    )
    said = " ".join(str(message) for message in response.context["messages"])
    assert "could not be checked" in said
    assert "asked" in said


@pytest.mark.spec("RULE-RX-2")
def test_broken_safety_data_refuses_instead_of_passing(doctor, consultation, monkeypatch):
    def broken(*args, **kwargs):
        raise SafetyDataError("gone")

    monkeypatch.setattr("clinical.prescribing.check", broken)
    form = prescribe(doctor, consultation)
    assert "cannot be read" in str(form.errors)
    assert not Prescription.objects.exists()


@pytest.mark.spec("RULE-RX-2")
def test_missing_safety_data_stops_the_start(monkeypatch, tmp_path):
    from clinical import checks
    from clinical.safety import files, knowledge

    assert checks.safety_data_is_whole() == []
    monkeypatch.setattr(files, "DATA_DIR", tmp_path)
    assert [error.id for error in checks.safety_data_is_whole()] == ["clinical.E001"]
    knowledge.knowledge.cache_clear()


@pytest.mark.spec("RULE-RX-4")
def test_duplicates_and_interactions_with_current_medications_warn(doctor, consultation):
    patient = consultation.patient
    PrescriptionFactory(consultation=consultation, patient=patient, medication_name="Warfarin 5 mg tablet")
    kinds = lambda name: {w.kind for w in prescribe(doctor, consultation, medication_name=name).warnings}  # noqa: E731
    assert "interaction" in kinds("Ibuprofen 400 mg tablet")
    assert "duplicate" in kinds("Coumadin")
    Prescription.objects.get().save()
    old = Prescription.objects.get()
    old.prescribed_date = today() - timedelta(days=31)
    old.save()
    assert kinds("Ibuprofen 400 mg tablet") == set()


@pytest.mark.spec("RULE-RX-4")
def test_rows_of_one_form_are_checked_against_each_other(login, doctor, consultation, rows):
    warfarin = {**data(), "medication_name": "Warfarin 5 mg tablet"}
    page = login(doctor).post(
        reverse("consultation_edit", args=[consultation.pk]), rows("prescriptions", warfarin, data())
    )
    first, second = page.context["form"].formsets["prescriptions"].forms
    assert (first.warnings, [w.kind for w in second.warnings]) == ([], ["interaction"])
    assert not Prescription.objects.exists()


@pytest.mark.spec("RULE-RX-3")
@pytest.mark.parametrize(("days", "state"), [(0, "active"), (29, "active"), (30, "active"), (31, "expired")])
def test_valid_for_thirty_days(login, doctor, days, state):
    prescription = PrescriptionFactory()
    with time_machine.travel(now() + timedelta(days=days), tick=False):
        assert prescription.state == state
        assert Prescription.objects.current().exists() is (state == "active")
        assert Prescription.objects.expired().exists() is (state == "expired")
        page = login(doctor).get(reverse("prescription_list"), {"state": state})
        assert [row["object"].pk for row in page.context["rows"]] == [prescription.pk]
    assert prescription.valid_until == prescription.prescribed_date + timedelta(days=30)


@pytest.mark.spec("WF-RX")
def test_discontinue_needs_a_reason_and_any_doctor_may(login, doctor):
    prescription = PrescriptionFactory()
    client, url = login(doctor), reverse("prescription_delete", args=[prescription.pk])
    assert client.post(url).context["form"].errors["discontinued_reason"]
    assert client.post(url, {"discontinued_reason": "Rash"}).status_code == 302
    prescription.refresh_from_db()
    assert (prescription.state, prescription.discontinued_by_user) == ("discontinued", doctor)
    assert (prescription.discontinued_reason, prescription.discontinued_at is not None) == ("Rash", True)
    assert AuditLog.objects.filter(action="discontinue", entity_id=prescription.pk).count() == 1
    assert not Prescription.objects.current().exists()
    assert "already" in str(client.post(url, {"discontinued_reason": "again"}).context["form"].errors)
    assert client.get(reverse("prescription_list")).context["rows"] == []
    assert len(client.get(reverse("prescription_list"), {"inactive": "1"}).context["rows"]) == 1


@pytest.mark.spec("WF-RX")
def test_renew_is_a_new_row_that_replaces_a_current_one(login, doctor):
    consultation = ConsultationFactory(completed=True, completed_at=now() - timedelta(days=20))
    old = PrescriptionFactory(consultation=consultation, prescribed_date=today() - timedelta(days=20))
    client, url = login(doctor), reverse("prescription_renew", args=[old.pk])
    form = client.get(url).context["form"]
    posted = {name: form[name].value() or "" for name in form.fields if name not in form.SERVICE_FIELDS}
    response = client.post(url, posted)
    new = Prescription.objects.exclude(pk=old.pk).get()
    assert response.url == new.get_absolute_url()
    assert (new.consultation, new.doctor, new.prescribed_date) == (consultation, doctor, today())
    assert (new.medication_name, new.dosage) == (old.medication_name, old.dosage)
    old.refresh_from_db()
    assert old.state == "discontinued"
    assert "Renewed" in old.discontinued_reason
    assert {"renew", "discontinue"} <= set(AuditLog.objects.values_list("action", flat=True))
    assert "discontinued" in str(submit(RenewPrescriptionForm, actor=doctor, source=old, data=posted).errors)


@pytest.mark.spec("WF-RX")
@pytest.mark.parametrize(
    ("quantity", "changes", "becomes"),
    [
        (21, {"duration": "30 days"}, 90),  # it was counted, so it is counted again
        (21, {"dosage": "5 ml"}, None),
        (21, {"duration": "30 days", "quantity": "100"}, 100),
        (21, {"special_instructions": "With food"}, 21),
        (24, {"duration": "30 days"}, 24),  # a package, as the doctor wrote
    ],
)
def test_a_counted_quantity_follows_how_it_is_taken(doctor, quantity, changes, becomes):
    how = {"dosage": "1 capsule", "frequency": "three times a day", "duration": "7 days", "quantity": quantity}
    old = PrescriptionFactory(consultation__doctor=doctor, medication_name="Amoxicillin 500 mg capsules", **how)
    data = {"medication_name": old.medication_name, **how, **changes}
    renewed = submit(RenewPrescriptionForm, actor=doctor, source=old, data=data)
    assert renewed.is_valid(), renewed.errors
    assert renewed.instance.quantity == becomes
    other = PrescriptionFactory(consultation__doctor=doctor, medication_name="Amoxicillin 500 mg capsules", **how)
    edited = submit(EditPrescriptionForm, actor=doctor, instance=other, data=data)
    assert edited.is_valid(), edited.errors
    assert edited.instance.quantity == becomes


@pytest.mark.spec("WF-RX", "RULE-PAY-3")
def test_renewing_is_one_click_that_counts_once(login, doctor):
    old = PrescriptionFactory(prescribed_date=today() - timedelta(days=20), special_instructions="With food")
    client = login(doctor)
    chart = client.get(old.patient.get_absolute_url(), {"tab": "medications"})
    row = chart.context["related"][0]["rows"][0]
    assert row["url"] == old.get_absolute_url()  # a click beside the buttons does nothing
    step = row["actions"][0]
    assert (step["method"], step["hidden"]["shown_patient"]) == ("post", old.patient_id)
    response = client.post(step["url"], step["hidden"])
    assert response.url == f"{old.patient.get_absolute_url()}?tab=medications"
    new = Prescription.objects.exclude(pk=old.pk).get()
    for name in RenewPrescriptionForm.Meta.fields:
        assert getattr(new, name) == getattr(old, name), name
    assert (new.doctor, new.prescribed_date, new.state) == (doctor, today(), "active")
    assert reverse("prescription_pdf", args=[new.pk]) in client.get(response.url).content.decode()
    assert client.post(step["url"], step["hidden"]).status_code == 302
    assert Prescription.objects.count() == 2
    old.refresh_from_db()
    assert old.state == "discontinued"


@pytest.mark.spec("RULE-RX-2", "BYD-2")
def test_the_click_stops_at_a_warning_and_at_another_patient(login, doctor):
    old = PrescriptionFactory(medication_name="Amoxicillin 500 mg capsule")
    client, url = login(doctor), reverse("prescription_renew", args=[old.pk])
    other = client.post(url, {"at_once": 1, "shown_patient": PatientFactory().pk})
    assert "another patient" in str(other.context["form"].errors)
    PatientAllergyFactory(patient=old.patient, substance="Penicillin")
    page = client.post(url, {"at_once": 1, "shown_patient": old.patient_id})
    form = page.context["form"]
    assert [warning.kind for warning in form.warnings] == ["allergy"]
    assert Prescription.objects.count() == 1
    shown = {name: form[name].value() or "" for name in form.fields}
    assert shown["dosage"] == old.dosage
    acknowledged = {**shown, "acknowledge_warnings": "on", "override_reason": "Tolerated since"}
    assert client.post(url, acknowledged).status_code == 302
    assert Prescription.objects.exclude(pk=old.pk).get().override_reason == "Tolerated since"


@pytest.mark.spec("WF-RX")
def test_an_inactive_product_is_renewed_by_its_name(login, doctor):
    old = PrescriptionFactory(medication=MedicationFactory(is_active=False), medication_name="Old syrup")
    client = login(doctor)
    assert client.post(reverse("prescription_renew", args=[old.pk]), {"at_once": 1}).status_code == 302
    new = Prescription.objects.exclude(pk=old.pk).get()
    assert (new.medication, new.medication_name) == (None, "Old syrup")


@pytest.mark.spec("WF-RX", "FND-6")
def test_discontinuing_takes_a_usual_reason_beside_its_button(login, doctor):
    prescription = PrescriptionFactory()
    client = login(doctor)
    page = client.get(reverse("prescription_list"))
    step = page.context["rows"][0]["actions"][1]
    field, reasons = step["reasons"]
    assert f'<select name="{field}"' in page.content.decode()
    response = client.post(step["url"], {**step["hidden"], field: str(reasons[2])})
    assert response.url == f"{prescription.patient.get_absolute_url()}?tab=medications"
    prescription.refresh_from_db()
    assert (prescription.state, prescription.discontinued_reason) == ("discontinued", "Side effect")


@pytest.mark.spec("RULE-RX-2")
def test_renewing_checks_again(doctor):
    old = PrescriptionFactory(
        medication_name="Amoxicillin 500 mg capsule", prescribed_date=today() - timedelta(days=60)
    )
    PatientAllergyFactory(patient=old.patient, substance="Penicillin")
    form = submit(RenewPrescriptionForm, actor=doctor, source=old, data=data(medication_name=old.medication_name))
    assert [warning.kind for warning in form.warnings] == ["allergy"]
    assert Prescription.objects.count() == 1


@pytest.mark.spec("RULE-RX-1", "RULE-CONS-5")
def test_edit_while_the_consultation_can_be_edited(doctor, consultation):
    prescription = PrescriptionFactory(consultation=consultation)
    form = submit(EditPrescriptionForm, actor=doctor, instance=prescription, data=data(dosage="2 tablets"))
    assert form.is_valid(), form.errors
    assert form.warnings == []
    with pytest.raises(PermissionDenied):
        submit(EditPrescriptionForm, actor=UserFactory(role="doctor"), instance=prescription, data=data())
    locked = ConsultationFactory(doctor=doctor, completed=True, completed_at=now() - timedelta(hours=24))
    late = PrescriptionFactory(consultation=locked)
    form = submit(EditPrescriptionForm, actor=doctor, instance=late, data=data(dosage="9 tablets"))
    assert "24 hours" in str(form.errors)
    assert not EditPrescriptionForm.available(late, doctor)
    late.refresh_from_db()
    assert late.dosage == "500 mg"


@pytest.mark.spec("WF-RX")
def test_catalogue_search_finds_brand_and_ingredient(login, doctor):
    medication = amoxicillin()
    MedicationFactory(name="Ibuprofen 400 mg tablet", ingredients="ibuprofen")
    client = login(doctor)
    for query in ("amoxil", "AMOXIC", "capsule 500", "ämoxil"):
        results = client.get(reverse("medication_options"), {"q": query}).json()["results"]
        assert [row["text"] for row in results] == [medication.name], query
    assert client.get(reverse("medication_options"), {"q": "nothing such"}).json() == {"results": []}


@pytest.mark.spec("BYD-2")
def test_a_prescription_for_another_patient_than_the_one_shown_is_refused(doctor, consultation):
    other = str(PatientFactory().pk)
    assert "another patient" in str(prescribe(doctor, consultation, shown_patient=other).errors)
    assert not Prescription.objects.exists()
    shown = str(consultation.patient_id)
    source = prescribe(doctor, consultation, shown_patient=shown).instance
    form = submit(RenewPrescriptionForm, actor=doctor, source=source, data=data(shown_patient=other))
    assert "another patient" in str(form.errors)
    assert Prescription.objects.get() == source


@pytest.mark.spec("RULE-RX-2", "WF-CONS")
def test_an_allergy_listed_after_prescribing_is_told_where_the_doctor_looks(login, doctor, consultation):
    row = PrescriptionFactory(consultation=consultation, medication_name="Augmentin 625 mg")
    other = PrescriptionFactory(consultation=consultation)
    pages = [reverse("consultation_edit", args=[consultation.pk]), row.get_absolute_url()]
    client, words = login(doctor), "amoxicillin is one of the penicillins"
    assert not any(words in client.get(page).content.decode() for page in pages)
    PatientAllergyFactory(patient=consultation.patient, substance="Penicillins")
    assert all(words in client.get(page).content.decode() for page in pages)
    assert words not in client.get(other.get_absolute_url()).content.decode()
    # Acknowledged, or stopped, there is nothing to tell.
    changed = data(medication_name=row.medication_name, acknowledge_warnings="on", override_reason="Tolerated since")
    assert submit(EditPrescriptionForm, actor=doctor, instance=row, data=changed).is_valid()
    assert "Allergy listed since" not in client.get(row.get_absolute_url()).content.decode()
    assert words not in client.get(pages[0]).content.decode()
    submit(DiscontinuePrescriptionForm, actor=doctor, instance=row, data={"discontinued_reason": "Side effect"})
    assert "Allergy listed since" not in client.get(row.get_absolute_url()).content.decode()
