"""Probes, and numbers for Prometheus: for the machine itself only, and without patient data (OPS-1)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django_q.models import Task

from audit.sealing import Sealer
from healthcare.clock import at, now
from healthcare.events import record
from tests.factories import PatientFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("OPS-1")]


def test_old_backups_and_seals_are_told_and_count_when_asked_for(client, settings, tmp_path):
    settings.AUDIT_HEAD_FILE = tmp_path / "head"
    assert client.get("/readyz").json()["watched"] == {"backup": False, "seals": False}
    record("export", entity_type="backup", values={"file": "x"})
    Sealer().tick()
    assert client.get("/readyz").json()["watched"] == {"backup": True, "seals": True}
    with at(now() + timedelta(hours=27)):
        record("view", entity_type="page")
        found = client.get("/readyz?strict=1")
        assert found.json()["watched"] == {"backup": False, "seals": False}
        assert found.status_code == 503


@pytest.mark.parametrize("part", ["", "worker", "migrations", "disk"])
def test_each_part_alone_turns_it_red(client, monkeypatch, part):
    if part != "worker":
        Task.objects.create(id="1", name="sweep", func="x", started=now(), stopped=now(), success=True)
    if part == "migrations":
        MigrationRecorder(connection).record_unapplied(*MigrationLoader(connection).graph.leaf_nodes("reporting")[0])
    if part == "disk":
        monkeypatch.setattr("healthcare.health.MIN_FREE_BYTES", 10**18)
    found = client.get("/readyz")
    assert found.status_code == (503 if part else 200)
    assert [name for name in ("database", "migrations", "worker", "disk") if not found.json()[name]] == (
        [part] if part else []
    )


@pytest.mark.spec("OPS-3")
def test_metrics_count_by_route_and_hold_no_data(client, login, administrator):
    patient = PatientFactory(last_name="Zebrafish")
    login(administrator).get(f"/patients/{patient.pk}/?q=Zebrafish")
    client.generic("BREW", "/no-such-page/Zebrafish/")
    text = client.get("/metrics").content.decode()
    assert 'clinic_requests_total{method="GET",route="/patients/<uuid:pk>/",status="200"}' in text
    assert 'method="other"' in text and "BREW" not in text
    assert "Zebrafish" not in text and str(patient.pk) not in text
    for name in ("disk_free_bytes", "database_up", "queue_length", "seal_lag_seconds", "tasks_failed"):
        assert f"\nclinic_{name} " in text, name


@pytest.mark.parametrize(
    ("headers", "proxies", "token", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 0, "", 200),
        ({"REMOTE_ADDR": "203.0.113.9"}, 0, "", 403),
        # A proxy on this machine speaks for somebody else.
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 0, "", 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1, 203.0.113.9"}, 1, "", 403),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer right"}, 0, "right", 200),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer "}, 0, "", 403),
        ({"REMOTE_ADDR": "nonsense"}, 0, "", 403),
    ],
)
def test_who_may_read_metrics(client, settings, headers, proxies, token, status):
    settings.TRUSTED_PROXIES, settings.METRICS_TOKEN = proxies, token
    assert client.get("/metrics", **headers).status_code == status
