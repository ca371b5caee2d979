"""What a row of the trail says, as bytes that are the same on both engines, and the codes made of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from datetime import UTC
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

#: What `canonical` reads.
FIELDS = (
    *("id", "user_id", "action", "entity_type", "entity_id", "patient_id"),
    *("old_values", "new_values", "ip_address", "user_agent", "created_at", "mac"),
)
#: A leaf of a seal: so many bytes of key, and as many of digest.
HALF = 16


def canonical(row: Any) -> bytes:
    """Everything that a row says, in one fixed form."""
    values = [
        str(row.id),
        str(row.user_id or ""),
        row.action,
        row.entity_type,
        str(row.entity_id or ""),
        str(row.patient_id or ""),
        row.old_values,
        row.new_values,
        plain_address(row.ip_address or ""),
        row.user_agent,
        row.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
    ]
    return json.dumps(values, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def plain_address(text: str) -> str:
    """An address in its one spelling; as it stands if it is none, which SQLite keeps as well."""
    with suppress(ValueError):
        return str(ip_address(text))
    return text


@cache
def key() -> bytes:
    """The secret of the seals: from the settings, or from its file, which is made once."""
    if settings.AUDIT_KEY:
        return str(settings.AUDIT_KEY).encode()
    path = Path(settings.AUDIT_KEY_FILE)
    if not path.exists():
        made = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(made, path)  # the first of several processes wins
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text().strip().encode()


def mac_of(content: bytes) -> str:
    """The code that only the holder of the key can make."""
    return hmac.new(key(), content, hashlib.sha256).hexdigest()


def vouches(mac: str, content: bytes) -> bool:
    """Whether this is the content's code; whatever text may stand in its place."""
    return hmac.compare_digest(str(mac).encode(errors="replace"), mac_of(content).encode())


def leaf_of(row_id: bytes, content: bytes) -> bytes:
    """A row within a seal."""
    return row_id + hashlib.sha256(content).digest()[:HALF]


def split(leaves: bytes) -> list[bytes]:
    """The leaves of a seal one by one."""
    return [leaves[at : at + 2 * HALF] for at in range(0, len(leaves), 2 * HALF)]


def levels_of(leaves: list[bytes]) -> list[list[bytes]]:
    """The Merkle tree from its leaves up to the root; an odd node moves up as it is (RFC 6962)."""
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    levels = [level]
    while len(level) > 1:
        level = [
            hashlib.sha256(b"\1" + level[at] + level[at + 1]).digest() if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        levels.append(level)
    return levels


def root_of(leaves: list[bytes]) -> str:
    """The Merkle root."""
    return levels_of(leaves)[-1][0].hex()
