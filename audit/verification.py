"""Checking the trail against its seals, and the seals against the published head: what was touched is named."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from audit.digests import FIELDS, HALF, canonical, leaf_of, mac_of, root_of, split
from audit.models import AuditLog, AuditSeal
from audit.sealing import WINDOW, published, seal_mac
from healthcare.clock import now

#: Rows are fetched so many at a time.
CHUNK = 900
#: A row that is not sealed after so long should have been.
PATIENCE = timedelta(seconds=30)


class Verification:
    """One check of the whole trail; `problems()` yields a line for everything that is wrong."""

    def __init__(self) -> None:
        self.rows = self.seals = self.unsigned = self.waiting = 0
        self.notes: list[str] = []
        # The keys of all sealed rows, on the disk: ten million of them in memory took more than a gigabyte.
        self._sealed = sqlite3.connect("")
        self._sealed.execute("PRAGMA journal_mode = OFF")
        self._sealed.execute("CREATE TABLE sealed (key BLOB PRIMARY KEY) WITHOUT ROWID")

    def problems(self) -> Iterator[str]:
        """What is wrong, a line each; nothing if the trail is as it was written."""
        yield from self.chain()
        if self.seals and self.unsigned == self.seals:
            self.notes.append(
                "No seal was made with this key. Is it another AUDIT_KEY, or another AUDIT_KEY_FILE, than the one that "
                "the trail was written with? If it is the same, somebody has made all seals anew."
            )
        yield from self.unsealed()

    def chain(self) -> Iterator[str]:
        """Seals: none changed, missing or put in; rows: each as it was when it was sealed."""
        head, expected, previous, head_found = published(), 1, "", False
        for seal in AuditSeal.objects.order_by("number").iterator(chunk_size=200):
            self.seals += 1
            for number in range(expected, seal.number):
                yield f"seal {number}: removed"
            leaves = split(bytes(seal.leaves))
            signed = hmac.compare_digest(seal.mac, seal_mac(seal))
            self.unsigned += not signed
            if not signed or (leaves and root_of(leaves) != seal.root):
                yield f"seal {seal.number}: changed"
            elif seal.number == expected and seal.previous != previous:
                yield f"seal {seal.number}: does not follow the one before it"
            if head is not None and seal.number == head["number"]:
                head_found = True
                if seal.mac != head["mac"]:
                    yield f"seal {seal.number}: is not the one that was published"
            expected, previous = seal.number + 1, seal.mac
            yield from self.rows_of(seal, leaves)
        if head is None:
            self.notes.append("No published head: whether the newest seals were removed cannot be told.")
        elif not head_found:
            for number in range(expected, head["number"] + 1):
                yield f"seal {number}: removed (published {head['at']})"

    def rows_of(self, seal: AuditSeal, leaves: list[bytes]) -> Iterator[str]:
        """Rows of one seal that are gone or differ."""
        for at in range(0, len(leaves), CHUNK):
            part = leaves[at : at + CHUNK]
            keys = [UUID(bytes=leaf[:HALF]) for leaf in part]
            rows = AuditLog.objects.filter(pk__in=keys).values_list(*FIELDS, named=True)
            found = {row.id: row for row in rows}
            self._sealed.executemany("INSERT OR IGNORE INTO sealed VALUES (?)", [(leaf[:HALF],) for leaf in part])
            for leaf in part:
                self.rows += 1
                row = found.get(UUID(bytes=leaf[:HALF]))
                if row is None:
                    yield f"row {UUID(bytes=leaf[:HALF])}: deleted (it was in seal {seal.number})"
                elif leaf_of(leaf[:HALF], canonical(row)) != leaf:
                    yield f"row {row.id}: changed since seal {seal.number}"

    def unsealed(self) -> Iterator[str]:
        """Rows that no seal holds: just written, or put in by hand."""
        keys = AuditLog.objects.order_by("id").values_list("pk", flat=True).iterator(chunk_size=5000)
        sealed = (key for (key,) in self._sealed.execute("SELECT key FROM sealed ORDER BY key"))
        following = next(sealed, None)
        for key in keys:
            while following is not None and following < key.bytes:
                following = next(sealed, None)
            if following == key.bytes:
                continue
            row = AuditLog.objects.get(pk=key)
            if not hmac.compare_digest(row.mac, mac_of(canonical(row))):
                yield f"row {row.pk}: inserted or back-dated, dated {row.created_at:%Y-%m-%d %H:%M:%S}"
            elif row.created_at < now() - WINDOW - PATIENCE and self.seals:
                yield f"row {row.pk}: never sealed, dated {row.created_at:%Y-%m-%d %H:%M:%S}"
            else:
                self.waiting += 1
