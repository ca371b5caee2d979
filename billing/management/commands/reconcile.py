"""Compare every invoice with its lines and payments, and every number with its sequence."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.reconcile import differences, sequences


class Command(BaseCommand):
    """Reports differences, never repairs them; exit status 1 if there are any."""

    help = "Compare invoices with lines and payments, and numbers with their counters. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        for found in sequences():
            state = "continuous" if found.is_continuous else "NOT CONTINUOUS"
            self.stdout.write(f"{found.prefix}: {found.count} documents, last number {found.last}: {state}")
        count = 0
        for difference in differences():
            count += 1
            self.stdout.write(str(difference))
        if count:
            raise CommandError(f"{count} differences.")
        self.stdout.write("No differences.")
