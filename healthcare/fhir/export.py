"""Bulk export, FHIR's `$export`: the worker writes one NDJSON file for each type (API-6).

A folder under MEDIA_ROOT holds who asked for what, the files, and at the end the manifest, each put in place in one
step, so that a job that is run again, or died half-way, leaves nothing that looks finished. After a day it is removed.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model

from healthcare.clock import now
from healthcare.context import act
from healthcare.events import record
from healthcare.fhir.search import open_only
from healthcare.fhir.types import KINDS, Kind
from healthcare.models import new_id
from healthcare.roles import may
from healthcare.tasks import enqueue

logger = logging.getLogger("healthcare.fhir")
PERMISSION = "fhir.export"
TASK = "healthcare.fhir.export.make"
KEPT = timedelta(days=1)
BATCH = 2000


def folder() -> Path:
    """Where exports lie."""
    return Path(settings.MEDIA_ROOT) / "fhir-exports"


def begin(user: Any, address: str, base: str, kinds: list[str], since: datetime | None) -> UUID:
    """Ask the worker for an export; its id."""
    tidy()
    key = new_id()
    (folder() / str(key)).mkdir(parents=True)
    asked = {
        "user": str(user.pk),
        "request": address,
        "base": base,
        "kinds": kinds,
        "since": since.isoformat() if since else None,
        "transactionTime": now().isoformat(),
    }
    put(key, "request.json", asked)
    enqueue(TASK, str(key))
    return key


def put(key: UUID | str, name: str, content: dict[str, Any]) -> None:
    """Write a small file in one step."""
    part = folder() / str(key) / f"{name}.part"
    part.write_text(json.dumps(content), encoding="utf-8")
    part.rename(part.with_suffix(""))


def read(key: UUID | str, name: str) -> dict[str, Any] | None:
    """A small file; None if it is not there."""
    try:
        found: dict[str, Any] = json.loads((folder() / str(key) / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def asked_by(user: Any, key: UUID) -> dict[str, Any] | None:
    """The request, if it is this person's."""
    found = read(key, "request.json")
    return found if found and found["user"] == str(user.pk) else None


def remove(key: UUID) -> None:
    """Forget an export, finished or not."""
    shutil.rmtree(folder() / str(key), ignore_errors=True)


def tidy() -> None:
    """Remove what is older than a day."""
    oldest = (now() - KEPT).timestamp()
    for path in folder().glob("*"):
        if path.stat().st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)


# -- in the worker -------------------------------------------------------------------------------


def make(key: str) -> None:
    """Write an export's files. Safe to run twice: the second run writes the same again."""
    asked = read(key, "request.json")
    if asked is None or read(key, "manifest.json"):
        return
    user = get_user_model().objects.filter(pk=asked["user"]).first()
    if not may(user, PERMISSION):
        put(key, "failed.json", {"why": "forbidden"})
        return
    try:
        with act(user=user):
            counts = {kind: write(key, KINDS[kind], user, asked["since"]) for kind in asked["kinds"]}
            record("export", entity_type="fhir", user=user, values={"export": key, "counts": counts})
        manifest(key, asked, counts)
    except FileNotFoundError:
        return  # removed meanwhile by who asked
    except Exception as error:  # whatever went wrong, who asked must learn it instead of waiting
        logger.error("FHIR export %s failed: %s", key, type(error).__name__)
        put(key, "failed.json", {"why": type(error).__name__})


def write(key: str, kind: Kind, user: Any, since: str | None) -> int:
    """One type's file; how many resources it holds."""
    count, part = 0, folder() / key / f"{kind.name}.ndjson.part"
    with part.open("w", encoding="utf-8") as stream:
        for resource in every(kind, user, since):
            stream.write(json.dumps(resource, ensure_ascii=False) + "\n")
            count += 1
    part.rename(part.with_suffix(""))
    return count


def every(kind: Kind, user: Any, since: str | None) -> Iterator[dict[str, Any]]:
    """All resources of a type that this person sees. Confidential charts are opened one by one, not in bulk."""
    for source in kind.sources:
        if not may(user, source.permission):
            continue
        rows = open_only(source, source.rows().visible_to(user)).order_by("pk")
        if since:
            rows = rows.filter(updated_at__gte=datetime.fromisoformat(since))
        for row in rows.iterator(chunk_size=BATCH):
            found = source.read(row, user)
            yield from found if isinstance(found, list) else [found]


def manifest(key: str, asked: dict[str, Any], counts: dict[str, int]) -> None:
    """What there is to fetch."""
    output = [
        {"type": kind, "url": f"{asked['base']}/$export-file/{key}/{kind}.ndjson", "count": count}
        for kind, count in counts.items()
        if count
    ]
    told = {name: asked[name] for name in ("transactionTime", "request")}
    put(key, "manifest.json", {**told, "requiresAccessToken": True, "output": output, "error": []})
