"""Merging two charts of one person, whatever is frozen in them, and parting them again (BYD-8)."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from pypdf import PdfReader

from audit.models import AuditLog
from healthcare.clock import now
from healthcare.workflow import submit
from patients.forms import AddAllergyForm, EditPatientForm, MedicalRecordForm, ReactivatePatientForm
from patients.forms.merge import MergePatientsForm, UndoMergeForm, models_of_patients
from patients.models import MedicalRecord, Patient, PatientAllergy, PatientMerge
from scheduling.models import Appointment
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    InvoiceFactory,
    LabTestFactory,
    PatientAllergyFactory,
    PatientFactory,
    PaymentFactory,
    PrescriptionFactory,
    ProblemFactory,
    VisitFactory,
    VitalSignFactory,
    WaitingListEntryFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.spec("BYD-8")]


@pytest.fixture
def two(db):
    """The chart that is kept, and another one of the same person, full of rows that nobody may change."""
    kept = PatientFactory(last_name="Lopez", first_name="Maria", patient_number="P-000001", phone="+12025550143")
    other = PatientFactory(
        last_name="Lopes", first_name="Maria", patient_number="P-000002", email="maria@example.org", city="Bern"
    )
    locked = ConsultationFactory(patient=other, completed=True, completed_at=now() - timedelta(hours=30))
    PrescriptionFactory(consultation=locked)
    LabTestFactory(consultation=locked)
    VitalSignFactory(patient=other)
    PatientAllergyFactory(patient=other, substance="Latex")
    AppointmentFactory(patient=other)
    invoice = InvoiceFactory(patient=other, status="issued")
    voided = PaymentFactory(invoice=invoice)
    voided.voided_at, voided.void_reason = now(), "Mistake"
    record = other.medical_record
    record.allergies, record.chronic_conditions, record.blood_type = "Penicillin", "Asthma", "A+"
    record.save()
    return kept, other


def rows_of(patient):
    """Table -> keys of the patient's rows."""
    return {
        model._meta.label: set(model._default_manager.filter(patient=patient).values_list("pk", flat=True))
        for model in models_of_patients()
    }


def merge(actor, kept, other):
    data = {"merged": str(other.pk), "reason": "Registered twice"}
    return submit(MergePatientsForm, actor=actor, data=data, kept=kept)


def test_everything_passes_in_one_step_and_comes_back(two, receptionist):
    kept, other = two
    before = rows_of(other)
    assert sum(map(len, before.values())) >= 8
    form = merge(receptionist, kept, other)
    assert form.is_valid(), form.errors
    assert rows_of(kept) == before
    assert not any(rows_of(other).values())
    kept, other = Patient.objects.get(pk=kept.pk), Patient.objects.get(pk=other.pk)
    assert (kept.email, kept.city, kept.phone) == ("maria@example.org", "Bern", "+12025550143")
    assert not other.is_active
    record = kept.medical_record
    assert "Penicillin" in record.allergies and "Asthma" in record.chronic_conditions
    assert (record.blood_type, record.allergy_status) == ("A+", "listed")
    moved = AuditLog.objects.filter(action="update", patient_id=kept.pk, entity_type="appointment", user=receptionist)
    assert moved.count() == 2
    assert AuditLog.objects.filter(action="merge", entity_type="patient_merge").count() == 1
    assert "Penicillin" not in str(AuditLog.objects.get(action="merge").new_values)

    later = AppointmentFactory(patient=kept)
    undone = submit(UndoMergeForm, actor=receptionist, instance=form.instance, data={"undo_reason": "Sisters"})
    assert undone.is_valid(), undone.errors
    assert rows_of(other) == before
    assert list(Appointment.objects.filter(patient=kept)) == [later]
    kept, other = Patient.objects.get(pk=kept.pk), Patient.objects.get(pk=other.pk)
    assert (kept.email, kept.city, other.is_active) == ("", "", True)
    assert (kept.medical_record.allergies, kept.medical_record.blood_type) == ("", "")
    assert not submit(UndoMergeForm, actor=receptionist, instance=form.instance, data={"undo_reason": "x"}).is_valid()


