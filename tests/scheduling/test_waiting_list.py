"""The waiting list, recalls, series and walk-ins (BYD-7, WF-APPT)."""

from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.urls import reverse

from audit.models import AuditLog
from departments.models import User
from healthcare.clock import now, today, zone
from healthcare.workflow import submit
from patients.forms import DeactivatePatientForm
from scheduling import forms
from scheduling.forms.waiting import WaitingListForm, WithdrawWaitingForm
from scheduling.models import Appointment, WaitingListEntry
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    DepartmentFactory,
    DoctorAbsenceFactory,
    DoctorScheduleFactory,
    PatientFactory,
    UserFactory,
    WaitingListEntryFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("midday")]


@pytest.mark.spec("BYD-7")
def test_whom_a_freed_time_fits(doctor, department, tomorrow):
    visit = AppointmentFactory(
        doctor=doctor, department=department, appointment_date=tomorrow, appointment_time=time(9)
    )
    fits = [
        WaitingListEntryFactory(),
        WaitingListEntryFactory(doctor=doctor, part_of_day="morning"),
        WaitingListEntryFactory(department=department, earliest_date=tomorrow, latest_date=tomorrow),
    ]
    for values in (
        {"doctor": UserFactory(role="doctor")},
        {"department": DepartmentFactory()},
        {"part_of_day": "afternoon"},
        {"earliest_date": tomorrow + timedelta(days=1)},
        {"latest_date": today()},
        {"duration_minutes": 45},
        {"status": "booked"},
        {"status": "withdrawn"},
    ):
        WaitingListEntryFactory(**values)
    assert list(WaitingListEntry.objects.fitting(visit)) == fits


@pytest.mark.spec("BYD-7")
def test_cancelling_shows_whom_the_time_fits_and_booking_closes_the_wish(login, receptionist, book, booking, doctor):
    visit, entry = book().instance, WaitingListEntryFactory(doctor=doctor)
    client = login(receptionist)
    url = reverse("appointment_cancel", args=[visit.pk])
    page = client.post(url, {"cancellation_reason": "Ill"}, follow=True)
    said = f"is free again. It fits who waits: {entry.patient}."
    assert said in page.content.decode()
    (related,) = page.context["related"]
    assert [row["object"] for row in related["rows"]] == [entry]
    # One click offers the freed time itself.
    (offer,) = related["rows"][0]["actions"]
    form = client.get(offer["url"]).context["form"]
    offered = [str(form[name].value()) for name in ("patient", "doctor", "appointment_date", "appointment_time")]
    when = [str(visit.appointment_date), f"{visit.appointment_time:%H:%M}"]
    assert offered == [str(entry.patient_id), str(doctor.pk), *when]
    link = client.get(reverse("waiting_list_entry_list")).context["rows"][0]["actions"][0]["url"]
    assert str(client.get(link).context["form"]["patient"].value()) == str(entry.patient_id)
    assert book(patient=str(entry.patient_id)).is_valid()
    entry.refresh_from_db()
    assert (entry.status, entry.appointment.patient) == ("booked", entry.patient)
    assert AuditLog.objects.filter(entity_id=entry.pk, action="update").exists()


@pytest.mark.spec("BYD-7")
def test_a_visit_that_moves_away_offers_its_old_time(receptionist, book, booking, doctor):
    visit, entry = book().instance, WaitingListEntryFactory(doctor=doctor)
    when = f"{visit.start:%Y-%m-%d %H:%M}"
    data = booking(patient=None)
    for changes, offered in (({"duration_minutes": "45"}, False), ({"appointment_time": "16:00"}, True)):
        data |= changes
        form = submit(forms.RescheduleAppointmentForm, actor=receptionist, instance=visit, data=data)
        assert form.is_valid(), form.errors
        assert any(when in said and str(entry.patient) in said for said in form.notices) == offered


