"""The tests that the laboratory offers, with unit and reference range by sex and age, from the shipped tables."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from clinical.reference_ranges import Interval, read
from healthcare.text import fold
from patients.models import Gender

FILE = Path(__file__).resolve().parent / "data" / "lab_catalogue.csv"
CRITICAL = FILE.with_name("lab_critical.csv")
#: From this age on the ranges hold.
ADULT = 18
#: Other ways to write a unit of the table; its ions all have one charge, so their milliequivalents are millimoles.
_SAME_UNIT = {"meq/l": "mmol/l", **dict.fromkeys(("10*9/l", "k/ul", "10*3/mm3"), "10*3/ul"), "inr": ""}
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


def panels() -> dict[str, tuple[str, ...]]:
    """The order sets: the names of the tests of each panel, in the table's order."""
    found: dict[str, tuple[str, ...]] = {}
    for tests in _tests().values():
        if tests[0].panel:
            found[tests[0].panel] = (*found.get(tests[0].panel, ()), tests[0].name)
    return {panel: members for panel, members in found.items() if len(members) > 1}


def set_named(text: str) -> tuple[str, ...]:
    """The tests of the order set that was typed (`CBC`, `Set: CBC`); none for anything else."""
    wanted = fold(text.strip()).removeprefix("set:").strip()
    return next((members for panel, members in panels().items() if fold(panel) == wanted), ())


def suggestions() -> list[str]:
    """What to choose from: the order sets first, then the tests."""
    return [*(f"Set: {panel}" for panel in panels()), *names()]


def find(name: str, gender: str, age: int = ADULT) -> CatalogueTest | None:
    """The test with the range for this sex; without a range where sex or age do not fit, as all are adults'."""
    tests = _tests().get(fold(name.strip()), ())
    for test in tests:
        if test.sex in ("", _SEX.get(gender)) and age >= ADULT:
            return test
    return CatalogueTest(tests[0].name, tests[0].panel, tests[0].unit, "", "") if tests else None


def unit_of(text: str) -> str:
    """A unit as it is compared: `x10^9/L`, `10*3/µL` and `10*3/uL` are one, and so are `{INR}`, `INR` and none."""
    written = fold(text.strip()).translate(str.maketrans("µμ^", "uu*", "{} ")).removeprefix("x").removeprefix("×")
    return _SAME_UNIT.get(written, written)


@lru_cache(maxsize=1)
def _critical() -> dict[tuple[str, str], Interval]:
    with CRITICAL.open(encoding="utf-8", newline="") as file:
        return {
            (fold(row["test_name"]), unit_of(row["unit"])): Interval(
                Decimal(row["low"]) if row["low"] else None, Decimal(row["high"]) if row["high"] else None
            )
            for row in csv.DictReader(file)
        }


def is_critical(name: str, value: str, unit: str) -> bool:
    """Whether the result must be told at once: beyond the limits, where the unit means the table's, or flagged so."""
    limits, result = _critical().get((fold(name.strip()), unit_of(unit))), read(value, unit)
    number = result.number
    return result.critical or bool(limits and number and (number.below(limits) or limits.below(number)))
