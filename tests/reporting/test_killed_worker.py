"""A real worker, killed in the middle of a report: the next one makes it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.concurrency.arena import ENGINES, database

pytestmark = [pytest.mark.concurrency, pytest.mark.spec("RPT-4")]

ASK = """
from departments.models import User
from healthcare.workflow import submit
from reporting.forms import RequestReportForm
user = User.objects.create_user("a@clinic.test", "x", first_name="Ada", last_name="Min", role="administrator")
form = submit(RequestReportForm, actor=user, data={"report_type": "revenue"})
assert form.is_valid(), form.errors
"""


@pytest.fixture(params=ENGINES)
def scratch(request, tmp_path):
    """The environment of a clinic of its own, on each engine under test."""
    with database(request.param, tmp_path) as url:
        yield {
            **os.environ,
            "DATABASE_URL": url,
            "MEDIA_ROOT": str(tmp_path / "media"),
            "REPORT_LEASE_SECONDS": "1",
        }


def manage(environment, *arguments):
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def worker(environment):
    """`manage.py qcluster` in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill(process)


def kill(process):
    """As a power cut: the whole group at once, without a word."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@contextmanager
def looking_at(environment):
    """ask() -> (status, attempts) of the report, by a plain connection of our own."""
    query = "SELECT status, attempts FROM reports"
    url = environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    else:
        reader = psycopg.connect(url, autocommit=True)
    try:
        yield lambda: reader.execute(query).fetchone()
    finally:
        reader.close()


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)


def test_a_report_survives_the_death_of_its_worker(scratch):
    manage(scratch, "migrate", "-v0")
    manage(scratch, "shell", "-c", ASK)
    with looking_at(scratch) as state:
        assert state() == ("generating", 0)
        with worker(scratch) as first:
            wait_for(lambda: state()[1] == 1, 60)
            kill(first)
        assert state() == ("generating", 1), "it was killed too late to prove anything"
        time.sleep(1.1)
        with worker(scratch):
            wait_for(lambda: state()[0] != "generating", 60)
        assert state() == ("completed", 2)
    assert {path.suffix for path in (Path(scratch["MEDIA_ROOT"]) / "reports").rglob("*.*")} == {".pdf", ".xlsx"}
