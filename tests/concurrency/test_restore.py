"""The restore drill: backed up while people work, restored elsewhere, proven, and at work there (DATA-4)."""

import errno
import io
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyrage
import pytest

from healthcare.backup import archive, engines, rotation
from healthcare.backup.engines import BackupError
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
