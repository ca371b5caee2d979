"""Comparing a medication with what the patient already takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from .knowledge import Knowledge
from .medication_text import resolve_medication
from .model import SEVERITY_RANK, CurrentMedication, Medicine, Severity, Warning

_SAME = "Ingredient lists of both medications"
_CLASS = "Substance classes compiled from WHO ATC groups"


def medication_warnings(
    medicine: Medicine, current: Sequence[CurrentMedication], base: Knowledge
) -> tuple[list[Warning], list[str]]:
    """The warnings, and the notices of current medications that could not be checked."""
    warnings: list[Warning] = []
    notices: list[str] = []
    for item in current:
        other = resolve_medication(item.name, item.ingredients)
        if not other.ingredients and not other.classes:
            notices.append(f"not checked: current medication “{item.name.strip()}” is not in the checker's list.")
            if medicine.unknown and set(medicine.unknown) == set(other.unknown):
                warnings.append(Warning("duplicate", "high", f"{item.name} is already a current medication.", _SAME))
            continue
        interactions = list(_interactions(medicine, other, base))
        warnings += interactions
        warnings += _duplicates(medicine, other, bool(interactions), base)
    return warnings, notices


def _interactions(medicine: Medicine, other: Medicine, base: Knowledge) -> Iterator[Warning]:
    """One warning per effect: a combination product does not repeat the same sentence."""
    shared = medicine.ingredients & other.ingredients
    found: dict[str, Warning] = {}
    for mine in sorted(medicine.ingredients - shared):
        for theirs in sorted(other.ingredients - shared):
            item = base.interactions.get((mine, theirs) if mine < theirs else (theirs, mine))
            if item is None:
                continue
            warning = Warning(
                "interaction",
                cast(Severity, item.severity),
                f"{_named(mine, medicine)} with {_named(theirs, other)}: {item.message}.",
                base.source(item.source),
            )
            kept = found.get(item.message)
            if kept is None or SEVERITY_RANK[item.severity] < SEVERITY_RANK[kept.severity]:
                found[item.message] = warning
    yield from found.values()


def _named(ingredient: str, medicine: Medicine) -> str:
    return ingredient if ingredient in medicine.name.casefold() else f"{ingredient} ({medicine.name})"


def _duplicates(medicine: Medicine, other: Medicine, interacts: bool, base: Knowledge) -> Iterator[Warning]:
    shared = sorted(medicine.ingredients & other.ingredients)
    if shared:
        yield Warning("duplicate", "high", f"{other.name} already contains {', '.join(shared)}.", _SAME)
        return
    if interacts:
        return  # the interaction says more about the same pair
    for name in sorted(_classes(medicine, base) & _classes(other, base)):
        if base.classes[name].warn_duplicate:
            yield Warning(
                "duplicate",
                "moderate",
                f"{other.name} is a current medication of the same class: {base.classes[name].label}.",
                _CLASS,
            )


def _classes(medicine: Medicine, base: Knowledge) -> set[str]:
    found = set(medicine.classes)
    for ingredient in medicine.ingredients:
        found |= base.classes_of.get(ingredient, frozenset())
    return found
