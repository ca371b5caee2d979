"""The restore drill: backed up while people work, restored elsewhere, proven, and at work there (DATA-4)."""

import errno
import io
import os
import signal
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyrage
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from healthcare.backup import archive, engines, rotation
from healthcare.backup.engines import BackupError
from healthcare.management.commands import restore
from tests.concurrency import arena

WRITERS = 2


@pytest.mark.concurrency
@pytest.mark.spec("DATA-4", "AUD-3", "ENT-5")
def test_a_backup_made_under_load_is_restored_and_proven(tmp_path, monkeypatch):
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"# the clinic's\n{identity}\n")
    places = {"AUDIT_HEAD_FILE": "head", "MEDIA_ROOT": "media", "BACKUP_DIR": "backups", "BACKUP_IDENTITY_FILE": "key"}
    for name, place in places.items():
        monkeypatch.setenv(name, str(tmp_path / place))
    monkeypatch.setenv("BACKUP_RECIPIENT", str(identity.to_public()))
    monkeypatch.setenv("AUDIT_KEY", "drill")
    _seeded, played, found = arena.race(
        arena.ENGINES[0], tmp_path, "tests.concurrency.restore_drill", processes=WRITERS + 1, writers=WRITERS
    )
    assert found["restored"].startswith("Restored, and proven."), found["restored"]
    before, after = played[0]
    assert all(low <= number <= high for low, number, high in zip(before, found["counts"], after, strict=True))
    assert found["encrypted"] == "age-encryption.org/" and found["verified"].startswith("Whole:")
    assert "not empty" in found["not_over"]
    assert found["media"] == "a report" and found["head"] >= 2
    assert found["numbers_go_on"] and found["guard"] and found["pages"] == [200, 200]
    assert found["cut_off"].startswith("refused: The backup was damaged")


