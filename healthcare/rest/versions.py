"""Which version of a row somebody saw: `ETag` and `If-Match` (FND-7)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from healthcare.rest.schemas import plain


def etag(row: Any) -> str:
    """The row's version."""
    return f'"{plain(row.updated_at)}"'


def version_seen(request: HttpRequest, row: Any) -> str | None:
    """The version that the caller saw, as the form takes it; None if they do not say."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    now = plain(row.updated_at)
    return row.updated_at.isoformat() if now in tags else (tags[0].replace("Z", "+00:00") or "never")