def strangers():
    """Rows that belong to a row of another patient."""
    return [
        (model._meta.label, field.name)
        for model in models_of_patients()
        for field in model._meta.fields
        if field.related_model in models_of_patients()
        and model._default_manager.exclude(**{field.name: None}).exclude(**{f"{field.name}__patient": F("patient")})
    ]


def test_what_was_entered_since_goes_back_with_the_row_that_it_belongs_to(two, receptionist):
    kept, other = two
    open_note = ConsultationFactory(patient=other)
    done = ConsultationFactory(patient=other, completed=True)
    arrived = VisitFactory(patient=other)
    invoice = InvoiceFactory(patient=other, status="issued")
    form = merge(receptionist, kept, other)
    assert form.is_valid(), form.errors
    for row in (open_note, done.appointment, arrived, invoice):
        row.refresh_from_db()
    PrescriptionFactory(consultation=open_note)
    LabTestFactory(consultation=ConsultationFactory(appointment=arrived, patient=kept, doctor=arrived.doctor))
    InvoiceFactory(appointment=done.appointment, patient=kept)
    payment = PaymentFactory(invoice=invoice)
    own = [AppointmentFactory(patient=kept).pk, ConsultationFactory(patient=kept).appointment_id]
    assert not strangers()

    undone = submit(UndoMergeForm, actor=receptionist, instance=form.instance, data={"undo_reason": "Sisters"})
    assert undone.is_valid(), undone.errors
    assert not strangers()
    payment.refresh_from_db()
    assert payment.patient == other
    assert set(Appointment.objects.filter(patient=kept).values_list("pk", flat=True)) == set(own)


def test_the_same_allergy_wish_and_time_in_both_charts(two, receptionist):
    for patient in two:
        PatientAllergyFactory(patient=patient, substance="Nickel")
        ProblemFactory(patient=patient, title="Asthma")
        WaitingListEntryFactory(patient=patient)
        AppointmentFactory(patient=patient)
    before = rows_of(two[1])
    form = merge(receptionist, *two)
    assert form.is_valid(), form.errors
    assert submit(UndoMergeForm, actor=receptionist, instance=form.instance, data={"undo_reason": "Twins"}).is_valid()
    assert rows_of(two[1]) == before
    # They were one person after all.
    assert merge(receptionist, *two).is_valid()


@pytest.mark.spec("WF-REG")
def test_the_same_problem_in_both_charts_is_no_obstacle(two, receptionist):
    """Hypertension on both lists: the desk, which sees no problems, was told that it is on the list already."""
    kept, other = two
    mine, theirs, asthma = (
        ProblemFactory(patient=patient, code=code, title=title)
        for patient, code, title in ((kept, "I10", "Hypertension"), (other, "I10", "High"), (other, "J45", "Asthma"))
    )
    form = merge(receptionist, kept, other)
    assert form.is_valid(), form.errors
    assert set(kept.problems.all()) == {mine, asthma}
    assert set(other.problems.all()) == {theirs}  # as it was written, on the chart that was merged
    assert submit(UndoMergeForm, actor=receptionist, instance=form.instance, data={"undo_reason": "Sisters"}).is_valid()
    assert set(other.problems.all()) == {theirs, asthma} and set(kept.problems.all()) == {mine}


def test_the_old_number_finds_the_kept_chart_also_over_two_merges(two, receptionist):
    kept, other = two
    first = merge(receptionist, kept, other).instance
    assert list(Patient.objects.search("P-000002").active()) == [kept]
    third = PatientFactory(patient_number="P-000003")
    assert merge(receptionist, third, kept).is_valid()
    assert list(Patient.objects.search("P-000002").active()) == [third]
    assert list(Patient.objects.search("2 p-000001").active()) == [third]
    # The later merge stands in the way of undoing the first.
    form = submit(UndoMergeForm, actor=receptionist, instance=first, data={"undo_reason": "x"})
    assert [error.code for error in form.errors.as_data()["__all__"]] == ["order"]


