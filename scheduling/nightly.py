"""What the worker does for the book each night, where the clinic wants it."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.conf import settings
from django.core.management import call_command

from healthcare.clock import next_at
from healthcare.tasks import DAY, repeat


def mark_no_shows() -> None:
    """Mark those who did not come, if MARK_NO_SHOWS asks for it."""
    if settings.MARK_NO_SHOWS:
        call_command("mark_no_shows", verbosity=0)


def schedule(using: str = "default", **_kwargs: Any) -> None:
    """A quarter of an hour after midnight, on the clinic's wall."""
    repeat("scheduling.nightly.mark_no_shows", minutes=DAY, first=next_at(time(0, 15)), using=using)
