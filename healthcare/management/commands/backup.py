"""manage.py backup: one file with everything that the clinic knows, made while it works."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyrage
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from healthcare.backup import archive, rotation
from healthcare.backup.engines import BackupError
from healthcare.clock import now
from healthcare.events import record


class Command(BaseCommand):
    """Backs up database, media and audit head into BACKUP_DIR, and removes what BACKUP_KEEP no longer needs."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=None, help="the folder (default: BACKUP_DIR)")
        parser.add_argument("--keep-all", action="store_true", help="remove no older backup")
        parser.add_argument(
            "--new-key", type=Path, metavar="FILE", help="make a key pair: the secret half into FILE, then end"
        )

    def handle(self, *args: Any, to: Path | None, keep_all: bool, new_key: Path | None, **options: Any) -> None:
        if new_key:
            self.make_key(new_key)
            return
        folder = Path(to or settings.BACKUP_DIR)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            target = folder / rotation.name_at(now(), encrypted=bool(settings.BACKUP_RECIPIENT))
            manifest = archive.write(target)
        except (BackupError, OSError) as error:
            raise CommandError(f"No backup was made. {error}") from error
        rows = sum(manifest["rows"].values())
        # Whoever takes a copy of everything away stands in the trail; it also tells /readyz how old the newest is.
        record("export", entity_type="backup", values={"file": target.name, "rows": rows})
        self.stdout.write(f"{target}: {rows:,} rows, {len(manifest['files'])} files, {target.stat().st_size:,} bytes.")
        if not settings.BACKUP_RECIPIENT:
            self.stderr.write(
                self.style.WARNING("It is not encrypted: set BACKUP_RECIPIENT (`backup --new-key FILE`).")
            )
        if not keep_all:
            for path in rotation.outlived(folder):
                path.unlink()
                self.stdout.write(f"Removed {path.name}.")

    def make_key(self, path: Path) -> None:
        """A pair of age keys: the clinic's machine needs the public half only."""
        identity = pyrage.x25519.Identity.generate()
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"# public key: {identity.to_public()}\n{identity}\n")
        except OSError as error:
            raise CommandError(f"The key cannot be written: {error}") from error
        self.stdout.write(f"BACKUP_RECIPIENT={identity.to_public()}")
        self.stderr.write(f"Keep {path} away from this machine, in two places: no backup can be read without it.")
