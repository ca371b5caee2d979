"""Checking the trail against its seals, and the seals against the published head: what was touched is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from audit.digests import HALF, canonical, leaf_of, root_of, split, vouches
from audit.models import AuditLog, AuditSeal
from audit.sealing import WINDOW, keys_of, published, read, read_entries, said_by
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
        for number, seal in self.seals_in_order():
            self.seals += 1
            for gone in range(expected, number):
                yield f"seal {gone}: removed"
            leaves = leaves_of(seal)
            signed = leaves is not None and vouches(seal.mac, said_by(seal))
            self.unsigned += not signed
            if not signed or (leaves and root_of(leaves) != seal.root):
                yield f"seal {number}: changed"
            elif number == expected and seal.previous != previous:
                yield f"seal {number}: does not follow the one before it"
            if head is not None and number == head["number"]:
                head_found = True
                if signed and seal.mac != head["mac"]:
                    yield f"seal {number}: is not the one that was published"
            expected, previous = number + 1, seal.mac if seal else ""
            yield from self.rows_of(seal, leaves or [])
        if head is None:
            self.notes.append("No published head: whether the newest seals were removed cannot be told.")
        elif not head_found:
            for number in range(expected, head["number"] + 1):
                yield f"seal {number}: removed (published {head['at']})"

    @staticmethod
    def seals_in_order() -> Iterator[tuple[Any, Any]]:
        """Each seal with its number; None in place of one that cannot be read. A number that is none leaves a gap."""
        numbers = AuditSeal.objects.order_by("number").values_list("number", flat=True).iterator(chunk_size=5000)
        for some in batched((number for number in numbers if isinstance(number, int)), 200):
            found = read(AuditSeal.objects.all(), "number", some)
            yield from ((number, found.get(number)) for number in some)

    def rows_of(self, seal: Any, leaves: list[bytes]) -> Iterator[str]:
        """Rows of one seal that are gone or differ."""
        for at in range(0, len(leaves), CHUNK):
            part = leaves[at : at + CHUNK]
            found = read_entries([UUID(bytes=leaf[:HALF]) for leaf in part])
            self._sealed.executemany("INSERT OR IGNORE INTO sealed VALUES (?)", [(leaf[:HALF],) for leaf in part])
            for leaf in part:
                self.rows += 1
                key = UUID(bytes=leaf[:HALF])
                if key not in found:
                    yield f"row {key}: deleted (it was in seal {seal.number})"
                elif not stands(found[key], leaf, adopted=seal.adopted):
                    yield f"row {key}: changed since seal {seal.number}"

    def unsealed(self) -> Iterator[str]:
        """Rows that no seal holds: just written, or put in by hand."""
        sealed = (key for (key,) in self._sealed.execute("SELECT key FROM sealed ORDER BY key"))
        following = next(sealed, None)
        for text, key in keys_of(AuditLog.objects.order_by("id")):
            if key is None:
                yield f"row {text}: inserted, under a key that is none"
                continue
            while following is not None and following < key.bytes:
                following = next(sealed, None)
            if following == key.bytes:
                continue
            row = read_entries([key]).get(key)
            if row is None or not vouches(row.mac, canonical(row)):
                dated = f", dated {row.created_at:%Y-%m-%d %H:%M:%S}" if row else ""
                yield f"row {key}: inserted or back-dated{dated}"
            elif row.created_at < now() - WINDOW - PATIENCE and self.seals:
                yield f"row {key}: never sealed, dated {row.created_at:%Y-%m-%d %H:%M:%S}"
            else:
                self.waiting += 1


def leaves_of(seal: Any) -> list[bytes] | None:
    """The leaves of a seal; None if there is nothing of the kind."""
    if seal is None or not isinstance(seal.leaves, bytes | memoryview) or len(seal.leaves) % (2 * HALF):
        return None
    return split(bytes(seal.leaves))


def stands(row: Any, leaf: bytes, *, adopted: bool) -> bool:
    """Whether a row is as its seal says, and carries its code unless it was adopted without one."""
    if row is None:
        return False
    text = canonical(row)
    return leaf_of(leaf[:HALF], text) == leaf and (adopted or vouches(row.mac, text))


def batched(things: Iterable[Any], count: int) -> Iterator[list[Any]]:
    """The things in lists of so many (Python 3.12 has its own)."""
    iterator = iter(things)
    while some := list(islice(iterator, count)):
        yield some
