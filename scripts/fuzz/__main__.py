"""`python -m scripts.fuzz`: a scratch clinic, a server, and schemathesis over the whole OpenAPI as each role.

`DATABASE_URL=postgres://.../scratch` chooses the engine; without it, a new SQLite file. Fails on any answer of 500, any
undocumented status, and any answer that is not as OpenAPI describes it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.bench.servers import served

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "fuzz"
#: Not among the project's dependencies: uv keeps it in an environment of its own.
SCHEMATHESIS = "schemathesis==4.32.5"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=20, help="generated requests per operation and phase")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--roles", nargs="+", help="some roles only")
    parser.add_argument("--patients", type=int, default=30, help="of the scratch clinic")
    return parser.parse_args()


def prepare(patients: int) -> str:
    """The scratch clinic; its URL."""
    (FOLDER / "media").mkdir(parents=True, exist_ok=True)
    scratch = FOLDER / "scratch.sqlite3"
    if "DATABASE_URL" not in os.environ:
        for file in FOLDER.glob("scratch.sqlite3*"):
            file.unlink()
    url = os.environ.setdefault("DATABASE_URL", f"sqlite:///{scratch}")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "healthcare.settings",
        "API_RATE": "100000/s",
        "API_LOGIN_RATE": "100000/s",
    }
    os.environ |= {"MEDIA_ROOT": str(FOLDER / "media"), "FUZZ_IDS": str(FOLDER / "ids.json")}
    for words in (("migrate", "-v0"), ("demo", "--patients", str(patients), "--if-empty")):
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return url


def write_ids() -> None:
    """Some rows of each resource, for the hooks."""
    from healthcare.api import ROOMS

    ids: dict[str, list[str]] = {}
    for room in ROOMS:
        for resource in room.RESOURCES:
            keys = resource.model._default_manager.order_by("-created_at", "pk").values_list("pk", flat=True)
            ids[resource.path] = [str(key) for key in keys[:40]]
    from departments.models import User

    ids["doctors"] = [str(key) for key in User.objects.filter(role="doctor").values_list("pk", flat=True)]
    (FOLDER / "ids.json").write_text(json.dumps(ids))


def access_of(role: Any) -> str:
    """An access token of somebody new, whom no other request knows."""
    from departments.models import ApiSession, User
    from healthcare.models import new_id

    email = f"fuzz-{new_id().hex}@clinic.example"
    user = User.objects.create(email=email, first_name="Fuzz", last_name=str(role.label), role=role, password="!")
    session = ApiSession.objects.begin(user)
    session.new_refresh()
    return session.new_access()


def run(base: str, role: Any, options: argparse.Namespace) -> tuple[bool, Counter[str]]:
    """Schemathesis as this role: whether it found nothing, and the answers by status."""
    record = FOLDER / f"{role}.ndjson"
    command = [
        *(str(ROOT / ".venv/bin/uv"), "tool", "run", "--from", SCHEMATHESIS, "schemathesis", "run"),
        *(
            f"{base}/api/v1/openapi.json",
            "-H",
            f"Authorization: Bearer {access_of(role)}",
            "--checks",
            ",".join(CHECKS),
        ),
        *("--max-examples", str(options.examples), "--seed", str(options.seed), "--workers", "2", "--no-color"),
        *("--continue-on-failure", "--generation-database", "none", "--warnings", "off"),
        *("--report", "ndjson", "--report-ndjson-path", str(record)),
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "scripts.fuzz.hooks"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    (FOLDER / f"{role}.txt").write_text(done.stdout + done.stderr)
    statuses = Counter(re.findall(r'"status_code":\s*(\d+)', record.read_text()) if record.exists() else [])
    return done.returncode == 0, statuses


def main() -> int:
    """Each role in turn, and a table."""
    options = arguments()
    url = prepare(options.patients)
    import django

    django.setup()
    from django.db import connection

    from healthcare.roles import Role

    write_ids()
    bad = 0
    (ROOT / "var" / "bench").mkdir(parents=True, exist_ok=True)
    with served("healthcare.wsgi:application", url, "/healthz") as port:
        for role in Role:
            if options.roles and role not in options.roles:
                continue
            clean, statuses = run(f"http://127.0.0.1:{port}", role, options)
            bad += not clean
            told = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
            verdict = "nothing found" if clean else f"see {FOLDER / f'{role}.txt'}"
            print(f"{connection.vendor} {role}: {sum(statuses.values()):,} answers ({told}); {verdict}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
