"""Finding patients: what is found by what, and the list's search, filters, order and pages (PAGE-2)."""

import random
import re
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from patients.models import Patient, PatientSearchTerm
from patients.search import rebuild_search_terms
from tests.factories import InsuranceProviderFactory, PatientFactory

pytestmark = pytest.mark.django_db


def keys(response):
    return [row["object"].pk for row in response.context["rows"]]


@pytest.fixture
def maria(db):
    for number in range(5):
        PatientFactory(first_name="Other", last_name=f"Person{number}", phone=f"+1617555020{number}")
    return PatientFactory(
        first_name="María José",
        last_name="López-O'Brien",
        patient_number="P-000123",
        date_of_birth=date(1961, 11, 30),
        phone="+12025550143",
        email="Maria.Lopez@Example.com",
    )


@pytest.mark.spec("PAGE-2", "WF-REG")
@pytest.mark.parametrize(
    "text",
    [
        "maria",
        "MARÍA",
        "lopez mar",
        "jose lopez",
        "lópez-o'brien",
        "obrien",
        "brien jos",
        "P-000123",
        "p000123",
        "000123",
        "123",
        "p-0001",
        "1961-11-30",
        "1961-11",
        "30.11.1961",
        "30/11/1961",
        "11/30/1961",
        "19611130",
        "lopez 30.11.1961",
        "maria.lopez@example.com",
        "maria.lopez@",
        "+12025550143",
        "202-555-0143",
        "(202) 555 0143",
        "1 202.555.0143",
        "5550143",
        "0143",
        "001 202 555 0143",
        "lopez 555 0143",
        "maria 1961-11-30",
    ],
)
def test_found_by(login, receptionist, maria, text):
    assert list(Patient.objects.search(text)) == [maria]
    client = login(receptionist)
    assert keys(client.get(reverse("patient_list"), {"q": text})) == [maria.pk]
    # The path with a filter, which does not read the search index alone.
    assert keys(client.get(reverse("patient_list"), {"q": text, "gender": "female"})) == [maria.pk]
    found = client.get(reverse("patient_options"), {"q": text}).json()["results"]
    assert found == [{**found[0], "id": str(maria.pk), "text": "López-O'Brien, María José · P-000123 · 1961-11-30"}]


@pytest.mark.parametrize(
    "text",
    [
        "de la cruz",
        "delacruz",
        "Dela Cruz",
        "delacruz juana",
        "juanamaria de-la-cruz",
        "30 January 1979",
        "30th of jan 1979",
        "January 30, 1979",
        "Jan. 30 1979 cruz",
        "delacrus",
    ],
)
def test_small_words_of_a_name_and_months_are_read_as_they_are_said(text):
    juana = PatientFactory(first_name="Juana María", last_name="de la Cruz", date_of_birth=date(1979, 1, 30))
    PatientFactory(first_name="Juana", last_name="Lacroix", date_of_birth=date(1979, 1, 3))
    assert PatientSearchTerm.objects.first_keys(text, 5)[:1] == [juana.pk]


@pytest.mark.parametrize("text", ["van der Berg", "Vander Berg", "vanderberg", "van-der-berg"])
def test_a_name_written_together_is_found_by_its_parts(text):
    anna = PatientFactory(first_name="Anna", last_name="Vanderberg")
    assert PatientSearchTerm.objects.first_keys(text, 5) == [anna.pk]


@pytest.mark.parametrize(("last", "first"), [("李", "小龍"), ("山田", "太郎"), ("김", "민수")])
def test_a_name_of_a_script_without_spaces_is_found_as_it_is_written(last, first):
    person = PatientFactory(last_name=last, first_name=first)
    PatientFactory(last_name=last, first_name="Anna")
    for text in (last + first, f"{last} {first}", f"{first} {last}", first, (last + first)[:-1]):
        assert person.pk in PatientSearchTerm.objects.first_keys(text, 5), text
    assert PatientSearchTerm.objects.first_keys(last + first, 5) == [person.pk]


def test_a_small_word_may_be_a_first_name():
    al = PatientFactory(first_name="Al", last_name="Smith")
    PatientFactory(first_name="Bo", last_name="Smith")
    assert PatientSearchTerm.objects.first_keys("al smyth", 5) == [al.pk]


