"""The proof that one row stands in its seal, small enough to be printed and worked through by hand (AUD-3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from audit.digests import HALF, canonical, leaf_of, levels_of, split, vouches
from audit.models import AuditLog, AuditSeal
from audit.sealing import published, said_by

#: Clocks of two machines differ by no more; a seal is never older than its rows.
SKEW = timedelta(minutes=15)


@dataclass(frozen=True)
class Proof:
    """One row, its seal, and the nodes of the tree between the two."""

    row: AuditLog
    seal: AuditSeal
    position: int
    count: int
    #: What the seal holds for the row: its id and half of the digest of its content.
    leaf: bytes
    #: From the leaf up: ("left" or "right" of what was reached so far, hash).
    path: tuple[tuple[str, str], ...]
    head: dict[str, Any] | None

    def checks(self) -> dict[str, bool]:
        """What was looked at, and whether it holds."""
        text = canonical(self.row)
        found = {
            "row": leaf_of(self.row.pk.bytes, text) == self.leaf,
            "path": follow(self.leaf, self.path) == self.seal.root,
            "seal": vouches(self.seal.mac, said_by(self.seal)),
        }
        if not self.seal.adopted:
            found["code"] = vouches(self.row.mac, text)
        if self.head is not None:
            newest = AuditSeal.objects.filter(number=self.head["number"]).values_list("mac", flat=True).first()
            found["head"] = newest == self.head["mac"] and self.seal.number <= self.head["number"]
        return found


def follow(leaf: bytes, path: tuple[tuple[str, str], ...]) -> str:
    """The root to which the leaf leads along the path."""
    node = hashlib.sha256(b"\0" + leaf).digest()
    for side, other in path:
        pair = bytes.fromhex(other) + node if side == "left" else node + bytes.fromhex(other)
        node = hashlib.sha256(b"\1" + pair).digest()
    return node.hex()


def path_of(leaves: list[bytes], position: int) -> tuple[tuple[str, str], ...]:
    """The neighbours that are met on the way from a leaf to the root."""
    path = []
    for level in levels_of(leaves)[:-1]:
        other = position ^ 1
        if other < len(level):
            path.append(("left" if other < position else "right", level[other].hex()))
        position //= 2
    return tuple(path)


def first_seal_since(moment: Any) -> int:
    """The number of the first seal made since then; seals are numbered in the order of time, so halving finds it."""
    low, high = 1, (AuditSeal.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        found = AuditSeal.objects.filter(number__gte=middle).order_by("number").defer("leaves").first()
        if found is not None and found.number < high and found.created_at < moment:
            low = found.number + 1
        else:
            high = middle
    return low


def proof_of(row: AuditLog) -> Proof | None:
    """The row's proof; None if no seal holds it (yet)."""
    since = first_seal_since(row.created_at - SKEW)
    for seal in AuditSeal.objects.filter(number__gte=since).order_by("number").iterator(chunk_size=50):
        leaves = split(bytes(seal.leaves))
        position = next((at for at, leaf in enumerate(leaves) if leaf[:HALF] == row.pk.bytes), None)
        if position is not None:
            path = path_of(leaves, position)
            return Proof(row, seal, position, len(leaves), leaves[position], path, published())
    return None
