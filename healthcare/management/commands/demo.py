"""manage.py demo: builds the demo clinic."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from departments.models import Counter, User
from healthcare.clock import at, date_of, now, today
from healthcare.context import act
from healthcare.demo.conditions import save_chronic_conditions
from healthcare.demo.history import History
from healthcare.demo.people import build_house, build_patients
from healthcare.demo.progress import MARK, Plan
from healthcare.demo.today import Today
from healthcare.planner import renew_statistics

#: Fewer could not play all that the front desk shows: twins, a waiting list, a series.
FEWEST = 12


class Command(BaseCommand):
    """Builds a believable clinic: staff, catalogue, a past year, today in full swing, a month ahead."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patients", type=int, default=1500, help="how many patients (default 1500)")
        parser.add_argument("--visits", type=int, help="in the past year (default: three a patient, two beyond 5,000)")
        parser.add_argument("--seed", type=int, default=2026, help="the same seed gives the same clinic")
        parser.add_argument("--processes", type=int, help="at once (default: one, all cores beyond 5,000 patients)")
        parser.add_argument("--if-empty", action="store_true", help="do nothing where there are accounts already")

    def handle(
        self,
        *args: Any,
        patients: int,
        visits: int | None,
        seed: int,
        processes: int | None,
        if_empty: bool,
        **options: Any,
    ) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("The demo's password is public: it is not built with DEBUG off.")
        if patients < FEWEST or seed < 0 or (visits or 0) < 0:
            raise CommandError(f"The demo has at least {FEWEST} patients; visits and seed are not negative.")
        wanted = visits if visits is not None else patients * (3 if patients <= 5000 else 2)
        plan = Plan.unfinished()
        if plan is None:
            if Counter.objects.filter(name=MARK, value=1).exists():
                raise CommandError(
                    "An earlier build of the demo was interrupted, so this database holds half a clinic. "
                    "Remove it (by default var/clinic.sqlite3) and start again."
                )
            if User.objects.exists():
                if if_empty:
                    return
                raise CommandError("There are accounts already: the demo is built into an empty database.")
            plan = Plan(patients, wanted, seed, int(now().timestamp()))
            self.begin(plan)
        elif (plan.patients, plan.visits, plan.seed) != (patients, wanted, seed):
            raise CommandError(
                "An earlier build of the demo was interrupted. To go on with it: "
                f"--patients {plan.patients} --visits {plan.visits} --seed {plan.seed}"
            )
        else:
            self.say("going on where an earlier build was interrupted")
        self.go_on(plan, processes or (os.cpu_count() or 1 if patients > 5000 else 1))

    def begin(self, plan: Plan) -> None:
        """The house and the plan, both or neither."""
        self.say("staff, catalogue, price list")
        with transaction.atomic(), at(plan.moment), act(user=None, user_agent="Demo", audited=False):
            plan.save()
            build_house(plan.patients, plan.dice("house"))

    def go_on(self, plan: Plan, processes: int) -> None:
        """Patients and history write after write, then today; what is there already is left alone."""
        started = time.monotonic()
        # The history writes its own audit rows in bulk; what is built here is nobody's doing.
        with at(plan.moment), act(user=None, user_agent="Demo", audited=False):
            told = f"of {plan.patients:,}"
            people = build_patients(
                plan.patients, plan.dice("patients"), lambda done: self.say(f"patients {done:,} {told}")
            )
            History(people, plan.dice("history"), plan.visits).play(self.say, processes)
        renew_statistics()
        self.say("today")
        # On a later day the demo stays at the one on which it was begun: the month ahead is booked from there.
        present = now() if today() == date_of(plan.moment) else plan.moment
        with transaction.atomic(), at(present), act(user=None, user_agent="Demo"):
            with act(audited=False):
                save_chronic_conditions(plan.dice("conditions"))
            Today(plan.dice("today")).play()
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
