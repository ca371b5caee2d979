"""The consultation: start, write, complete at once or not at all, lock, add to."""

from datetime import timedelta
from urllib.parse import parse_qs

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from audit.models import AuditLog
from clinical.forms.consultations import (
    AddAddendumForm,
    CompleteConsultationForm,
    ConsultationForm,
    StartConsultationForm,
)
from clinical.models import Consultation, ConsultationAddendum, LabTest, Prescription
from healthcare.clock import date_of, now, today
from healthcare.workflow import submit
from scheduling.models import Appointment, AppointmentStatus
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    PatientAllergyFactory,
    UserFactory,
    VitalSignFactory,
)

pytestmark = pytest.mark.django_db

RX = {
    "medication_name": "Ibuprofen 400 mg tablet",
    "dosage": "1 tablet",
    "frequency": "twice a day",
    "duration": "5 days",
}
LAB = {"test_name": "Potassium"}


def start(actor, appointment):
    return submit(StartConsultationForm, actor=actor, appointment=appointment)


def note(**data):
    return {"diagnosis": "Tension headache", "chief_complaint": "Headache", **data}


# -- start -----------------------------------------------------------------------------------


@pytest.mark.spec("RULE-CONS-1", "WF-CONS", "WF-AUD")
def test_start_opens_the_note_and_moves_the_appointment(login, doctor, ready):
    client = login(doctor)
    url = reverse("appointment_start", args=[ready.pk])
    assert ready.patient.patient_number in client.get(url).content.decode()
    response = client.post(url)
    consultation = Consultation.objects.get()
    assert response.url == reverse("consultation_edit", args=[consultation.pk])
    ready.refresh_from_db()
    assert ready.status == AppointmentStatus.IN_PROGRESS
    assert ready.started_at is not None
    assert (consultation.appointment, consultation.patient, consultation.doctor) == (ready, ready.patient, doctor)
    assert date_of(consultation.consultation_date) == ready.appointment_date
    trail = AuditLog.objects.get(entity_type="appointment", action="start")
    assert trail.new_values["status"] == "in_progress"
    assert AuditLog.objects.filter(entity_type="consultation", action="create").count() == 1


@pytest.mark.spec("RULE-CONS-1")
@pytest.mark.parametrize("status", [s for s in AppointmentStatus if s != AppointmentStatus.CHECKED_IN])
def test_start_needs_a_checked_in_appointment(doctor, ready, status):
    ready.status = status
    ready.save()
    form = start(doctor, ready)
    assert "checked in" in str(form.errors["appointment"])
    assert not Consultation.objects.exists()


@pytest.mark.spec("RULE-CONS-1")
def test_one_consultation_per_appointment(doctor, ready):
    assert start(doctor, ready).is_valid()
    again = start(doctor, ready)
    assert "already" in str(again.errors["appointment"])
    assert Consultation.objects.count() == 1


@pytest.mark.spec("RULE-CONS-1")
def test_another_doctor_takes_over_and_the_trail_says_so(ready):
    other = UserFactory(role="doctor")
    assert start(other, ready).is_valid()
    consultation = Consultation.objects.get()
    assert consultation.doctor == other
    assert consultation.appointment.doctor == ready.doctor
    trail = AuditLog.objects.filter(entity_type="appointment", action="start", user=other)
    assert {"taken_over_from_doctor_id": str(ready.doctor_id)} in [entry.new_values for entry in trail]
    # From now on it is this doctor's own: they complete and add to it, and the booked one reads.
    assert submit(CompleteConsultationForm, actor=other, instance=consultation, data=note()).is_valid()
    consultation.refresh_from_db()
    assert submit(AddAddendumForm, actor=other, consultation=consultation, data={"text": "Culture negative"}).is_valid()
    assert AddAddendumForm.available(consultation, other) and not AddAddendumForm.available(consultation, ready.doctor)
    with pytest.raises(PermissionDenied):
        submit(AddAddendumForm, actor=ready.doctor, consultation=consultation, data={"text": "mine?"})


@pytest.mark.spec("ROLE-3", "RULE-CONS-1")
@pytest.mark.parametrize("role", ["administrator", "nurse", "receptionist", "billing_officer"])
def test_only_doctors_start(staff, ready, role):
    with pytest.raises(PermissionDenied):
        start(staff[role], ready)


