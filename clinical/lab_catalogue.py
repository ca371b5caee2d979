"""The tests that the laboratory offers, with unit and reference range by sex, from the shipped table."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from healthcare.text import fold
from patients.models import Gender

FILE = Path(__file__).resolve().parent / "data" / "lab_catalogue.csv"
_SEX = {Gender.MALE.value: "M", Gender.FEMALE.value: "F"}


@dataclass(frozen=True)
class CatalogueTest:
    """One row: a test, for one sex or for everybody."""

    name: str
    panel: str
    unit: str
    sex: str
    reference_range: str


@lru_cache(maxsize=1)
def _tests() -> dict[str, tuple[CatalogueTest, ...]]:
    found: dict[str, tuple[CatalogueTest, ...]] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            test = CatalogueTest(row["test_name"], row["panel"], row["unit"], row["sex"], row["reference_range_text"])
            found[fold(test.name)] = (*found.get(fold(test.name), ()), test)
    return found


def names() -> list[str]:
    """The names to choose from, in the table's order."""
    return [tests[0].name for tests in _tests().values()]


def find(name: str, gender: str) -> CatalogueTest | None:
    """The test with the range for this sex; without a range where it depends on a sex that does not fit."""
    tests = _tests().get(fold(name.strip()), ())
    for test in tests:
        if test.sex in ("", _SEX.get(gender)):
            return test
    return CatalogueTest(tests[0].name, tests[0].panel, tests[0].unit, "", "") if tests else None
