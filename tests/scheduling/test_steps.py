"""The steps of an appointment: each allowed and each refused one, from the model's own table."""

from datetime import time, timedelta
from io import StringIO
from itertools import product

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import AuditLog
from healthcare.clock import now, today, wall_clock
from healthcare.workflow import submit
from scheduling import forms, nightly
from scheduling.models import Appointment, AppointmentStatus
from tests.factories import AppointmentFactory, ConsultationFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("midday")]

#: The forms that make a step, with what they need beside the row.
STEPS = {
    forms.ConfirmForm: {},
    forms.CheckInForm: {},
    forms.CompleteAppointmentForm: {},
    forms.CancelForm: {"cancellation_reason": "Patient rang"},
    forms.NoShowForm: {},
}
UNDO = (forms.UndoCheckInForm, forms.UndoNoShowForm)
BEGUN = ("in_progress", "completed")


@pytest.fixture
def visit(doctor):
    """visit(status) -> an appointment of today, begun a minute ago, in a state that fits its status."""

    def _visit(status="scheduled", **values):
        begun = wall_clock().replace(second=0, microsecond=0) - timedelta(minutes=1)
        values = {"appointment_time": begun.time(), "appointment_date": begun.date(), **values}
        if status in BEGUN:
            consultation = ConsultationFactory(completed=True, doctor=doctor)
            appointment = consultation.appointment
            for name, value in {**values, "status": status}.items():
                setattr(appointment, name, value)
            appointment.save()
            return appointment
        if status == "checked_in":
            values["checked_in_at"] = now()
        return AppointmentFactory(doctor=doctor, status=status, **values)

    return _visit


def code(form, field="__all__"):
    return [error.code for error in form.errors.as_data().get(field, [])]


def actor_for(form_class, staff):
    return staff["doctor"] if form_class.permission == "appointments.complete" else staff["receptionist"]


@pytest.mark.spec("RULE-APPT-5", "WF-CHECKIN")
@pytest.mark.parametrize(("form_class", "status"), list(product(STEPS, AppointmentStatus.values)))
def test_every_step_from_every_status(form_class, status, visit, staff):
    appointment, actor = visit(status), actor_for(form_class, staff)
    allowed = form_class.to in Appointment.TRANSITIONS[AppointmentStatus(status)]
    assert form_class.available(appointment, actor) == allowed
    form = submit(form_class, actor=actor, instance=appointment, data=STEPS[form_class])
    appointment.refresh_from_db()
    if allowed:
        assert form.is_valid(), form.errors
        assert appointment.status == form_class.to
        entry = AuditLog.objects.get(entity_type="appointment", entity_id=appointment.pk, action=form_class.action)
        assert entry.old_values["status"] == status
        assert entry.new_values["status"] == form_class.to
    else:
        assert code(form) == ["transition"]
        assert appointment.status == status


@pytest.mark.spec("RULE-APPT-5")
def test_the_table_is_the_specifications():
    assert {str(a): {str(b) for b in to} for a, to in Appointment.TRANSITIONS.items()} == {
        "scheduled": {"confirmed", "checked_in", "cancelled", "no_show"},
        "confirmed": {"checked_in", "cancelled", "no_show"},
        "checked_in": {"in_progress", "cancelled"},
        "in_progress": {"completed"},
        "completed": set(),
        "cancelled": set(),
        "no_show": set(),
    }
    # The start is clinical's: the consultation begins with it.
    steps = {to for following in Appointment.TRANSITIONS.values() for to in following}
    assert {form.to for form in STEPS} == steps - {AppointmentStatus.IN_PROGRESS}


@pytest.mark.spec("RULE-APPT-5")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(st.sampled_from(list(STEPS)), max_size=8))
def test_any_walk_stays_on_the_table(walk, visit, staff):
    appointment = visit()
    for form_class in walk:
        before = appointment.status
        submit(form_class, actor=actor_for(form_class, staff), instance=appointment, data=STEPS[form_class])
        appointment.refresh_from_db()
        assert appointment.status == before or appointment.status in Appointment.TRANSITIONS[before]
    # The next example needs this doctor's time again.
    appointment.status = AppointmentStatus.CANCELLED
    appointment.save()


@pytest.mark.spec("RULE-APPT-5", "WF-CHECKIN")
def test_check_in_stamps_the_time(visit, receptionist):
    form = submit(forms.CheckInForm, actor=receptionist, instance=visit())
    assert abs(form.instance.checked_in_at - now()) < timedelta(seconds=10)


