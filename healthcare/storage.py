"""Files of the storage, on a disk or in an object store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage


def put(name: str, content: File[Any]) -> None:
    """Put a file in its place, or in that of an older one, in one step: under another name first, then renamed."""
    with content:
        part = default_storage.save(f"{name}.part", content)
        try:
            source, target = default_storage.path(part), default_storage.path(name)
        except NotImplementedError:
            # An object store shows an object only when it is whole, and cannot rename.
            content.seek(0)
            default_storage.delete(name)
            default_storage.save(name, content)
            default_storage.delete(part)
        else:
            Path(source).replace(target)


def out_of_reach(error: BaseException | None) -> bool:
    """Whether the object store does not serve; of a file that is not there, its client says FileNotFoundError."""
    return type(error).__module__.startswith("botocore.")
