"""The downtime pack: tomorrow on paper, with what must be known of each patient (BYD-10)."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from audit.models import AuditLog
from clinical import downtime
from healthcare.clock import today
from healthcare.pdf import render_html
from tests.factories import AppointmentFactory, ConsultationFactory, PatientAllergyFactory, PrescriptionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("BYD-10")]


@pytest.fixture
def tomorrow():
    return today() + timedelta(days=1)


def test_the_pack_lists_visits_with_allergies_and_current_medications(tomorrow, django_assert_max_num_queries):
    visit = AppointmentFactory(appointment_date=tomorrow)
    PatientAllergyFactory(patient=visit.patient, substance="Penicillin", severity="severe")
    past = ConsultationFactory(patient=visit.patient, completed=True)
    PrescriptionFactory(consultation=past, medication_name="Metformin", dosage="500 mg")
    closed = AppointmentFactory(appointment_date=tomorrow, patient__is_confidential=True)
    PrescriptionFactory(consultation=ConsultationFactory(patient=closed.patient), medication_name="Secretol")
    AppointmentFactory(appointment_date=tomorrow, status="cancelled", patient__last_name="Cancelled")
    with django_assert_max_num_queries(4):
        lists = downtime.lists_of(tomorrow)
    html = render_html("clinical/pdf/downtime.html", {"document_title": "x", **lists})
    assert "Penicillin" in html and "Metformin 500 mg" in html and visit.patient.last_name in html
    assert "Secretol" not in html and "Cancelled" not in html


def test_each_evening_tomorrows_is_kept_and_old_ones_go(tomorrow):
    old = downtime.path_of(today() - timedelta(days=3))
    default_storage.save(old, ContentFile(b"old"))
    default_storage.save(downtime.path_of(tomorrow), ContentFile(b"as it was at noon"))
    downtime.nightly()
    assert default_storage.listdir(downtime.FOLDER)[1] == [f"{tomorrow}.pdf"]
    assert default_storage.open(downtime.path_of(tomorrow)).read(4) == b"%PDF"
    assert AuditLog.objects.filter(action="print", entity_type="downtime_pack").count() == 1


def test_the_page_prints_a_day_and_takes_nonsense_for_tomorrow(login, doctor, tomorrow, monkeypatch):
    # How it is drawn is proven above.
    monkeypatch.setattr(downtime, "render_pdf", lambda template, context: f"%PDF {context['day']}".encode())
    client = login(doctor)
    for query, day in (("", tomorrow), ("?day=nonsense", tomorrow), (f"?day={today()}", today())):
        response = client.get(f"/downtime-pack/{query}")
        assert response["Content-Type"] == "application/pdf" and response.content == f"%PDF {day}".encode()
