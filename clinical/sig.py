"""How a medication is taken, as doctors abbreviate it: written out for the patient, and counted for the pharmacist."""

from __future__ import annotations

import re
from decimal import Decimal
from math import ceil

from django.utils.translation import gettext as _

#: abbreviation -> (written out, times a day; None: nobody can count it).
SHORTCUTS: dict[str, tuple[str, Decimal | None]] = {
    "od": ("once a day", Decimal(1)),
    "qd": ("once a day", Decimal(1)),
    "bd": ("twice a day", Decimal(2)),
    "bid": ("twice a day", Decimal(2)),
    "tds": ("three times a day", Decimal(3)),
    "tid": ("three times a day", Decimal(3)),
    "qds": ("four times a day", Decimal(4)),
    "qid": ("four times a day", Decimal(4)),
    "qam": ("every morning", Decimal(1)),
    "om": ("every morning", Decimal(1)),
    "qpm": ("every evening", Decimal(1)),
    "qhs": ("at bedtime", Decimal(1)),
    "hs": ("at bedtime", Decimal(1)),
    "on": ("at night", Decimal(1)),
    "nocte": ("at night", Decimal(1)),
    "mane": ("in the morning", Decimal(1)),
    "qod": ("every other day", Decimal("0.5")),
    "eod": ("every other day", Decimal("0.5")),
    "qw": ("once a week", Decimal(1) / 7),
    "weekly": ("once a week", Decimal(1) / 7),
    "stat": ("at once, a single dose", None),
    "prn": ("when needed", None),
    "ac": ("before meals", Decimal(3)),
    "pc": ("after meals", Decimal(3)),
}
_EVERY = re.compile(r"q\s?(\d{1,2})\s?h(?:rs?|ours)?|every (\d{1,2}) hours")
_TIMES = re.compile(r"(\d{1,2})\s?(?:x|times?)\s?(?:/|a |per |daily|every )?\s?(?:day|d)?")
_DAILY = re.compile(r"(?:daily|every (?:day|morning|evening|night)|at (?:bedtime|night))\b")
_WORDS = {"once": 1, "twice": 2, "three times": 3, "four times": 4, "five times": 5, "six times": 6}
_LENGTH = re.compile(r"(?:for )?(\d{1,3})\s*(d|days?|w|wks?|weeks?|m|mths?|months?)\.?(?: |$)")
_DAYS = {"d": 1, "w": 7, "m": 30}
#: What can be counted out; drops, puffs and millilitres cannot.
_COUNTED = re.compile(
    r"(\d+(?:[.,]\d+)?|½|one|two|three|half)(?:\s?-\s?(\d+))?\s*"
    r"(?:tab(?:let)?s?|cap(?:sule)?s?|pills?|sachets?|suppositor(?:y|ies)|patch(?:es)?|lozenges?)\b"
)
_NUMBERS = {"½": Decimal("0.5"), "half": Decimal("0.5"), "one": Decimal(1), "two": Decimal(2), "three": Decimal(3)}


def written_out(frequency: str) -> str:
    """`bid prn` as `twice a day, when needed`; anything that is no shortcut stays as it was typed."""
    words = frequency.strip().replace(".", "").split()
    if every := _EVERY.fullmatch(" ".join(words).lower()):
        return _("every %(hours)s hours") % {"hours": every[1] or every[2]}
    found = []
    for word in words:
        every = _EVERY.fullmatch(word.lower())
        if every:
            found.append(_("every %(hours)s hours") % {"hours": every[1] or every[2]})
        elif word.lower() in SHORTCUTS:
            found.append(SHORTCUTS[word.lower()][0])
        else:
            return frequency.strip()
    return ", ".join(found)


def times_a_day(frequency: str) -> Decimal | None:
    """How often a day; None if it cannot be counted or only when needed."""
    text = " ".join(written_out(frequency).lower().split())
    if "needed" in text or "required" in text:
        return None
    for short, (phrase, times) in SHORTCUTS.items():
        if text in (phrase, short):
            return times
    if every := _EVERY.search(text):
        hours = int(every[1] or every[2])
        return Decimal(24) / hours if hours else None
    for words, number in _WORDS.items():
        if re.match(rf"{words} (?:a day|daily|per day|each day)\b", text):
            return Decimal(number)
    if counted := _TIMES.fullmatch(text):
        return Decimal(counted[1])
    return (
        Decimal(1) if re.match(r"(?:daily|every (?:day|morning|evening|night)|at (?:bedtime|night))\b", text) else None
    )


def days(duration: str) -> int | None:
    """`5 d`, `2 weeks`, `for 1 month` in days (a month has 30)."""
    found = _LENGTH.match(duration.strip().lower())
    return int(found[1]) * _DAYS[found[2][0]] if found else None


def units(dosage: str) -> Decimal | None:
    """Pieces for one dose: `1-2 tablets` counts the most."""
    found = _COUNTED.search(dosage.lower())
    if not found:
        return None
    least = _NUMBERS.get(found[1]) or Decimal(found[1].replace(",", "."))
    return max(least, Decimal(found[2])) if found[2] else least


def quantity(dosage: str, frequency: str, duration: str) -> int | None:
    """How many pieces the whole course takes, rounded up; None where it cannot be counted."""
    parts = (units(dosage), times_a_day(frequency), days(duration))
    if parts[0] is None or parts[1] is None or parts[2] is None:
        return None
    total = parts[0] * parts[1] * parts[2]
    return ceil(round(total, 6)) if 0 < total < 100_000 else None
