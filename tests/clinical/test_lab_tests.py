"""The laboratory: order, sample, result, review, cancel; the steps come from LabTest.TRANSITIONS."""

from datetime import timedelta
from itertools import product

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from audit.models import AuditLog
from clinical.forms import lab_tests as forms
from clinical.models import LabTest, LabTestStatus
from healthcare.clock import now
from healthcare.workflow import submit
from tests.api.conftest import Api
from tests.factories import ConsultationFactory, LabTestFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db

STEPS = {
    LabTestStatus.SAMPLE_COLLECTED: (forms.CollectSampleForm, {}),
    LabTestStatus.IN_PROGRESS: (forms.StartProcessingForm, {}),
    LabTestStatus.COMPLETED: (forms.EnterResultsForm, {"result_value": "4.2"}),
    LabTestStatus.CANCELLED: (forms.CancelLabTestForm, {"cancellation_reason": "Sample lost"}),
}


def in_status(status, **changes):
    """A test that has come so far."""
    if status in (LabTestStatus.SAMPLE_COLLECTED, LabTestStatus.IN_PROGRESS, LabTestStatus.COMPLETED):
        changes.setdefault("sample_collected_date", now())
    if status == LabTestStatus.COMPLETED:
        changes = {"result_value": "4.2", "result_date": now(), **changes}
    return LabTestFactory(status=status, **changes)


@pytest.mark.spec("WF-LAB", "WF-AUD")
def test_from_order_to_review_through_the_pages(login, doctor, nurse):
    patient = PatientFactory(gender="male")
    client = login(doctor)
    page = client.get(reverse("lab_test_create"), {"patient": patient.pk})
    assert patient.patient_number in page.content.decode()
    assert "Potassium" in page.content.decode()
    client.post(
        reverse("lab_test_create"), {"patient": patient.pk, "shown_patient": patient.pk, "test_name": "haemoglobin"}
    )
    test = LabTest.objects.get()
    assert (test.test_name, test.test_type, test.result_unit, test.reference_range) == (
        "Haemoglobin",
        "CBC",
        "g/dL",
        "14-17",
    )
    assert (test.status, test.ordered_by_doctor) == (LabTestStatus.ORDERED, doctor)
    client = login(nurse)
    assert client.post(reverse("lab_test_collect_sample", args=[test.pk])).url == test.get_absolute_url()
    assert client.post(reverse("lab_test_start_processing", args=[test.pk])).url == test.get_absolute_url()
    entered = client.post(reverse("lab_test_enter_results", args=[test.pk]), {"result_value": "11.2"})
    assert entered.url == reverse("lab_test_list")
    assert client.get(test.get_absolute_url()).status_code == 403
    # Sent twice, or by a colleague whose page is old: that is no matter for an administrator.
    again = client.post(reverse("lab_test_enter_results", args=[test.pk]), {"result_value": "12"})
    assert again.status_code == 403 and "not any more" in again.content.decode()
    assert "ask an administrator" not in again.content.decode()
    retried = Api(nurse).post(f"/lab-tests/{test.pk}/enter-results", {"result_value": "12"})
    assert retried.status_code == 403 and "not any more" in retried.body["error"]["message"]
    test.refresh_from_db()
    assert (test.status, test.result_value, test.is_abnormal) == (LabTestStatus.COMPLETED, "11.2", True)
    assert test.sample_collected_date <= test.result_date <= now()
    client = login(doctor)
    inbox = client.get(reverse("lab_test_list"), {"inbox": "1"})
    assert [row["object"].pk for row in inbox.context["rows"]] == [test.pk]
    assert reverse("lab_test_review", args=[test.pk]) in inbox.content.decode()
    assert client.post(reverse("lab_test_review", args=[test.pk]), {"review_comment": "Iron"}).status_code == 302
    test.refresh_from_db()
    assert (test.reviewed_by_user, test.review_comment) == (doctor, "Iron")
    assert client.get(reverse("lab_test_list"), {"inbox": "1"}).context["rows"] == []
    verbs = list(
        AuditLog.objects.filter(entity_type="lab_test", entity_id=test.pk)
        .exclude(action="view")
        .order_by("created_at", "id")
        .values_list("action", flat=True)
    )
    assert verbs == ["create", "collect_sample", "start_processing", "enter_results", "review"]


@pytest.mark.spec("RULE-LAB-1", "RULE-LAB-2")
@pytest.mark.parametrize(("old", "new"), list(product(LabTestStatus, STEPS)))
def test_every_step_from_every_status(doctor, old, new):
    test = in_status(old)
    form_class, data = STEPS[new]
    allowed = new in LabTest.TRANSITIONS[old]
    assert form_class.available(test, doctor) is allowed
    form = submit(form_class, actor=doctor, instance=test, data=data)
    assert form.is_valid() is allowed
    test.refresh_from_db()
    assert test.status == (new if allowed else old)


@pytest.mark.spec("RULE-LAB-2")
@pytest.mark.parametrize("value", ["", "   ", "NUL\x00", "x" * 501])
def test_completing_needs_a_value(login, nurse, value):
    test = in_status(LabTestStatus.IN_PROGRESS)
    response = login(nurse).post(reverse("lab_test_enter_results", args=[test.pk]), {"result_value": value})
    assert response.context["form"].errors["result_value"]
    test.refresh_from_db()
    assert (test.status, test.result_date) == (LabTestStatus.IN_PROGRESS, None)


