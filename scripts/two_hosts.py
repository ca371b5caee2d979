"""`python -m scripts.two_hosts`: two machines' worth of processes on one PostgreSQL, one of them dying in mid-work.

Two process trees (web and worker each) run from working folders of their own, with storage mounts of their own
that point at one shared folder. A session moves between the hosts, reports are made on both, one host is cut off
while it is asked and a worker while it works. Prints what was found; status 1 if anything was lost or doubled.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from scripts.bench.client import Client
from scripts.bench.databases import ROOT, SERVER
from scripts.soak.day import Person, Tally
from scripts.soak.processes import Clinic

REPORTS = 6


class Host(Clinic):
    """One machine: a copy of the code in a folder of its own, and a mount of the shared files."""

    def __init__(self, url: str, place: Path, shared: Path) -> None:
        place.mkdir()
        super().__init__(url, place)
        code = place / "code"
        code.mkdir()
        for entry in ROOT.iterdir():
            if entry.name in {".git", "var", ".env"} or entry.name.endswith("_cache"):
                continue
            if entry.name == ".venv" or not entry.is_dir():
                (code / entry.name).symlink_to(entry.resolve())
            else:
                shutil.copytree(entry, code / entry.name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        (place / "media").symlink_to(shared)
        self.folder_of_code = code
        self.environment |= {"STATIC_ROOT": str(ROOT / "var/static"), "REPORT_LEASE_SECONDS": "5", "WORKERS": "1"}

    def begin(self, name: str) -> None:
        """As on its own machine: from its own folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, *self.COMMANDS[name]]
            self.running[name] = subprocess.Popen(
                command, cwd=self.folder_of_code, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def cut_off(self) -> None:
        """The power fails: every process at once, in mid-work."""
        for process in self.running.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.running = {}


def main() -> int:
    """Play it through."""
    import psycopg

    folder, name = Path(tempfile.mkdtemp(prefix="two-hosts-")), f"hosts_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    url = urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
    shared = folder / "shared"
    shared.mkdir()
    hosts = [Host(url, folder / f"host{number}", shared) for number in (1, 2)]
    try:
        findings = play(hosts, folder)
    finally:
        for host in hosts:
            host.stop()
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        shutil.rmtree(folder)
    for finding in findings:
        print(f"FOUND: {finding}")
    print("Nothing lost, nothing doubled." if not findings else f"{len(findings)} findings.")
    return 1 if findings else 0


def play(hosts: list[Host], folder: Path) -> list[str]:
    """The story; what was found wrong."""
    one, two = hosts
    one.manage("migrate", "-v0")
    one.manage("collectstatic", "--noinput", "-v0")
    one.manage("demo", "--patients", "60")
    for host in hosts:
        for process in ("web", "worker"):
            host.begin(process)
    for host in hosts:
        host.wait()
    moved, found = move_session(one, two)
    print(f"{REPORTS} reports are asked for on both, and host 1 is cut off while everybody works.", flush=True)
    tally = Tally()
    people = [Person(number, host.port, tally, random.Random(number)) for number, host in enumerate(hosts * 2)]
    until = time.monotonic() + 25
    threads = [threading.Thread(target=person.work, args=(until,), daemon=True) for person in people]
    for thread in threads:
        thread.start()
    time.sleep(6)
    moved.connection.close()  # gunicorn has closed it by now; a browser opens another
    for number in range(REPORTS):
        # Periods that differ: the same report twice would be made once.
        period = {"start_date": f"2026-0{number + 1}-01", "end_date": f"2026-0{number + 1}-28"}
        status, _body, _headers = moved.request("POST", "/reports/new/", {"report_type": "revenue", **period})
        if status != 302:
            found.append(f"a report was refused: {status}")
    time.sleep(2)
    one.cut_off()
    for person in people:
        person.port = two.port  # the load balancer has noticed
    for thread in threads:
        thread.join(240)
    moved.connection.close()
    status, _body, _headers = moved.request("GET", "/patients/")
    if status != 200:
        found.append(f"host 2 does not answer after host 1 is gone: {status}")
    tally.write(folder / "acknowledged.json")
    found += wait_for_reports(two)
    found += json.loads(two.python("scripts.soak.proof", str(folder / "acknowledged.json")).splitlines()[-1])
    print(tally.table())
    return found + tally.findings()


def move_session(one: Host, two: Host) -> tuple[Client, list[str]]:
    """Log in at one host, go on at the other; the browser at the second host, and what was wrong."""
    print("A session moves from host 1 to host 2.", flush=True)
    browser, moved, found = Client(one.port).log_in("administrator@clinic.example"), Client(two.port), []
    moved.cookies, moved.token = browser.cookies, browser.token
    for turn, client in enumerate((moved, browser, moved)):
        status, body, _headers = client.request("GET", "/patients/")
        if status != 200 or b"Patients" not in body:
            found.append(f"turn {turn}: the session was not known ({status})")
    return moved, found


def wait_for_reports(host: Host) -> list[str]:
    """The worker that is left makes what the dead one had begun; each has its files once, in the shared folder."""
    code = (
        "import django; django.setup(); from reporting.models import Report as R; import json;"
        "print(json.dumps(list(R.objects.filter(report_type='revenue').values_list('status', 'file_path'))))"
    )
    until, rows = time.monotonic() + 300, []
    while time.monotonic() < until:
        out = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=host.environment, stdout=subprocess.PIPE, text=True
        )
        rows = json.loads(out.stdout.splitlines()[-1])
        if len(rows) >= REPORTS and all(status == "completed" for status, _path in rows):
            break
        time.sleep(3)
    media = Path(host.environment["MEDIA_ROOT"])
    found = [f"a report is {status}" for status, _path in rows if status != "completed"]
    if len(rows) < REPORTS:
        found.append(f"{REPORTS} reports were asked for, {len(rows)} are there")
    found += [f"{path} is missing" for status, path in rows if status == "completed" and not (media / path).exists()]
    print(f"{len(rows)} revenue reports, all completed: {not found}.", flush=True)
    return found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    sys.exit(main())
