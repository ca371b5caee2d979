"""The audit trail: complete, append-only, and one with the change that it describes."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.test import Client
from django.urls import reverse

from audit import receivers
from audit.models import Action, AuditLog, AuditLogQuerySet
from billing.forms import RecordPaymentForm
from departments.models import ClinicSettings, Department
from healthcare.context import act
from healthcare.events import change
from healthcare.guards import all_guards
from healthcare.middleware import valid_address
from healthcare.models import BaseModel
from healthcare.workflow import WorkflowForm, submit
from tests import factories as f
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def workflow_forms(cls=WorkflowForm):
    """Every form through which something is changed, of all apps."""
    for config in apps.get_app_configs():
        for part in ("forms", "views", "admin"):
            try:
                __import__(f"{config.name}.{part}")
            except ModuleNotFoundError as error:
                if error.name != f"{config.name}.{part}":
                    raise
    found, queue = set(), [cls]
    while queue:
        for form in queue.pop().__subclasses__():
            if form not in found:
                found.add(form)
                queue.append(form)
    return sorted(found, key=lambda form: f"{form.__module__}.{form.__name__}")


@pytest.mark.spec("AUD-1")
def test_every_form_speaks_the_closed_vocabulary():
    found = workflow_forms()
    assert len(found) > 15
    spoken = {f"{form.__module__}.{form.__name__}": form.action for form in found if form.action}
    assert {name: action for name, action in spoken.items() if action not in Action.values} == {}


#: Machinery: told by the rows that use it (numbers), derived from audited rows (search terms, unbilled visits), or
#: told by the log-ins themselves.
NOT_AUDITED = {
    *("Counter", "PatientSearchTerm", "UnbilledVisit", "FormDraft", "PatientNameKey"),
    *("LoginThrottle", "Session", "ApiSession", "IdempotencyKey", "AuditSeal"),
}


@pytest.mark.spec("AUD-1")
def test_every_entity_is_audited_when_saved():
    ours = [c.name for c in apps.get_app_configs() if "site-packages" not in str(c.module.__file__)]
    for model in apps.get_models():
        if model._meta.app_config.name in ours and model is not AuditLog and model.__name__ not in NOT_AUDITED:
            assert issubclass(model, BaseModel), model
            assert model.AUDITED, model


@pytest.mark.spec("AUD-2")
def test_rows_cannot_be_changed_or_removed():
    row = AuditLog.objects.create(action="view", entity_type="patient")
    table = AuditLog._meta.db_table
    for statement in (f"UPDATE {table} SET action = 'print'", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    row.action = "print"
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save()
    with pytest.raises(models.ProtectedError):
        row.delete()
    with pytest.raises(models.ProtectedError):
        AuditLog.objects.all().delete()
    row.refresh_from_db()
    assert row.action == "view"


def refuses_updates() -> bool:
    AuditLog.objects.create(action="view", entity_type="patient")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE audit_logs SET action = 'print'")
    except IntegrityError:
        return True
    return False


@pytest.mark.spec("AUD-2", "FND-8")
def test_every_guard_stands_in_the_database_after_migrating():
    wanted = {
        name
        for guard in all_guards()
        for statement in getattr(guard, connection.vendor)
        for name in re.findall(r"(?:CREATE (?:CONSTRAINT )?TRIGGER|ADD CONSTRAINT) (\w+)", statement)
    }
    catalog = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger UNION SELECT conname FROM pg_constraint",
    }
    with connection.cursor() as cursor:
        cursor.execute(catalog[connection.vendor])
        found = {name for (name,) in cursor.fetchall()}
    assert len(wanted) > 10
    assert wanted - found == set()


@pytest.mark.spec("AUD-2")
def test_the_guards_come_back_after_a_rebuilt_table_is_migrated(tmp_path):
    """SQLite rebuilds a table that is altered and loses its triggers; the next migrate brings them back."""
    assert refuses_updates()
    names = [guard.name for guard in all_guards() if guard.table == "audit_logs"]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_logs'")
            for (trigger,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {trigger}")
        else:
            for name in names:
                cursor.execute(f"DROP TRIGGER {name} ON audit_logs")
    assert not refuses_updates()
    call_command("migrate", verbosity=0)
    assert refuses_updates()


@pytest.mark.spec("AUD-2")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no parts of a table")
def test_a_trail_in_parts_is_one_table_that_refuses_change_in_every_part():
    script = (Path(settings.BASE_DIR) / "scripts" / "partition_audit.sql").read_text()
    with connection.cursor() as cursor:
        for _time in range(2):  # it is run again for the months to come
            cursor.execute(script)
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass")
        parts = {name for (name,) in cursor.fetchall()}
    assert len(parts) == 15 and {"audit_logs_first", "audit_logs_later"} < parts
    row = AuditLog.objects.create(action="view", entity_type="patient")
    assert AuditLog.objects.get(pk=row.pk) == row
    for table in ("audit_logs", *parts):
        for statement in ("UPDATE {} SET action = 'print'", "DELETE FROM {}"):
            with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement.format(table))
    call_command("migrate", verbosity=0)
    assert refuses_updates()


@pytest.mark.spec("AUD-2")
def test_a_real_table_rebuild_followed_by_migrate_keeps_the_guards(tmp_path):
    """The same with a real AlterField, in a database of its own."""
    script = tmp_path / "rebuild.py"
    script.write_text(
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from django.db import connection, models, IntegrityError\n"
        "from audit.models import AuditLog\n"
        "call_command('migrate', verbosity=0)\n"
        "old = AuditLog._meta.get_field('user_agent')\n"
        "new = models.CharField(max_length=450, blank=True, default='')\n"
        "new.set_attributes_from_name('user_agent'); new.model = AuditLog\n"
        "with connection.schema_editor() as editor:\n"
        "    editor.alter_field(AuditLog, old, new)\n"
        "    editor._remake_table(AuditLog, alter_fields=[(old, new)])\n"
        "def triggers():\n"
        "    with connection.cursor() as cursor:\n"
        "        cursor.execute(\"SELECT count(*) FROM sqlite_master WHERE type='trigger' AND tbl_name='audit_logs'\")\n"  # noqa: E501
        "        return cursor.fetchone()[0]\n"
        "lost = triggers()\n"
        "call_command('migrate', verbosity=0)\n"
        "print(lost, triggers())\n"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "healthcare.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'rebuild.sqlite3'}",
        "PYTHONPATH": ".",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "2"]


@pytest.mark.spec("AUD-5")
def test_a_failing_audit_write_takes_the_change_with_it(monkeypatch):
    def broken(*_args, **_kwargs):
        raise DatabaseError("the trail is full")

    department = f.DepartmentFactory(name="Cardiology")
    monkeypatch.setattr(receivers, "write", broken)
    department.name = "Neurology"
    with pytest.raises(DatabaseError), transaction.atomic():
        department.save()
    assert Department.objects.get(pk=department.pk).name == "Cardiology"


@pytest.mark.spec("AUD-5")
def test_an_error_of_the_trail_that_is_swallowed_still_rolls_back(monkeypatch):
    department = f.DepartmentFactory(name="Cardiology")
    monkeypatch.setattr(receivers, "write", lambda *args, **kwargs: 1 / 0)
    with transaction.atomic():
        department.name = "Neurology"
        with suppress(ZeroDivisionError):
            department.save()
    assert Department.objects.get(pk=department.pk).name == "Cardiology"


@pytest.mark.spec("AUD-5")
def test_a_failing_change_leaves_no_audit_row():
    f.DepartmentFactory(name="Cardiology")
    before = AuditLog.objects.count()
    with pytest.raises(IntegrityError), transaction.atomic():
        Department.objects.create(name="CARDIOLOGY")
    with pytest.raises(RuntimeError), transaction.atomic():
        Department.objects.create(name="Neurology")
        raise RuntimeError
    assert AuditLog.objects.count() == before


@pytest.mark.spec("AUD-5")
def test_what_is_undone_within_a_change_is_not_told():
    with transaction.atomic(), change(action="update"):
        kept = f.DepartmentFactory(name="Cardiology")
        with suppress(RuntimeError), transaction.atomic():
            undone = f.DepartmentFactory(name="Neurology")
            raise RuntimeError
        with transaction.atomic():
            also_kept = f.DepartmentFactory(name="Oncology")
        assert not AuditLog.objects.filter(entity_id=kept.pk).exists()
    told = AuditLog.objects.filter(entity_id__in=[kept.pk, undone.pk, also_kept.pk]).order_by("pk")
    assert [row.entity_id for row in told] == [kept.pk, also_kept.pk]
    assert all(row.mac for row in told)


@pytest.mark.spec("AUD-5")
def test_a_change_whose_rows_cannot_be_told_is_none(monkeypatch, billing_officer):
    def broken(*_args, **_kwargs):
        raise DatabaseError("the trail is full")

    invoice = f.InvoiceFactory(status="issued")
    monkeypatch.setattr(AuditLogQuerySet, "bulk_create", broken)
    data = {"invoice": invoice.pk, "amount": "1", "payment_method": "cash"}
    with pytest.raises(DatabaseError):
        submit(RecordPaymentForm, actor=billing_officer, data=data)
    invoice.refresh_from_db()
    assert invoice.amount_paid == 0 and not invoice.payments.exists()


@pytest.mark.spec("AUD-1")
def test_a_plain_save_in_a_shell_is_audited_with_what_changed():
    department = f.DepartmentFactory(name="Cardiology", description="Hearts")
    department = Department.objects.get(pk=department.pk)
    department.name = "Heart centre"
    department.description = "changed but not written"
    department.save(update_fields=["name"])
    entry = AuditLog.objects.filter(entity_id=department.pk, action="update").get()
    assert (entry.old_values, entry.new_values) == ({"name": "Cardiology"}, {"name": "Heart centre"})
    assert entry.user is None
    department.save()
    entry = AuditLog.objects.filter(entity_id=department.pk, action="update").order_by("-created_at", "-id").first()
    assert entry.new_values == {"description": "changed but not written"}
    department.save()
    assert AuditLog.objects.filter(entity_id=department.pk, action="update").count() == 2


@pytest.mark.spec("AUD-1")
def test_what_somebody_else_changed_meanwhile_is_not_told_as_ours():
    department = f.DepartmentFactory(name="Cardiology")
    other = Department.objects.get(pk=department.pk)
    other.name = "Neurology"
    other.save()
    department.refresh_from_db()
    department.description = "Nerves"
    department.save()
    entry = AuditLog.objects.filter(entity_id=department.pk).order_by("-created_at", "-id").first()
    assert entry.new_values == {"description": "Nerves"}


@pytest.mark.spec("AUD-1")
def test_secrets_never_reach_the_trail(client):
    users, secret = get_user_model().objects, "Another-secret-2026!"
    user = users.create_user("zoe@clinic.test", PASSWORD, first_name="Zoe", last_name="Z", role="nurse")
    user = users.get(pk=user.pk)
    user.set_password(secret)
    user.save()
    assert client.post("/login/", {"username": "zoe@clinic.test", "password": secret}).status_code == 302
    session_key = client.session.session_key
    client.post("/logout/")
    client.post("/login/", {"username": secret, "password": "zoe@clinic.test"})
    changed = AuditLog.objects.get(entity_id=user.pk, action="password_change")
    assert changed.new_values is None
    everything = " ".join(f"{row.old_values} {row.new_values}" for row in AuditLog.objects.all())
    assert "argon2" not in everything
    assert "md5$" not in everything
    assert "secret" not in everything
    assert session_key not in everything


@pytest.mark.spec("AUD-1")
def test_logging_in_failing_and_out_are_told(client):
    user = f.UserFactory(email="zoe@clinic.test")
    before = user.updated_at
    client.post("/login/", {"username": "ZOE@clinic.test", "password": "wrong"}, headers={"user-agent": "Browser\x07"})
    failed = AuditLog.objects.get(action="login_failed")
    assert (failed.user, failed.new_values) == (None, {"email": "ZOE@clinic.test"})
    assert (failed.ip_address, failed.user_agent) == ("127.0.0.1", "Browser")
    assert client.post("/login/", {"username": "zoe@clinic.test", "password": PASSWORD}).status_code == 302
    assert AuditLog.objects.get(action="login").user == user
    user.refresh_from_db()
    assert user.last_login
    assert user.updated_at == before, "a log-in must not make an open staff form stale"
    assert not AuditLog.objects.filter(action="update", entity_id=user.pk).exists()
    client.post("/logout/")
    assert AuditLog.objects.get(action="logout").user == user


@pytest.mark.spec("AUD-1", "AUTH-3")
def test_an_idle_session_ends_as_a_log_out(client, settings, nurse, time_machine_at):
    from datetime import timedelta

    from healthcare.clock import now

    client.force_login(nurse)
    assert client.get("/").status_code == 200
    with time_machine_at(now() + timedelta(seconds=settings.SESSION_IDLE_SECONDS + 5)):
        assert client.get("/").status_code == 302
    assert AuditLog.objects.get(action="logout").user == nurse


@pytest.mark.spec("AUD-1", "ROLE-2")
def test_a_refusal_is_told_once_with_person_and_target(client, nurse):
    department = f.DepartmentFactory(name="Zebrafish")
    client.force_login(nurse)
    response = client.get(reverse("department_detail", args=[department.pk]))
    assert response.status_code == 403
    entry = AuditLog.objects.get(action="denied")
    assert (entry.user, entry.entity_type, entry.entity_id) == (nurse, "page", department.pk)
    assert entry.new_values == {"route": "/departments/<uuid:pk>/", "method": "GET"}


@pytest.mark.spec("AUD-1")
def test_a_form_without_its_token_is_a_refusal_too(administrator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator)
    assert client.post(reverse("department_create"), {"name": "Cardiology"}).status_code == 403
    assert AuditLog.objects.get(action="denied").user == administrator


def test_an_error_is_told_without_its_message(administrator, monkeypatch):
    def broken(self, request, *args, **kwargs):
        raise ValueError("Maria Lopez has it")

    from departments.views import DepartmentList

    monkeypatch.setattr(DepartmentList, "get", broken)
    client = Client(raise_request_exception=False)
    client.force_login(administrator)
    assert client.get(reverse("department_list")).status_code == 500
    entry = AuditLog.objects.get(action="error")
    assert entry.user == administrator
    assert entry.new_values == {"route": "/departments/", "method": "GET", "kind": "ValueError"}


def test_a_refusal_stays_a_refusal_when_the_trail_cannot_be_written(client, nurse, monkeypatch):
    client.force_login(nurse)

    def broken(*_args, **_kwargs):
        raise DatabaseError("down")

    monkeypatch.setattr(receivers, "write", broken)
    assert client.get(reverse("department_list")).status_code == 403


@pytest.mark.spec("AUD-1")
def test_view_print_export_and_download_are_told_with_the_patient(client, administrator, doctor):
    from healthcare.events import record

    patient = f.PatientFactory()
    with act(user=doctor):
        for action in ("view", "print", "export", "download"):
            record(action, patient)
    told = AuditLog.objects.filter(patient_id=patient.pk, user=doctor).values_list("action", flat=True)
    assert set(told) == {"view", "print", "export", "download"}
    client.force_login(administrator)
    client.get(reverse("department_list") + "?export=xlsx")
    assert AuditLog.objects.filter(action="export", entity_type="department", user=administrator).exists()


def test_an_action_outside_the_vocabulary_is_refused_by_the_database():
    from healthcare.events import record

    with pytest.raises(IntegrityError), transaction.atomic():
        record("pry", f.DepartmentFactory())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:5123", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", None),
        ("", None),
        ("1.2.3.4, evil", None),
    ],
)
def test_an_address_that_is_none_is_left_out(text, address):
    assert valid_address(text) == address


def test_a_forged_proxy_header_breaks_nothing(client, settings, nurse):
    settings.TRUSTED_PROXIES = 1
    client.force_login(nurse)
    response = client.get(reverse("department_list"), headers={"x-forwarded-for": "' OR 1=1"})
    assert response.status_code == 403
    assert AuditLog.objects.get(action="denied").ip_address is None


def test_a_database_expression_is_told_by_its_text():
    clinic = ClinicSettings.objects.create()
    clinic = ClinicSettings.objects.get(pk=clinic.pk)
    clinic.tax_rate = models.F("tax_rate") + 1
    clinic.save()
    assert "tax_rate" in AuditLog.objects.get(entity_id=clinic.pk, action="update").new_values["tax_rate"]


def test_forms_are_really_found():
    assert any(issubclass(form, forms.ModelForm) and form.__name__ == "DepartmentForm" for form in workflow_forms())
