"""The pages: what each role sees, filters, bad addresses, query counts, the confirmation."""

from datetime import time, timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import AuditLog
from healthcare.clock import now, today
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    DoctorScheduleFactory,
    PatientFactory,
    UserFactory,
    VitalSignFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("midday")]
LIST = "/appointments/"


def listed(response):
    """The rows on a list page."""
    return [row["object"] for row in response.context["rows"]]


@pytest.fixture
def three_days():
    """Yesterday's, today's and tomorrow's visit."""
    return [AppointmentFactory(appointment_date=today() + timedelta(days=n), reason=f"Cough {n}") for n in (-1, 0, 1)]


@pytest.mark.spec("PAGE-2", "WF-CHECKIN")
def test_the_list_begins_today(login, receptionist, three_days):
    before, present, after = three_days
    client = login(receptionist)
    assert listed(client.get(LIST)) == [present, after]
    assert listed(client.get(LIST, {"page": 1, "ordering": "-appointment_date"})) == [after, present]
    assert listed(client.get(LIST, {"period": "all"})) == [before, present, after]
    assert listed(client.get(LIST, {"period": "past"})) == [before]
    assert listed(client.get(LIST, {"appointment_date": today().isoformat()})) == [present]
    assert listed(client.get(LIST, {"date_to": today().isoformat()})) == [before, present]
    assert listed(client.get(LIST, {"date_from": today().isoformat()})) == [present, after]


@pytest.mark.spec("PAGE-2")
def test_filters_and_search(login, receptionist, three_days):
    before, _present, after = three_days
    before.status = "confirmed"
    before.save()
    client = login(receptionist)
    assert listed(client.get(LIST, {"status": "confirmed"})) == [before]
    assert listed(client.get(LIST, {"doctor": after.doctor_id})) == [after]
    assert listed(client.get(LIST, {"patient": before.patient_id})) == [before]
    assert listed(client.get(LIST, {"q": before.patient.patient_number})) == [before]
    assert before in listed(client.get(LIST, {"q": f"{before.doctor.first_name} {before.doctor.last_name}"}))
    assert listed(client.get(LIST, {"appointment_type": "procedure"})) == []


@pytest.mark.spec("PAGE-2")
def test_a_days_visits_are_in_the_order_of_time_on_every_page(login, receptionist):
    doctor = UserFactory(role="doctor")
    rows = [AppointmentFactory(doctor=doctor, appointment_time=time(8 + n)) for n in (2, 0, 1, 4, 3)]
    client, url, seen = login(receptionist), LIST + "?page_size=2", []
    while url:
        response = client.get(url)
        seen += listed(response)
        following = response.context["pager"]["next_url"]
        url = LIST + following if following else ""
    assert seen == sorted(rows, key=lambda row: row.appointment_time)


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize(
    "query",
    [
        "appointment_date=yesterday",
        "appointment_date=%00",
        "doctor=nobody",
        "patient=%00",
        "patient=1 OR 1=1",
        "status=asleep",
        "date_from=9999-99-99",
        "period=never",
        "vitals=x",
        "ordering=password",
        "q=%00",
    ],
)
def test_odd_filters_are_no_error(login, receptionist, three_days, query):
    assert login(receptionist).get(f"{LIST}?{query}").status_code == 200


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize("path", ["x/", "123/", "00000000-0000-0000-0000-000000000000/", "?page=0", "?after=x"])
def test_odd_addresses_are_404(login, receptionist, path):
    assert login(receptionist).get(LIST + path).status_code == 404


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize(
    "query",
    ["patient=x&doctor=%00&appointment_date=soon&appointment_time=25:00", "patient=%00", "duration_minutes=NaN"],
)
def test_odd_prefills_are_no_error(login, receptionist, query):
    assert login(receptionist).get(f"{reverse('appointment_create')}?{query}").status_code == 200
    assert login(receptionist).get(f"{reverse('appointment_slots')}?{query}").status_code == 200