@pytest.mark.spec("RULE-CONS-2", "WF-CHECKIN")
def test_vital_signs_since_check_in_are_needed(doctor, checked_in):
    assert "Vital signs" in str(start(doctor, checked_in).errors["appointment"])
    VitalSignFactory(patient=checked_in.patient, recorded_at=checked_in.checked_in_at - timedelta(minutes=2))
    VitalSignFactory()
    assert "Vital signs" in str(start(doctor, checked_in).errors["appointment"])
    VitalSignFactory(patient=checked_in.patient, recorded_at=now())
    assert start(doctor, checked_in).is_valid()


@pytest.mark.spec("RULE-CONS-2")
def test_the_whole_minute_of_the_check_in_counts(doctor, checked_in):
    whole_minute = checked_in.checked_in_at.replace(second=0, microsecond=0)
    VitalSignFactory(patient=checked_in.patient, recorded_at=whole_minute)
    assert start(doctor, checked_in).is_valid()


@pytest.mark.spec("RULE-CONS-3")
@pytest.mark.parametrize("days", [-1, 1])
def test_consultation_is_held_on_the_appointments_day(doctor, ready, days):
    ready.appointment_date = today() + timedelta(days=days)
    ready.save()
    assert "day" in str(start(doctor, ready).errors["appointment"])


def test_new_page_offers_todays_checked_in_patients(login, doctor, ready):
    AppointmentFactory(doctor=doctor, appointment_time="15:00")
    client = login(doctor)
    page = client.get(reverse("consultation_create"), {"appointment": str(ready.pk)})
    assert [row.pk for row in page.context["form"].fields["appointment"].queryset] == [ready.pk]
    response = client.post(reverse("consultation_create"), {"appointment": str(ready.pk)})
    assert response.url == reverse("consultation_edit", args=[Consultation.objects.get().pk])


# -- write -----------------------------------------------------------------------------------


@pytest.mark.spec("WF-CONS")
def test_workspace_shows_the_patient_on_one_screen(login, doctor, consultation):
    patient = consultation.patient
    VitalSignFactory(patient=patient, systolic_bp=147)
    PatientAllergyFactory(patient=patient, substance="Penicillin", severity="severe")
    patient.medical_record.chronic_conditions = "Asthma since 1999"
    patient.medical_record.save()
    past = ConsultationFactory(patient=patient, completed=True, diagnosis="Otitis media")
    Prescription.objects.create(consultation=past, patient=patient, doctor=past.doctor, **RX)
    text = login(doctor).get(reverse("consultation_edit", args=[consultation.pk])).content.decode()
    for shown in (
        "147/80",
        "Penicillin",
        "Asthma since 1999",
        "Otitis media",
        "Ibuprofen 400 mg",
        patient.patient_number,
    ):
        assert shown in text


@pytest.mark.spec("WF-CONS", "AUD-1")
def test_save_keeps_it_open_and_adds_rows_once(login, doctor, consultation, rows):
    client, url = login(doctor), reverse("consultation_edit", args=[consultation.pk])
    seen = client.get(url).context["form"].initial["updated_at_seen"]
    data = note(updated_at_seen=seen) | rows("prescriptions", RX, {}) | rows("lab_tests", LAB)
    assert client.post(url, data).url == url
    assert client.post(url, data).status_code == 409
    consultation.refresh_from_db()
    assert (consultation.chief_complaint, consultation.completed_at) == ("Headache", None)
    prescription, test = Prescription.objects.get(), LabTest.objects.get()
    assert (prescription.consultation, prescription.patient_id, prescription.doctor) == (
        consultation,
        consultation.patient_id,
        doctor,
    )
    assert (test.ordered_by_doctor, test.result_unit, test.reference_range) == (doctor, "mmol/L", "3.5-5")
    assert set(AuditLog.objects.filter(user=doctor, action="create").values_list("entity_type", flat=True)) == {
        "prescription",
        "lab_test",
    }


@pytest.mark.spec("RULE-CONS-3")
@pytest.mark.parametrize(
    ("required", "days", "ok"),
    [(True, None, False), (True, 0, False), (True, -3, False), (True, 1, True), (False, None, True), (False, 0, False)],
)
def test_follow_up_is_after_the_consultation(doctor, consultation, required, days, ok):
    data = note(follow_up_date=str(today() + timedelta(days=days)) if days is not None else "")
    data |= {"follow_up_required": "on"} if required else {}
    form = submit(ConsultationForm, actor=doctor, instance=consultation, data=data)
    assert form.is_valid() is ok
    assert ("follow_up_date" in form.errors) is not ok


