"""docs/api.md does what it says: its blocks run against a live server."""

import os
import re
import subprocess
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.contrib.auth.hashers import make_password
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections

from tests import factories

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
DEMO = {"administrator": "administrator", "doctor": "doctor", "nurse": "nurse", "receptionist": "receptionist"}


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(db):
    """A server in a thread, on the test's own connection, whose transaction is rolled back at the end."""
    connection = connections["default"]
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    connection.inc_thread_sharing()
    httpd = make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Quiet)

    def serve():
        connections["default"] = connection
        httpd.serve_forever(poll_interval=0.05)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()
    connection.dec_thread_sharing()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.spec("API-1", "API-3", "API-5")
def test_one_patients_day_by_curl_and_the_python_client(server):
    for name, role in {**DEMO, "billing": "billing_officer"}.items():
        factories.UserFactory(
            email=f"{name}@clinic.example", first_name=name, role=role, password=make_password("Clinic-demo-2026!")
        )
    text = PAGE.read_text()
    script = "\n".join(["set -euo pipefail", *re.findall(r"```bash\n(.*?)```", text, re.DOTALL)])
    base = f"{server}/api/v1"
    done = subprocess.run(
        ["bash", "-c", script], env={**os.environ, "BASE": base}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.split()
    assert lines[0] == "checked_in" and "completed" in lines and lines[-3:] == ["issued", "120.00", "paid"]
    assert "True" in lines  # the result lies outside its range

    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    scope: dict = {"__name__": "client"}
    exec(code, scope)
    clinic = scope["Clinic"](base, "receptionist@clinic.example", "Clinic-demo-2026!")
    assert [row["last_name"] for row in clinic.patients(q="bernasconi")] == ["Bernasconi"]
    clinic.access = "too old"
    assert len(clinic.patients(last_name="Bernasconi")) == 1
    with pytest.raises(scope["Refused"]) as refused:
        clinic.send("POST", "/patients", {"last_name": "X"})
    assert refused.value.code == "validation" and "first_name" in refused.value.fields
    desk = scope["Clinic"](base, "billing@clinic.example", "Clinic-demo-2026!")
    invoice = desk.invoice(desk.send("GET", "/invoices")["items"][0]["id"])
    assert (invoice.status, invoice.balance_due) == ("paid", 0)
