"""manage.py verify_backup: is a backup whole and readable?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.test.utils import override_settings

from healthcare.backup import archive
from healthcare.backup.engines import BackupError, PostgreSQL, Sqlite


class Command(BaseCommand):
    """Checks every file of a backup against its manifest, and that the database in it can be read."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--identity", type=Path, help="the file with the secret key (default: BACKUP_IDENTITY_FILE)"
        )

    def handle(self, *args: Any, file: Path, identity: Path | None, **options: Any) -> None:
        try:
            with (
                override_settings(BACKUP_IDENTITY_FILE=identity or settings.BACKUP_IDENTITY_FILE),
                archive.workplace() as folder,
            ):
                manifest = archive.unpack(file, folder)
                part = Sqlite() if manifest["engine"] == "sqlite" else PostgreSQL()
                part.check(folder / "parts" / part.file_name, manifest["rows"])
        except BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(manifest["rows"].values())
        self.stdout.write(
            self.style.SUCCESS(
                f"Whole: {manifest['engine']}, taken {manifest['taken_at']}, "
                f"{rows:,} rows, {len(manifest['files'])} files."
            )
        )
