"""The shipped medication catalogue, one product for each strength."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from clinical.forms.medications import MedicationForm
from clinical.models import Medication
from healthcare.workflow import submit

FILE = Path(__file__).resolve().parent / "data" / "formulary.csv"
#: Between two strengths; the comma of `1,000 units` has a digit before it.
_BETWEEN_STRENGTHS = re.compile(r"(?<!\d),")


def products() -> Iterator[dict[str, str]]:
    """The table's rows; `Amoxicillin 250 mg,500 mg capsule` is two products, or nobody knew which is meant."""
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for strength in _BETWEEN_STRENGTHS.split(row["strength"]):
                yield {**row, "strength": strength, "name": row["name"].replace(row["strength"], strength)}


@transaction.atomic
def load() -> tuple[int, int]:
    """Add and update products; (added, changed). A second run changes nothing."""
    known = {(m.name, m.strength, m.form, m.route): m for m in Medication.objects.all()}
    added = changed = 0
    for product in products():
        found = known.get((product["name"], product["strength"], product["form"], product["route"]))
        if found is not None and all(getattr(found, name) == value for name, value in product.items()):
            continue
        form = submit(MedicationForm, actor=None, instance=found, data=product)
        if not form.is_valid():
            raise ValueError(f"{product['name']}: {form.errors.as_text()}")
        added, changed = added + (found is None), changed + (found is not None)
    return added, changed
