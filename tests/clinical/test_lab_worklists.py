"""Order sets, ranges by sex and age, critical results, worklists, the doctor's inbox, trends."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from audit.models import AuditLog
from clinical import lab_catalogue
from clinical.forms.consultations import ConsultationForm
from clinical.forms.lab_tests import CorrectResultForm, EditLabTestForm, EnterResultsForm, OrderLabTestForm
from clinical.models import LabTest, LabTestStatus
from clinical.views import lab_worklists
from departments.models import User
from healthcare.clock import now, today
from healthcare.workflow import submit
from tests.factories import ConsultationFactory, LabTestFactory, PatientFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("WF-LAB")]


def in_progress(**values):
    return LabTestFactory(status="in_progress", sample_collected_date=now(), **values)


def completed(**values):
    defaults = {"status": "completed", "sample_collected_date": now(), "result_value": "4.2", "result_date": now()}
    return LabTestFactory(**{**defaults, **values})


# -- ordering --------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["Set: Electrolytes", "electrolytes", "set:electrolytes"])
def test_an_order_set_orders_each_of_its_tests(doctor, typed):
    patient = PatientFactory(gender="male")
    form = submit(OrderLabTestForm, actor=doctor, data={"patient": patient.pk, "test_name": typed})
    assert form.is_valid(), form.errors
    tests = LabTest.objects.filter(patient=patient)
    assert set(tests.values_list("test_name", flat=True)) == set(lab_catalogue.panels()["Electrolytes"])
    assert {(t.status, t.ordered_by_doctor, bool(t.reference_range)) for t in tests} == {("ordered", doctor, True)}
    assert AuditLog.objects.filter(entity_type="lab_test", action="create").count() == tests.count()


def test_an_order_set_within_the_consultation(doctor, rows):
    note = ConsultationFactory(doctor=doctor)
    form = submit(ConsultationForm, actor=doctor, instance=note, data=rows("lab_tests", {"test_name": "Set: CBC"}))
    assert form.is_valid()
    assert note.lab_tests.count() == len(lab_catalogue.panels()["CBC"]) > 10


def test_an_order_that_is_corrected_is_as_if_ordered_so(doctor):
    """It kept the panel of the test before, and a set's name became a test of that name, without unit and range."""
    test = LabTestFactory(test_name="Potassium", test_type="Electrolytes", ordered_by_doctor=UserFactory(role="doctor"))
    data = {"test_name": "TSH", "test_type": "Electrolytes"}
    assert submit(EditLabTestForm, actor=doctor, instance=test, data=data).is_valid()
    test.refresh_from_db()
    assert (test.test_name, test.test_type, test.result_unit) == ("TSH", "Thyroid", "mU/L")
    data = {"test_name": "Set: Electrolytes", "test_type": "Thyroid"}
    assert submit(EditLabTestForm, actor=doctor, instance=test, data=data).is_valid()
    tests = LabTest.objects.filter(patient=test.patient)
    assert set(tests.values_list("test_name", flat=True)) == set(lab_catalogue.panels()["Electrolytes"])
    assert {(row.test_type, row.ordered_by_doctor) for row in tests} == {("Electrolytes", test.ordered_by_doctor)}


@pytest.mark.parametrize(
    ("gender", "years", "expected"),
    [("male", 40, "14-17"), ("female", 40, "12-16"), ("other", 40, ""), ("male", 9, "")],
)
def test_ranges_by_sex_and_age(doctor, gender, years, expected):
    patient = PatientFactory(gender=gender, date_of_birth=today() - timedelta(days=365 * years + 20))
    form = submit(OrderLabTestForm, actor=doctor, data={"patient": patient.pk, "test_name": "Haemoglobin"})
    assert (form.instance.result_unit, form.instance.reference_range) == ("g/dL", expected)


# -- critical --------------------------------------------------------------------------------


@pytest.mark.spec("RULE-LAB-3")
@pytest.mark.parametrize(
    ("value", "unit", "critical", "abnormal"),
    [
        ("6.3", "mmol/L", True, True),
        ("6.2", "mmol/L", False, True),
        ("2.5", "mmol/L", True, True),
        ("<2.5", "mmol/L", True, True),
        ("4.2", "mmol/L", False, False),
        ("6.3", "mg/dL", False, True),
        ("haemolysed", "mmol/L", False, None),
    ],
)
def test_critical_results(nurse, value, unit, critical, abnormal):
    test = in_progress(test_name="Potassium")
    data = {"result_value": value, "result_unit": unit, "reference_range": "3.5-5"}
    row = submit(EnterResultsForm, actor=nurse, instance=test, data=data).instance
    assert (row.is_critical, row.is_abnormal) == (critical, abnormal)
    assert row.flag == ("critical" if critical else {True: "abnormal", False: "normal", None: "not_compared"}[abnormal])


