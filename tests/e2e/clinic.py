"""The clinic as `make run` serves it: real processes on a database of their own, stopped at the end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from scripts.processes import stop

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("DATABASE_URL", "")
PATIENTS = 60


def clinic_now() -> datetime:
    """The time on the clinic's wall."""
    return datetime.now(ZoneInfo(os.environ["CLINIC_TIME_ZONE"]))


@dataclass
class Clinic:
    """Where it is served, and what its processes wrote."""

    url: str
    logs: Path

    def log(self, name: str) -> str:
        """What one of the processes wrote so far."""
        return (self.logs / f"{name}.log").read_text()


@contextmanager
def database(folder: Path):
    """The URL of a new database: on the PostgreSQL server of DATABASE_URL if that names one, else SQLite."""
    if not SERVER.startswith("postgres"):
        yield f"sqlite:///{folder / 'clinic.sqlite3'}"
        return
    import psycopg

    name = f"e2e_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def process(arguments: list[str], environment: dict[str, str], log: Path):
    """A process that leads its own group, so that its workers end with it."""
    with log.open("w") as output:
        started = subprocess.Popen(
            arguments, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield started
        finally:
            stop(started)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running_clinic(folder: Path, *, empty: bool = False):
    """Migrate, collect the static files, build the demo, start worker and web server; `empty`: nobody is there yet."""
    port = free_port()
    manage = [sys.executable, "manage.py"]
    with ExitStack() as stack:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
            "DATABASE_URL": stack.enter_context(database(folder)),
            "MEDIA_ROOT": str(folder / "media"),
            "STATIC_ROOT": str(folder / "static"),
            "PORT": str(port),
        }
        for step in (["migrate"], ["collectstatic", "--noinput"]):
            subprocess.run([*manage, *step, "--verbosity", "0"], cwd=ROOT, env=environment, check=True, timeout=300)
        if not empty:
            subprocess.run(
                [*manage, "demo", "--patients", str(PATIENTS)],
                cwd=ROOT,
                env=environment,
                check=True,
                timeout=300,
                stdout=subprocess.DEVNULL,
            )
            stack.enter_context(process([*manage, "qcluster"], environment, folder / "worker.log"))
        server = stack.enter_context(
            process(
                [
                    *(sys.executable, "-m", "gunicorn", "healthcare.wsgi:application"),
                    *("--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--worker-class", "gthread"),
                    *("--timeout", "60", "--access-logfile", "/dev/null", "--log-level", "warning"),
                ],
                environment,
                folder / "web.log",
            )
        )
        clinic = Clinic(f"http://127.0.0.1:{port}", folder)
        wait_for(clinic, server)
        yield clinic


def wait_for(clinic: Clinic, server: subprocess.Popen) -> None:
    """Until the web server answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, clinic.log("web")
        with suppress(OSError):
            urllib.request.urlopen(f"{clinic.url}/healthz", timeout=5).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"The web server does not answer:\n{clinic.log('web')}")