@pytest.mark.spec("ROLE-2")
def test_billing_officers_see_completed_visits_without_clinical_text(login, billing_officer, receptionist):
    texts = {"reason": "Canary cough", "notes": "Canary note", "override_reason": "Canary exception"}
    yesterday = today() - timedelta(days=1)
    done = AppointmentFactory(status="completed", appointment_date=yesterday, **texts)
    others = [
        AppointmentFactory(status=status, **texts) for status in ("scheduled", "checked_in", "in_progress", "no_show")
    ]
    client = login(billing_officer)
    page = client.get(LIST)
    assert listed(page) == [done]
    assert b"Canary" not in page.content
    assert b"Canary" not in client.get(done.get_absolute_url()).content
    for other in others:
        refused = client.get(other.get_absolute_url())
        assert refused.status_code == 403
        assert b"Canary" not in refused.content
    workbook = export(client.get(LIST, {"export": "xlsx"}))
    assert len(workbook) == 2
    assert not any("Canary" in str(cell) for row in workbook for cell in row)
    seen = export(login(receptionist).get(LIST, {"export": "xlsx", "period": "all"}))
    assert len(seen) == 6
    assert any("Canary cough" in row for row in seen)


@pytest.mark.spec("PAGE-2")
def test_billing_officers_look_back_from_the_last_visit(login, billing_officer):
    visits = [
        AppointmentFactory(status="completed", appointment_date=today() - timedelta(days=days)) for days in (3, 1, 2)
    ]
    client = login(billing_officer)
    assert listed(client.get(LIST)) == [visits[1], visits[2], visits[0]]
    assert listed(client.get(LIST, {"ordering": "appointment_date"})) == [visits[0], visits[2], visits[1]]


def export(response):
    """The rows of an Excel answer."""
    from io import BytesIO

    from openpyxl import load_workbook

    sheet = load_workbook(BytesIO(b"".join(response.streaming_content))).active
    return list(sheet.iter_rows(values_only=True))


@pytest.mark.spec("ROLE-2", "RULE-APPT-5")
def test_buttons_follow_role_and_state(login, staff, doctor):
    appointment = AppointmentFactory(doctor=doctor)

    def buttons(role):
        return {action["label"] for action in login(staff[role]).get(appointment.get_absolute_url()).context["actions"]}

    assert {"Check in", "Confirm", "Reschedule", "No-show", "Cancel appointment"} <= buttons("receptionist")
    assert not buttons("nurse") & {"Check in", "Confirm", "Reschedule", "Cancel appointment"}
    appointment.status, appointment.checked_in_at = "checked_in", now()
    appointment.save()
    assert "Undo check-in" in buttons("receptionist")
    assert not buttons("receptionist") & {"Check in", "Confirm", "Reschedule", "No-show"}


@pytest.mark.spec("WF-CHECKIN")
def test_check_in_from_the_days_list(login, receptionist):
    appointment = AppointmentFactory()
    client = login(receptionist)
    actions = client.get(LIST).context["rows"][0]["actions"]
    assert [action["label"] for action in actions] == ["Check in"]
    assert client.get(actions[0]["url"]).status_code == 200
    assert client.post(actions[0]["url"]).status_code == 302
    appointment.refresh_from_db()
    assert appointment.status == "checked_in"
    assert client.get(LIST).context["rows"][0]["actions"] == []


@pytest.mark.spec("WF-CHECKIN")
@pytest.mark.parametrize("place", ["UTC", "America/Los_Angeles", "Asia/Kathmandu"])
def test_the_nurses_queue_wherever_the_clinic_lies(login, nurse, place, settings):
    settings.TIME_ZONE = settings.CLINIC_TIME_ZONE = place
    waiting = AppointmentFactory(status="checked_in", checked_in_at=now())
    measured = AppointmentFactory(status="checked_in", checked_in_at=now() - timedelta(minutes=20))
    VitalSignFactory(patient=measured.patient)
    earlier = AppointmentFactory(status="checked_in", checked_in_at=now())
    VitalSignFactory(patient=earlier.patient, recorded_at=now() - timedelta(hours=1))
    AppointmentFactory()
    assert set(listed(login(nurse).get(LIST, {"vitals": "missing"}))) == {waiting, earlier}
    assert set(listed(login(nurse).get(LIST, {"vitals": "measured"}))) == {measured}


@pytest.mark.spec("AUD-1")
def test_opening_a_visit_is_audited(login, doctor):
    appointment = AppointmentFactory()
    login(doctor).get(appointment.get_absolute_url())
    entry = AuditLog.objects.get(action="view", entity_type="appointment")
    assert (entry.entity_id, entry.patient_id, entry.user) == (appointment.pk, appointment.patient_id, doctor)


