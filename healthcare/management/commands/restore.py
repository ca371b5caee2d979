"""manage.py restore: brings a backup back, and proves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test.utils import override_settings

from audit.models import AuditSeal
from healthcare.backup import archive
from healthcare.backup.engines import BackupError, compare, engine
from healthcare.events import record


class Command(BaseCommand):
    """Restores into an empty place (`--force`: into a full one), then checks rows, audit trail and books."""

    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="replace what is there; stop web and worker first")
        parser.add_argument(
            "--identity", type=Path, help="the file with the secret key (default: BACKUP_IDENTITY_FILE)"
        )

    def handle(self, *args: Any, file: Path, force: bool, identity: Path | None, **options: Any) -> None:
        try:
            with (
                override_settings(BACKUP_IDENTITY_FILE=identity or settings.BACKUP_IDENTITY_FILE),
                archive.workplace() as folder,
            ):
                manifest = archive.unpack(file, folder)
                self.check_place(manifest, force)
                self.bring_back(manifest, folder / "parts")
        except BackupError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The backup was not restored as a whole: {error}") from error
        self.prove()
        record("import", entity_type="backup", values={"file": file.name, "taken_at": manifest["taken_at"]})
        self.stdout.write(self.style.SUCCESS("Restored, and proven. Start web, worker and sealer."))

    def check_place(self, manifest: dict[str, Any], force: bool) -> None:
        """Nothing is replaced by accident, nothing restored that could not be proven."""
        if manifest["engine"] != connection.vendor:
            raise BackupError(
                f"This is a backup of {manifest['engine']}, and DATABASE_URL names {connection.vendor}. "
                "Restore it there, then `manage.py move_database`."
            )
        if manifest["audit_key"] != archive.key_mark():
            raise BackupError(
                "The audit trail in it was sealed with another key: bring back var/audit.key (or AUDIT_KEY) first."
            )
        if not force and not engine().is_empty():
            raise BackupError("The database is not empty. Restore into an empty one, or replace it with --force.")

    def bring_back(self, manifest: dict[str, Any], parts: Path) -> None:
        """Database, head and media, as they were."""
        part = engine()
        part.check(parts / part.file_name, manifest["rows"])
        if kept := part.load(parts / part.file_name):
            self.stdout.write(f"What was there is kept as {kept}")
        compare(manifest["rows"], part.rows())
        self.stdout.write(
            f"{sum(manifest['rows'].values()):,} rows in {len(manifest['rows'])} tables, as in the manifest."
        )
        self.bring_head(parts / archive.HEAD)
        for name in manifest["files"]:
            if name.startswith(archive.MEDIA):
                place = name.removeprefix(archive.MEDIA)
                default_storage.delete(place)
                with (parts / name).open("rb") as file:
                    default_storage.save(place, File(file))

    def bring_head(self, source: Path) -> None:
        """The published head; one that says something else is kept beside it."""
        head = Path(settings.AUDIT_HEAD_FILE)
        if head.exists() and (not source.exists() or head.read_bytes() != source.read_bytes()):
            number = json.loads(head.read_text()).get("number", "unknown")
            kept = head.replace(head.with_name(f"{head.name}.before-restore-{number}"))
            self.stdout.write(f"The head published here is kept as {kept}")
        if source.exists():
            head.parent.mkdir(parents=True, exist_ok=True)
            head.write_bytes(source.read_bytes())

    def refuse_newer(self) -> None:
        """What a newer version wrote cannot be worked with: its columns are filled by nobody here."""
        loader = MigrationLoader(connection)
        if unknown := loader.applied_migrations.keys() - loader.disk_migrations.keys():
            names = ", ".join(sorted(f"{app}.{name}" for app, name in unknown))
            raise CommandError(
                f"The backup is of a newer version, which knows {names}: install that one, and restore again."
            )

    def prove(self) -> None:
        """Guards and newer migrations, then the trail and the books; CommandError if anything is wrong."""
        self.refuse_newer()
        call_command("migrate", verbosity=0)
        if AuditSeal.objects.exists():
            # What was written in the last second before the backup had no seal yet.
            call_command("seal_audit", once=True, stdout=self.stdout)
            call_command("verify_audit", stdout=self.stdout)
        else:
            self.stdout.write(self.style.WARNING("Sealing had not begun: nothing vouches for the audit trail."))
        call_command("reconcile", stdout=self.stdout)