@pytest.mark.spec("DATA-4")
def test_a_disk_that_fills_up_leaves_the_database_that_was_there(tmp_path, monkeypatch):
    """Half a database stood under its name, and the one before had been put aside."""
    place, copy = tmp_path / "clinic.sqlite3", tmp_path / "copy.sqlite3"
    place.write_bytes(b"the clinic's")
    copy.write_bytes(b"the backup's, much longer")
    part = engines.Sqlite()
    monkeypatch.setattr(engines, "connection", SimpleNamespace(settings_dict={"NAME": str(place)}, close=lambda: None))

    def full(source, target):
        target.write_bytes(source.read_bytes()[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as while_full:
        while_full.setattr(engines.shutil, "copyfile", full)
        with pytest.raises(BackupError, match="nothing was changed: No space left"):
            part.load(copy)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "clinic.sqlite3": b"the clinic's",
        "copy.sqlite3": copy.read_bytes(),
    }
    kept = part.load(copy)
    assert Path(kept).read_bytes() == b"the clinic's" and place.read_bytes() == copy.read_bytes()


@pytest.mark.spec("DATA-4")
def test_a_database_that_somebody_has_open_is_not_replaced(tmp_path, monkeypatch):
    """A server that went on wrote into the file that was put aside: what people entered was lost."""
    place, copy = tmp_path / "clinic.sqlite3", tmp_path / "copy.sqlite3"
    monkeypatch.setattr(engines, "connection", SimpleNamespace(settings_dict={"NAME": str(place)}, close=lambda: None))
    copy.write_bytes(b"the backup's")
    with closing(sqlite3.connect(place)) as server:
        server.executescript("PRAGMA journal_mode = WAL; CREATE TABLE patients (name); INSERT INTO patients VALUES (1)")
        with pytest.raises(BackupError, match="in use"):
            engines.Sqlite().load(copy)
        assert sorted(path.name for path in tmp_path.iterdir() if "-" not in path.name) == [place.name, copy.name]
    with closing(sqlite3.connect(engines.Sqlite().load(copy))) as kept:
        assert kept.execute("SELECT name FROM patients").fetchall() == [(1,)]
    assert place.read_bytes() == b"the backup's"


@pytest.mark.spec("DATA-4")
def test_a_backup_that_fails_or_is_killed_leaves_nothing_behind(tmp_path, settings, monkeypatch):
    """Half a file kept the disk full for all further backups; a plain copy of everything stayed in var/."""
    settings.VAR_DIR = tmp_path
    packed, target = tmp_path / "packed", tmp_path / "clinic-now.backup"
    packed.write_bytes(b"x")
    left = [tmp_path / f"{archive.UNFINISHED}left", tmp_path / "clinic-left.backup.part"]
    others = [tmp_path / f"{archive.UNFINISHED}other", tmp_path / "clinic-other.backup.part"]
    for folder, part in (left, others):
        folder.mkdir()
        (folder / "database").touch()
        part.touch()
    for path in left:
        os.utime(path, (0, 0))

    def full(_file):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as while_full:
        while_full.setattr(archive.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            archive.put(packed, target)
    with pytest.raises(SystemExit), archive.workplace() as folder:
        (folder / "database").touch()
        signal.raise_signal(signal.SIGTERM)
    assert {*tmp_path.iterdir()} == {packed, *others}


@pytest.mark.spec("DATA-4")
def test_a_file_that_is_taken_away_meanwhile_is_no_reason_to_have_no_backup(tmp_path, settings, monkeypatch):
    settings.VAR_DIR, settings.MEDIA_ROOT = tmp_path, str(tmp_path / "media")
    settings.AUDIT_HEAD_FILE, settings.BACKUP_RECIPIENT = tmp_path / "head", ""
    part = SimpleNamespace(file_name="database", snapshot=lambda target: target.write_text("rows") and {"patients": 1})
    monkeypatch.setattr(archive, "engine", lambda: part)
    monkeypatch.setattr(
        archive, "media_files", lambda: ["reports/gone.pdf", default_storage.save("kept", ContentFile("x"))]
    )
    assert [*archive.write(tmp_path / "clinic-now.backup")["files"]] == ["database", "media/kept"]


@pytest.mark.django_db
@pytest.mark.spec("DATA-4", "OPS-4")
def test_a_backup_of_a_newer_version_is_not_called_proven():
    restore.Command().refuse_newer()
    MigrationRecorder(connection).record_applied("patients", "9999_of_tomorrow")
    with pytest.raises(CommandError, match="newer version, which knows patients"):
        restore.Command().refuse_newer()


@pytest.mark.spec("DATA-4")
def test_rotation_keeps_days_weeks_and_months(tmp_path, settings):
    settings.BACKUP_KEEP = (3, 2, 2)
    newest = datetime(2026, 11, 29, 2, tzinfo=UTC)
    for hours in range(0, 24 * 70, 12):
        (tmp_path / rotation.name_at(newest - timedelta(hours=hours), encrypted=True)).touch()
    (tmp_path / "notes.txt").touch()
    gone = rotation.outlived(tmp_path)
    kept = sorted({path.name for path in tmp_path.iterdir()} - {path.name for path in gone} - {"notes.txt"})
    days = ["20261031T140000Z", "20261122T140000Z", "20261127T140000Z", "20261128T140000Z", "20261129T020000Z"]
    assert kept == [f"clinic-{day}.backup.age" for day in days]


@pytest.mark.spec("DATA-4")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../escaped", tarfile.REGTYPE),
        ("media/../../escaped", tarfile.REGTYPE),
        ("/tmp/escaped", tarfile.REGTYPE),
        ("media", tarfile.SYMTYPE),
        ("media/hard", tarfile.LNKTYPE),
        ("media/device", tarfile.CHRTYPE),
    ],
)
def test_a_forged_backup_writes_nothing_beside_its_folder(tmp_path, name, kind):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, "/etc", 1 if kind == tarfile.REGTYPE else 0
    with tarfile.open(tmp_path / "forged", "w:gz") as forged:
        forged.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(BackupError, match="which no backup does"):
        archive.unpack(tmp_path / "forged", tmp_path / "place")
    assert not list(tmp_path.rglob("escaped")) and not (tmp_path / "place" / "parts" / name).exists()
