"""`python -m scripts.kill_reports [sqlite|postgresql] [--reports 50]`: kills the worker in the middle of each report.

A clinic of its own and a real `manage.py qcluster`; each report's first worker is killed (SIGKILL, the whole group) at
some moment while it makes it. At the end every report must be complete, and its files whole.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.bench.databases import ROOT, SERVER

ASK = """
from datetime import date, timedelta
from departments.models import User
from healthcare.workflow import submit
from reporting.forms import RequestReportForm
from reporting.reports import KINDS
user = User.objects.create_user("k@clinic.test", "x", first_name="Ada", last_name="Min", role="administrator")
for number in range({count}):
    start = date(2026, 1, 1) + timedelta(days=number)
    kind = list(KINDS)[number % len(KINDS)]
    form = submit(RequestReportForm, actor=user, data={{"report_type": kind, "start_date": str(start)}})
    assert form.is_valid(), form.errors
"""

#: The report that its first worker makes now.
FIRST = "SELECT id FROM reports WHERE status = 'generating' AND attempts = 1"


@contextmanager
def clinic(engine: str, folder: str) -> Iterator[dict[str, str]]:
    """The environment of an empty clinic with a database of its own."""
    url = f"sqlite:///{folder}/clinic.sqlite3"
    if engine == "postgresql":
        import psycopg

        name = f"kill_reports_{os.getpid()}"
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{name}"')
        url = SERVER.rsplit("/", 1)[0] + f"/{name}"
    try:
        # Signs of life may be two seconds apart on a busy machine; a dead worker is known after five.
        yield {**os.environ, "DATABASE_URL": url, "MEDIA_ROOT": f"{folder}/media", "REPORT_LEASE_SECONDS": "5"}
    finally:
        if engine == "postgresql":
            with psycopg.connect(SERVER, autocommit=True) as server:
                server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def manage(environment: dict[str, str], *arguments: str) -> None:
    """A command of that clinic."""
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True)


def start_worker(environment: dict[str, str]) -> Any:
    """`manage.py qcluster` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(worker: Any) -> None:
    """As a power cut."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@contextmanager
def looking_at(url: str) -> Iterator[Any]:
    """ask(sql) -> rows, by a plain connection of our own."""
    if url.startswith("sqlite"):
        reader: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
    else:
        import psycopg

        reader = psycopg.connect(url, autocommit=True)
    try:
        yield lambda sql: reader.execute(sql).fetchall()
    finally:
        reader.close()


def whole(path: Path) -> bool:
    """Whether a file is complete."""
    content = path.read_bytes()
    if path.suffix == ".pdf":
        return content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.testzip() is None


def run(engine: str, count: int, seed: int) -> int:
    """Kill until every report was hit once, then let the last worker finish."""
    chance, kills, started = random.Random(seed), 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder, clinic(engine, folder) as environment:
        manage(environment, "migrate", "-v0")
        manage(environment, "shell", "-v0", "-c", ASK.format(count=count))
        with looking_at(environment["DATABASE_URL"]) as ask:
            worker = start_worker(environment)
            try:
                hit: set[Any] = set()
                while ask("SELECT count(*) FROM reports WHERE status = 'generating'")[0][0]:
                    at_work = {row[0] for row in ask(FIRST)} - hit
                    if at_work:
                        # Somewhere within it: from the claim to the files.
                        time.sleep(chance.uniform(0, 1.5))
                        if at_work & {row[0] for row in ask(FIRST)}:
                            kill(worker)
                            kills, hit = kills + 1, hit | at_work
                            worker = start_worker(environment)
                    time.sleep(0.02)
            finally:
                kill(worker)
            states = ask("SELECT status, count(*) FROM reports GROUP BY status")
            named = {row[0] for row in ask("SELECT file_path FROM reports")}
        media = Path(folder) / "media"
        files = [path for path in (media / "reports").rglob("*") if path.is_file()]
        torn = [path.name for path in files if path.suffix != ".part" and not whole(path)]
        missing = [name for name in named for end in (".pdf", ".xlsx") if not (media / name).with_suffix(end).exists()]
        print(
            f"{engine}: {count} reports, {kills} kills, {dict(states)}, {len(files)} files, torn: {torn}, "
            f"missing: {missing}, {time.monotonic() - started:.0f} s"
        )
        return int(dict(states) != {"completed": count} or bool(torn) or bool(missing))


def main() -> int:
    """Run on one engine."""
    parser = argparse.ArgumentParser(prog="python -m scripts.kill_reports", description=__doc__)
    parser.add_argument("engine", nargs="?", default="sqlite", choices=["sqlite", "postgresql"])
    parser.add_argument("--reports", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    return run(asked.engine, asked.reports, asked.seed)


if __name__ == "__main__":
    sys.exit(main())
