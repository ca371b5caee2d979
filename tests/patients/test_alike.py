"""Misspelled names are found; likely duplicates are scored, explained, shown while typing and on saving."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from healthcare.clock import today
from healthcare.workflow import submit
from patients import spelling
from patients.duplicates import LIKELY, Person, likenesses
from patients.forms import EditPatientForm, RegisterPatientForm
from patients.forms.merge import MergePatientsForm
from patients.models import Patient, PatientNameKey
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db):
    names = [
        "Gonzalez Maria",
        "Rodriguez Anna",
        "Schmidt Theodore",
        "Müller Zoë",
        "O'Brien Xiomara",
        "Hernandez Kathleen",
    ]
    return {last: PatientFactory(last_name=last, first_name=first) for last, first in (name.split() for name in names)}


@pytest.mark.spec("VAL-5", "WF-REG")
@pytest.mark.parametrize("name", ["x" * 100, "Donaudampf" * 10, "ﬃ" * 100, "ß" * 100, "ﷺ" * 100, "İ" * 100, "𒀀" * 100])
def test_the_longest_names_are_registered_and_found(receptionist, name):
    """Beyond 32 letters of sound, or 200 after ligatures were resolved, registering was a 500 on PostgreSQL."""
    data = {"last_name": name, "first_name": name, "date_of_birth": "1990-05-01", "gender": "female"}
    form = submit(RegisterPatientForm, actor=receptionist, data=data)
    assert form.is_valid(), form.errors
    assert list(Patient.objects.search(name[:60])) == [form.instance]


@pytest.mark.spec("PAGE-6", "WF-REG")
@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("gonsales", "Gonzalez"),
        ("Gonzales Maria", "Gonzalez"),
        ("rodrigez", "Rodriguez"),
        ("schmitd", "Schmidt"),
        ("shmidt teodore", "Schmidt"),
        ("muller", "Müller"),
        ("mueler", "Müller"),
        ("obrian", "O'Brien"),
        ("hernadez kathlen", "Hernandez"),
        ("gonsal", "Gonzalez"),
    ],
)
def test_misspelled_names_are_found(people, text, last):
    assert list(Patient.objects.search(text)) == [people[last]]


@pytest.mark.parametrize("text", ["zzzz", "smithson", "gonzalez theodore", "日本", "12345678"])
def test_not_everything_is_alike(people, text):
    assert not Patient.objects.search(text).exists()


@pytest.mark.spec("PAGE-6")
def test_exact_names_come_first_and_alike_ones_fill_up(login, receptionist):
    near, exact = PatientFactory(last_name="Lopes"), PatientFactory(last_name="Lopez")
    client = login(receptionist)
    found = [row["id"] for row in client.get(reverse("patient_options"), {"q": "lopez"}).json()["results"]]
    assert found == [str(exact.pk), str(near.pk)]
    rows = client.get(reverse("patient_list"), {"q": "lopez"}).context["rows"]
    assert [row["object"] for row in rows] == [exact]


def test_each_word_is_learnt_once():
    PatientFactory(last_name="Fernandez", first_name="Al")
    count = PatientNameKey.objects.filter(word="fernandez").count()
    PatientFactory(last_name="Fernandez", first_name="Al")
    assert PatientNameKey.objects.filter(word="fernandez").count() == count == len(spelling.keys_of("fernandez"))
    assert not PatientNameKey.objects.filter(word="al").exists()


MARIA = {"last_name": "Gonzalez", "first_name": "Maria", "date_of_birth": date(1984, 3, 5), "phone": "+12025550143"}


@pytest.mark.spec("BYD-8", "WF-REG")
@pytest.mark.parametrize(
    ("typed", "likely", "why"),
    [
        ({}, True, "same name, same date of birth, same phone number"),
        ({"last_name": "Gonsales"}, True, "sounds or is spelled alike"),
        ({"first_name": "Gonzalez", "last_name": "Maria", "phone": ""}, True, "same name"),
        ({"date_of_birth": date(1984, 5, 3)}, True, "almost the same date of birth"),
        ({"first_name": "Anna", "last_name": "Smith", "date_of_birth": date(1990, 1, 1)}, False, None),
        ({"date_of_birth": date(1960, 7, 7), "phone": ""}, False, None),
        ({"first_name": "Mario", "phone": ""}, True, "alike"),
    ],
)
def test_scores_and_reasons(typed, likely, why):
    other = PatientFactory(**MARIA, gender="female")
    found = likenesses(Person(**{**MARIA, **typed}, gender="female"))
    assert bool(found and found[0].score >= LIKELY) == likely
    if why:
        assert found[0].patient == other
        assert why in ", ".join(found[0].reasons)


@pytest.mark.spec("WF-REG")
@pytest.mark.parametrize("typed", [{}, {"date_of_birth": None}, {"first_name": "", "last_name": ""}])
def test_who_comes_back_is_found_though_inactive_and_not_by_a_merged_chart(receptionist, typed):
    gone, kept, merged = PatientFactory(**MARIA, is_active=False), PatientFactory(), PatientFactory(**MARIA)
    data = {"merged": merged.pk, "reason": "Registered twice"}
    assert submit(MergePatientsForm, actor=receptionist, data=data, kept=kept).is_valid()
    Patient.objects.filter(pk=kept.pk).update(phone="")
    person = Person(**{**MARIA, **typed})
    (found,) = likenesses(person)
    assert found.patient == gone and "inactive" in str(found)
    assert likenesses(person, active=True) == []


@pytest.mark.spec("BYD-8")
def test_who_is_being_edited_is_no_duplicate_of_themselves():
    other = PatientFactory(**MARIA)
    assert likenesses(Person(**MARIA), other.pk) == []


@pytest.mark.spec("WF-REG", "BYD-8")
def test_duplicates_show_while_typing(login, receptionist):
    other = PatientFactory(**MARIA)
    client, url = login(receptionist), reverse("patient_duplicates")
    text = client.post(
        url, {"last_name": "Gonzales", "first_name": "Maria", "date_of_birth": "", "phone": "abc"}
    ).content.decode()
    assert other.patient_number in text
    assert other.get_absolute_url() in text
    for typed in ({}, {"last_name": "G"}, {"email": "x"}, {"patient": "x"}, {"last_name": "Zzyzx", "first_name": "Q"}):
        assert other.patient_number not in client.post(url, typed).content.decode()
    assert (
        other.patient_number
        not in client.post(url, {"last_name": "Gonzales", "first_name": "Maria", "patient": other.pk}).content.decode()
    )


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize("born", ["0001-01-05", "9999-12-31"])
def test_a_year_that_is_half_typed_is_no_error(login, receptionist, born):
    typed = {"last_name": "Lopez", "first_name": "Maria", "date_of_birth": born}
    assert login(receptionist).post(reverse("patient_duplicates"), typed).status_code == 200


@pytest.mark.spec("BYD-8")
def test_an_edit_that_makes_somebody_a_duplicate_warns(login, receptionist):
    PatientFactory(**MARIA)
    row = PatientFactory(last_name="Smith", first_name="Anna", date_of_birth=date(1984, 3, 5))
    data = {**MARIA, "gender": "female", "patient_number": row.patient_number}
    form = submit(EditPatientForm, actor=receptionist, instance=row, data=data)
    assert [warning.kind for warning in form.warnings] == ["duplicate"]
    form = submit(
        EditPatientForm,
        actor=receptionist,
        instance=row,
        data={**data, "acknowledge_warnings": "on", "override_reason": "Twins"},
    )
    assert form.is_valid()
    # A change that does not touch who they are asks nobody again.
    assert submit(EditPatientForm, actor=receptionist, instance=form.instance, data={**data, "city": "Bern"}).is_valid()


@pytest.mark.spec("BYD-8")
def test_scoring_takes_the_same_number_of_queries_for_one_and_many():
    def asked():
        with CaptureQueriesContext(connection) as queries:
            likenesses(Person(**MARIA, email="m@example.com"))
        return len(queries)

    PatientFactory(**MARIA)
    few = asked()
    for number in range(12):
        PatientFactory(**{**MARIA, "phone": f"+120255501{number:02}"})
    assert asked() == few <= 8


@pytest.mark.spec("WF-REG")
def test_a_whole_name_without_a_date_of_birth_is_looked_up_and_patients_are_not_walked_through(people):
    with CaptureQueriesContext(connection) as asked:
        found = likenesses(Person("Maria", "Gonzales"))
    assert [one.patient.last_name for one in found] == ["Gonzalez"]
    of_patients = [query["sql"] for query in asked if 'FROM "patients"' in query["sql"]]
    assert all('"patients"."id" IN' in sql for sql in of_patients)


@pytest.mark.spec("BYD-12")
def test_an_age_makes_an_estimated_date_of_birth(login, receptionist):
    data = {"last_name": "Unknown", "first_name": "Person", "gender": "other"}
    form = submit(RegisterPatientForm, actor=receptionist, data=data)
    assert form.errors.as_data()["date_of_birth"][0].code == "required"
    form = submit(RegisterPatientForm, actor=receptionist, data={**data, "age_if_unknown": "42"})
    assert form.is_valid(), form.errors
    row = form.instance
    assert (row.age, row.date_of_birth_estimated) == (42, True)
    assert row.date_of_birth == date(today().year - 42, 1, 1)
    assert "estimated" in login(receptionist).get(row.get_absolute_url()).content.decode()
    for age in ("-1", "131", "x"):
        assert not submit(RegisterPatientForm, actor=receptionist, data={**data, "age_if_unknown": age}).is_valid()
    born = str(today() - timedelta(days=1))
    both = submit(RegisterPatientForm, actor=receptionist, data={**data, "date_of_birth": born, "age_if_unknown": "42"})
    assert both.errors.as_data()["age_if_unknown"][0].code == "contradiction"
    known = submit(RegisterPatientForm, actor=receptionist, data={**data, "date_of_birth": born, "age_if_unknown": "0"})
    assert known.is_valid() and not known.instance.date_of_birth_estimated