@pytest.mark.spec("PAGE-2", "FND-6")
@pytest.mark.parametrize("text", ["smith", "smith john"])
def test_who_is_deactivated_is_not_replaced_by_somebody_of_almost_that_name(login, receptionist, text):
    john = PatientFactory(first_name="John", last_name="Smith", is_active=False)
    PatientFactory(first_name="John", last_name="Smyth")
    client, url = login(receptionist), reverse("patient_list")
    hidden = client.get(url, {"q": text})
    assert not hidden.context["rows"] and hidden.context["show_inactive_url"]
    assert keys(client.get(url, {"q": text, "inactive": "1"})) == [john.pk]


def test_the_command_writes_all_terms_anew(maria, capsys):
    PatientSearchTerm.objects.all().delete()
    call_command("rebuild_search")
    assert capsys.readouterr().out == "6 patients\n"
    assert list(Patient.objects.search("lopez")) == [maria]


@pytest.mark.parametrize("text", ["ria", "zz", "lopez smith", "1961-11-31", "9999999", "--", "'", "%", "😀", "\x00"])
def test_not_found_by(login, receptionist, maria, text):
    assert not Patient.objects.search(text).exists()
    assert login(receptionist).get(reverse("patient_options"), {"q": text or "x"}).status_code == 200


def test_terms_follow_the_patient(maria):
    maria.last_name, maria.phone = "Garcia", ""
    maria.save()
    assert list(Patient.objects.search("garcia maria")) == [maria]
    assert not Patient.objects.search("lopez").filter(pk=maria.pk, email="").exists()
    assert not Patient.objects.search("0143").exists()
    term = PatientSearchTerm.objects.filter(patient=maria).first()
    assert term.last_name == "Garcia"
    PatientSearchTerm.objects.all().delete()
    assert rebuild_search_terms(Patient.objects.all()) == 6
    assert rebuild_search_terms(Patient.objects.all()) == 6
    assert list(Patient.objects.search("garcia maria")) == [maria]


@pytest.mark.spec("PAGE-2")
def test_a_patient_found_by_two_words_is_listed_once(login, receptionist):
    for number in range(30):
        PatientFactory(first_name=f"Maria Marta {number:02}", last_name=f"Martin{number:02}")
    client = login(receptionist)
    first = client.get(reverse("patient_list"), {"q": "mar"})
    second = client.get(
        first.context["pager"]["next_url"] and reverse("patient_list") + first.context["pager"]["next_url"]
    )
    assert len({*keys(first), *keys(second)}) == len([*keys(first), *keys(second)]) == 30
    assert first.context["pager"]["count_label"] == "30"


@pytest.mark.spec("PAGE-2")
def test_filters(login, receptionist):
    insurer = InsuranceProviderFactory()
    one = PatientFactory(gender="male", insurance_provider=insurer, date_of_birth=date(1990, 1, 2))
    two = PatientFactory(gender="female")
    client, url = login(receptionist), reverse("patient_list")
    for query in ({"gender": "male"}, {"insurance_provider": insurer.pk}, {"date_of_birth": "1990-01-02"}):
        assert keys(client.get(url, query)) == [one.pk]
    assert keys(client.get(url, {"gender": "female"})) == [two.pk]
    for query in ({"gender": "x"}, {"insurance_provider": "x"}, {"date_of_birth": "2023-02-29"}):
        response = client.get(url, query)
        assert response.status_code == 200
        assert response.context["filter"].form.errors


@pytest.mark.spec("PAGE-2", "VAL-6")
@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "page=999", "page=-1", "page_size=x", "after=x", "before=01a2", "page=1e3"]
)
def test_bad_pages_are_404(login, receptionist, maria, query):
    assert login(receptionist).get(f"{reverse('patient_list')}?{query}").status_code == 404


@pytest.mark.spec("PAGE-2")
@pytest.mark.parametrize(
    "query", [{}, {"q": "an"}, {"q": "an a"}, {"q": "an", "gender": "female"}, {"gender": "female"}]
)
@pytest.mark.parametrize("ordering", ["last_name", "-last_name", "patient_number", "-patient_number", "-date_of_birth"])
def test_pages_forth_and_back_repeat_and_lose_nobody(login, receptionist, ordering, query):
    dice = random.Random(5)
    for _ in range(60):
        PatientFactory(
            first_name=dice.choice(["Ana", "Anna", "Ann"]),
            last_name=dice.choice(["Diaz", "Diaz", "Ander", "Ruiz"]),
            date_of_birth=date(1990, 1, 1) + timedelta(days=dice.randrange(5)),
        )
    client, url = login(receptionist), reverse("patient_list")
    response = client.get(url, {"ordering": ordering, "page_size": 7, **query})
    forth, back = [keys(response)], []
    while link := response.context["pager"]["next_url"]:
        response = client.get(url + link)
        forth.append(keys(response))
    back.append(keys(response))
    while link := response.context["pager"]["previous_url"]:
        response = client.get(url + link)
        back.append(keys(response))
    assert forth == back[::-1]
    assert [len(page) for page in forth] == [7] * 8 + [4]
    walked = [key for page in forth for key in page]
    name = ordering.lstrip("-")
    fields = ("last_name", "first_name", "pk") if name == "last_name" else (name, "pk")
    expected = list(Patient.objects.order_by(*fields).values_list("pk", flat=True))
    assert walked == (expected[::-1] if ordering.startswith("-") else expected)


