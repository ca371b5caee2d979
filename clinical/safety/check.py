"""The check itself: one medication against the allergies and the current medications of one patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .allergies import allergy_warnings
from .interactions import medication_warnings
from .knowledge import knowledge
from .medication_text import resolve_medication
from .model import SEVERITY_RANK, Allergy, CurrentMedication, Result, Warning


def check(
    medication_name: str,
    *,
    ingredients: Sequence[str] = (),
    allergies: Sequence[Allergy] = (),
    current: Sequence[CurrentMedication] = (),
) -> Result:
    """Warnings to acknowledge, and notices of what could not be checked.

    Raises SafetyDataError when the knowledge is missing or broken: unchecked must not look checked.
    """
    base = knowledge()
    medicine = resolve_medication(medication_name, ingredients)
    notices: list[str] = []
    if not medicine.ingredients and not medicine.classes:
        notices.append(
            f"“{medication_name.strip()}”: not in the checker's list of medicines, "
            "so allergies and interactions could not be checked."
        )
    elif not medicine.ingredients:
        notices.append(
            f"“{medication_name.strip()}”: only its class is known; interactions could not be fully checked."
        )
    notices += [f"{reading}: please confirm." for reading in medicine.read_as]
    found, unclear = allergy_warnings(medicine, allergies, base)
    notices += unclear
    more, unclear = medication_warnings(medicine, current, base)
    notices += unclear
    return Result(
        warnings=_ordered([*found, *more]),
        notices=tuple(dict.fromkeys(notices)),
        ingredients=tuple(sorted(medicine.ingredients)),
    )


def _ordered(warnings: Iterable[Warning]) -> tuple[Warning, ...]:
    kinds = {"allergy": 0, "interaction": 1, "duplicate": 2}
    unique = dict.fromkeys(warnings)
    return tuple(sorted(unique, key=lambda w: (SEVERITY_RANK[w.severity], kinds[w.kind], w.message)))