def test_what_cannot_be_merged(two, receptionist):
    kept, other = two
    assert "same" in str(merge(receptionist, kept, kept).errors.as_data())
    assert merge(receptionist, kept, other).is_valid()
    assert not merge(receptionist, kept, other).is_valid()
    assert not merge(receptionist, other, kept).is_valid()
    assert not submit(ReactivatePatientForm, actor=receptionist, instance=Patient.objects.get(pk=other.pk)).is_valid()


def test_an_error_half_way_leaves_everything_as_it_was(two, receptionist, monkeypatch):
    kept, other = two
    before = rows_of(other)
    monkeypatch.setattr("patients.forms.merge.rebuild_search_terms", lambda rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        merge(receptionist, kept, other)
    assert rows_of(other) == before
    assert not PatientMerge.objects.exists()


@pytest.mark.parametrize("table", ["consultations", "invoices", "payments"])
def test_frozen_rows_pass_to_nobody_outside_a_merge(two, receptionist, table):
    kept, other = two
    form = merge(receptionist, kept, other)
    models = {model._meta.db_table: model for model in models_of_patients()}
    for owner, target in ((kept, other), (kept, PatientFactory())):
        rows = models[table]._default_manager.filter(patient=owner)
        if table == "consultations":
            rows = rows.filter(completed_at__lt=now() - timedelta(hours=24))
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(patient=target)
    # While a merge goes on, nothing but the patient of a locked note changes.
    PatientMerge.objects.filter(pk=form.instance.pk).update(moving=True)
    if table == "consultations":
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(patient=other, diagnosis="Something else")
    PatientMerge.objects.filter(pk=form.instance.pk).update(moving=False)


@pytest.mark.spec("ROLE-2", "BYD-2")
def test_the_pages_show_both_charts_and_no_clinical_text(login, receptionist, nurse, two):
    kept, other = two
    client, url = login(receptionist), reverse("patient_merge", args=[kept.pk])
    text = client.get(url, {"merged": other.pk}).content.decode()
    assert other.patient_number in text and "2 appointments" in text
    assert "Penicillin" not in text and "Latex" not in text
    # Who may be the same person stands there; there is nothing to merge before both are seen side by side.
    alone = client.get(url)
    assert [one.patient for one in alone.context["likenesses"]] == [other]
    assert f"?merged={other.pk}" in alone.content.decode() and "Side by side" not in alone.content.decode()
    assert 'name="reason"' not in alone.content.decode()
    # Without JavaScript the other chart is named by what it can be searched for.
    for typed in (other.patient_number, "lopes maria"):
        assert client.get(url, {"merged": "", "number": typed}).context["other"] == other
    assert client.get(url, {"number": "nobody at all"}).context["other"] is None
    for odd in ("x", kept.pk, ""):
        assert client.get(url, {"merged": odd}).status_code == 200
    page = client.post(url, {"merged": other.pk, "reason": "Registered twice"}, follow=True)
    assert page.redirect_chain[-1][0] == kept.get_absolute_url()
    undo = reverse("patient_merge_undo", args=[PatientMerge.objects.get().pk])
    assert undo in page.content.decode()
    assert kept.get_absolute_url() in client.get(other.get_absolute_url()).content.decode()
    assert undo not in login(nurse).get(kept.get_absolute_url()).content.decode()
    client = login(receptionist)
    asking = client.get(undo)
    assert "Penicillin" not in asking.content.decode()
    assert kept.patient_number in str(asking.context["banner"])
    assert client.post(undo, {"undo_reason": "Sisters"}).url == other.get_absolute_url()


def test_a_confidential_chart_asks_for_the_reason_and_stays_confidential(login, receptionist, two):
    kept, other = two
    Patient.objects.filter(pk=other.pk).update(is_confidential=True)
    client, url = login(receptionist), reverse("patient_merge", args=[kept.pk])
    data = {"merged": other.pk, "reason": "Registered twice"}
    for asked in (client.get(url, {"merged": other.pk}), client.post(url, data)):
        assert asked.url.startswith(reverse("patient_open", args=[other.pk]))
    client.post(asked.url, {"reason": "Registered twice"})
    assert client.get(url, {"merged": other.pk}).status_code == 200
    assert client.post(url, data).url == kept.get_absolute_url()
    kept.refresh_from_db()
    assert kept.is_confidential
    form = submit(
        UndoMergeForm, actor=receptionist, instance=PatientMerge.objects.get(), data={"undo_reason": "Sisters"}
    )
    assert form.is_valid(), form.errors
    assert list(Patient.objects.filter(is_confidential=True)) == [other]


@pytest.mark.spec("WF-REG")
def test_stickers_show_the_number(login, receptionist, two):
    response = login(receptionist).get(reverse("patient_sticker", args=[two[0].pk]))
    assert response["Content-Type"] == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)
    assert text.count("P-000001") == 10 and "Lopez, Maria" in text


