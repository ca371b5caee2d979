"""`python -m scripts.soak`: a mixed day of all roles against gunicorn, with kills; then fuzz; then the proof."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from scripts.bench.databases import SERVER
from scripts.soak.day import Person, Tally
from scripts.soak.processes import Clinic


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.soak", description=__doc__)
    parser.add_argument("--engines", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--minutes", type=float, default=3, help="how long the day lasts (default 3)")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--kill-every", type=float, default=5, help="seconds between two kills; 0: none")
    parser.add_argument("--fuzz", type=int, default=20_000, help="hostile requests (default 20,000)")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--keep", action="store_true", help="keep the database and files")
    return parser.parse_args()


def main() -> int:
    """Each engine in turn; 1 if anything was found."""
    options, bad = arguments(), 0
    for engine in options.engines:
        folder = Path(tempfile.mkdtemp(prefix=f"soak-{engine}-"))
        url = f"sqlite:///{folder / 'soak.sqlite3'}"
        if engine == "postgresql":
            import psycopg

            name = f"soak_{uuid.uuid4().hex[:8]}"
            with psycopg.connect(SERVER, autocommit=True) as server:
                server.execute(f'CREATE DATABASE "{name}"')
            url = urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
        try:
            bad += run(engine, url, folder, options)
        finally:
            if options.keep:
                print(f"Kept: {folder} {url}")
            else:
                if engine == "postgresql":
                    with psycopg.connect(SERVER, autocommit=True) as server:
                        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
                shutil.rmtree(folder)
    return 1 if bad else 0


def run(engine: str, url: str, folder: Path, options: argparse.Namespace) -> int:
    """Build, soak, prove; how many findings."""
    clinic = Clinic(url, folder)
    clinic.manage("migrate", "-v0")
    clinic.manage("demo", "--patients", str(options.patients), "--seed", str(options.seed))
    clinic.manage("seal_audit", "--once")
    clinic.manage("collectstatic", "--noinput", "-v0")
    tally = Tally()
    if options.minutes:
        day(clinic, tally, options)
        tally.write(folder / "acknowledged.json")
        print(f"\n## {engine}\n\n{tally.table()}\n\n{clinic.kills} kills.", flush=True)
    found = []
    if options.fuzz:
        found += json.loads(clinic.python("scripts.soak.fuzz", str(options.fuzz), str(options.seed)).splitlines()[-1])
    found += json.loads(clinic.python("scripts.soak.proof", str(folder / "acknowledged.json")).splitlines()[-1])
    print(f"{options.fuzz:,} hostile requests.")
    for finding in found + tally.findings():
        print(f"FOUND: {finding}")
    print(
        "Nothing lost, nothing doubled."
        if not found + tally.findings()
        else f"{len(found + tally.findings())} findings."
    )
    return len(found + tally.findings())


def day(clinic: Clinic, tally: Tally, options: argparse.Namespace) -> None:
    """People at work while somebody pulls plugs."""
    clinic.start()
    try:
        until = time.monotonic() + options.minutes * 60
        people = [
            threading.Thread(
                target=Person(number, clinic.port, tally, random.Random(options.seed + number)).work, args=(until,)
            )
            for number in range(options.clients)
        ]
        for one in people:
            one.start()
        dice = random.Random(options.seed)
        while time.monotonic() < until:
            time.sleep(min(options.kill_every or 1, max(0.0, until - time.monotonic())))
            if options.kill_every:
                clinic.kill_something(dice)
        for one in people:
            one.join(180)
    finally:
        clinic.stop()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
