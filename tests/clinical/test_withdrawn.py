"""What was wrong stays on record and counts no more: measurements, consultations, results."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from audit.models import AuditLog
from clinical.forms.consultations import (
    AbandonConsultationForm,
    CompleteConsultationForm,
    ConsultationForm,
    StartConsultationForm,
    TakeOverConsultationForm,
)
from clinical.forms.lab_tests import CorrectResultForm, ReviewForm
from clinical.forms.vital_signs import EditVitalSignsForm, VitalSignsEnteredInErrorForm
from clinical.models import Consultation, LabResultVersion
from clinical.workspace import workspace
from healthcare.clock import now
from healthcare.workflow import submit
from scheduling.models import Appointment
from tests.factories import (
    ConsultationFactory,
    LabTestFactory,
    PrescriptionFactory,
    UserFactory,
    VitalSignFactory,
)

pytestmark = pytest.mark.django_db
WRONG = {"entered_in_error_reason": "Measured the wrong patient"}


def withdraw(actor, row, **data):
    return submit(VitalSignsEnteredInErrorForm, actor=actor, instance=row, data=data or WRONG)


def abandon(actor, row, **data):
    data = data or {"abandoned_reason": "Opened the wrong patient"}
    return submit(AbandonConsultationForm, actor=actor, instance=row, data=data)


@pytest.mark.spec("PAGE-3", "FND-6", "WF-AUD")
def test_the_recorder_withdraws_measurements_by_post(login, nurse):
    row = VitalSignFactory(recorded_by_user=nurse, systolic_bp=222)
    client = login(nurse)
    assert client.post(reverse("vital_sign_delete", args=[row.pk]), WRONG).status_code == 302
    row.refresh_from_db()
    assert (row.struck, row.entered_in_error_by_user, row.systolic_bp) == (True, nurse, 222)
    page = client.get(row.get_absolute_url()).content.decode()
    assert "Measured the wrong patient" in page
    assert "is-inactive" in client.get(reverse("vital_sign_list")).content.decode()
    entry = AuditLog.objects.filter(entity_type="vital_sign", entity_id=row.pk, action="update").get()
    assert entry.new_values["entered_in_error_reason"] == WRONG["entered_in_error_reason"]


def test_withdrawing_needs_a_reason_and_happens_once(nurse, administrator):
    row = VitalSignFactory(recorded_by_user=nurse)
    assert "entered_in_error_reason" in withdraw(nurse, row, entered_in_error_reason=" ").errors
    assert withdraw(administrator, row).is_valid()
    assert not withdraw(administrator, row).is_valid()
    assert not submit(EditVitalSignsForm, actor=administrator, instance=row, data={"pulse_rate": "70"}).is_valid()


def test_nobody_else_withdraws_them(nurse, doctor):
    row = VitalSignFactory(recorded_by_user=nurse)
    with pytest.raises(PermissionDenied):
        withdraw(doctor, row)
    assert not VitalSignsEnteredInErrorForm.available(row, doctor)
    assert not VitalSignsEnteredInErrorForm.available(row, UserFactory(role="nurse"))


@pytest.mark.spec("RULE-CONS-2")
def test_withdrawn_measurements_open_no_consultation_and_are_not_the_last(nurse, doctor, checked_in):
    row = VitalSignFactory(patient=checked_in.patient, recorded_by_user=nurse)
    assert not Appointment.objects.awaiting_vitals().exists()
    assert withdraw(nurse, row).is_valid()
    assert Appointment.objects.awaiting_vitals().get() == checked_in
    form = submit(StartConsultationForm, actor=doctor, appointment=checked_in)
    assert "Vital signs" in str(form.errors["appointment"])
    assert workspace(ConsultationFactory(patient=checked_in.patient))["vitals"] == []


@pytest.mark.spec("PAGE-3", "FND-6", "RULE-CONS-1", "WF-AUD")
def test_a_consultation_started_by_mistake_gives_its_visit_back(login, doctor, ready):
    started = submit(StartConsultationForm, actor=doctor, appointment=ready).instance
    client = login(doctor)
    url = reverse("consultation_delete", args=[started.pk])
    assert client.post(url, {"abandoned_reason": "The wrong patient"}).status_code == 302
    started.refresh_from_db()
    ready.refresh_from_db()
    assert (started.state, started.appointment, started.abandoned_appointment) == ("abandoned", None, ready)
    assert (ready.status, ready.started_at) == ("checked_in", None)
    assert AuditLog.objects.filter(action="undo", patient_id=ready.patient_id).count() == 2
    assert "The wrong patient" in client.get(started.get_absolute_url()).content.decode()
    # It is written in no more, hidden in the list, and the visit can begin again.
    assert not submit(ConsultationForm, actor=doctor, instance=started, data={"diagnosis": "x"}).is_valid()
    assert client.get(reverse("consultation_edit", args=[started.pk])).status_code == 302
    assert len(client.get(reverse("consultation_list")).context["rows"]) == 0
    assert len(client.get(reverse("consultation_list"), {"inactive": "1"}).context["rows"]) == 1
    again = submit(StartConsultationForm, actor=doctor, appointment=ready)
    assert again.is_valid(), again.errors
    assert Consultation.objects.count() == 2


@pytest.mark.spec("RULE-CONS-4")
@pytest.mark.parametrize("kind", ["completed", "prescription", "lab_test", "abandoned", "no reason"])
def test_what_cannot_be_abandoned(doctor, kind):
    row = ConsultationFactory(doctor=doctor, completed=kind == "completed")
    if kind == "prescription":
        PrescriptionFactory(consultation=row)
    if kind == "lab_test":
        LabTestFactory(consultation=row)
    if kind == "abandoned":
        assert abandon(doctor, row).is_valid()
        row.refresh_from_db()
    data = {"abandoned_reason": ""} if kind == "no reason" else {}
    assert not abandon(doctor, row, **data).is_valid()
    with pytest.raises(PermissionDenied):
        abandon(UserFactory(role="doctor"), row)


def test_the_database_keeps_a_completed_consultation(doctor):
    row = ConsultationFactory(doctor=doctor, completed=True)
    row.abandoned_at = now()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def correct(actor, row, **data):
    data = {"result_value": "4.1", "result_unit": "mmol/L", "reference_range": "3.5-5.1", **data}
    return submit(CorrectResultForm, actor=actor, instance=row, data={"correction_reason": "Typing error", **data})


@pytest.fixture
def reviewed(doctor):
    """A high potassium that its doctor has seen."""
    return LabTestFactory(
        consultation=ConsultationFactory(doctor=doctor),
        status="completed",
        sample_collected_date=now() - timedelta(hours=2),
        result_value="7.1",
        result_unit="mmol/L",
        reference_range="3.5-5.1",
        is_abnormal=True,
        result_date=now() - timedelta(hours=1),
        reviewed_at=now(),
        reviewed_by_user=doctor,
        review_comment="Repeat at once",
    )


@pytest.mark.spec("RULE-LAB-3", "WF-LAB", "WF-AUD", "FND-6")
def test_a_corrected_result_keeps_the_old_one_and_is_reviewed_again(login, administrator, doctor, reviewed):
    assert correct(administrator, reviewed).is_valid()
    reviewed.refresh_from_db()
    assert (reviewed.result_value, reviewed.is_abnormal, reviewed.reviewed_at) == ("4.1", False, None)
    old = reviewed.result_versions.get()
    assert (old.result_value, old.is_abnormal, old.review_comment) == ("7.1", True, "Repeat at once")
    assert (old.corrected_by_user, old.reason) == (administrator, "Typing error")
    page = login(doctor).get(reviewed.get_absolute_url()).content.decode()
    assert "7.1" in page and "Typing error" in page
    assert submit(ReviewForm, actor=doctor, instance=reviewed, data={}).is_valid()
    assert AuditLog.objects.filter(entity_type="lab_result_version", action="create").count() == 1


@pytest.mark.spec("WF-LAB")
def test_what_is_no_correction(doctor, nurse, reviewed):
    assert not correct(doctor, reviewed, result_value="7.1").is_valid()
    assert "correction_reason" in correct(doctor, reviewed, correction_reason="").errors
    assert not correct(doctor, LabTestFactory()).is_valid()
    with pytest.raises(PermissionDenied):
        correct(nurse, reviewed)
    assert not LabResultVersion.objects.exists()


def test_an_earlier_result_cannot_be_changed(administrator, reviewed):
    correct(administrator, reviewed)
    version = LabResultVersion.objects.get()
    version.result_value = "1"
    with pytest.raises(IntegrityError), transaction.atomic():
        version.save()


@pytest.mark.spec("WF-CONS", "ROLE-2", "FND-6")
def test_another_doctor_completes_what_a_doctor_who_left_began(login, doctor, nurse):
    gone = UserFactory(role="doctor")
    begun = ConsultationFactory(doctor=gone, appointment__status="in_progress", chief_complaint="Zebrafish")
    PrescriptionFactory(consultation=begun, doctor=gone)
    client, take_over = login(doctor), reverse("consultation_take_over", args=[begun.pk])
    assert take_over not in client.get(begun.get_absolute_url()).content.decode()
    refused = client.post(take_over)
    assert "goes on with this consultation" in refused.content.decode()
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    assert take_over in client.get(begun.get_absolute_url()).content.decode()
    assert login(nurse).post(take_over).status_code == 403
    client = login(doctor)
    assert "is here no more" in client.get(take_over).content.decode()
    answer = client.post(take_over)
    assert answer.status_code == 302 and answer["Location"] == reverse("consultation_edit", args=[begun.pk])
    begun.refresh_from_db()
    assert begun.doctor == doctor and begun.prescriptions.get().doctor == gone
    entry = AuditLog.objects.filter(entity_type="consultation", entity_id=begun.pk, action="update").latest("pk")
    assert (entry.user, entry.old_values, entry.new_values) == (
        doctor,
        {"doctor_id": str(gone.pk)},
        {"doctor_id": str(doctor.pk)},
    )
    assert "Zebrafish" in client.get(answer["Location"]).content.decode()
    form = submit(
        CompleteConsultationForm,
        actor=doctor,
        instance=begun,
        data={"chief_complaint": "Zebrafish", "diagnosis": "Well"},
    )
    assert form.is_valid(), form.errors
    assert Appointment.objects.get().status == "completed"


@pytest.mark.spec("WF-CONS")
def test_a_finished_consultation_is_not_taken_over(doctor):
    gone = UserFactory(role="doctor", is_active=False)
    done = ConsultationFactory(doctor=gone, completed=True)
    assert not TakeOverConsultationForm.available(done, doctor)
    assert not submit(TakeOverConsultationForm, actor=doctor, instance=done).is_valid()
    done.refresh_from_db()
    assert done.doctor == gone
