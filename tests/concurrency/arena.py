"""A database of its own, and processes that all start at once: what a test of races needs.

A race is a module with three functions: `seed()` fills the database and returns what the others need,
`play(number, seeded, **options)` is what each process does, `read(seeded)` tells how it ended. Run as a
module, this one process seeds, forks the players and reads: Django is loaded once only.
"""

from __future__ import annotations

import atexit
import importlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("DATABASE_URL", "")
#: The engine that the tests run on: `make test` runs them on both.
ENGINES = ["postgresql" if SERVER.startswith("postgres") else "sqlite"]


def on_server(sql):
    """Run a statement on the PostgreSQL server of DATABASE_URL."""
    import psycopg

    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(sql)


def server_url(name):
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))


@cache
def migrated(engine):
    """A database that is migrated once for all races of this process, to be copied: its file or its name."""
    if engine == "sqlite":
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder)
        found, url = f"{folder}/migrated.sqlite3", f"sqlite:///{folder}/migrated.sqlite3"
    else:
        found = f"migrated_{uuid.uuid4().hex[:12]}"
        on_server(f'CREATE DATABASE "{found}"')
        atexit.register(on_server, f'DROP DATABASE "{found}" WITH (FORCE)')
        url = server_url(found)
    environment = {**os.environ, "DATABASE_URL": url}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    return found


@contextmanager
def database(engine, tmp_path):
    """The URL of a new, migrated, empty database; removed afterwards."""
    if engine == "sqlite":
        shutil.copyfile(migrated(engine), tmp_path / "race.sqlite3")
        yield f"sqlite:///{tmp_path / 'race.sqlite3'}"
        return
    name = f"race_{uuid.uuid4().hex[:12]}"
    on_server(f'CREATE DATABASE "{name}" TEMPLATE "{migrated(engine)}"')
    try:
        yield server_url(name)
    finally:
        on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def race(engine, tmp_path, module, *, processes, patience=180, **options):
    """(what was seeded, what each player returned, what was read) of a race; `patience` in seconds."""
    with database(engine, tmp_path) as url:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.concurrency.arena",
                module,
                str(processes),
                str(patience),
                json.dumps(options),
            ],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "healthcare.settings"},
            capture_output=True,
            text=True,
            timeout=patience + 60,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main(module, processes, patience, options):
    """Seed, let them race, read; the result goes to standard output as JSON."""
    import django
    from django.conf import settings
    from django.db import connections

    django.setup()
    # A player may draw a page; in a fresh clone nobody has collected the static files yet.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    game = importlib.import_module(module)
    seeded = game.seed()
    connections.close_all()  # a connection must not be shared over a fork
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(processes), fork.Queue()

    def player(number):
        start.wait()
        answers.put((number, game.play(number, seeded, **options)))
        connections.close_all()

    players = [fork.Process(target=player, args=(number,)) for number in range(processes)]
    for one in players:
        one.start()
    played = [answers.get(timeout=patience) for _ in players]
    for one in players:
        one.join()
    json.dump([seeded, [answer for _number, answer in sorted(played)], game.read(seeded)], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))
