"""manage.py welcome: where the clinic is served and how to log in."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand

from departments.models import User
from healthcare.demo.people import PASSWORD
from healthcare.startup import DEMO_DOMAIN


class Command(BaseCommand):
    """Prints the address and, in a demo, a log-in for each role."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        address = f"http://{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}/"
        self.stdout.write(f"\n  The clinic is open at {address}\n")
        demo = [f"{name}{DEMO_DOMAIN}" for name in ("administrator", "doctor", "nurse", "receptionist", "billing")]
        present = set(User.objects.filter(email__in=demo).values_list("email", flat=True))
        if present:
            self.stdout.write("\n  Log in as        with the password\n")
            for email in demo:
                if email in present:
                    self.stdout.write(f"  {email:<32} {PASSWORD}\n")
        elif not User.objects.exists():
            self.stdout.write("\n  No accounts yet: open it to set up the clinic and the first administrator.\n")
        self.stdout.write("\n  Ctrl-C stops everything.\n\n")
