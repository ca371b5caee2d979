"""What deployment.md hands out fits the code; migrations take nothing from a version that still runs."""

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import get_commands
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import DeleteModel, RemoveField, RenameField, RenameModel

ROOT = Path(settings.BASE_DIR)
FILES = [ROOT / "compose.yaml", ROOT / "Dockerfile", ROOT / "docs/deployment.md", *(ROOT / "docs/deployment").iterdir()]


@pytest.mark.spec("OPS-2")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_of_the_deployment_files_exists(path):
    text = path.read_text()
    named = {*re.findall(r"manage\.py[\"', ]+([a-z_]+)", text)}
    assert named <= get_commands().keys()
    for line in text.splitlines():
        if "gunicorn" in line and "healthcare.wsgi" in line:
            assert "python:healthcare.server" in line, line


@pytest.mark.spec("OPS-2")
def test_what_people_do_lives_in_the_database_and_files_in_a_bucket_where_one_is_set():
    assert settings.SESSION_ENGINE == "departments.sessions"
    assert settings.Q_CLUSTER["orm"] == "default"
    code = "from django.conf import settings; import json; print(json.dumps(settings.STORAGES['default']))"
    given = {"MEDIA_BUCKET": "clinic", "MEDIA_ENDPOINT_URL": "https://s3.example.org"}
    environment = {**os.environ, **given, "DJANGO_SETTINGS_MODULE": "healthcare.settings"}
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    storage = json.loads(found.stdout)
    assert storage["BACKEND"] == "healthcare.bucket.Bucket"
    assert storage["OPTIONS"]["bucket_name"] == "clinic" and storage["OPTIONS"]["default_acl"] is None


@pytest.mark.spec("OPS-4")
def test_no_migration_takes_away_what_the_version_before_it_reads():
    ours = {config.label for config in apps.get_app_configs() if Path(config.path).parent == ROOT}
    taken = [
        f"{label}.{name}: {operation.describe()}"
        for (label, name), migration in MigrationLoader(None).disk_migrations.items()
        if label in ours
        for operation in migration.operations
        if isinstance(operation, DeleteModel | RemoveField | RenameField | RenameModel)
    ]
    # Before anybody ran it.
    assert taken == ["patients.0002_names_alike_and_estimated_births: Remove field search_text from patient"]


@pytest.mark.spec("OPS-2", "WF-REG")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite always keeps text as UTF-8")
@pytest.mark.django_db
def test_a_database_that_would_refuse_a_name_is_refused_before_it_is_used(monkeypatch):
    import psycopg

    assert run_checks(tags=["database"], databases=["default"]) == []
    parameters = {**connection.get_connection_params(), "dbname": "postgres"}
    name = f"{connection.settings_dict['NAME']}_ascii"
    with psycopg.connect(**parameters, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(
            f"CREATE DATABASE \"{name}\" ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
        ascii_only = connection.copy("ascii")
        ascii_only.settings_dict = {**ascii_only.settings_dict, "NAME": name}
        monkeypatch.setattr("healthcare.checks.connections", {"default": ascii_only})
        try:
            (error,) = run_checks(tags=["database"], databases=["default"])
        finally:
            ascii_only.close()
            server.execute(f'DROP DATABASE "{name}"')
    assert error.id == "healthcare.E002"
    assert f'"{name}" keeps text as SQL_ASCII' in error.msg


@pytest.mark.spec("OPS-2", "OPS-4")
def test_the_probe_prints_what_is_not_well_and_fails():
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            well = self.path == "/healthz" and self.headers["Host"] == "clinic.example.org"
            self.send_response(200 if well else 503)
            self.end_headers()
            self.wfile.write(b'{"ready": true}' if well else b'{"ready": false, "worker": false}')

        def log_message(self, *args):
            pass

    def probe(*paths):
        environment = {**os.environ, "ALLOWED_HOSTS": "clinic.example.org,other", "PORT": str(server.server_port)}
        command = [sys.executable, ROOT / "scripts/probe.py", *paths]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        well, red = probe(), probe("/readyz")
        server.shutdown()
    assert (well.returncode, well.stdout) == (0, '{"ready": true}\n')
    assert (red.returncode, red.stdout, red.stderr) == (1, '{"ready": false, "worker": false}\n', "")
    silent = probe()
    assert silent.returncode == 1
    assert "does not answer" in silent.stderr and "Traceback" not in silent.stderr


@pytest.mark.spec("OPS-2")
def test_systemd_keeps_the_address_that_the_proxies_ask():
    folder = ROOT / "docs/deployment"
    address = re.search(r"ListenStream=(\S+)", (folder / "clinic-web.socket").read_text())[1]
    assert "Requires=clinic-web.socket" in (folder / "clinic-web.service").read_text()
    assert address in (folder / "Caddyfile").read_text()
    assert address in (folder / "nginx.conf").read_text()
