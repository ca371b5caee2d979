"""Which backups are kept: the newest of each of the last days, weeks and months that have one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

_NAME = re.compile(r"clinic-(\d{8}T\d{6}Z)\.(backup|backup\.age)$")


def name_at(moment: datetime, *, encrypted: bool) -> str:
    """The file's name; names sort by time."""
    return f"clinic-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}.backup{'.age' if encrypted else ''}"


def moment_of(path: Path) -> datetime | None:
    """When a backup was made, by its name; None for any other file."""
    match = _NAME.match(path.name)
    return datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if match else None


def outlived(folder: Path) -> list[Path]:
    """The backups that no day, week or month needs any more. The newest is always needed."""
    days, weeks, months = settings.BACKUP_KEEP
    made = sorted(((at, path) for path in folder.iterdir() if (at := moment_of(path))), reverse=True)
    kept: set[Path] = {path for _at, path in made[:1]}
    for count, period in ((days, "%Y-%m-%d"), (weeks, "%G-%V"), (months, "%Y-%m")):
        newest: dict[str, Path] = {}
        for at, path in made:
            newest.setdefault(f"{at:{period}}", path)
        kept.update(list(newest.values())[:count])
    return [path for _at, path in made if path not in kept]