@pytest.mark.parametrize("role", ["receptionist", "doctor", "nurse"])
def test_the_list_asks_as_much_for_thirty_rows_as_for_one(login, staff, role):
    client, counts = login(staff[role]), []
    AppointmentFactory(status="checked_in", checked_in_at=now())
    client.get(LIST)
    for _ in range(2):
        caches["template_fragments"].clear()  # the filters with their choices count too
        with CaptureQueriesContext(connection) as queries:
            assert client.get(LIST, {"page_size": 100}).status_code == 200
        counts.append(len(queries))
        for _ in range(29):
            AppointmentFactory()
    assert counts[0] == counts[1]
    assert counts[0] <= 15


@pytest.mark.spec("WF-APPT")
def test_prefilled_booking(login, receptionist, doctor):
    patient = PatientFactory()
    response = login(receptionist).get(
        reverse("appointment_create"),
        {"patient": patient.pk, "doctor": doctor.pk, "appointment_date": "2030-02-03", "appointment_time": "09:15"},
    )
    page = response.content.decode()
    # The patient stands in the banner and cannot be swapped in the form.
    for name in ("patient", "shown_patient"):
        assert f'<input type="hidden" name="{name}" value="{patient.pk}"' in page
    assert f'value="{doctor.pk}" selected' in page
    assert 'value="2030-02-03"' in page and 'value="09:15"' in page
    assert response.context["banner"]["name"] == str(patient)


@pytest.mark.spec("WF-APPT", "RULE-APPT-3")
def test_who_was_deactivated_meanwhile_is_told_of_although_the_field_is_hidden(login, receptionist, booking):
    patient = PatientFactory(is_active=False)
    page = login(receptionist).post(
        f"{reverse('appointment_create')}?patient={patient.pk}", booking(patient=patient.pk, shown_patient=patient.pk)
    )
    assert "Choose an active patient." in page.content.decode()
    assert not patient.appointments.exists()


@pytest.mark.spec("WF-APPT")
def test_free_times_lead_to_the_booking_form(login, receptionist, doctor):
    day = today() + timedelta(days=1)
    DoctorScheduleFactory(doctor=doctor, weekday=day.weekday(), start_time=time(8), end_time=time(10))
    AppointmentFactory(doctor=doctor, appointment_date=day, appointment_time=time(9))
    patient = PatientFactory()
    query = {"doctor": doctor.pk, "appointment_date": day, "duration_minutes": 30, "patient": patient.pk}
    client = login(receptionist)
    (shown,) = client.get(reverse("appointment_slots"), query).context["days"]
    assert shown["day"] == day
    assert [f"{free['start']:%H:%M}" for free in shown["times"]] == ["08:00", "08:15", "08:30", "09:30"]
    form = client.get(shown["times"][0]["url"]).context["form"]
    assert form["patient"].value() == patient.pk
    assert form["appointment_time"].value() == "08:00"


@pytest.mark.spec("PRN-1", "AUD-1")
def test_the_confirmation_prints(login, receptionist):
    from io import BytesIO

    from pypdf import PdfReader

    appointment = AppointmentFactory(appointment_time=time(14, 5), reason="Canary cough")
    response = login(receptionist).get(reverse("appointment_confirmation", args=[appointment.pk]))
    assert response["Content-Type"] == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)
    assert "14:05" in text and appointment.doctor.last_name in text and appointment.patient.patient_number in text
    assert "Canary" not in text
    assert AuditLog.objects.filter(action="print", entity_id=appointment.pk).exists()


@pytest.mark.spec("ROLE-2", "AUD-1")
@pytest.mark.parametrize(
    "verb", ["create", "edit", "cancel", "check_in", "confirm", "no_show", "undo_check_in", "slots"]
)
@pytest.mark.parametrize("role", ["doctor", "nurse", "billing_officer"])
def test_others_are_refused(login, staff, role, verb):
    appointment = AppointmentFactory(reason="Canary cough")
    args = [] if verb in ("create", "slots") else [appointment.pk]
    for method in ("get", "post"):
        response = getattr(login(staff[role]), method)(reverse(f"appointment_{verb}", args=args))
        assert response.status_code == 403
        assert b"Canary" not in response.content
    appointment.refresh_from_db()
    assert appointment.status == "scheduled"


@pytest.mark.parametrize("url", ["doctor_schedule_list", "doctor_absence_create", "appointment_list"])
def test_strangers_are_sent_to_log_in(client, url):
    assert client.get(reverse(url)).url.startswith("/login/")


def test_a_visit_with_its_consultation(login, doctor):
    consultation = ConsultationFactory(doctor=doctor, completed=True)
    response = login(doctor).get(consultation.appointment.get_absolute_url())
    assert response.status_code == 200
