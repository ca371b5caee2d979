"""The downtime pack: tomorrow on paper, with what must be known of each patient (BYD-10)."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from audit.models import AuditLog
from clinical import downtime
from healthcare.clock import now, today
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


@pytest.fixture
def drawn(monkeypatch):
    """How it is drawn is proven above."""
    monkeypatch.setattr(downtime, "render_pdf", lambda template, context: f"%PDF {context['day']}".encode())


def test_a_pack_is_asked_for_made_by_a_worker_and_fetched(
    login, doctor, tomorrow, drawn, django_capture_on_commit_callbacks
):
    client = login(doctor)
    assert client.get("/downtime-pack/file/").status_code == 404
    assert "Make the pack" in client.get("/downtime-pack/").content.decode()
    with django_capture_on_commit_callbacks() as asked:
        for _ in range(2):
            assert client.post("/downtime-pack/", {"day": tomorrow}).headers["Location"].endswith(f"?day={tomorrow}")
    assert len(asked) == 1
    part = client.get("/downtime-pack/", headers={"HX-Request": "true"}).content.decode()
    assert "A worker is making it" in part and 'hx-trigger="every 2s"' in part and "<html" not in part
    asked[0]()
    page = client.get("/downtime-pack/").content.decode()
    assert "Open and print" in page and "hx-trigger" not in page.split('id="downtime-pack"')[1]
    file = client.get("/downtime-pack/file/")
    assert file["Content-Type"] == "application/pdf"
    assert b"".join(file.streaming_content) == f"%PDF {tomorrow}".encode()
    entry = AuditLog.objects.get(action="download", entity_type="downtime_pack")
    assert entry.user == doctor and entry.new_values["day"] == str(tomorrow)


def test_nonsense_is_taken_for_tomorrow_and_each_day_has_its_own(login, doctor, tomorrow, drawn):
    client = login(doctor)
    downtime.keep(today().isoformat())
    assert b"".join(client.get(f"/downtime-pack/file/?day={today()}").streaming_content) == f"%PDF {today()}".encode()
    assert client.get("/downtime-pack/file/?day=nonsense").status_code == 404
    assert f'value="{tomorrow}"' in client.get("/downtime-pack/?day=nonsense").content.decode()


def test_a_worker_that_fails_leaves_the_last_pack_and_is_not_waited_for(tomorrow, drawn, monkeypatch):
    downtime.keep(tomorrow.isoformat())
    default_storage.save(downtime.asked_path(tomorrow), ContentFile(b""))
    monkeypatch.setattr(downtime, "render_pdf", lambda *_args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        downtime.keep(tomorrow.isoformat())
    assert downtime.made_at(tomorrow) and not downtime.being_made(tomorrow)


def test_nobody_waits_for_ever(tomorrow, time_machine_at):
    default_storage.save(downtime.asked_path(tomorrow), ContentFile(b""))
    assert downtime.being_made(tomorrow)
    with time_machine_at(now() + downtime.PATIENCE * 1.1):
        assert not downtime.being_made(tomorrow)
