"""A database or a disk that does not serve: said so, with a number, and nothing half-saved (OPS-1, API-2, PAGE-8)."""

import errno
import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError, connection
from django.urls import reverse

from audit.models import AuditLog
from departments.models import ClinicSettings, Session
from healthcare import dashboard
from healthcare.pdf import logo_uri
from patients.models import MedicalRecord, Patient

pytestmark = pytest.mark.spec("OPS-1", "PAGE-8")

#: As the client of an object store says that nothing listens there (it is not installed for the tests).
EndpointConnectionError = type("EndpointConnectionError", (Exception,), {"__module__": "botocore.exceptions"})

#: What a browser that is logged in, a program and a probe are told while nothing listens at the database's port.
ASK = """
import django, json; django.setup()
from django.test import Client
person, probe = Client(raise_request_exception=False, SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
person.cookies["sessionid"] = "x" * 32
told = {}
for path in ("/", "/api/v1/patients", "/fhir/Patient", "/readyz", "/healthz"):
    found = (probe if path.endswith("z") else person).get(path)
    told[path] = {"status": found.status_code, "headers": dict(found.headers), "body": found.content.decode()}
print(json.dumps(told))
"""


def test_without_a_database_everybody_is_told_to_come_back(tmp_path):
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "DJANGO_SETTINGS_MODULE": "healthcare.settings",
        "SLOW_QUERY_MS": "0",
        "STATIC_ROOT": str(tmp_path),
    }
    # As run.sh does before it serves: a page names its files by what was collected.
    for command in (["manage.py", "collectstatic", "--noinput", "--verbosity=0"], ["-c", ASK]):
        done = subprocess.run(
            [sys.executable, *command], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
        )
        assert not done.returncode, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    for path in ("/", "/api/v1/patients", "/fhir/Patient"):
        assert told[path]["status"] == 503 and told[path]["headers"]["Retry-After"] == "10", told[path]
        assert "Traceback" not in told[path]["body"] and "psycopg" not in told[path]["body"]
    page = told["/"]
    assert "The clinic cannot be reached" in page["body"] and page["headers"]["X-Request-ID"] in page["body"]
    assert json.loads(told["/api/v1/patients"]["body"])["error"]["code"] == "unavailable"
    assert json.loads(told["/fhir/Patient"]["body"])["issue"][0]["code"] == "transient"
    assert told["/readyz"]["status"] == 503 and json.loads(told["/readyz"]["body"])["database"] is False
    assert told["/healthz"]["status"] == 200


def full(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def gone(*_args, **_kwargs):
    raise OperationalError("server closed the connection; Zebrafish")


def unreachable(*_args, **_kwargs):
    raise EndpointConnectionError("Could not connect to the endpoint URL; Zebrafish")


def missing(*_args, **_kwargs):
    raise FileNotFoundError


def wrong(*_args, **_kwargs):
    raise OSError(errno.EINVAL, "Zebrafish")


@pytest.mark.django_db
@pytest.mark.parametrize(("broken", "status"), [(full, 503), (gone, 503), (unreachable, 503), (wrong, 500)])
def test_a_page_tells_what_failed_apart_from_our_mistakes_and_its_number(
    login, administrator, monkeypatch, broken, status
):
    monkeypatch.setattr(dashboard.Dashboard, "get", broken)
    client = login(administrator)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == status
    assert (response.headers.get("Retry-After") == "10") is (status == 503)
    assert response.headers["X-Request-ID"].encode() in response.content and b"Zebrafish" not in response.content
    # A trail that lies on what does not answer is not waited for: the log has it.
    assert AuditLog.objects.filter(action="error").exists() is (status == 500)


@pytest.mark.django_db
def test_a_session_that_cannot_be_written_has_not_ended(login, administrator, monkeypatch):
    client = login(administrator)
    client.raise_request_exception = False
    monkeypatch.setattr(Session, "save", gone)
    response = client.get("/")  # the first one notes when the person was last seen
    assert response.status_code == 503 and b"The clinic cannot be reached" in response.content
    monkeypatch.undo()
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_a_mistake_in_a_statement_is_none_of_the_database(login, administrator, monkeypatch):
    def mistaken(*_args, **_kwargs):
        connection.cursor().execute("SELECT nothing FROM nowhere")

    monkeypatch.setattr(dashboard.Dashboard, "get", mistaken)
    client = login(administrator)
    client.raise_request_exception = False
    # PostgreSQL takes no row of the trail in the test's own transaction, which the mistake has ended.
    monkeypatch.setattr("healthcare.middleware.tell", lambda *_args, **_kwargs: None)
    assert client.get("/").status_code == 500


@pytest.mark.django_db
def test_a_disk_that_fills_up_while_somebody_saves_keeps_nothing(login, receptionist, monkeypatch):
    monkeypatch.setattr(MedicalRecord, "save", gone)  # the patient's own row is written before
    client = login(receptionist)
    client.raise_request_exception = False
    data = {"first_name": "Ada", "last_name": "Zebrafish", "date_of_birth": "1980-02-03", "gender": "female"}
    assert client.post(reverse("patient_create"), data).status_code == 503
    assert not Patient.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("broken", [unreachable, full, missing])
@pytest.mark.spec("PRN-1")
def test_a_sheet_is_printed_without_the_logo_that_cannot_be_read(monkeypatch, broken):
    clinic = ClinicSettings(logo="clinic/logo.png")
    monkeypatch.setattr(FileSystemStorage, "_open", broken)
    assert logo_uri(clinic) == ""


@pytest.mark.django_db
def test_a_logo_that_is_broken_in_our_own_way_is_not_hidden(monkeypatch):
    def mistaken(*_args):
        raise KeyError("ours")

    monkeypatch.setattr(FileSystemStorage, "_open", mistaken)
    with pytest.raises(KeyError):
        logo_uri(ClinicSettings(logo="clinic/logo.png"))
