"""What no page shows by itself: a safety check; what the seals of the audit trail cost, and reading them again."""

from __future__ import annotations

import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice

from scripts.bench.databases import ROOT, environment, manage
from scripts.bench.measure import Run
from scripts.bench.pages import Measured
from scripts.bench.servers import served

MEDICINES = ("Lisinopril", "Metformin", "Atorvastatin", "Amlodipine", "Omeprazole", "Salbutamol", "Warfarin", "Aspirin")
ALLERGIES = ("Penicillin", "Sulfonamides", "Latex", "Peanuts", "Ibuprofen", "Codeine", "Iodine contrast", "Eggs")
ROUNDS = 3
CHECKED = re.compile(r"([\d,]+) rows in [\d,]+ seals checked in ([\d.]+) s")


def safety_check(times: int = 200) -> float:
    """Milliseconds (median) of one prescription against 30 allergies and 30 medications."""
    from clinical.safety import Allergy, CurrentMedication, check

    allergies = [Allergy(name) for name in islice(cycle(ALLERGIES), 30)]
    current = [CurrentMedication(name) for name in islice(cycle(MEDICINES), 30)]
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        check("Amoxicillin 500 mg", allergies=allergies, current=current)
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def sealing(run: Run, url: str, line: Measured) -> list[str]:
    """Eight writers without a trail, with one, and with the sealer beside it, by turns; then every seal read again."""
    manage(url, "seal_audit", "--adopt")
    taken: dict[str, list[float]] = {"unaudited": [], "audited": [], "sealed": []}
    with served("scripts.bench.unaudited:application", url, "/healthz") as port:
        silent = Run(port, run.chosen, run.requests)
        for _ in range(ROUNDS):
            taken["unaudited"].append(silent.crowd(line).median)
            taken["audited"].append(run.crowd(line).median)
            with sealer(url):
                taken["sealed"].append(run.crowd(line).median)
    unaudited, audited, sealed = (statistics.median(values) for values in taken.values())
    manage(url, "seal_audit", "--once")
    command = [sys.executable, "manage.py", "verify_audit"]
    done = subprocess.run(command, cwd=ROOT, env=environment(url), stdout=subprocess.PIPE, text=True, check=False)
    found = CHECKED.search(done.stdout)
    rows, seconds = (found[1], float(found[2])) if found else ("no", 1.0)
    return [
        f"What the audit trail costs: {line.name}, 8 clients, median of {ROUNDS} rounds by turns: {unaudited:.1f} ms "
        f"without a trail, {audited:.1f} ms with it, {sealed:.1f} ms with the sealer running "
        f"({100 * (sealed / audited - 1):+.0f} % for sealing; goal at most +15 %). `verify_audit`: {rows} rows in "
        f"{seconds:.1f} s (goal: 1,000,000 in 60 s){'' if done.returncode == 0 else ', **with findings**'}.",
        "",
    ]


@contextmanager
def sealer(url: str) -> Iterator[None]:
    """`seal_audit` for a while."""
    running = subprocess.Popen([sys.executable, "manage.py", "seal_audit"], cwd=ROOT, env=environment(url))
    try:
        time.sleep(5)  # it has read where it stands
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(60)


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    django.setup()
    print(safety_check())
