"""Sealing: about every second the rows that came in are closed into a Merkle batch, chained to the one before (AUD-3).

Rows are found in a window of time, because they become visible when their transaction commits and not when
they were made. What the window no longer covers is never sealed: a row that turns up there was put in by hand.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection
from django.db.models import TextField
from django.db.models.functions import Cast

from audit.digests import FIELDS, HALF, canonical, leaf_of, mac_of, root_of, split, vouches
from audit.models import AuditLog, AuditSeal
from healthcare.clock import now
from healthcare.events import record

logger = logging.getLogger("audit.seals")

#: No transaction takes so long, and no two machines' clocks differ so much.
WINDOW = timedelta(minutes=15)
#: Each second only the newest are looked for; the whole window once a minute.
GLANCE = timedelta(seconds=20)
#: So many rows fit into one seal.
BATCH = 5000


class Tampered(Exception):
    """The seals are not those that were published."""


def said_by(seal: AuditSeal) -> bytes:
    """Everything that a seal says."""
    parts = (seal.number, seal.previous, seal.root, len(seal.leaves), seal.adopted, stamp(seal.created_at))
    return "|".join(map(str, parts)).encode() + b"|" + bytes(seal.leaves)


def stamp(moment: datetime) -> str:
    """A moment as text that is the same on both engines."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def last_seal() -> AuditSeal | None:
    """The newest seal."""
    return AuditSeal.objects.order_by("-number").first()


def published() -> dict[str, Any] | None:
    """The newest seal as it was published outside the database."""
    try:
        return dict(json.loads(Path(settings.AUDIT_HEAD_FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return None


def publish(seal: AuditSeal) -> None:
    """Say outside the database which seal is the newest."""
    path = Path(settings.AUDIT_HEAD_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}.{os.getpid()}")
    written.write_text(json.dumps({"number": seal.number, "mac": seal.mac, "at": stamp(seal.created_at)}))
    written.replace(path)


def read(rows: Any, by: str, keys: list[Any]) -> dict[Any, Any]:
    """The rows of these keys; None for one that cannot even be read: SQLite keeps any text in any column."""
    try:
        found = rows.filter(**{f"{by}__in": keys})
        return {getattr(row, by): row if row.created_at else None for row in found}
    except (ValueError, TypeError, AttributeError, OperationalError) as error:
        if isinstance(error, OperationalError) and "decode" not in str(error):
            raise
    if len(keys) == 1:
        return {keys[0]: None}
    half = len(keys) // 2
    return read(rows, by, keys[:half]) | read(rows, by, keys[half:])


def read_entries(keys: list[UUID]) -> dict[UUID, Any]:
    """The rows of the trail with these keys, as far as `canonical` needs them."""
    return read(AuditLog.objects.values_list(*FIELDS, named=True), "id", keys)


def keys_of(rows: Any) -> Iterator[tuple[str, UUID | None]]:
    """The key of each row as it stands there, and as a key; None where it is none, or one in another spelling."""
    texts = rows.annotate(text=Cast("pk", TextField())).values_list("text", flat=True)
    for text in texts.iterator(chunk_size=5000):
        key = None
        with suppress(ValueError):
            key = UUID(text)
        spelt = key and (key.hex if connection.vendor == "sqlite" else str(key))
        yield text, key if spelt == text else None


class Outrun(Exception):
    """Another process sealed meanwhile: begin again from its seal."""


class Sealer:
    """Seals what comes in; holds what it sealed lately, so that no row is sealed twice."""

    def __init__(self) -> None:
        self.last = last_seal()
        head = published()
        if head is not None and (self.last is None or self.last.number < head["number"]):
            raise Tampered(f"Seal {head['number']} was published and is missing. Run verify_audit; nothing is sealed.")
        self.recent: set[bytes] = set()
        self.swept_at: datetime | None = None
        if self.last is not None:
            since = self.last.created_at - 2 * WINDOW
            for leaves in AuditSeal.objects.filter(created_at__gte=since).values_list("leaves", flat=True):
                self.recent |= {leaf[:HALF] for leaf in split(bytes(leaves))}

    def tick(self) -> int:
        """Seal what came in since; how many rows."""
        if self.last is None:
            return self.adopt()
        moment = now()
        # Either way: a clock that was set back must not put the next look off by as much.
        sweep = self.swept_at is None or abs(moment - self.swept_at) > timedelta(minutes=1)
        since = min(self.last.created_at, moment) - WINDOW if sweep else moment - GLANCE
        rows = AuditLog.objects.filter(created_at__gt=since).order_by("created_at", "id")
        keys = [key for _text, key in keys_of(rows) if key and key.bytes not in self.recent]
        if sweep:
            self.swept_at = moment
        done = 0
        for at in range(0, len(keys), BATCH):
            found = read_entries(keys[at : at + BATCH])
            contents = [(key.bytes, canonical(found[key])) for key in keys[at : at + BATCH] if found.get(key)]
            genuine = [leaf_of(key, text) for key, text in contents if vouches(found[UUID(bytes=key)].mac, text)]
            self.recent |= {key.bytes for key in found}
            if len(genuine) < len(found):
                logger.error("%s rows of the audit trail were not written by the clinic", len(found) - len(genuine))
            if genuine:
                self.seal(genuine)
                done += len(genuine)
        return done

    def adopt(self) -> int:
        """Seal every row that no seal holds yet, as it is: when sealing begins, and where it was interrupted.

        The trail tells of it, and how many of the rows carry no code of the clinic.
        """
        sealed: set[bytes] = set()
        for leaves in AuditSeal.objects.values_list("leaves", flat=True).iterator(chunk_size=2000):
            sealed |= {leaf[:HALF] for leaf in split(bytes(leaves))}
        batch: list[bytes] = []
        done = strange = 0
        for row in AuditLog.objects.order_by("created_at", "id").iterator(chunk_size=2000):
            if row.pk.bytes in sealed:
                continue
            text = canonical(row)
            batch.append(leaf_of(row.pk.bytes, text))
            self.recent.add(row.pk.bytes)
            done += 1
            strange += not vouches(row.mac, text)
            if len(batch) == BATCH:
                self.seal(batch, adopted=True)
                batch = []
        if batch or self.last is None:
            self.seal(batch, adopted=True)
        if done:
            record("import", entity_type="audit_seal", values={"adopted_rows": done, "without_code": strange})
        return done

    def seal(self, leaves: list[bytes], *, adopted: bool = False) -> None:
        """Close these leaves into the next seal, and publish it."""
        seal = AuditSeal(
            number=self.last.number + 1 if self.last else 1,
            previous=self.last.mac if self.last else "",
            leaves=b"".join(leaves),
            root=root_of(leaves) if leaves else "",
            adopted=adopted,
        )
        seal.mac = mac_of(said_by(seal))
        try:
            seal.save(force_insert=True)
        except IntegrityError as error:
            raise Outrun from error
        self.last = seal
        publish(seal)
        logger.info("audit head %s %s", seal.number, seal.mac)
