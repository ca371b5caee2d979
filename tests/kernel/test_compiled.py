"""Queries whose SQL is written once."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, models
from django.db.models.functions import TruncDate
from django.db.transaction import TransactionManagementError
from django.http import Http404
from django.utils.connection import ConnectionDoesNotExist

from clinical.models import Prescription, TextTemplate
from departments.models import User
from healthcare.access import finder, visible_row
from healthcare.clock import now, today
from healthcare.compiled import Compiled
from healthcare.roles import Role
from healthcare.workflow import lock
from patients.models import Patient
from reporting.replica import ReplicaRouter
from scheduling.models import Appointment
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.spec("FND-1")]


def test_it_finds_what_the_queryset_finds():
    first, second = factories.AppointmentFactory(), factories.AppointmentFactory()
    visits = Compiled(
        lambda doctor, start, end: Appointment.objects.filter(
            doctor_id=doctor, appointment_date__range=(start, end)
        ).select_related("patient")
    )
    for each in (first, second):
        day = each.appointment_date
        (found,) = visits(each.doctor_id, day - timedelta(days=1), day)
        assert found == each
        assert found.patient == each.patient
        assert found._loaded["status"] == each.status  # as the audit trail needs it
    assert visits(uuid4(), date(2000, 1, 1), date(2100, 1, 1)) == []
    assert visits(first.doctor_id, date(2000, 1, 1), date(2000, 1, 2)) == []


def test_its_sql_is_written_once(django_assert_num_queries):
    calls = []

    def by_number(number):
        calls.append(number)
        return Patient.objects.filter(patient_number=number).values_list("pk", "last_name")

    compiled = Compiled(by_number)
    patients = factories.PatientFactory.create_batch(3)
    with django_assert_num_queries(3):
        for patient in patients:
            assert compiled(patient.patient_number) == [(patient.pk, patient.last_name)]
    assert compiled.first(patient.patient_number) == (patient.pk, patient.last_name)
    assert compiled.first("P-none") is None
    assert len(calls) == 1


def test_rows_may_be_named_flat_prefetched_or_refer_to_a_known_one(django_assert_num_queries):
    prescription = factories.PrescriptionFactory()
    patient = prescription.patient
    named = Compiled(lambda key: Patient.objects.filter(pk=key).values_list("first_name", named=True))
    assert named(patient.pk)[0].first_name == patient.first_name
    flat = Compiled(lambda key: Patient.objects.filter(pk=key).values_list("first_name", flat=True))
    assert flat(patient.pk) == [patient.first_name]
    fetched = Compiled(lambda key: Patient.objects.filter(pk=key).prefetch_related("prescriptions"))
    with django_assert_num_queries(2):
        assert list(fetched(patient.pk)[0].prescriptions.all()) == [prescription]
    known = Compiled(lambda key: Prescription.objects.filter(patient_id=key))
    with django_assert_num_queries(1):
        assert known(patient.pk, patient=patient)[0].patient is patient


def test_values_are_reckoned_before():
    with pytest.raises(TypeError, match="Reckon first"):
        Compiled(lambda day: Prescription.objects.current(day))(today())
    with pytest.raises(ValueError, match=r"argument 2"):
        Compiled(lambda key: Patient.objects.filter(pk=key))()


def test_what_can_never_fit_finds_nothing():
    assert Compiled(lambda key: Patient.objects.none().filter(pk=key))(uuid4()) == []


@pytest.mark.parametrize(
    "rows",
    [
        lambda key: Prescription.objects.current().filter(pk=key),  # asks what day it is
        lambda key: Appointment.objects.with_measured().filter(pk=key),  # asks for the moment
        lambda key: Patient.objects.filter(created_at__date=today()),
        lambda key: Patient.objects.annotate(day=TruncDate("created_at")).filter(pk=key),  # asks for the zone
        lambda key: Patient.objects.filter(created_at__date=key),
    ],
)
def test_what_changes_by_itself_cannot_be_compiled(rows):
    with pytest.raises(RuntimeError, match="made to last"):
        Compiled(rows)(uuid4())
    assert today() and now()  # everybody else may ask again


def test_threads_use_their_own_connection():
    compiled = Compiled(lambda key: Patient.objects.filter(pk=key))
    assert compiled(uuid4()) == []
    used = []

    def look():
        def note(run, *args):
            used.append(args[0])
            return run(*args)

        try:
            with connection.execute_wrapper(note):
                compiled(uuid4())
        finally:
            connection.close()

    with connection.execute_wrapper(lambda run, *args: pytest.fail("Asked through another thread's connection.")):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert len(used) == 1
    assert "patients" in used[0]


def test_a_row_is_locked_in_a_transaction_only(monkeypatch):
    patient = factories.PatientFactory()
    assert lock(patient) == patient
    with pytest.raises(Patient.DoesNotExist):
        lock(Patient(pk=uuid4()))
    monkeypatch.setattr(connection, "autocommit", True)
    with pytest.raises(TransactionManagementError):
        lock(patient)


def test_a_replica_answers_what_is_read_and_never_what_is_locked(monkeypatch):
    patient = factories.PatientFactory()
    monkeypatch.setattr(ReplicaRouter, "db_for_read", lambda *_args, **_hints: "replica")
    with pytest.raises(ConnectionDoesNotExist, match="replica"):
        Compiled(lambda key: Patient.objects.filter(pk=key))(patient.pk)
    assert lock(patient) == patient


def test_the_row_of_a_page_is_compiled_by_role_but_not_where_each_has_their_own():
    assert finder(Patient.objects.all, Role.DOCTOR) is finder(Patient.objects.all, Role.DOCTOR)
    assert finder(TextTemplate.objects.all, Role.DOCTOR) is None
    mine, theirs = factories.UserFactory(role=Role.DOCTOR), factories.UserFactory(role=Role.DOCTOR)
    text = TextTemplate.objects.create(owner=theirs, name="cough", text="Dry cough.")
    assert visible_row(TextTemplate.objects.all, theirs, text.pk) == text
    with pytest.raises(PermissionDenied):
        visible_row(TextTemplate.objects.all, mine, text.pk)
    with pytest.raises(Http404):
        visible_row(TextTemplate.objects.all, mine, uuid4())


def test_the_finder_of_one_role_shows_nothing_of_another():
    ahead = factories.AppointmentFactory()
    officer = factories.UserFactory(role=Role.BILLING_OFFICER)
    desk = factories.UserFactory(role=Role.RECEPTIONIST)
    for _ in range(2):
        assert visible_row(Appointment.objects.all, desk, ahead.pk) == ahead
        with pytest.raises(PermissionDenied):
            visible_row(Appointment.objects.all, officer, ahead.pk)


def test_who_asks_for_the_person_without_saying_so_fails_at_once():
    class Forgetful(models.QuerySet):
        personal = False

        def visible_to(self, user):
            return self.filter(pk=user.pk)

    with pytest.raises(AttributeError):
        visible_row(lambda: Forgetful(User), SimpleNamespace(role=Role.DOCTOR, pk=uuid4()), uuid4())
