"""What no page shows by itself: a safety check; what the seals of the audit trail cost, and reading them again."""

from __future__ import annotations

import re
import signal
import statistics
import subprocess
import sys
import time
from itertools import cycle, islice

from scripts.bench.databases import ROOT, environment, manage
from scripts.bench.measure import Run
from scripts.bench.pages import Measured

MEDICINES = ("Lisinopril", "Metformin", "Atorvastatin", "Amlodipine", "Omeprazole", "Salbutamol", "Warfarin", "Aspirin")
ALLERGIES = ("Penicillin", "Sulfonamides", "Latex", "Peanuts", "Ibuprofen", "Codeine", "Iodine contrast", "Eggs")
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
    """The same eight writers without and with the sealer beside them, then every row and seal read again."""
    manage(url, "seal_audit", "--adopt")
    without = run.crowd(line)
    command = [sys.executable, "manage.py", "seal_audit"]
    sealer = subprocess.Popen(command, cwd=ROOT, env=environment(url))
    try:
        time.sleep(5)  # it has read where it stands
        beside = run.crowd(line)
    finally:
        sealer.send_signal(signal.SIGTERM)
        sealer.wait(60)
    manage(url, "seal_audit", "--once")
    command = [sys.executable, "manage.py", "verify_audit"]
    done = subprocess.run(command, cwd=ROOT, env=environment(url), stdout=subprocess.PIPE, text=True, check=False)
    found = CHECKED.search(done.stdout)
    rows, seconds = (found[1], float(found[2])) if found else ("no", 1.0)
    return [
        f"Sealing the audit trail: {line.name}, 8 clients, median {without.median:.1f} ms without and "
        f"{beside.median:.1f} ms with the sealer running. `verify_audit`: {rows} rows in {seconds:.1f} s"
        f"{'' if done.returncode == 0 else ', **with findings**'}.",
        "",
    ]


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    django.setup()
    print(safety_check())
