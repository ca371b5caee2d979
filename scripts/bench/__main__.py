"""`python -m scripts.bench`: build the data sets, measure, print the tables and write docs/bench.md."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from urllib.parse import quote

from scripts.bench import databases, inside, queries, report_types, targets, trail
from scripts.bench.measure import Run, Timing, plain, plain_payment
from scripts.bench.pages import measured, vitals
from scripts.bench.race import cash_race, race
from scripts.bench.servers import THREADS, WORKERS, served

FAR = 300
RESULTS = databases.ROOT / "docs" / "bench.md"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument(
        "--patients", type=int, nargs="+", default=[1000, 100_000], help="sizes of the clinic (the greatest: 1000000)"
    )
    parser.add_argument("--engines", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--requests", type=int, default=80, help="requests of one client per line (default 80)")
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests; nothing is written to docs/")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="lines named so; nothing is written")
    parser.add_argument("--note", default="", help="a sentence about the circumstances, for the head of the file")
    return parser.parse_args()


def machine() -> str:
    """What it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}; load before the start {load}"
    )


def show(value: Timing | None, name: str = "median") -> str:
    """One cell."""
    return f"{getattr(value, name):.1f}" if value else ""


def section(engine: str, patients: int, requests: int, only: list[str]) -> list[str]:
    """The table of one data set; with `only`, nothing but the lines in whose names one of these words stands."""
    url = databases.prepare(engine, patients)
    chosen = targets.choose(url)
    databases.prepare_bare_trail(url)
    chosen |= {"today": date.today().isoformat(), "name_quoted": quote(chosen["name"]), **chosen["export"]}
    lines = [
        f"## {patients:,} patients, {engine}",
        "",
        "| page | queries | bare ms | 1 client median | 1 client p95 | 8 clients median | goal |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    with (
        served("scripts.bench.bare:application", url, "/page") as bare_port,
        served("healthcare.wsgi:application", url, "/healthz") as port,
    ):
        run = Run(port, chosen, requests)
        chosen["far_page"], chosen["page"] = run.walk(FAR)
        counts = queries.count(url, chosen)
        page, page_crowd = plain(bare_port, "/page", requests)
        rows, rows_crowd = plain(bare_port, "/rows", requests)
        paid, paid_crowd = plain_payment(bare_port, chosen, requests)
        for name, number, alone, crowd in (
            ("*Bare Django page*", 0, page, page_crowd),
            ("*Bare Django page of 20 rows*", 1, rows, rows_crowd),
            ("*Bare Django payment (POST)*", 5, paid, paid_crowd),
        ):
            cells = (name, number, "", show(alone), show(alone, "p95"), show(crowd), "")
            lines.append("| " + " | ".join(map(str, cells)) + " |")
        for line in measured():
            if only and not any(word.lower() in line.name.lower() for word in only):
                continue
            name = line.name.format(**chosen)
            print(f"  {engine} {patients:,}: {name}", file=sys.stderr, flush=True)
            alone = run.alone(line)
            crowd = run.crowd(line) if line.crowd else None
            goal = f"{line.goal:g}" if line.goal else ""
            cells = (
                *(name, counts[line.name], f"{page.median:.1f} / {rows.median:.1f}"),
                *(show(alone), show(alone, "p95"), show(crowd), goal),
            )
            lines.append("| " + " | ".join(map(str, cells)) + " |")
        lines.append("")
        if only:
            return lines
        if patients == databases.MOST:
            lines += inside.sealing(run, url, next(line for line in measured() if line.make is vitals))
        if patients == databases.MOST:
            lines += report_types.table(url)
        rounds = max(20, requests)
        lines += [race(port, url, chosen, rounds), "", cash_race(port, url, chosen, rounds)]
    return [*lines, ""]


def main() -> int:
    """Measure everything that was asked for."""
    asked = arguments()
    requests = max(10, asked.requests // 5) if asked.quick else asked.requests
    started = time.monotonic()
    head = [
        "# Measured",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, `{' '.join(['python -m scripts.bench', *sys.argv[1:]])}`",
        "",
        f"{machine()}. {asked.note}".strip(),
        "",
        f"gunicorn with {WORKERS} workers of {THREADS} threads; the clients run on the same machine. Milliseconds from "
        "sending the request to the last byte of the answer, over a kept-alive connection. Bare: the two bare Django "
        "pages, one client, in the same run; the bare payment: what a payment asks of the database, by the plainest "
        "Django (`scripts/bench/bare_payment.py`). Goals: median of one client at 100,000 patients. SQLite commits by "
        "synchronous=FULL.",
        "",
    ]
    lines = list(head)
    databases.manage(databases.url_of("sqlite", asked.patients[0]), "collectstatic", "--noinput", "--verbosity", "0")
    for patients in asked.patients:
        for engine in asked.engines:
            lines += section(engine, patients, requests, asked.only)
            write(lines, quick=bool(asked.quick or asked.only))
    if asked.only:
        print("\n".join(lines))
        return 0
    if databases.MOST in asked.patients and not asked.quick:
        for engine in asked.engines:
            lines += trail.table(engine)
            write(lines, asked.quick)
    command = [sys.executable, "-m", "scripts.bench.inside"]
    url = databases.url_of("sqlite", asked.patients[0])
    milliseconds = subprocess.check_output(command, cwd=databases.ROOT, env=databases.environment(url), text=True)
    lines.append(
        f"Safety check of one prescription against 30 allergies and 30 medications: {float(milliseconds):.1f} ms."
    )
    lines += ["", f"The whole run took {(time.monotonic() - started) / 60:.0f} minutes."]
    write(lines, asked.quick)
    print("\n".join(lines))
    return 0


def write(lines: list[str], quick: bool) -> None:
    """Keep what was measured so far."""
    if not quick:
        RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
