"""Sealing: about every second the rows that came in are closed into a Merkle batch, chained to the one before (AUD-3).

Rows are found in a window of time, because they become visible when their transaction commits and not when
they were made. What the window no longer covers is never sealed: a row that turns up there was put in by hand.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from audit.digests import HALF, canonical, leaf_of, mac_of, root_of, split
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


def seal_mac(seal: AuditSeal) -> str:
    """The code over everything that a seal says."""
    parts = (seal.number, seal.previous, seal.root, len(seal.leaves), seal.adopted, stamp(seal.created_at))
    return mac_of("|".join(map(str, parts)).encode() + b"|" + bytes(seal.leaves))


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
        keys = [key for key in rows.values_list("pk", flat=True) if key.bytes not in self.recent]
        if sweep:
            self.swept_at = moment
        done = 0
        for at in range(0, len(keys), BATCH):
            found = AuditLog.objects.filter(pk__in=keys[at : at + BATCH]).order_by("created_at", "id")
            contents = [(row, canonical(row)) for row in found]
            genuine = [(row, text) for row, text in contents if hmac.compare_digest(row.mac, mac_of(text))]
            for row, _text in contents:
                self.recent.add(row.pk.bytes)
            if len(genuine) < len(contents):
                logger.error("%s rows of the audit trail were not written by the clinic", len(contents) - len(genuine))
            if genuine:
                self.seal([leaf_of(row.pk.bytes, text) for row, text in genuine])
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
            strange += not hmac.compare_digest(row.mac, mac_of(text))
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
        seal.mac = seal_mac(seal)
        try:
            seal.save(force_insert=True)
        except IntegrityError as error:
            raise Outrun from error
        self.last = seal
        publish(seal)
        logger.info("audit head %s %s", seal.number, seal.mac)
