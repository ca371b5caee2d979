"""`manage.py rebuild_search`: write anew what patients are found by, after an upgrade that asks for it."""

from typing import Any

from django.core.management.base import BaseCommand

from patients.models import Patient
from patients.search import rebuild_search_terms


class Command(BaseCommand):
    help = "Writes the search terms of every patient anew; the clinic may go on working meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Patient.objects.order_by("pk").iterator(chunk_size=2000)
        self.stdout.write(f"{rebuild_search_terms(rows):,} patients")