@pytest.mark.spec("ROLE-2")
def test_another_doctor_views_but_does_not_edit(login, consultation):
    client = login(UserFactory(role="doctor"))
    assert client.get(consultation.get_absolute_url()).status_code == 200
    for name in ("consultation_edit", "consultation_complete"):
        assert client.get(reverse(name, args=[consultation.pk])).status_code == 403
        assert client.post(reverse(name, args=[consultation.pk]), note()).status_code == 403


def test_additions_to_the_record_are_dated_and_appended(doctor, consultation):
    record = consultation.patient.medical_record
    record.chronic_conditions = "Asthma"
    record.save()
    form = submit(
        ConsultationForm, actor=doctor, instance=consultation, data=note(add_chronic_conditions="Migraine <b>")
    )
    assert form.is_valid(), form.errors
    record.refresh_from_db()
    assert record.chronic_conditions == f"Asthma\n{today()}: Migraine <b>"
    record.notes = "x" * 9_990
    record.save()
    form = submit(ConsultationForm, actor=doctor, instance=consultation, data=note(add_record_notes="too much"))
    assert "too long" in str(form.errors["add_record_notes"])


# -- complete --------------------------------------------------------------------------------


@pytest.mark.spec("RULE-CONS-4", "WF-CONS", "WF-AUD")
def test_complete_writes_everything_in_one_transaction(doctor, consultation, rows):
    data = (
        note(add_chronic_conditions="Migraine")
        | rows("prescriptions", RX)
        | rows("lab_tests", LAB, {"test_name": "Sodium"})
    )
    form = submit(CompleteConsultationForm, actor=doctor, instance=consultation, data=data)
    assert form.is_valid(), (form.errors, [f.errors for f in form.formsets.values()])
    consultation.refresh_from_db()
    appointment = consultation.appointment
    appointment.refresh_from_db()
    assert consultation.is_completed
    assert (appointment.status, appointment.completed_at) == (AppointmentStatus.COMPLETED, consultation.completed_at)
    assert consultation.prescriptions.count() == 1
    assert consultation.lab_tests.count() == 2
    assert "Migraine" in consultation.patient.medical_record.chronic_conditions
    verbs = set(AuditLog.objects.filter(user=doctor).values_list("entity_type", "action"))
    assert verbs == {
        ("consultation", "complete"),
        ("appointment", "complete"),
        ("prescription", "create"),
        ("lab_test", "create"),
        ("medical_record", "update"),
    }


@pytest.mark.spec("RULE-CONS-4")
@pytest.mark.parametrize(
    "broken",
    [
        {"diagnosis": "  "},
        {"prescriptions-0-dosage": ""},
        {"prescriptions-0-quantity": "-1"},
        {"lab_tests-0-test_name": "NUL\x00"},
        {"follow_up_required": "on"},
        {"prescriptions-TOTAL_FORMS": "x"},
    ],
)
def test_one_fault_and_nothing_is_written(doctor, consultation, rows, broken):
    data = note(add_chronic_conditions="Migraine") | rows("prescriptions", RX) | rows("lab_tests", LAB) | broken
    form = submit(CompleteConsultationForm, actor=doctor, instance=consultation, data=data)
    assert not form.is_valid()
    consultation.refresh_from_db()
    consultation.appointment.refresh_from_db()
    assert (consultation.completed_at, consultation.chief_complaint) == (None, "")
    assert consultation.appointment.status == AppointmentStatus.IN_PROGRESS
    assert not Prescription.objects.exists()
    assert not LabTest.objects.exists()
    assert consultation.patient.medical_record.chronic_conditions == ""
    assert not AuditLog.objects.filter(user=doctor).exists()


@pytest.mark.spec("RULE-CONS-4")
def test_a_failure_after_the_first_write_undoes_it(doctor, consultation, rows, monkeypatch):
    def fail(self, *args, **kwargs):
        raise RuntimeError("disk")

    monkeypatch.setattr(LabTest, "save", fail)
    data = note() | rows("prescriptions", RX) | rows("lab_tests", LAB)
    with pytest.raises(RuntimeError):
        submit(CompleteConsultationForm, actor=doctor, instance=consultation, data=data)
    assert not Prescription.objects.exists()
    assert Consultation.objects.get().completed_at is None


