"""Load the price list that ships with the product."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.forms import ServiceForm
from billing.models import Service
from departments.models import Department
from healthcare.workflow import submit

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "services.csv"


class Command(BaseCommand):
    """Adds the services that are not there yet, by name; what the clinic has changed stays as it is."""

    help = "Load services (name, description, service_type, default_price, default_duration_minutes, department)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=SHIPPED)

    def handle(self, *args: Any, **options: Any) -> None:
        known = set(Service.objects.values_list("name", flat=True))
        departments = {name.casefold(): key for key, name in Department.objects.values_list("pk", "name")}
        added = 0
        with options["file"].open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                if row["name"] in known:
                    continue
                # A department that the clinic does not have is left out, not made.
                data = {**row, "department": departments.get(row["department"].casefold(), "")}
                form = submit(ServiceForm, actor=None, data=data)
                if not form.is_valid():
                    raise CommandError(f"{options['file'].name} line {number}: {form.errors.as_json()}")
                known.add(row["name"])
                added += 1
        self.stdout.write(f"{added} services added, {len(known) - added} were there.")