@pytest.mark.spec("RULE-LAB-3")
@pytest.mark.parametrize(
    ("name", "value", "unit", "critical"),
    [
        ("Potassium", "7.4", "mEq/L", True),
        ("Platelet count", "9", "x10^9/L", True),
        ("Platelet count", "9", "10^3/µL", True),
        ("Platelet count", "9", "K/uL", True),
        ("White cell count", "41", "10*9/L", True),
        ("INR", "8", "", True),
        ("INR", "8", "INR", True),
        ("INR", "8", "%", False),
        ("Potassium", "7.4", "", False),
        ("Glucose, fasting", "40", "mmol/L", False),
    ],
)
def test_critical_in_a_unit_that_means_the_same(name, value, unit, critical):
    assert lab_catalogue.is_critical(name, value, unit) == critical


# -- worklists -------------------------------------------------------------------------------


@pytest.mark.spec("RULE-LAB-1")
def test_many_samples_with_one_button(login, nurse):
    tests = [LabTestFactory() for _number in range(3)]
    client = login(nurse)
    page = client.get(reverse("lab_worklist_collect"))
    assert len(page.context["lines"]) == 3
    data = {"test": [str(t.pk) for t in tests], f"{tests[0].pk}-do": "1", f"{tests[2].pk}-do": "1"}
    assert client.post(reverse("lab_worklist_collect"), data).status_code == 302
    statuses = [LabTest.objects.get(pk=t.pk).status for t in tests]
    assert statuses == ["sample_collected", "ordered", "sample_collected"]
    client.post(reverse("lab_worklist_process"), {"test": [str(tests[0].pk)], f"{tests[0].pk}-do": "1"})
    assert LabTest.objects.get(pk=tests[0].pk).status == LabTestStatus.IN_PROGRESS
    assert AuditLog.objects.filter(action="collect_sample", user=nurse).count() == 2


@pytest.mark.spec("RULE-LAB-2", "RULE-LAB-3")
def test_many_results_in_a_row(login, nurse):
    good, bad, empty = in_progress(test_name="Potassium"), in_progress(), in_progress()
    LabTest.objects.filter(pk=bad.pk).update(status="cancelled")
    client = login(nurse)
    data = {
        "test": [str(good.pk), str(bad.pk), str(empty.pk), "nonsense"],
        f"{good.pk}-result_value": "7",
        f"{good.pk}-result_unit": "mmol/L",
        f"{good.pk}-reference_range": "3.5-5",
        f"{bad.pk}-result_value": "5",
        f"{empty.pk}-result_value": " ",
    }
    answer = client.post(reverse("lab_worklist_enter"), data)
    assert answer.status_code == 200  # the refused one is told; it has left the list
    good.refresh_from_db()
    assert (good.status, good.is_critical) == ("completed", True)
    assert LabTest.objects.get(pk=empty.pk).status == "in_progress"
    assert [line["test"].pk for line in answer.context["lines"]] == [empty.pk]
    assert answer.content.decode().count('<input type="text"') >= 3
    assert f"{bad}, {bad.patient.search_label}: This is cancelled" in told(answer) and "You typed: 5." in told(answer)
    assert "beside them" not in told(answer)  # it was said of rows that are not there any more
    client.get(reverse("lab_worklist_collect"))
    again = client.post(reverse("lab_worklist_collect"), {"test": str(good.pk), f"{good.pk}-do": "1"})
    assert f"{good}, {good.patient.search_label}: This is completed" in told(again)


def test_a_worklist_says_that_there_is_more_and_where(login, nurse, monkeypatch):
    """Fifty cultures that grow for days hid every younger sample."""
    monkeypatch.setattr(lab_worklists, "ROWS", 2)
    tests = [in_progress(ordered_date=now() - timedelta(days=3 - number)) for number in range(3)]
    client = login(nurse)
    page = client.get(reverse("lab_worklist_enter"))
    assert [line["test"] for line in page.context["lines"]] == tests[:2]
    [link] = re.findall(r'href="([^"]+)">1 more in the list', page.content.decode())
    assert client.get(unescape(link)).context["rows"][0]["object"] == tests[2]
    assert "more in the list" not in client.get(reverse("lab_worklist_collect")).content.decode()


def test_a_worklist_reads_the_same_queries_for_more_rows(login, nurse, django_assert_max_num_queries):
    for _number in range(15):
        in_progress()
    client = login(nurse)
    with django_assert_max_num_queries(14):
        assert len(client.get(reverse("lab_worklist_enter")).context["lines"]) == 15


# -- the doctor's inbox ----------------------------------------------------------------------