@pytest.mark.spec("RULE-APPT-5")
@pytest.mark.parametrize("days", [-1, 1])
def test_check_in_only_on_the_day(visit, receptionist, days):
    appointment = visit(appointment_date=today() + timedelta(days=days))
    assert not forms.CheckInForm.available(appointment, receptionist)
    assert code(submit(forms.CheckInForm, actor=receptionist, instance=appointment)) == ["day"]


@pytest.mark.spec("RULE-APPT-5")
def test_who_checks_in_after_a_colleague_reads_so(visit, receptionist):
    appointment = visit()
    assert submit(forms.CheckInForm, actor=receptionist, instance=appointment).is_valid()
    form = submit(forms.CheckInForm, actor=receptionist, instance=appointment)
    assert form.errors["__all__"] == ["This is checked in already."]
    appointment.refresh_from_db()
    assert appointment.ticket_number == 1


@pytest.mark.spec("RULE-APPT-5")
@pytest.mark.parametrize("reason", ["", "   "])
def test_cancel_needs_a_reason(visit, receptionist, reason):
    form = submit(forms.CancelForm, actor=receptionist, instance=visit(), data={"cancellation_reason": reason})
    assert code(form, "cancellation_reason") == ["required"]


@pytest.mark.spec("RULE-APPT-5", "FND-6")
def test_delete_means_cancel(login, receptionist, visit):
    appointment = visit()
    response = login(receptionist).post(
        reverse("appointment_delete", args=[appointment.pk]), {"cancellation_reason": "Booked twice"}
    )
    assert response.status_code == 302
    appointment.refresh_from_db()
    assert (appointment.status, appointment.cancellation_reason) == ("cancelled", "Booked twice")


@pytest.mark.spec("RULE-APPT-5")
def test_no_show_only_once_the_start_has_passed(visit, receptionist):
    later = visit(appointment_time=time(12, 30))
    assert not forms.NoShowForm.available(later, receptionist)
    assert code(submit(forms.NoShowForm, actor=receptionist, instance=later)) == ["early"]
    tomorrow = visit(appointment_date=today() + timedelta(days=1))
    assert code(submit(forms.NoShowForm, actor=receptionist, instance=tomorrow)) == ["early"]


# -- undoing ---------------------------------------------------------------------------------------


@pytest.mark.spec("RULE-APPT-5")
@pytest.mark.parametrize(("form_class", "status"), list(product(UNDO, AppointmentStatus.values)))
def test_undo_from_every_status(form_class, status, visit, receptionist):
    appointment = visit(status)
    form = submit(form_class, actor=receptionist, instance=appointment, data={"undo_reason": "Wrong row"})
    appointment.refresh_from_db()
    if status == form_class.undone:
        assert form.is_valid(), form.errors
        assert (appointment.status, appointment.checked_in_at) == ("scheduled", None)
        entry = AuditLog.objects.get(entity_id=appointment.pk, action="undo")
        assert entry.old_values["status"] == status
        assert entry.new_values["override_reason"] == "Wrong row"
    else:
        assert code(form) == ["transition"]
        assert appointment.status == status


@pytest.mark.spec("RULE-APPT-5")
@pytest.mark.parametrize(("mistake", "undo"), [(forms.CheckInForm, UNDO[0]), (forms.NoShowForm, UNDO[1])])
def test_undo_leads_back_to_what_was_before(mistake, undo, visit, receptionist):
    appointment = visit("scheduled")
    for form_class in (forms.ConfirmForm, mistake):
        assert submit(form_class, actor=receptionist, instance=appointment).is_valid()
    assert submit(undo, actor=receptionist, instance=appointment, data={"undo_reason": "Wrong row"}).is_valid()
    appointment.refresh_from_db()
    assert appointment.status == "confirmed"


@pytest.mark.spec("RULE-APPT-5")
@pytest.mark.parametrize("form_class", UNDO)
def test_undo_needs_a_reason_and_the_same_day(form_class, visit, receptionist):
    appointment = visit(form_class.undone)
    assert code(submit(form_class, actor=receptionist, instance=appointment), "undo_reason") == ["required"]
    with time_machine.travel(now() + timedelta(days=1), tick=False):
        assert not form_class.available(appointment, receptionist)
        form = submit(form_class, actor=receptionist, instance=appointment, data={"undo_reason": "Late"})
        assert code(form) == ["day"]


@pytest.mark.spec("RULE-APPT-5")
def test_no_undo_once_a_consultation_exists(receptionist):
    consultation = ConsultationFactory()
    appointment = consultation.appointment
    appointment.status, appointment.checked_in_at = "checked_in", now()
    appointment.save()
    form = submit(forms.UndoCheckInForm, actor=receptionist, instance=appointment, data={"undo_reason": "Oops"})
    assert code(form) == ["consultation"]


