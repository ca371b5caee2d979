"""What a list keeps in memory for a minute: its drawn filters, and nothing of what somebody looks for (PAGE-2)."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.urls import reverse

from healthcare.clock import today
from tests.factories import AppointmentFactory, ConsultationFactory, InsuranceProviderFactory, PatientFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("PAGE-2")]


def kept() -> str:
    """All that the fragments' cache holds."""
    return repr(caches["template_fragments"]._cache)


def test_drawn_filters_are_kept_apart_by_role_and_by_what_is_filtered(login, receptionist, nurse):
    InsuranceProviderFactory(name="Kestrel Mutual")
    url = reverse("patient_list")
    first = login(receptionist).get(url).content.decode()
    assert "Kestrel Mutual" in first and "Kestrel Mutual" in kept()
    assert "Kestrel Mutual" not in login(nurse).get(url).content.decode()
    again = login(receptionist).get(url).content.decode()
    assert again.count("Kestrel Mutual") == first.count("Kestrel Mutual") == 1
    days = reverse("appointment_list")
    for day in ("2026-01-02", "2026-03-04"):
        page = login(receptionist).get(days, {"appointment_date": day}).content.decode()
        assert f'value="{day}"' in page


def test_what_somebody_looks_for_is_kept_nowhere(login, receptionist):
    visit = AppointmentFactory(patient=PatientFactory(last_name="Zebrafish"), appointment_date=today())
    client, born = login(receptionist), visit.patient.date_of_birth.isoformat()
    for url, asked in (
        ("patient_list", {"q": "Zebrafish"}),
        ("patient_list", {"date_of_birth": born}),
        ("appointment_list", {"patient": str(visit.patient.pk)}),
        ("appointment_list", {"appointment_date": "Zebrafish"}),
    ):
        assert client.get(reverse(url), asked).status_code == 200
    assert not any(word in kept() for word in ("Zebrafish", born, str(visit.patient.pk)))


def test_an_empty_list_says_whether_something_was_looked_for(login, receptionist):
    client, url = login(receptionist), reverse("patient_list")
    assert client.get(url).context["empty"]["title"] == "Nothing here yet"
    assert client.get(url, {"q": "Zebrafish"}).context["empty"]["title"] == "Nothing found"


def test_a_page_of_the_list_draws_the_filters_of_the_first(login, receptionist, django_assert_num_queries):
    InsuranceProviderFactory()
    PatientFactory.create_batch(3)
    client = login(receptionist)
    client.get(reverse("patient_list"))
    client.get(reverse("patient_list"), {"page": 1})
    with django_assert_num_queries(2):  # the session with its person, and the rows
        client.get(reverse("patient_list"), {"page": 1})


def test_a_list_too_long_to_count_is_not_counted_at_every_page(
    login, receptionist, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr("healthcare.generic.paging.COUNT_CAP", 30)
    PatientFactory.create_batch(32)
    client, url = login(receptionist), reverse("patient_list")
    assert b"30+" in client.get(url).content
    with django_assert_num_queries(2):
        assert b"30+" in client.get(url).content
    found = client.get(url, {"date_of_birth": "1900-01-01"}).content
    assert b"30+" not in found


def test_next_starts_again_when_the_row_beside_it_has_left_the_list(login, receptionist):
    """Whoever works a list off in a second window makes the first one's link stale; nobody may be passed over."""
    day, due = today() + timedelta(days=7), {"completed": True, "follow_up_required": True}
    first, second, _third = (ConsultationFactory(**due, follow_up_date=day + timedelta(n)) for n in range(3))
    client, url = login(receptionist), reverse("recall_list")
    shown = client.get(url, {"page_size": 1}).context
    assert [row["object"] for row in shown["rows"]] == [first]
    AppointmentFactory(patient=first.patient, appointment_date=day)
    page = client.get(url + shown["pager"]["next_url"]).context
    assert [row["object"] for row in page["rows"]] == [second]
    assert page["pager"]["number"] == 1 and not page["pager"]["previous_url"]
    assert client.get(url, {"after": "x"}).status_code == 404