@pytest.mark.spec("RULE-LAB-3")
@pytest.mark.parametrize(
    ("value", "reference_range", "flag"),
    [
        ("5.2", "3.5-5.1", True),
        ("4", "3.5-5.1", False),
        ("250", "<200", True),
        ("59", ">=60", True),
        ("cloudy", "clear", None),
    ],
)
def test_results_are_flagged(doctor, value, reference_range, flag):
    test = in_status(LabTestStatus.IN_PROGRESS)
    data = {"result_value": value, "reference_range": reference_range, "result_unit": "mmol/L"}
    assert submit(forms.EnterResultsForm, actor=doctor, instance=test, data=data).is_valid()
    test.refresh_from_db()
    assert test.is_abnormal is flag


@pytest.mark.spec("RULE-LAB-3")
def test_inbox_is_ones_own_unreviewed_abnormal_first(login, doctor):
    def done(**changes):
        return in_status(LabTestStatus.COMPLETED, **{"ordered_by_doctor": doctor, **changes})

    plain = [done(is_abnormal=flag, ordered_date=now() - timedelta(hours=n)) for n, flag in enumerate((None, False))]
    abnormal = done(is_abnormal=True, ordered_date=now() - timedelta(days=3))
    done(reviewed_at=now(), reviewed_by_user=doctor)
    done(ordered_by_doctor=UserFactory(role="doctor"))
    in_status(LabTestStatus.IN_PROGRESS, ordered_by_doctor=doctor)
    client = login(doctor)
    page = client.get(reverse("lab_test_list"), {"inbox": "1", "page_size": "1"})
    found = []
    while True:
        found += [row["object"] for row in page.context["rows"]]
        if not page.context["pager"]["next_url"]:
            break
        page = client.get(reverse("lab_test_list") + page.context["pager"]["next_url"])
    assert found == [abnormal, *plain]


def test_another_doctor_may_review_but_only_once(doctor):
    test = in_status(LabTestStatus.COMPLETED)
    assert submit(forms.ReviewForm, actor=doctor, instance=test, data={}).is_valid()
    again = submit(forms.ReviewForm, actor=test.ordered_by_doctor, instance=test, data={})
    assert "nobody has reviewed" in str(again.errors)


@pytest.mark.spec("RULE-LAB-1")
def test_delete_means_cancel_with_a_reason(login, doctor):
    test = LabTestFactory()
    client, url = login(doctor), reverse("lab_test_delete", args=[test.pk])
    assert client.post(url).context["form"].errors["cancellation_reason"]
    assert client.post(url, {"cancellation_reason": "Ordered twice"}).status_code == 302
    test.refresh_from_db()
    assert (test.status, test.cancellation_reason) == (LabTestStatus.CANCELLED, "Ordered twice")


@pytest.mark.spec("ROLE-3")
@pytest.mark.parametrize("role", ["administrator", "nurse", "receptionist", "billing_officer"])
def test_only_doctors_order_change_cancel_and_review(staff, role):
    test = LabTestFactory()
    for form, extra in (
        (forms.OrderLabTestForm, {"data": {"patient": str(test.patient_id), "test_name": "Sodium"}}),
        (forms.EditLabTestForm, {"instance": test}),
        (forms.CancelLabTestForm, {"instance": test}),
        (forms.ReviewForm, {"instance": test}),
    ):
        with pytest.raises(PermissionDenied):
            submit(form, actor=staff[role], **extra)


@pytest.mark.spec("ROLE-2")
@pytest.mark.parametrize(
    ("role", "ok"),
    [("administrator", True), ("doctor", True), ("nurse", True), ("receptionist", False), ("billing_officer", False)],
)
def test_lab_staffs_steps(staff, role, ok):
    test = LabTestFactory()
    for status in (LabTestStatus.SAMPLE_COLLECTED, LabTestStatus.IN_PROGRESS, LabTestStatus.COMPLETED):
        form_class, data = STEPS[status]
        if ok:
            assert submit(form_class, actor=staff[role], instance=test, data=data).is_valid()
        else:
            with pytest.raises(PermissionDenied):
                submit(form_class, actor=staff[role], instance=test, data=data)


def test_order_within_a_consultation_is_of_its_patient_and_open(doctor, consultation):
    def order(patient, visit):
        data = {"patient": str(patient.pk), "consultation": str(visit.pk), "test_name": "Sodium"}
        return submit(forms.OrderLabTestForm, actor=doctor, data=data)

    assert order(consultation.patient, consultation).is_valid()
    assert "another patient" in str(order(PatientFactory(), consultation).errors["consultation"])
    locked = ConsultationFactory(doctor=doctor, completed=True, completed_at=now() - timedelta(hours=24))
    assert order(locked.patient, locked).errors["consultation"]
    others = ConsultationFactory()
    assert order(others.patient, others).errors["consultation"]


def test_order_is_edited_only_before_the_sample(doctor):
    test = LabTestFactory()
    data = {"test_name": "Sodium", "notes": "fasting"}
    assert submit(forms.EditLabTestForm, actor=doctor, instance=test, data=data).is_valid()
    test.refresh_from_db()
    assert (test.test_name, test.reference_range, test.notes) == ("Sodium", "136-145", "fasting")
    late = in_status(LabTestStatus.SAMPLE_COLLECTED)
    assert not submit(forms.EditLabTestForm, actor=doctor, instance=late, data=data).is_valid()