@pytest.mark.spec("RULE-APPT-5", "RULE-APPT-2")
@pytest.mark.parametrize("seen", [True, False], ids=["by the form", "by the database"])
def test_undoing_a_no_show_needs_its_time(visit, receptionist, monkeypatch, seen):
    appointment = visit("no_show")
    visit("scheduled")
    if not seen:
        monkeypatch.setattr("scheduling.slots.Agenda.conflict", lambda self, span: None)
    form = submit(forms.UndoNoShowForm, actor=receptionist, instance=appointment, data={"undo_reason": "Came late"})
    assert "already has an appointment" in str(form.errors["__all__"])
    assert "Nearest free times" in str(form.errors["__all__"])
    appointment.refresh_from_db()
    assert appointment.status == "no_show"


# -- RULE-CONS-6 and roles -------------------------------------------------------------------------


@pytest.mark.spec("RULE-CONS-6")
@pytest.mark.parametrize("begun", [False, True])
def test_complete_needs_a_completed_consultation(login, doctor, begun):
    appointment = AppointmentFactory(doctor=doctor, status="in_progress")
    if begun:
        ConsultationFactory(appointment=appointment, patient=appointment.patient, doctor=doctor)
    response = login(doctor).post(reverse("appointment_complete", args=[appointment.pk]))
    assert "Complete the consultation first." in response.content.decode()
    appointment.refresh_from_db()
    assert appointment.status == "in_progress"


@pytest.mark.spec("RULE-CONS-6", "ROLE-2")
def test_only_the_doctor_of_the_visit_completes_it(visit):
    appointment, other = visit("in_progress"), UserFactory(role="doctor")
    assert not forms.CompleteAppointmentForm.available(appointment, other)
    assert code(submit(forms.CompleteAppointmentForm, actor=other, instance=appointment)) == ["doctor"]


@pytest.mark.spec("ROLE-2")
@pytest.mark.parametrize(
    ("form_class", "roles"),
    [
        (forms.BookAppointmentForm, {"administrator", "receptionist"}),
        (forms.RescheduleAppointmentForm, {"administrator", "receptionist"}),
        (forms.ConfirmForm, {"administrator", "receptionist"}),
        (forms.CheckInForm, {"administrator", "receptionist"}),
        (forms.CancelForm, {"administrator", "receptionist"}),
        (forms.NoShowForm, {"administrator", "receptionist"}),
        (forms.UndoCheckInForm, {"administrator", "receptionist"}),
        (forms.UndoNoShowForm, {"administrator", "receptionist"}),
        (forms.CompleteAppointmentForm, {"doctor"}),
        (forms.ScheduleForm, {"administrator"}),
        (forms.AbsenceForm, {"administrator"}),
    ],
)
def test_who_may(form_class, roles, staff):
    for role, user in staff.items():
        if role in roles:
            form_class.authorize(user)
        else:
            with pytest.raises(PermissionDenied):
                submit(form_class, actor=user, data={})


@pytest.mark.spec("RULE-APPT-5")
def test_the_nightly_command_marks_past_visits_only(visit):
    past = [
        visit(status, appointment_date=today() - timedelta(days=days))
        for days, status in enumerate(("scheduled", "confirmed"), start=1)
    ]
    others = [visit("scheduled"), visit("cancelled", appointment_date=today() - timedelta(days=1))]
    call_command("mark_no_shows", stdout=StringIO())
    assert {Appointment.objects.get(pk=row.pk).status for row in past} == {"no_show"}
    assert [Appointment.objects.get(pk=row.pk).status for row in others] == ["scheduled", "cancelled"]
    assert AuditLog.objects.filter(action="no_show", user=None).count() == 2


@pytest.mark.spec("RULE-APPT-5")
@pytest.mark.parametrize(("wanted", "status"), [(False, "scheduled"), (True, "no_show")])
def test_the_worker_marks_them_each_night_where_the_clinic_wants_it(visit, receptionist, settings, wanted, status):
    nightly.schedule()
    nightly.schedule()
    night = Schedule.objects.get(func="scheduling.nightly.mark_no_shows")
    assert timezone.localtime(night.next_run).time() == time(0, 15)
    settings.MARK_NO_SHOWS = wanted
    missed = visit("scheduled", appointment_date=today() - timedelta(days=1))
    import_string(night.func)()
    missed.refresh_from_db()
    assert missed.status == status
    # A mistake of the night is undone in the morning.
    assert forms.UndoNoShowForm.available(missed, receptionist) == wanted