@pytest.mark.spec("RULE-CONS-4", "RULE-RX-2")
def test_warning_of_a_row_stops_completion_until_acknowledged_in_its_row(login, doctor, consultation, rows):
    PatientAllergyFactory(patient=consultation.patient, substance="Penicillin", severity="severe")
    PatientAllergyFactory(patient=consultation.patient, substance="Zorblax")
    client, url = login(doctor), reverse("consultation_complete", args=[consultation.pk])
    risky = {**RX, "medication_name": "Amoxicillin 500 mg capsule"}
    page = client.post(url, note() | rows("prescriptions", RX, risky))
    form = page.context["form"].formsets["prescriptions"].forms[1]
    assert [warning.kind for warning in form.warnings] == ["allergy"]
    assert 'name="prescriptions-1-override_reason"' in page.content.decode()
    assert "Headache" in page.content.decode()
    # What was not checked stands beside what was found, and nothing looks saved.
    assert "not checked: zorblax" in page.content.decode()
    assert 'data-state="unsaved"' in page.content.decode()
    assert not Prescription.objects.exists()
    known = {**risky, "acknowledge_warnings": "on", "warnings_seen": form["warnings_seen"].value()}
    assert client.post(url, note() | rows("prescriptions", RX, known)).status_code == 200
    known["override_reason"] = "Tolerated in 2024"
    assert client.post(url, note() | rows("prescriptions", RX, known)).status_code == 302
    kept = Prescription.objects.get(medication_name__startswith="Amox")
    assert (kept.override_reason, kept.overridden_by_user) == ("Tolerated in 2024", doctor)
    assert kept.safety_warnings[0]["kind"] == "allergy"
    assert AuditLog.objects.get(action="override").new_values["reason"] == "Tolerated in 2024"


@pytest.mark.spec("RULE-CONS-4")
def test_completed_cannot_be_completed_again(doctor):
    consultation = ConsultationFactory(doctor=doctor, completed=True)
    form = submit(CompleteConsultationForm, actor=doctor, instance=consultation, data=note())
    assert "already" in str(form.errors)


@pytest.mark.spec("RULE-CONS-6")
def test_appointment_completes_only_after_its_consultation(login, doctor, consultation):
    client, url = login(doctor), reverse("appointment_complete", args=[consultation.appointment_id])
    client.post(url)
    consultation.appointment.refresh_from_db()
    assert consultation.appointment.status == AppointmentStatus.IN_PROGRESS


# -- 24 hours --------------------------------------------------------------------------------


@pytest.mark.spec("RULE-CONS-5")
@pytest.mark.parametrize(
    ("elapsed", "ok"),
    [
        (timedelta(hours=23, minutes=59, seconds=59), True),
        (timedelta(hours=24), False),
        (timedelta(hours=24, seconds=1), False),
        (timedelta(days=1, hours=1), False),
        (timedelta(days=2, minutes=1), False),
    ],
)
def test_24_hours_of_total_elapsed_time(doctor, elapsed, ok):
    completed_at = now()
    consultation = ConsultationFactory(doctor=doctor, completed=True, completed_at=completed_at)
    with time_machine.travel(completed_at + elapsed, tick=False):
        form = submit(ConsultationForm, actor=doctor, instance=consultation, data=note(diagnosis="Migraine"))
        assert form.is_valid() is ok
        assert ConsultationForm.available(consultation, doctor) is ok
        assert consultation.state == ("completed" if ok else "locked")
        assert Consultation.objects.editable_by(doctor).exists() is ok
    consultation.refresh_from_db()
    assert (consultation.diagnosis == "Migraine") is ok
    if not ok:
        assert "addendum" in str(form.errors)


@pytest.mark.spec("RULE-CONS-5", "AUD-1")
def test_correction_within_24_hours_is_audited_with_both_values(doctor):
    consultation = ConsultationFactory(doctor=doctor, completed=True)
    data = note(diagnosis="Bacterial pharyngitis", chief_complaint="")
    assert submit(ConsultationForm, actor=doctor, instance=consultation, data=data).is_valid()
    entry = AuditLog.objects.get(entity_type="consultation", action="update")
    assert entry.old_values == {"diagnosis": "Acute viral pharyngitis"}
    assert entry.new_values == {"diagnosis": "Bacterial pharyngitis"}
    form = submit(ConsultationForm, actor=doctor, instance=consultation, data=note(diagnosis=" "))
    assert form.errors["diagnosis"]


