"""The data sets: built once by `manage.py demo`, kept, and used again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "bench"
SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
#: What PostgreSQL databases of the data sets are called, before their size.
PREFIX = os.environ.get("BENCH_DATABASE", "clinic_bench")


def url_of(engine: str, patients: int) -> str:
    """Where the data set of so many patients is."""
    if engine == "sqlite":
        return f"sqlite:///{FOLDER / f'{patients}.sqlite3'}"
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{PREFIX}_{patients}"))


def environment(url: str) -> dict[str, str]:
    """What the processes of one data set are started with."""
    return {**os.environ, "DATABASE_URL": url, "MEDIA_ROOT": str(FOLDER / "media"), "PYTHONUNBUFFERED": "1"}


def manage(url: str, *arguments: str) -> None:
    """Run a command of the clinic; its progress is shown."""
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment(url), check=True)


def exists(engine: str, patients: int) -> bool:
    """Whether the data set is there; on PostgreSQL it is made, empty, if it is not."""
    if engine == "sqlite":
        FOLDER.mkdir(parents=True, exist_ok=True)
        return (FOLDER / f"{patients}.sqlite3").exists()
    import psycopg

    name = f"{PREFIX}_{patients}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not found:
            server.execute(f'CREATE DATABASE "{name}"')
    return bool(found)


def prepare(engine: str, patients: int) -> str:
    """Build the data set unless it is there; the URL of it."""
    url = url_of(engine, patients)
    there = exists(engine, patients)
    manage(url, "migrate", "--verbosity", "0")
    if not there:
        print(f"Building {patients:,} patients on {engine}; it is kept for the next time.", flush=True)
    manage(url, "demo", "--patients", str(patients), "--if-empty")
    if not there and engine == "postgresql":
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
    return url
