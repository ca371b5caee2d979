"""The data sets: built once by `manage.py demo`, kept, and used again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from scripts.bench.multiply import TIMES, copy_the_past, copy_the_past_in_file

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "bench"
SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
#: The greatest clinic that is built; one ten times as big is multiplied from it.
MOST = 100_000
#: What PostgreSQL databases of the data sets are called, before their size.
PREFIX = os.environ.get("BENCH_DATABASE", "clinic_bench")

#: Where the bare payment writes its audit rows, which nobody signs.
BARE_TRAIL = "bare_audit_logs"


def url_of(engine: str, patients: int | str) -> str:
    """Where the data set of so many patients, or of this name, is."""
    if engine == "sqlite":
        return f"sqlite:///{FOLDER / f'{patients}.sqlite3'}"
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{PREFIX}_{patients}"))


def environment(url: str) -> dict[str, str]:
    """What the processes of one data set are started with."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "MEDIA_ROOT": str(FOLDER / "media"),
        "AUDIT_HEAD_FILE": str(FOLDER / f"{urlsplit(url).scheme}-{Path(urlsplit(url).path).stem}.head"),
        "API_RATE": "1000000/m",
        "PYTHONUNBUFFERED": "1",
    }


def manage(url: str, *arguments: str) -> None:
    """Run a command of the clinic; its progress is shown."""
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment(url), check=True)


def exists(engine: str, patients: int | str) -> bool:
    """Whether the data set is there; on PostgreSQL it is made, empty, if it is not."""
    if engine == "sqlite":
        FOLDER.mkdir(parents=True, exist_ok=True)
        return (FOLDER / f"{patients}.sqlite3").exists()
    import psycopg

    name = f"{PREFIX}_{patients}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not found:
            server.execute(f'CREATE DATABASE "{name}"')
    return bool(found)


def prepare(engine: str, patients: int) -> str:
    """Build the data set unless it is there, on PostgreSQL as a copy of SQLite's; the URL of it."""
    url = url_of(engine, patients)
    there = exists(engine, patients)
    if not there and engine == "sqlite" and patients == TIMES * MOST:
        multiply_file(prepare("sqlite", MOST), url)
        there = True
    manage(url, "migrate", "--verbosity", "0")
    if there:
        return url
    if engine == "postgresql" and patients == TIMES * MOST:
        multiply(prepare("postgresql", MOST), url)
    elif engine == "postgresql":
        copy_rows(prepare("sqlite", patients), url)
    else:
        print(f"Building {patients:,} patients; they are kept for the next time.", flush=True)
        manage(url, "demo", "--patients", str(patients))
    return url


def multiply(source: str, target: str) -> None:
    """Every row of a data set, and nine times the rows of its past."""
    import psycopg

    copied, made = (urlsplit(url).path.strip("/") for url in (source, target))
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{made}"')
        server.execute(f'CREATE DATABASE "{made}" TEMPLATE "{copied}"')
    with psycopg.connect(target, autocommit=True) as connection:
        copy_the_past(connection)
        connection.execute("VACUUM ANALYZE")


def multiply_file(source: str, target: str) -> None:
    """The same in SQLite; it takes 25 GB."""
    import shutil
    import sqlite3

    copied, made = (Path(url.removeprefix("sqlite:///")) for url in (source, target))
    with sqlite3.connect(copied) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    part = made.with_suffix(".part")
    shutil.copyfile(copied, part)
    connection = sqlite3.connect(part, isolation_level=None)
    copy_the_past_in_file(connection)
    connection.close()
    part.rename(made)


def copy_rows(source: str, target: str) -> None:
    """Every row of SQLite's data set into PostgreSQL's tables, which take SQLite's values as text; triggers rest."""
    import sqlite3

    import psycopg

    rows = sqlite3.connect(f"file:{source.removeprefix('sqlite:///')}?mode=ro", uri=True)
    with psycopg.connect(target) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET TIME ZONE UTC")
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        connection.execute(f"TRUNCATE {', '.join(name for (name,) in tables)} CASCADE")
        for (table,) in tables:
            columns = ", ".join(f'"{column[1]}"' for column in rows.execute(f"PRAGMA table_info({table})"))
            print(f"  {table}", file=sys.stderr, flush=True)
            with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows.execute(f"SELECT {columns} FROM {table}"):
                    copy.write_row(row)
        identities = "SELECT table_name, column_name FROM information_schema.columns WHERE is_identity = 'YES'"
        for table, name in connection.execute(identities).fetchall():
            last = f"(SELECT coalesce(max({name}), 1) FROM {table})"
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{name}'), {last})")
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def prepare_bare_trail(url: str) -> None:
    """Make the bare payment's audit table anew, with every index of the real one."""
    if urlsplit(url).scheme != "sqlite":
        import psycopg

        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP TABLE IF EXISTS {BARE_TRAIL}")
            server.execute(f"CREATE TABLE {BARE_TRAIL} (LIKE audit_logs INCLUDING ALL)")
        return
    import sqlite3

    file = sqlite3.connect(url.removeprefix("sqlite:///"))
    file.execute(f"DROP TABLE IF EXISTS {BARE_TRAIL}")
    made = (
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'audit_logs' AND type IN ('table', 'index') ORDER BY type DESC"
    )
    for (sql,) in file.execute(made).fetchall():
        if sql:
            file.execute(sql.replace('"audit_logs', f'"{BARE_TRAIL}'))
    file.close()