@pytest.mark.spec("RULE-LAB-3")
def test_the_inbox_puts_the_critical_first_and_then_what_waited_longest(login, doctor):
    note = ConsultationFactory(doctor=doctor)
    fresh = completed(consultation=note, test_name="Fresh")
    old = completed(consultation=note, test_name="Old", result_date=now() - timedelta(days=4))
    abnormal = completed(
        consultation=note, test_name="Abnormal", is_abnormal=True, result_date=now() - timedelta(hours=30)
    )
    critical = completed(consultation=note, test_name="Critical", is_abnormal=True, is_critical=True)
    normal = completed(consultation=note, test_name="Normal", is_abnormal=False, result_date=now() - timedelta(days=5))
    completed(consultation=note, test_name="Seen", reviewed_at=now(), reviewed_by_user=doctor)
    completed(test_name="Of another doctor")
    page = login(doctor).get(reverse("lab_test_list"), {"inbox": "1"})
    rows = page.context["rows"]
    assert [row["object"].pk for row in rows] == [critical.pk, abnormal.pk, old.pk, fresh.pk, normal.pk]
    assert [row["tone"] for row in rows] == ["red", "amber", "red", "", "red"]
    assert "4 d" in page.content.decode()
    queue = login(doctor).get(reverse("dashboard")).content.decode()
    assert queue.index("Critical") < queue.index("Old") < queue.index("Normal")


@pytest.mark.spec("RULE-LAB-3")
def test_whoever_enters_a_critical_result_is_told_whom_to_tell(login, nurse, doctor):
    one, many, normal = (in_progress(test_name="Potassium", ordered_by_doctor=doctor) for _number in range(3))
    client = login(nurse)
    data = {"result_unit": "mmol/L", "reference_range": "3.5-5"}
    page = client.post(reverse("lab_test_enter_results", args=[one.pk]), {**data, "result_value": "7.4"}, follow=True)
    assert f"Critical: Potassium 7.4 mmol/L, {one.patient.search_label}. Tell {doctor} at once." in told(page)
    rows = {f"{row.pk}-{name}": value for row in (many, normal) for name, value in data.items()}
    rows |= {"test": [str(many.pk), str(normal.pk)], f"{many.pk}-result_value": "2", f"{normal.pk}-result_value": "4"}
    User.objects.filter(pk=doctor.pk).update(is_active=False)
    page = client.post(reverse("lab_worklist_enter"), rows, follow=True)
    assert f"Tell a doctor at once; {doctor} is here no more." in told(page)
    assert told(page).count("Critical") == 1


def told(page):
    return " ".join(str(message) for message in page.context["messages"])


@pytest.mark.spec("RULE-LAB-3")
def test_results_of_a_doctor_who_left_wait_for_every_doctor(login, doctor):
    gone, nurse_now = UserFactory(role="doctor", is_active=False), UserFactory(role="nurse")
    left = {completed(ordered_by_doctor=who).pk for who in (gone, nurse_now)}
    completed(ordered_by_doctor=UserFactory(role="doctor"))
    rows = login(doctor).get(reverse("lab_test_list"), {"inbox": "1"}).context["rows"]
    assert {row["object"].pk for row in rows} == left
    assert set(LabTest.objects.inbox_of(doctor).values_list("pk", flat=True)) == left


@pytest.mark.spec("RULE-LAB-3", "FND-7")
def test_the_review_shows_what_is_reviewed_and_what_a_correction_made_of_it(login, doctor, administrator):
    """The page asked for the name of the test alone; a corrected value was signed by who had seen the old one."""
    range_and_unit = {"result_unit": "mmol/L", "reference_range": "3.5-5"}
    test = completed(test_name="Potassium", is_abnormal=False, **range_and_unit)
    client, url = login(doctor), reverse("lab_test_review", args=[test.pk])
    page = client.get(url)
    assert "Result of Potassium seen: 4.2 mmol/L (3.5-5), normal?" in page.content.decode()
    data = {"result_value": "7.4", "correction_reason": "Typing", **range_and_unit}
    assert submit(CorrectResultForm, actor=administrator, instance=test, data=data).is_valid()
    stale = client.post(url, page.context["form"].initial)
    assert stale.status_code == 409 and "7.4 mmol/L (3.5-5), critical" in stale.content.decode()
    assert LabTest.objects.get().reviewed_at is None


# -- trends ----------------------------------------------------------------------------------


def test_trends_per_test_and_unit(login, doctor, nurse):
    patient = PatientFactory()
    note = ConsultationFactory(patient=patient, doctor=doctor)
    for days, value, unit in (
        (3, "4.0", "mmol/L"),
        (2, "4.4", "mmol/L"),
        (1, "80", "mg/dL"),
        (0, "positive", "mmol/L"),
    ):
        completed(
            consultation=note, test_name="Glucose", result_value=value, result_unit=unit,
            result_date=now() - timedelta(days=days),
        )  # fmt: skip
    page = login(doctor).get(reverse("lab_test_trends", args=[patient.pk]))
    (chart,) = page.context["charts"]
    assert (chart["unit"], json.loads(chart["json"])["series"][0]["values"]) == ("mmol/L", [4.0, 4.4])
    assert login(nurse).get(reverse("lab_test_trends", args=[patient.pk])).status_code == 403