@pytest.mark.spec("BYD-7")
@pytest.mark.parametrize("why", ["away", "left", "outside hours", "taken since", "inactive patient"])
def test_a_time_that_nobody_could_be_booked_at_is_not_offered(login, receptionist, book, doctor, tomorrow, why):
    visit, entry = book().instance, WaitingListEntryFactory(doctor=doctor)
    if why == "away":
        DoctorAbsenceFactory(doctor=doctor, start_date=tomorrow, end_date=tomorrow)
    elif why == "left":
        User.objects.filter(pk=doctor.pk).update(is_active=False)
    elif why == "outside hours":
        DoctorScheduleFactory(doctor=doctor, weekday=tomorrow.weekday(), start_time=time(13), end_time=time(17))
    elif why == "inactive patient":
        submit(DeactivatePatientForm, actor=receptionist, instance=entry.patient)
    client = login(receptionist)
    page = client.post(reverse("appointment_cancel", args=[visit.pk]), {"cancellation_reason": "Ill"}, follow=True)
    if why == "taken since":
        assert "It fits who waits" in page.content.decode()
        AppointmentFactory(doctor=doctor, appointment_date=tomorrow, appointment_time=time(9, 15))
        page = client.get(visit.get_absolute_url())
    assert "It fits who waits" not in page.content.decode()
    assert not any(related["rows"] for related in page.context["related"])


@pytest.mark.spec("BYD-7")
def test_who_takes_a_patient_out_of_use_reads_that_they_wait_for_a_time(login, receptionist):
    entry = WaitingListEntryFactory()
    page = login(receptionist).get(reverse("patient_delete", args=[entry.patient_id]))
    assert "entries of the waiting list" in page.content.decode()


@pytest.mark.spec("BYD-7")
def test_putting_on_and_taking_off(receptionist, patient, tomorrow):
    data = {"patient": patient.pk, "appointment_type": "consultation", "duration_minutes": "30", "part_of_day": "any"}
    form = submit(WaitingListForm, actor=receptionist, data={**data, "latest_date": tomorrow.isoformat()})
    assert form.is_valid(), form.errors
    for wrong in (
        {"latest_date": "2020-01-01"},
        {"earliest_date": "2030-01-02", "latest_date": "2030-01-01"},
        {"duration_minutes": "5"},
    ):
        assert not submit(WaitingListForm, actor=receptionist, data={**data, **wrong}).is_valid()
    assert submit(WithdrawWaitingForm, actor=receptionist, instance=form.instance).is_valid()
    assert not submit(WithdrawWaitingForm, actor=receptionist, instance=form.instance).is_valid()
    assert not submit(WaitingListForm, actor=receptionist, instance=form.instance, data=data).is_valid()


@pytest.mark.spec("BYD-7", "ROLE-2")
def test_recalls_are_due_not_booked_and_say_nothing_clinical(login, receptionist):
    def seen(days, **values):
        found = ConsultationFactory(
            completed=True,
            follow_up_required=True,
            follow_up_date=today() + timedelta(days=days),
            consultation_date=now() - timedelta(days=30),
            completed_at=now() - timedelta(days=30),
            diagnosis="Zebrafish",
            chief_complaint="Zebrafish",
            notes="Zebrafish",
            **values,
        )
        Appointment.objects.filter(pk=found.appointment_id).update(appointment_date=today() - timedelta(days=30))
        return found

    late, soon, booked = seen(-20), seen(10), seen(5)
    seen(40), seen(-300), seen(3, patient=PatientFactory(is_active=False))
    AppointmentFactory(patient=booked.patient, appointment_date=today() + timedelta(days=6))
    for one in (late, soon):  # called off is not booked
        AppointmentFactory(patient=one.patient, appointment_date=today() + timedelta(days=1), status="cancelled")
    page = login(receptionist).get(reverse("recall_list"))
    rows = page.context["rows"]
    assert [row["object"] for row in rows] == [late, soon]
    assert rows[0]["url"] == late.patient.get_absolute_url()
    assert "Zebrafish" not in page.content.decode()
    assert f"patient={late.patient_id}" in rows[0]["actions"][0]["url"]
    export = login(receptionist).get(reverse("recall_list"), {"export": "xlsx"})
    assert export.status_code == 200


