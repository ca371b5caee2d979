"""One backup as one file: a tar of database, media, audit head and manifest, encrypted where there is a key."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyrage
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from healthcare.backup.engines import BackupError, engine
from healthcare.clock import now

MANIFEST = "manifest.json"
HEAD = "audit.head"
MEDIA = "media/"
#: An age file begins so (https://age-encryption.org/v1).
ENCRYPTED = b"age-encryption.org/"
PIECE = 1024 * 1024


#: The folder in which a backup is made is called so; after so many seconds nobody works in it any more.
UNFINISHED, LEFT_OVER = "unfinished-backup-", 24 * 3600


def stop(*_signal: Any) -> None:
    """SIGTERM ends a backup as Ctrl-C does, so that it takes its plain parts away."""
    sys.exit(128 + signal.SIGTERM)


def sweep(folder: Path, pattern: str) -> None:
    """Remove what a backup left that was killed: a plain copy of everything, half a file that fills the disk."""
    for path in folder.glob(pattern):
        if time.time() - path.stat().st_mtime > LEFT_OVER:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for the plain parts, beside the data itself: what was safe there stays as safe."""
    sweep(settings.VAR_DIR, f"{UNFINISHED}*")
    before = signal.signal(signal.SIGTERM, stop)
    try:
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=settings.VAR_DIR) as folder:
            yield Path(folder)
    finally:
        signal.signal(signal.SIGTERM, before)


class Writing:
    """A tar that notes the size and SHA-256 of what goes into it."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self.archive = archive
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        """Add one file."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, int(now().timestamp())
        reader = Hashing(source)
        self.archive.addfile(entry, reader)  # type: ignore[arg-type]
        self.files[name] = {"bytes": size, "sha256": reader.digest.hexdigest()}


class Hashing:
    """Reads through, and knows the hash of what was read."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self.source.read(size)
        self.digest.update(piece)
        return piece


def media_files(folder: str = "") -> Iterator[str]:
    """Every file in the media storage but those that are being written."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        if not name.endswith(".part"):
            yield f"{folder}{name}"
    for name in sorted(folders):
        yield from media_files(f"{folder}{name}/")


def key_mark() -> str:
    """Says which audit key sealed the trail, without saying the key."""
    from audit.digests import mac_of

    return mac_of(b"the key of this backup's audit trail")[:16]


def write(target: Path) -> dict[str, Any]:
    """Make the backup file; its manifest."""
    # Before the database, so that the head is never ahead of the seals in it. Media after it: a file that the
    # database knows is there by then.
    head = Path(settings.AUDIT_HEAD_FILE)
    head_text = head.read_bytes() if head.exists() else b""
    with workplace() as folder:
        part = engine()
        database, packed = folder / part.file_name, folder / "backup.tar.gz"
        taken_at = now()
        rows = part.snapshot(database)
        with tarfile.open(packed, "w:gz", compresslevel=1) as archive:
            writing = Writing(archive)
            with database.open("rb") as file:
                writing.add(part.file_name, file, database.stat().st_size)
            database.unlink()
            if head_text:
                writing.add(HEAD, io.BytesIO(head_text), len(head_text))
            for name in media_files():
                # What the worker takes away meanwhile (a report after its days, a list that was imported) is no loss.
                with suppress(FileNotFoundError), default_storage.open(name) as file:
                    writing.add(f"{MEDIA}{name}", file, file.size)
            manifest = {
                "format": 1,
                "taken_at": taken_at.astimezone(UTC).isoformat(timespec="seconds"),
                "engine": connection.vendor,
                "audit_key": key_mark(),
                "rows": rows,
                "files": dict(writing.files),
            }
            text = json.dumps(manifest, indent=1).encode()
            writing.add(MANIFEST, io.BytesIO(text), len(text))
        put(packed, target)
    return manifest


def put(packed: Path, target: Path) -> None:
    """Bring the file to its place, encrypted if there is a key: whole under its name, or not at all."""
    sweep(target.parent, "clinic-*.part")
    part = target.with_name(f"{target.name}.part")
    try:
        with (
            packed.open("rb") as source,
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
        ):
            if settings.BACKUP_RECIPIENT:
                pyrage.encrypt_io(source, file, [recipient()])
            else:
                while piece := source.read(PIECE):
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        # On a full disk it would stand in the way of the next one.
        part.unlink(missing_ok=True)


def recipient() -> Any:
    """Whom backups are encrypted for."""
    try:
        return pyrage.x25519.Recipient.from_str(settings.BACKUP_RECIPIENT)
    except pyrage.RecipientError as error:
        raise BackupError(
            "BACKUP_RECIPIENT is no age recipient (age1...); see `manage.py backup --new-key`."
        ) from error


def identities() -> list[Any]:
    """The secret keys in BACKUP_IDENTITY_FILE."""
    path = settings.BACKUP_IDENTITY_FILE
    if not path or not Path(path).is_file():
        raise BackupError("This backup is encrypted: name the file with its secret key, --identity FILE.")
    lines = [line.strip() for line in Path(path).read_text().splitlines()]
    try:
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError as error:
        raise BackupError(f"{path} holds no age identity (AGE-SECRET-KEY-1...).") from error


def decrypt(source: Path, target: Path) -> None:
    """Undo the encryption; whatever was changed in the file shows here."""
    keys = identities()
    try:
        pyrage.decrypt_file(str(source), str(target), keys)
    except (pyrage.DecryptError, OSError) as error:
        raise BackupError("The backup was damaged, or encrypted for another key.") from error


def unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Take the file apart into the folder, and complain unless everything is as the manifest says."""
    try:
        with source.open("rb") as file:
            encrypted = file.read(len(ENCRYPTED)) == ENCRYPTED
        packed = source
        if encrypted:
            packed = folder / "backup.tar.gz"
            decrypt(source, packed)
        with tarfile.open(packed, "r:gz") as archive:
            # Checked by hand: extractall's filter came with Python 3.11.4, and Debian 12 has 3.11.2.
            for member in archive:
                inside = PurePosixPath(member.name)
                if not (member.isfile() or member.isdir()) or inside.is_absolute() or ".." in inside.parts:
                    raise BackupError(f"The file holds {member.name}, which no backup does.")
                archive.extract(member, folder / "parts")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(f"The file cannot be read as a backup: {error}") from error
    parts = folder / "parts"
    if not (parts / MANIFEST).is_file():
        raise BackupError("The backup has no manifest: it was cut off, or is none of ours.")
    manifest: dict[str, Any] = json.loads((parts / MANIFEST).read_text())
    found = {str(path.relative_to(parts)) for path in parts.rglob("*") if path.is_file()} - {MANIFEST}
    if found != manifest["files"].keys():
        raise BackupError(f"Files differ from the manifest: {', '.join(sorted(found ^ manifest['files'].keys()))}")
    for name, said in manifest["files"].items():
        with (parts / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != said["sha256"]:
                raise BackupError(f"{name} differs from its hash in the manifest.")
    return manifest
