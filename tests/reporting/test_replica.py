"""Reports are counted on the replica that REPORTS_DATABASE_URL names; all else stays on the clinic's own (OPS-2)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.concurrency.arena import ENGINES, ROOT, database

pytestmark = [pytest.mark.concurrency, pytest.mark.spec("OPS-2")]

START = "import django, json, os; django.setup()\n"
#: A replica that lags far behind: three patients of five, and nobody of the staff.
FILL = START + "from tests.factories import PatientFactory; PatientFactory.create_batch(int(os.environ['PATIENTS']))"
MAKE = (
    START
    + """
from departments.models import User
from healthcare.workflow import submit
from patients.models import Patient
from reporting.forms import RequestReportForm
from reporting.models import Report
from reporting.worker import generate
from tests.factories import UserFactory
user, doctor = UserFactory(role="administrator"), UserFactory(role="doctor")
told = {}
for kind, narrowed in (("patient_statistics", {}), ("appointment_summary", {"doctor": str(doctor.pk)})):
    form = submit(RequestReportForm, actor=user, data={"report_type": kind, **narrowed})
    assert form.is_valid(), form.errors
    generate(str(form.instance.pk))
    report = Report.objects.get(pk=form.instance.pk)
    figures = [figure["value"] for figure in report.result["summary"]]
    told[kind] = {"status": report.status, "narrowed": report.result["narrowed"], "figures": figures}
told["counted"] = Patient.objects.count()
told["written"] = Report.objects.using("reports").count() + User.objects.using("reports").count()
print(json.dumps(told))
"""
)


@pytest.fixture(params=ENGINES)
def two(request, tmp_path):
    """The clinic's database and its replica."""
    for name in ("clinic", "replica"):
        (tmp_path / name).mkdir()
    with database(request.param, tmp_path / "clinic") as one, database(request.param, tmp_path / "replica") as other:
        yield one, other


def python(code, **environment):
    known = {**os.environ, "DJANGO_SETTINGS_MODULE": "healthcare.settings", **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=known, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_reports_are_counted_on_the_replica_and_written_at_home(two, tmp_path):
    clinic, replica = two
    for url, patients in ((clinic, "5"), (replica, "3")):
        python(FILL, DATABASE_URL=url, PATIENTS=patients)
    media = {"MEDIA_ROOT": str(tmp_path / "media")}
    told = json.loads(python(MAKE, DATABASE_URL=clinic, REPORTS_DATABASE_URL=replica, **media).splitlines()[-1])
    assert told["patient_statistics"]["status"] == told["appointment_summary"]["status"] == "completed"
    assert 3 in told["patient_statistics"]["figures"] and 5 not in told["patient_statistics"]["figures"]
    # Whom it is narrowed to is known at home: a replica that lags makes no report of everybody.
    assert told["appointment_summary"]["narrowed"]
    assert (told["counted"], told["written"]) == (5, 0)