@pytest.mark.spec("BYD-3", "RULE-RX-2")
def test_nothing_is_written_into_a_chart_that_was_merged(two, receptionist, nurse, doctor):
    """A page that was opened before the merge put an allergy where nobody looks any more."""
    kept, other = two
    merge(receptionist, kept, other)
    kinds = [
        (AddAllergyForm, nurse, {"patient": other}, {"substance": "Peanut", "severity": "severe"}),
        (
            MedicalRecordForm,
            doctor,
            {"instance": other.medical_record},
            {"allergy_status": "listed", "allergies": "Egg"},
        ),
        (EditPatientForm, receptionist, {"instance": other}, {"phone": "+12025550199"}),
    ]
    for form_class, actor, options, data in kinds:
        form = submit(form_class, actor=actor, data=data, **options)
        assert "merged" in {error.code for error in form.non_field_errors().as_data()}, form_class
        assert "P-000001" in form.non_field_errors()[0]
    assert not PatientAllergy.objects.filter(substance="Peanut").exists()


@pytest.mark.spec("BYD-3")
def test_allergies_listed_since_the_merge_are_not_denied_by_its_undoing(two, receptionist, nurse, doctor):
    """The record said again that no allergies were known, beside the one that was added meanwhile."""
    kept, other = two
    submit(MedicalRecordForm, actor=doctor, instance=kept.medical_record, data={"allergy_status": "none_known"})
    merge(receptionist, kept, other)
    assert submit(
        AddAllergyForm, actor=nurse, data={"substance": "Peanut", "severity": "severe"}, patient=kept
    ).is_valid()
    undone = submit(UndoMergeForm, actor=receptionist, instance=PatientMerge.objects.get(), data={"undo_reason": "Two"})
    assert undone.is_valid(), undone.errors
    assert MedicalRecord.objects.get(patient=kept).allergy_status == "listed"


@pytest.mark.spec("WF-REG")
def test_a_long_name_pushes_no_sticker_off_the_sheet(login, receptionist):
    patient = PatientFactory(last_name="Donaudampf" * 9, patient_number="P-000009")
    response = login(receptionist).get(reverse("patient_sticker", args=[patient.pk]))
    (page,) = PdfReader(BytesIO(response.content)).pages
    starts = []
    page.extract_text(visitor_text=lambda text, cm, tm, *_: starts.append((text, cm[4] + tm[4] * cm[0])))
    numbers = [where for text, where in starts if "P-000009" in text]
    assert len(numbers) == 10 and max(numbers) < page.mediabox.width - 100, numbers
