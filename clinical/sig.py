"""How a medication is taken, as doctors abbreviate it: written out for the patient, and counted for the pharmacist."""

from __future__ import annotations

import re
from decimal import Decimal
from math import ceil

from django.utils.translation import gettext as _

#: What a quantity is counted from, in the order of `quantity`.
COUNTED_FROM = ("dosage", "frequency", "duration")
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
_EVERY = re.compile(r"q\s?(?P<short>\d{1,2})\s?h(?:rs?|ours)?|every (?P<hours>\d{1,2}) hours")
_WORDS = {"once": 1, "twice": 2, "three times": 3, "four times": 4, "five times": 5, "six times": 6}
_MOMENT = r"(?:(?:every|each|in the|at) )?(?:morning|noon|midday|afternoon|evening|night|bedtime)"
_WITH = "with|without|before|after"
#: Behind how often: when, or with what. Anything else may change the count (`on Mondays`, `then weekly`, `if in pain`).
#: No word can be read in two ways, or a long text would be tried in all of them.
_BESIDE = (
    rf"(?:(?:,? and|,)? (?:{_MOMENT}|by mouth|orally|on an empty stomach|"
    rf"(?:{_WITH})(?: (?!(?:{_WITH}|and|if|then|when|except|only|unless|until|as)\b)[a-z]+){{1,4}}))*"
)
_COUNTS = re.compile(
    rf"(?:(?P<word>{'|'.join(_WORDS)}) (?:a day|daily|per day|each day)"
    r"|(?P<number>\d{1,2})\s?(?:x|times?)\s?(?:/|a |per |daily|every )?\s?(?:day|d)?"
    rf"|{_EVERY.pattern}|daily|(?:every|each) day)(?P<beside>{_BESIDE})"
)
_AT_MOMENTS = re.compile(rf"{_MOMENT}{_BESIDE}")
#: A moment of its own, not one that tells more about the one before it (`every night at bedtime`).
_LISTED = re.compile(rf"(?:^|(?:, and| and|,) ){_MOMENT}")
_LENGTH = re.compile(
    r"(?:for )?(\d{1,3})\s*(d|days?|w|wks?|weeks?|m|mths?|months?)\.?(?:$| (?!.*(?:\d|\b(?:or|and|repeat))))"
)
_DAYS = {"d": 1, "w": 7, "m": 30}
_NUMBERS = {"half": Decimal("0.5"), "one": Decimal(1), "two": Decimal(2), "three": Decimal(3), "four": Decimal(4)}
_FRACTIONS = str.maketrans({"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⁄": "/", "–": "-"})
_AMOUNT = rf"(?:\d+ )?[1-9]/[1-9]|\d+(?:[.,]\d+)?|{'|'.join(_NUMBERS)}"
#: What can be counted out; drops, puffs and millilitres cannot.
_COUNTED = re.compile(
    rf"(?<![\w/.,-])(?:({_AMOUNT})\s?(?:-|to|or)\s?)?({_AMOUNT})\s*(?:an? )?"
    r"(?:tab(?:let)?s?|cap(?:sule)?s?|pills?|sachets?|suppositor(?:y|ies)|patch(?:es)?|lozenges?)\b"
)
#: Before a counted amount: it is a part of another one that was not understood (`2 x 1 tablet`, `two and a half`).
_UNFINISHED = re.compile(rf"(?:[\dx×*+/-]|\b(?:and|or|to|{'|'.join(_NUMBERS)})(?: a)?)\s*$")


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
    """How often a day; None if it cannot be counted, changes from day to day, or is only when needed."""
    text = " ".join(written_out(frequency).lower().split())
    if "needed" in text or "required" in text:
        return None
    for short, (phrase, times) in SHORTCUTS.items():
        if text in (phrase, short):
            return times
    if found := _COUNTS.fullmatch(text):
        hours = found["short"] or found["hours"]
        if hours is not None:
            return Decimal(24) / int(hours) if int(hours) else None
        number = int(found["number"] or _WORDS.get(found["word"], 1))
        # `twice a day, morning and evening` is twice; `twice a day and at bedtime` may be three times.
        return Decimal(number) if " and " not in found["beside"] or moments(found["beside"]) == number else None
    if _AT_MOMENTS.fullmatch(text):
        return Decimal(moments(text))
    return None


def moments(text: str) -> int:
    """How many moments of the day are listed: two in `every morning and at night`."""
    return len({found.split()[-1] for found in _LISTED.findall(text)})


def days(duration: str) -> int | None:
    """`5 d`, `2 weeks`, `for 1 month` in days (a month has 30)."""
    found = _LENGTH.match(duration.strip().lower())
    return int(found[1]) * _DAYS[found[2][0]] if found else None


def units(dosage: str) -> Decimal | None:
    """Pieces for one dose: `1-2 tablets` counts the most, `1½ tablets` both parts; None where several are named."""
    text = " ".join(dosage.lower().translate(_FRACTIONS).split())
    counted = list(_COUNTED.finditer(text))
    if len(counted) != 1 or _UNFINISHED.search(text[: counted[0].start()]):
        return None
    least, most = (amount(part) if part else None for part in counted[0].groups())
    if least is None or most is None or least <= most:
        return most
    return least + most if most < 1 else None  # `1-1/2 tablets` is one and a half


def amount(text: str) -> Decimal:
    """`1 1/2`, `0,5` or `two` as a number."""
    if text in _NUMBERS:
        return _NUMBERS[text]
    whole, _space, part = text.rpartition(" ")
    if "/" in part:
        over, under = part.split("/")
        return Decimal(whole or 0) + Decimal(over) / Decimal(under)
    return Decimal(text.replace(",", "."))


def quantity(dosage: str, frequency: str, duration: str) -> int | None:
    """How many pieces the whole course takes, rounded up; None where it cannot be counted."""
    parts = (units(dosage), times_a_day(frequency), days(duration))
    if parts[0] is None or parts[1] is None or parts[2] is None:
        return None
    total = parts[0] * parts[1] * parts[2]
    return ceil(round(total, 6)) if 0 < total < 100_000 else None