@pytest.mark.spec("RULE-CONS-5")
def test_addendum_is_dated_signed_and_shown(login, doctor):
    consultation = ConsultationFactory(doctor=doctor, completed=True, completed_at=now() - timedelta(days=40))
    client = login(doctor)
    assert client.get(reverse("consultation_edit", args=[consultation.pk])).url == consultation.get_absolute_url()
    url = reverse("consultation_addendum", args=[consultation.pk])
    page = client.get(url)
    data = {"text": "Culture: streptococci.", "new_id": page.context["new_id"]}
    assert client.post(url, data).url == consultation.get_absolute_url()
    assert client.post(url, data).url == consultation.get_absolute_url()
    addendum = ConsultationAddendum.objects.get()
    assert (addendum.author, addendum.created_at.date()) == (doctor, now().date())
    shown = client.get(consultation.get_absolute_url()).content.decode()
    assert "Culture: streptococci." in shown
    assert doctor.full_name in shown
    assert AuditLog.objects.get(action="addendum").patient_id == consultation.patient_id


@pytest.mark.spec("RULE-CONS-5")
def test_addendum_needs_text_completion_and_the_own_consultation(doctor, consultation):
    form = submit(AddAddendumForm, actor=doctor, consultation=consultation, data={"text": "too early"})
    assert "still open" in str(form.errors)
    done = ConsultationFactory(doctor=doctor, completed=True)
    assert submit(AddAddendumForm, actor=doctor, consultation=done, data={"text": " "}).errors["text"]
    with pytest.raises(PermissionDenied):
        submit(AddAddendumForm, actor=UserFactory(role="doctor"), consultation=done, data={"text": "mine?"})
    assert not ConsultationAddendum.objects.exists()


@pytest.mark.spec("RULE-CONS-3", "BYD-7")
def test_a_follow_up_day_alone_asks_for_the_follow_up(doctor, consultation):
    due = str(today() + timedelta(days=14))
    form = submit(CompleteConsultationForm, actor=doctor, instance=consultation, data=note(follow_up_date=due))
    assert form.is_valid(), form.errors
    assert Consultation.objects.follow_ups_to_book().get() == consultation
    # The tick taken away takes the day with it, which else would be printed and lead nowhere.
    submit(ConsultationForm, actor=doctor, instance=consultation, data=note(follow_up_date=due))
    consultation.refresh_from_db()
    assert (consultation.follow_up_required, consultation.follow_up_date) == (False, None)


@pytest.mark.spec("BYD-7", "WF-CONS", "ROLE-2")
def test_a_follow_up_stands_on_the_recall_list_at_once_and_its_doctor_sees_it_booked(login, doctor, receptionist):
    data = {"follow_up_required": "on", "follow_up_date": str(today() + timedelta(days=90)), "diagnosis": "Zebrafish"}
    consultation = ConsultationFactory(doctor=doctor)
    assert submit(CompleteConsultationForm, actor=doctor, instance=consultation, data=note(**data)).is_valid()
    shown = login(doctor).get(consultation.get_absolute_url()).content.decode()
    assert "Not booked yet" in shown and "Book follow-up" not in shown  # a doctor does not book
    desk = login(receptionist)
    rows = desk.get(reverse("recall_list")).context["rows"]
    assert [row["object"].pk for row in rows] == [consultation.pk]
    chart = desk.get(consultation.patient.get_absolute_url())
    to_book = next(part for part in chart.context["related"] if part["title"] == "Follow-ups to book")
    assert parse_qs(to_book["rows"][0]["url"]) == parse_qs(rows[0]["actions"][0]["url"])
    form = desk.get(rows[0]["actions"][0]["url"]).context["form"]
    asked = {name: str(form[name].value()) for name in ("patient", "doctor", "appointment_type", "appointment_date")}
    assert asked == {
        "patient": str(consultation.patient_id),
        "doctor": str(doctor.pk),
        "appointment_type": "follow_up",
        "appointment_date": data["follow_up_date"],
    }
    visit = AppointmentFactory(patient=consultation.patient, appointment_date=today() + timedelta(days=88))
    assert desk.get(reverse("recall_list")).context["rows"] == []
    assert visit.get_absolute_url() in login(doctor).get(consultation.get_absolute_url()).content.decode()
    Appointment.objects.filter(pk=visit.pk).update(status="cancelled")
    assert "Not booked yet" in login(doctor).get(consultation.get_absolute_url()).content.decode()
