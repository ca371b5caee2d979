"""manage.py demo: builds the demo clinic."""

from __future__ import annotations

import random
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from departments.models import Counter, User
from healthcare.context import act
from healthcare.demo.history import History
from healthcare.demo.people import build_house, build_patients
from healthcare.demo.today import Today
from healthcare.planner import renew_statistics

#: A counter that is 1 while the demo is being built and 2 when it is complete.
MARK = "demo_build"


class Command(BaseCommand):
    """Builds a believable clinic: staff, catalogue, a past year, today in full swing, a month ahead."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patients", type=int, default=800, help="how many patients (default 800)")
        parser.add_argument("--visits", type=int, help="in the past year (default: three a patient, two beyond 5,000)")
        parser.add_argument("--seed", type=int, default=2026, help="the same seed gives the same clinic")
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there are accounts already")

    def handle(self, *args: Any, patients: int, visits: int | None, seed: int, if_empty: bool, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("The demo's password is public: it is not built with DEBUG off.")
        mark = Counter.objects.filter(name=MARK).first()
        if mark is not None and mark.value == 1:
            raise CommandError(
                "An earlier build of the demo was interrupted, so this database holds half a clinic. "
                "Remove it (by default var/clinic.sqlite3) and start again."
            )
        if User.objects.exists():
            if if_empty:
                return
            raise CommandError("There are accounts already: the demo is built into an empty database.")
        started = time.monotonic()
        Counter.next(MARK)
        # The history writes its own audit rows in bulk; what is built here is nobody's doing.
        rng = random.Random(seed)  # noqa: S311 - invented people need no secrecy
        with act(user=None, user_agent="Demo"):
            with act(audited=False):
                self.say("staff, catalogue, price list")
                build_house(patients, rng)
                people = build_patients(patients, rng, lambda done: self.say(f"patients {done:,} of {patients:,}"))
                wanted = visits if visits is not None else patients * (3 if patients <= 5000 else 2)
                History(people, rng, wanted).play(self.say)
            renew_statistics()
            self.say("today")
            Today(rng).play()
        Counter.next(MARK)
        self.say(f"the demo clinic is ready ({time.monotonic() - started:.0f} s)")
        self.stdout.write("")

    def say(self, text: str) -> None:
        """Progress on one line where somebody watches, line by line in a log."""
        if sys.stdout.isatty():
            self.stdout.write(f"\r\033[KDemo: {text}", ending="")
            self.stdout.flush()
        else:
            self.stdout.write(f"Demo: {text}")
