"""Reading the knowledge files, and refusing to go on without them."""

from __future__ import annotations

import csv
from pathlib import Path

from .model import SafetyDataError

DATA_DIR = Path(__file__).resolve().parent / "data"

# The least each file must hold: a truncated copy is as dangerous as a missing one.
FILES: dict[str, tuple[tuple[str, ...], int]] = {
    "ingredients.csv": (("ingredient", "other_names"), 1000),
    "brands.csv": (("name", "ingredients", "kind"), 2000),
    "brands_us.csv": (("name", "ingredients", "kind"), 300),
    "more_names.csv": (("name", "ingredients", "kind"), 6000),
    "name_synonyms.csv": (("name", "equals", "kind"), 50),
    "allergy_classes.csv": (("class", "ingredient_inn", "same_class_warn"), 180),
    "drug_classes.csv": (("class", "label", "same_class_warn", "warn_duplicate", "members"), 80),
    "class_names.csv": (("name", "classes"), 250),
    "cross_reactivity.csv": (
        ("allergy", "medicine", "direction", "when", "severity", "reason", "source"),
        40,
    ),
    "components.csv": (("allergen", "ingredients", "name_words", "severity", "reason", "source"), 8),
    "non_drug_allergens.csv": (("allergen", "kind", "words"), 20),
    "other_scripts.csv": (("name", "english"), 350),
    "words.csv": (("kind", "words"), 7),
    "stems.csv": (("stem", "position", "class"), 10),
    "interaction_groups.csv": (("group", "label", "members"), 25),
    "interactions.csv": (("a", "b", "severity", "message", "source"), 150),
    "allergy_sources.csv": (("key", "source", "locator"), 20),
}


def split(cell: str) -> list[str]:
    """The entries of a semicolon separated cell."""
    return [part.strip() for part in cell.split(";") if part.strip()]


def read(name: str) -> list[dict[str, str]]:
    """The rows of one knowledge file, or a loud error."""
    columns, least = FILES[name]
    path = DATA_DIR / name
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)
            if tuple(reader.fieldnames or ()) != columns:
                raise SafetyDataError(f"{name}: columns are {reader.fieldnames}, expected {list(columns)}")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SafetyDataError(f"Prescription safety data cannot be read: {path}: {error}") from error
    for number, row in enumerate(rows, 2):
        if None in row or any(value is None for value in row.values()):
            raise SafetyDataError(f"{name}, row {number}: wrong number of cells")
    if len(rows) < least:
        raise SafetyDataError(f"{name}: only {len(rows)} rows, expected at least {least}; is it truncated?")
    return rows
