"""manage.py verify_audit: checks the audit trail against its seals, and names what was touched."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.verification import Verification

#: After so many lines it is clear enough.
MOST = 1000


class Command(BaseCommand):
    """Names every changed, deleted, inserted or back-dated row, and every removed or changed seal."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        started, found, check = time.monotonic(), 0, Verification()
        for problem in check.problems():
            found += 1
            if found <= MOST:
                self.stdout.write(self.style.ERROR(problem))
        for note in check.notes:
            self.stdout.write(self.style.WARNING(note))
        seconds = time.monotonic() - started
        waiting = f", {check.waiting} rows wait for the next seal" if check.waiting else ""
        self.stdout.write(f"{check.rows:,} rows in {check.seals:,} seals checked in {seconds:.1f} s{waiting}.")
        if found:
            raise CommandError(f"The audit trail was tampered with: {found:,} findings.")
        self.stdout.write(self.style.SUCCESS("The audit trail is as it was written."))
