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
from scripts.soak.cluster import Cluster, programs
from scripts.soak.day import Person, Tally
from scripts.soak.faults import Disk, Faults
from scripts.soak.processes import Clinic


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.soak", description=__doc__)
    parser.add_argument("--engines", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--minutes", type=float, default=3, help="how long the day lasts (default 3)")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--kill-every", type=float, default=5, help="seconds between two kills; 0: none")
    parser.add_argument("--fault-every", type=float, default=20, help="seconds between two other faults; 0: none")
    parser.add_argument("--fuzz", type=int, default=20_000, help="hostile requests (default 20,000)")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--keep", action="store_true", help="keep the database and files")
    return parser.parse_args()


def main() -> int:
    """Each engine in turn; 1 if anything was found."""
    options, bad = arguments(), 0
    for engine in options.engines:
        folder = Path(tempfile.mkdtemp(prefix=f"soak-{engine}-"))
        disk, cluster, name = Disk(folder), None, ""
        url = f"sqlite:///{folder / 'soak.sqlite3'}"
        if engine == "postgresql":
            cluster = Cluster(folder) if programs() else None
            name = f"soak_{uuid.uuid4().hex[:8]}"
            url = make_database(cluster.url if cluster else SERVER, name)
        try:
            bad += run(engine, Clinic(url, folder), disk, cluster, options)
        finally:
            if cluster:
                cluster.stop()
            elif name:
                drop_database(name)
            if options.keep:
                print(f"Kept: {folder} {url}")
            else:
                disk.unmount()
                shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad else 0


def make_database(server: str, name: str) -> str:
    """An empty one; its address."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def drop_database(name: str) -> None:
    """On the server that is everybody's."""
    import psycopg

    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def run(engine: str, clinic: Clinic, disk: Disk, cluster: Cluster | None, options: argparse.Namespace) -> int:
    """Build, soak, prove; how many findings."""
    folder = clinic.folder
    clinic.manage("migrate", "-v0")
    clinic.manage("demo", "--patients", str(options.patients), "--seed", str(options.seed))
    clinic.manage("seal_audit", "--once")
    clinic.manage("collectstatic", "--noinput", "-v0")
    tally = Tally()
    if options.minutes:
        count = max(2 * options.clients, round(2 * options.minutes))
        tally.doctors = json.loads(clinic.python("scripts.soak.house", str(count)).splitlines()[-1])
        faults = Faults(clinic, disk, cluster, random.Random(options.seed))
        day(clinic, tally, faults, options)
        tally.write(folder / "acknowledged.json")
        done = ", ".join(f"{name} {count}" for name, count in sorted(faults.done.items())) or "none"
        print(f"\n## {engine}\n\n{tally.table()}\n\n{clinic.kills} kills; other faults: {done}.", flush=True)
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


def day(clinic: Clinic, tally: Tally, faults: Faults, options: argparse.Namespace) -> None:
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
        stop = threading.Event()
        other = threading.Thread(target=go_wrong, args=(faults, tally, stop, options.fault_every))
        other.start()
        dice = random.Random(options.seed)
        while time.monotonic() < until:
            time.sleep(min(options.kill_every or 1, max(0.0, until - time.monotonic())))
            if options.kill_every:
                clinic.kill_something(dice)
        stop.set()
        other.join()
        for one in people:
            one.join(180)
    finally:
        clinic.stop()


def go_wrong(faults: Faults, tally: Tally, stop: threading.Event, every: float) -> None:
    """One fault after another."""
    while every and not stop.wait(every):
        name = faults.choose()
        if name in faults.BREAKING:
            tally.trouble.set()
        try:
            faults.do(name)
            stop.wait(3)
        finally:
            tally.trouble.clear()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
