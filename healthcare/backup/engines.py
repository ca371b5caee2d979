"""The database of a backup: a consistent snapshot while the clinic works, and the way back, for both engines."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any, Protocol

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient

from healthcare.clock import now


class BackupError(Exception):
    """Why a backup cannot be made, read or restored, in words for the administrator."""


class Engine(Protocol):
    """What a backup asks of a database."""

    file_name: str

    def snapshot(self, target: Path) -> dict[str, int]: ...
    def check(self, source: Path, rows: dict[str, int]) -> None: ...
    def is_empty(self) -> bool: ...
    def load(self, source: Path) -> str: ...
    def rows(self) -> dict[str, int]: ...


def count_rows(cursor: Any, tables: Iterable[str]) -> dict[str, int]:
    """How many rows each table has."""
    found = {}
    for table in sorted(tables):
        cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608 - names come from the database itself
        found[table] = cursor.fetchone()[0]
    return found


def counts_now() -> dict[str, int]:
    """The rows of every table of the present database."""
    with connection.cursor() as cursor:
        return count_rows(cursor, connection.introspection.table_names(cursor))


class Sqlite:
    """One file. `VACUUM INTO` reads one snapshot, and writers go on meanwhile (WAL)."""

    file_name = "database.sqlite3"

    @property
    def path(self) -> Path:
        """Where the database lies."""
        return Path(connection.settings_dict["NAME"])

    def snapshot(self, target: Path) -> dict[str, int]:
        """Copy the database as it is at one moment; the rows of each table in it."""
        # Not through Django's connection: VACUUM refuses to run in a transaction, and nothing else may wait for it.
        with closing(sqlite3.connect(self.path, timeout=60)) as source:
            source.execute("VACUUM INTO ?", (str(target),))
        return self.rows_of(target)

    def rows_of(self, path: Path) -> dict[str, int]:
        """The rows of each table in a file."""
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            cursor = copy.cursor()
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            )
            return count_rows(cursor, [name for (name,) in cursor.fetchall()])

    def check(self, source: Path, rows: dict[str, int]) -> None:
        """Complain unless the copy is whole and holds these rows."""
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            (word,) = copy.execute("PRAGMA integrity_check").fetchone()
        if word != "ok":
            raise BackupError(f"SQLite finds the copy damaged: {word}")
        compare(rows, self.rows_of(source))

    def is_empty(self) -> bool:
        """Whether there is nothing that a restore would replace."""
        return not self.path.exists() or self.path.stat().st_size == 0 or not connection.introspection.table_names()

    def load(self, source: Path) -> str:
        """Put the copy in place; what was there stays beside it. Where that is, or an empty string."""
        connection.close()
        self.refuse_in_use()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Whole before it gets the name: half a database there would be the clinic's.
        whole = self.path.with_name(f"{self.path.name}.restoring")
        try:
            shutil.copyfile(source, whole)
        except OSError as error:
            whole.unlink(missing_ok=True)
            raise BackupError(f"The database cannot be written, and nothing was changed: {error.strerror}") from error
        kept = ""
        if self.path.exists() and self.path.stat().st_size:
            old = self.path.with_name(f"{self.path.name}.before-restore-{now().astimezone(UTC):%Y%m%dT%H%M%SZ}")
            for suffix in ("", "-wal", "-shm"):
                part = self.path.with_name(self.path.name + suffix)
                if part.exists():
                    part.rename(old.with_name(old.name + suffix))
            kept = str(old)
        whole.replace(self.path)
        return kept

    def refuse_in_use(self) -> None:
        """Complain while somebody has the database open: he would go on writing into the file that is put aside."""
        if not self.path.exists():
            return
        with closing(sqlite3.connect(self.path, timeout=5)) as alone:
            try:
                alone.execute("PRAGMA locking_mode = EXCLUSIVE")
                alone.execute("BEGIN EXCLUSIVE")
            except sqlite3.DatabaseError as error:
                # A database that is damaged is a reason to restore, not to refuse.
                if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                    raise BackupError("The database is in use: stop web, worker and sealer first.") from error

    def rows(self) -> dict[str, int]:
        """The rows of each table now."""
        return self.rows_of(self.path)


class PostgreSQL:
    """`pg_dump` reads the very snapshot in which the rows are counted; writers go on meanwhile."""

    file_name = "database.dump"

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's own programs, connected as Django is."""
        command, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
        server, name = command[1:-1], connection.settings_dict["NAME"]
        if shutil.which(program) is None:
            raise BackupError(f"{program} is missing: install postgresql-client, at least of the server's version.")
        done = subprocess.run(  # noqa: S603 - our own arguments
            [program, *server, f"--dbname={name}", "--no-password", *arguments],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BackupError(f"{program}: {done.stderr.strip()[-2000:]}")

    def snapshot(self, target: Path) -> dict[str, int]:
        """Dump the database as it is at one moment; the rows of each table in it."""
        reader = connection.copy()
        try:
            with reader.cursor() as cursor:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute("SELECT pg_export_snapshot()")
                self.run(
                    "pg_dump",
                    *("--format=custom", "--no-owner", "--no-privileges"),
                    *(f"--snapshot={cursor.fetchone()[0]}", f"--file={target}"),
                )
                rows = count_rows(cursor, reader.introspection.table_names(cursor))
                cursor.execute("ROLLBACK")
        finally:
            reader.close()
        return rows

    def check(self, source: Path, rows: dict[str, int]) -> None:
        """Complain unless the whole dump can be read; the rows are compared when it is restored."""
        if shutil.which("pg_restore") is None:
            raise BackupError("pg_restore is missing: install postgresql-client.")
        done = subprocess.run(  # noqa: S603
            ["pg_restore", "--file=/dev/null", str(source)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BackupError(f"pg_restore cannot read the dump: {done.stderr.strip()[-2000:]}")

    def is_empty(self) -> bool:
        """Whether there is nothing that a restore would replace."""
        return not connection.introspection.table_names()

    def load(self, source: Path) -> str:
        """Replace whatever the database holds: all of it or, if anything fails, nothing after the emptying."""
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS public CASCADE")
            cursor.execute("CREATE SCHEMA public")
        connection.close()
        self.run("pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(source))
        return ""

    def rows(self) -> dict[str, int]:
        """The rows of each table now."""
        return counts_now()


def engine() -> Engine:
    """The engine that `DATABASE_URL` names."""
    return Sqlite() if connection.vendor == "sqlite" else PostgreSQL()


def compare(expected: dict[str, int], found: dict[str, int]) -> None:
    """Complain unless every table has the rows that it should have."""
    wrong = [
        f"{table}: {expected.get(table, 'no such table')} in the manifest, {found.get(table, 'no such table')} found"
        for table in sorted(expected.keys() | found.keys())
        if expected.get(table) != found.get(table)
    ]
    if wrong:
        raise BackupError("Rows differ from the manifest: " + "; ".join(wrong))