@pytest.mark.spec("PAGE-2")
@pytest.mark.parametrize("query", ["", "?q=smith", "?q=smith+anna", "?q=0143"])
def test_list_asks_the_same_number_of_questions_for_1_and_30_rows(login, receptionist, query):
    client = login(receptionist)

    def asked():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = client.get(reverse("patient_list") + query)
        return len(queries), len(keys(response))

    PatientFactory(
        first_name="Anna", last_name="Smith", phone="+12025550143", insurance_provider=InsuranceProviderFactory()
    )
    client.get(reverse("patient_list"))
    one, rows = asked()
    assert rows == 1
    for _ in range(24):
        PatientFactory(
            first_name="Anna", last_name="Smith", phone="+12025550143", insurance_provider=InsuranceProviderFactory()
        )
    many, rows = asked()
    assert rows == 25
    assert many == one


@pytest.mark.spec("PAGE-2")
def test_pages_are_read_from_indexes(maria, no_statistics):
    """No page walks or sorts the whole table: names, numbers and dates of birth have indexes in list order."""
    rebuild_search_terms(Patient.objects.all())
    plans = {
        "patients_by_name": Patient.objects.filter(is_active=True).order_by("last_name", "first_name", "pk")[:26],
        "patients_by_birth": Patient.objects.filter(is_active=True).order_by("date_of_birth", "pk")[:26],
    }
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A handful of rows is read whole by any planner unless that is forbidden.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        for index, rows in plans.items():
            assert re.search(rf"\b{index}\b", rows.explain())


@pytest.mark.spec("PAGE-2")
@pytest.mark.parametrize(("text", "asked"), [("0143", 3), ("brien", 3), ("lopez maria", 5), ("nobody", 5)])
def test_a_search_reads_what_it_finds_once(login, receptionist, maria, django_assert_max_num_queries, text, asked):
    client, url = login(receptionist), reverse("patient_list")
    client.get(url)  # the filters are drawn and kept
    with django_assert_max_num_queries(asked):
        client.get(url, {"q": text})


@pytest.mark.spec("PAGE-2")
@pytest.mark.parametrize("text", ["martin", "martin maria"])
def test_a_search_that_finds_many_counts_them_and_exports_them_and_nobody_else(login, receptionist, text):
    PatientFactory(first_name="Zoe", last_name="Zebrafish")
    for number in range(104):
        PatientFactory(first_name=f"Maria {number:03}", last_name="Martin")
    client, url = login(receptionist), reverse("patient_list")
    first = client.get(url, {"q": text})
    assert first.context["pager"]["count_label"] == "104"
    last = client.get(url, {"q": text, "page": 5})
    assert [row["object"].first_name for row in last.context["rows"]] == [f"Maria {n:03}" for n in range(100, 104)]
    file = b"".join(client.get(url, {"q": text, "export": "xlsx"}).streaming_content)
    names = {row[1] for row in load_workbook(BytesIO(file)).active.iter_rows(min_row=2, values_only=True)}
    assert len(names) == 104 and not any("Zebrafish" in name for name in names)


@pytest.mark.spec("PAGE-2", "WF-REG")
@pytest.mark.parametrize("listed", [0, 1000])
def test_those_with_another_word_are_found_whether_they_are_listed_or_looked_up(db, monkeypatch, listed):
    monkeypatch.setattr("patients.querysets.LISTED", listed)
    anna = PatientFactory(first_name="Anna Maria", last_name="Martin", phone="+12025550143")
    for first, last in (("Maria", "Martin"), ("Anna", "Lopez"), ("Peter", "Martin"), ("Maria", "Anders")):
        PatientFactory(first_name=first, last_name=last, phone="+12025550177")
    for text, found in (
        ("anna martin", 1),
        ("maria martin", 2),
        ("ann mar", 1),
        ("martin maria anna 0143", 1),
        ("peter l", 0),
    ):
        assert Patient.objects.search(text).count() == found, text
    assert list(Patient.objects.search("0143 martin ann")) == [anna]
