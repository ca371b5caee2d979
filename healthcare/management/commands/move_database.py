"""manage.py move_database: from SQLite to PostgreSQL, row by row, compared afterwards."""

from __future__ import annotations

from typing import Any

import environ
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.utils import DatabaseError

from healthcare.backup import moving
from healthcare.backup.engines import BackupError


class Command(BaseCommand):
    """Copies the SQLite database of DATABASE_URL into an empty PostgreSQL database. Stop web and worker first."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", metavar="postgres://...", help="an empty database")

    def handle(self, *args: Any, target: str, **options: Any) -> None:
        settings = {**connections["default"].settings_dict, "OPTIONS": {}, **environ.Env.db_url_config(target)}
        connections.databases[moving.TARGET] = settings
        try:
            if connections[moving.TARGET].introspection.table_names():
                raise CommandError("The target is not empty: make a new database for the move.")
            call_command("migrate", verbosity=0)
            call_command("migrate", database=moving.TARGET, verbosity=0)
            moved = moving.move(lambda text: self.stdout.write(f"  {text}"))
        except (BackupError, DatabaseError) as error:
            raise CommandError(str(error)) from error
        finally:
            connections[moving.TARGET].close()
            del connections.databases[moving.TARGET]
        self.stdout.write(
            self.style.SUCCESS(
                f"{sum(moved.values()):,} rows in {len(moved)} tables moved and compared. Set DATABASE_URL to the new "
                "database, and run `manage.py verify_audit` and `manage.py reconcile` there."
            )
        )
