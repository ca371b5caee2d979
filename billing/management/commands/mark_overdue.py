"""Let the saved status of unpaid invoices follow the calendar; run daily."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from billing.forms import MarkOverdueForm
from billing.models import Invoice
from healthcare.clock import today
from healthcare.workflow import submit


class Command(BaseCommand):
    """Marks what became overdue, one short transaction each; safe to repeat and to interrupt."""

    help = "Mark the issued invoices whose due date has passed as overdue."

    def handle(self, *args: Any, **options: Any) -> None:
        # All of them first: the rows change while we go through them.
        found = list(Invoice.objects.newly_overdue(today()))
        marked = sum(submit(MarkOverdueForm, actor=None, instance=invoice).is_valid() for invoice in found)
        self.stdout.write(f"{marked} invoices are now overdue.")
