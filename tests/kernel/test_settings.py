"""Production starts only with what it needs, and Django's own deployment check is silent."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.concurrency import arena

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "a-long-secret-of-more-than-fifty-characters-0123456789-abcdefghij"


def manage(*arguments, **environment):
    """Run manage.py in a process of its own with just this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.spec("FND-2")
@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_without_a_setting_stops_with_a_clear_message(missing):
    environment = {"DEBUG": "0", "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "clinic.example.org"}
    del environment[missing]
    result = manage("check", **environment)
    assert result.returncode != 0
    assert f"needs {missing} in the environment" in result.stderr


@pytest.mark.spec("FND-2")
def test_settings_that_cannot_be_are_said_before_they_are_needed():
    """A backup ended in a traceback, /metrics in an error, and a caller chose the address that the trail tells."""
    wrong = {
        "TRUSTED_PROXIES": "-1",
        "BACKUP_KEEP": "7",
        "METRICS_ALLOW": "10.0.0.0/8,monitor",
        "SECRET_KEY": "demo-only-key-never-use-in-production-" + "x" * 24,
    }
    result = manage("check", **({"DEBUG": "0", "ALLOWED_HOSTS": "clinic.example.org"} | wrong))
    assert result.returncode != 0
    assert result.stderr.count("healthcare.E003") == len(wrong)
    assert all(name in result.stderr for name in wrong)


@pytest.mark.spec("FND-2", "AUTH-7")
def test_the_deployment_check_is_silent():
    result = manage(
        "check", "--deploy", "--fail-level", "WARNING", DEBUG="0", SECRET_KEY=SECRET, ALLOWED_HOSTS="clinic.example.org"
    )
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout + result.stderr


@pytest.mark.spec("FND-3")
def test_production_refuses_a_database_with_demo_accounts(tmp_path):
    database = f"sqlite:///{tmp_path / 'demo.sqlite3'}"
    shutil.copyfile(arena.migrated("sqlite"), tmp_path / "demo.sqlite3")
    make = (
        "from departments.models import User;"
        "User.objects.create_user('doctor@clinic.example', 'x', role='doctor', first_name='A', last_name='B')"
    )
    assert manage("shell", "-v", "0", "-c", make, DATABASE_URL=database).returncode == 0
    start = "import healthcare.wsgi"
    production = {"DEBUG": "0", "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "clinic.example.org", "DATABASE_URL": database}
    result = manage("shell", "-v", "0", "-c", start, **production)
    assert "holds demo accounts" in result.stderr
    assert manage("shell", "-v", "0", "-c", start, DATABASE_URL=database).returncode == 0


@pytest.mark.spec("FND-1")
@pytest.mark.django_db
def test_the_engine_is_the_one_asked_for():
    from django.db import connection

    asked = os.environ.get("DATABASE_URL", "")
    assert connection.vendor == ("postgresql" if asked.startswith("postgres") else "sqlite")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys")
            assert cursor.fetchone()[0] == 1


@pytest.mark.spec("OPS-3")
@pytest.mark.parametrize(("debug", "kind"), [("0", "smtp"), ("1", "console")])
def test_a_patients_mail_is_not_written_into_the_log_of_a_clinic_in_use(debug, kind):
    show = "from django.conf import settings; print(settings.EMAIL_BACKEND)"
    environment = {"DEBUG": debug, "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "clinic.example.org"}
    result = manage("shell", "-v", "0", "-c", show, **environment)
    assert result.stdout.strip() == f"django.core.mail.backends.{kind}.EmailBackend"


@pytest.mark.spec("FND-2")
def test_the_mail_server_comes_from_the_environment():
    show = "from django.conf import settings as s; print(s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_USE_TLS)"
    environment = {"DEBUG": "0", "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "clinic.example.org"}
    url = "smtp+tls://desk:s%40cret@mail.example.org:587"
    result = manage("shell", "-v", "0", "-c", show, EMAIL_URL=url, **environment)
    assert result.stdout.strip() == "mail.example.org 587 True"
