"""Queries for each page, counted inside a process with Django's own test client."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from scripts.bench.databases import ROOT, environment
from scripts.bench.pages import EMAILS, measured

#: The last rows of each kind are left for this count.
LAST = -1


def count(url: str, chosen: dict[str, Any]) -> dict[str, int]:
    """Name of the line -> reads and writes of one warm request."""
    command = [sys.executable, "-m", "scripts.bench.queries"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(url), input=json.dumps(chosen), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def counted(chosen: dict[str, Any]) -> dict[str, int]:
    """Ask each page twice, count the second time."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from departments.models import User

    found = {}
    for line in measured():
        client = Client(headers={"host": "localhost"})
        if line.role:
            client.force_login(User.objects.get(email=EMAILS[line.role]))
        for attempt in (LAST, LAST - 1):
            path, data = line.make(chosen, attempt)
            with CaptureQueriesContext(connection) as queries:
                kind = {"content_type": "application/json"} if path.startswith("/api/") else {}
                answer = client.post(path, data, **kind) if data is not None else client.get(path)
                b"".join(answer) if answer.streaming else answer.content
            if answer.status_code != line.status:
                raise SystemExit(f"{line.name} answered {answer.status_code}")
        statements = [query["sql"].lstrip("( ").split(" ")[0].upper() for query in queries]
        found[line.name] = sum(word in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH") for word in statements)
    return found


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    django.setup()
    print(json.dumps(counted(json.load(sys.stdin))))
