"""manage.py seal_audit: seals the audit trail about every second, until it is stopped."""

from __future__ import annotations

import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections

from audit.sealing import Outrun, Sealer, Tampered

#: Seconds between two looks.
PAUSE = 1.0


class Command(BaseCommand):
    """Seals what is written to the audit trail; `--once` what is there now; `--adopt` whatever is not sealed yet."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="seal what is there and end")
        parser.add_argument("--adopt", action="store_true", help="after an import: seal old rows as they are, and end")

    def handle(self, *args: Any, once: bool, adopt: bool, **options: Any) -> None:
        try:
            if once or adopt:
                self.seal_now(adopt)
            else:
                self.run()
        except Tampered as error:
            raise CommandError(str(error)) from error

    def seal_now(self, adopt: bool) -> None:
        """One look, again if the running sealer was faster."""
        for _attempt in range(20):
            try:
                sealer = Sealer()
                count = sealer.adopt() if adopt else sealer.tick()
            except Outrun:
                continue
            number = sealer.last.number if sealer.last else 0
            self.stdout.write(f"{count} rows sealed; the newest seal is number {number}.")
            return
        raise CommandError("Another process seals all the time: stop it, or let it do its work.")

    def run(self) -> None:
        """Until SIGTERM or Ctrl-C; a database that is away for a while is waited for."""
        running = True

        def stop(*_args: Any) -> None:
            nonlocal running
            running = False

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        sealer = Sealer()
        while running:
            try:
                sealer.tick()
            except Outrun:
                sealer = Sealer()
            except DatabaseError as error:
                self.stderr.write(f"The database does not answer: {type(error).__name__}")
                close_old_connections()
                time.sleep(5)
            time.sleep(PAUSE)
        sealer.tick()