@pytest.mark.spec("WF-APPT")
def test_a_series_is_told_slot_by_slot(login, receptionist, booking, doctor, tomorrow):
    AppointmentFactory(doctor=doctor, appointment_date=tomorrow + timedelta(weeks=2), appointment_time=time(9, 15))
    DoctorAbsenceFactory(
        doctor=doctor, start_date=tomorrow + timedelta(weeks=3), end_date=tomorrow + timedelta(weeks=3)
    )
    client = login(receptionist)
    page = client.post(reverse("appointment_create"), booking(repeat_times="5", repeat_weeks="1"), follow=True)
    said = [str(message) for message in page.context["messages"]]
    assert [("not booked" in one, "booked" in one) for one in said[1:]] == [
        (False, True),
        (True, True),
        (True, True),
        (False, True),
    ]
    assert "already has an appointment" in said[2] and "is away" in said[3]
    rows = Appointment.objects.filter(series_id__isnull=False).order_by("appointment_date")
    assert [(row.appointment_date - tomorrow).days // 7 for row in rows] == [0, 1, 4]
    assert len({row.series_id for row in rows}) == 1
    for wrong in ({"repeat_times": "27"}, {"repeat_times": "0"}, {"repeat_times": "2", "repeat_weeks": "99"}):
        assert client.post(reverse("appointment_create"), booking(**wrong)).status_code == 200


@pytest.mark.spec("WF-APPT", "WF-CHECKIN")
def test_a_walk_in_gets_the_first_free_time_and_is_checked_in(login, receptionist, patient, doctor, department):
    busy = UserFactory(role="doctor", last_name="Aaa")
    AppointmentFactory(doctor=busy, appointment_time=time(12), duration_minutes=60)
    AppointmentFactory(doctor=doctor, appointment_time=time(12), duration_minutes=20)
    client, url = login(receptionist), reverse("appointment_walk_in")
    data = {"patient": patient.pk, "duration_minutes": "30", "appointment_type": "consultation", "reason": "Cough"}
    page = client.post(url, data, follow=True)
    visit = Appointment.objects.get(patient=patient)
    assert (visit.doctor, visit.appointment_time, visit.status) == (doctor, time(12, 20), "checked_in")
    assert f"ticket {visit.ticket_number}" in page.content.decode()
    actions = set(AuditLog.objects.filter(entity_id=visit.pk).values_list("action", flat=True))
    assert {"create", "check_in"} <= actions
    # A named doctor is waited for.
    form = submit(
        forms.WalkInForm, actor=receptionist, data={**data, "patient": PatientFactory().pk, "doctor": busy.pk}
    )
    assert form.instance.appointment_time == time(13)


@pytest.mark.spec("WF-APPT", "RULE-APPT-6")
def test_a_walk_in_when_nobody_is_free(receptionist, patient, doctor):
    DoctorAbsenceFactory(doctor=doctor)
    form = submit(
        forms.WalkInForm, actor=receptionist, data={"patient": patient.pk, "appointment_type": "consultation"}
    )
    assert [error.code for error in form.errors.as_data()["__all__"]] == ["full"]


@pytest.mark.spec("WF-APPT", "RULE-APPT-6")
@pytest.mark.parametrize(
    ("changes", "starts"),
    [
        ({"appointment_type": "emergency"}, time(12, 20)),
        ({"override_hours": "on", "override_reason": "The doctor stays"}, time(12, 20)),
        ({"override_hours": "on"}, None),
        ({"appointment_type": "emergency", "doctor": ""}, None),
        ({}, None),
    ],
)
def test_an_emergency_or_exception_walks_in_after_hours_with_a_named_doctor(
    receptionist, patient, doctor, changes, starts
):
    for weekday in range(7):
        DoctorScheduleFactory(doctor=doctor, weekday=weekday, start_time=time(8), end_time=time(11))
    AppointmentFactory(doctor=doctor, appointment_time=time(12), duration_minutes=20)
    data = {"patient": patient.pk, "doctor": doctor.pk, "appointment_type": "consultation", **changes}
    form = submit(forms.WalkInForm, actor=receptionist, data=data)
    assert form.is_valid() is bool(starts), form.errors
    if starts:
        assert (form.instance.appointment_time, form.instance.status) == (starts, "checked_in")


@pytest.mark.spec("RULE-APPT-6")
def test_a_doctor_without_hours_is_there_for_a_walk_in_in_the_evening(receptionist, patient, doctor):
    data = {"patient": patient.pk, "appointment_type": "consultation"}
    with time_machine.travel(datetime.combine(today(), time(19), tzinfo=zone()), tick=False):
        form = submit(forms.WalkInForm, actor=receptionist, data=data)
    assert form.is_valid() and form.instance.appointment_time == time(19), form.errors


@pytest.mark.spec("RULE-APPT-6")
def test_an_absence_lists_the_visits_to_move(login, administrator, doctor, tomorrow):
    visit = AppointmentFactory(doctor=doctor, appointment_date=tomorrow)
    AppointmentFactory(doctor=doctor, appointment_date=tomorrow, appointment_time=time(10), status="cancelled")
    absence = DoctorAbsenceFactory(doctor=doctor)
    (related,) = login(administrator).get(absence.get_absolute_url()).context["related"]
    assert [row["object"] for row in related["rows"]] == [visit]
