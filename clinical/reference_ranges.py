"""Is a laboratory result outside its reference range? Yes, no, or not to be told from the texts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-") | {"≤": "<=", "≥": ">=", "＜": "<", "＞": ">"})
_THOUSANDS = r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"
#: A comma that does not part thousands is a decimal one, as most of the world writes it: `7,2`.
_NUMBER = rf"[-+]?(?:{_THOUSANDS}|\d*[.,]\d+|\d+)"
_SIGNS = {
    "<=": "<=", "=<": "<=", "up to": "<=", "at most": "<=", "max": "<=",
    "<": "<", "less than": "<", "below": "<", "under": "<",
    ">=": ">=", "=>": ">=", "at least": ">=", "min": ">=",
    ">": ">", "more than": ">", "greater than": ">", "above": ">", "over": ">",
}  # fmt: skip
_BETWEEN = re.compile(rf"({_NUMBER})\s*(?:-|to)\s*({_NUMBER})")
_BEYOND = re.compile(rf"({'|'.join(_SIGNS)})\s*({_NUMBER})")
_PLAIN = re.compile(_NUMBER)
#: What laboratories write behind a number: `21.7 (repeated)`, `5.9 *`.
_REMARK = re.compile(r"(?<=[\d\w%])\s*(?:\([^()]*\)|\[[^\[\]]*\]|\*+)$")
#: The laboratory's own flag at a number: `5.9 H`, `5.9HH`, `5.9 (low)`, `H 5.9`.
_FLAG = re.compile(
    r"^(?P<before>{0})[\s:]+(?=[-+<>=.\d])|(?:(?<=\d)|(?<=\d)\s*[(\[]|\s+[(\[]?)(?P<behind>{0})[)\]]?[\s*!]*$".format(
        "hh?|ll?|high|low|abnormal|critical|panic"
    )
)
_CRITICAL_FLAGS = frozenset({"hh", "ll", "critical", "panic"})
#: Between the texts of two titres only the second numbers differ: `1:80` and `<1:40`.
_TITRE = re.compile(r"\b1\s*:\s*(?=\d)")

#: Results in words: what a healthy person's test says, and its opposite.
_ABSENT = frozenset(
    {
        "negative", "neg", "neg.", "non-reactive", "nonreactive", "not detected", "none detected", "undetectable",
        "absent", "normal", "none", "no growth", "nil", "not seen", "none seen",
    }
)  # fmt: skip
_PRESENT = frozenset(
    {
        "positive", "pos", "pos.", "reactive", "detected", "present", "abnormal", "trace", "growth", "weakly positive",
        "weak positive", "strongly positive", "+/-", "±", *("+" * n for n in range(1, 5)),
        *(f"{n}+" for n in range(1, 5)), *(f"+{n}" for n in range(1, 5)),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """The numbers between two ends (None: without end), each end included or not."""

    low: Decimal | None = None
    high: Decimal | None = None
    low_open: bool = False
    high_open: bool = False

    def below(self, other: Interval) -> bool:
        """Whether every number here is less than every number there."""
        if self.high is None or other.low is None:
            return False
        return self.high < other.low or (self.high == other.low and (self.high_open or other.low_open))

    def within(self, other: Interval) -> bool:
        """Whether every number here is a number there."""
        low_fits = other.low is None or (
            self.low is not None
            and (self.low > other.low or (self.low == other.low and (self.low_open or not other.low_open)))
        )
        high_fits = other.high is None or (
            self.high is not None
            and (self.high < other.high or (self.high == other.high and (self.high_open or not other.high_open)))
        )
        return low_fits and high_fits


def _tidy(text: str) -> str:
    return " ".join(text.translate(_DASHES).strip().strip("()[]").casefold().split())


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "" if re.fullmatch(rf"[-+]?{_THOUSANDS}", text) else "."))


def parse(text: str, unit: str = "") -> Interval | None:
    """The interval that `3.5-5.1`, `<200`, `>=60`, `up to 5` or `7` means; None if it means none."""
    text = _tidy(text).removesuffix(_tidy(unit)).rstrip()
    if match := _BETWEEN.fullmatch(text):
        low, high = _number(match[1]), _number(match[2])
        return Interval(low, high) if low <= high else None
    if match := _BEYOND.fullmatch(text):
        sign, limit = _SIGNS[match[1]], _number(match[2])
        if sign in {">", ">="}:
            return Interval(low=limit, low_open=sign == ">")
        return Interval(high=limit, high_open=sign == "<")
    if _PLAIN.fullmatch(text):
        value = _number(text)
        return Interval(value, value)
    return None


@dataclass(frozen=True)
class Result:
    """A result's number, and whether the laboratory flagged it; a star may be a flag or only a footnote."""

    number: Interval | None = None
    flagged: bool = False
    critical: bool = False
    starred: bool = False


def read(value: str, unit: str = "") -> Result:
    """What a laboratory wrote: a number, alone or with the laboratory's own flag or a remark beside it."""
    plain = parse(value, unit)
    if plain is not None:
        return Result(plain)
    written = value.translate(_DASHES).strip().casefold()
    for text in (written, _REMARK.sub("", written)):
        flag = _FLAG.search(text)
        number = parse(_FLAG.sub("", text), unit)
        if number is not None:
            word = (flag["before"] or flag["behind"]) if flag else ""
            return Result(number, bool(flag), word in _CRITICAL_FLAGS, "*" in written)
    return Result()


def is_abnormal(value: str, reference_range: str, unit: str = "") -> bool | None:
    """Whether the result lies outside the range, or is flagged by the laboratory; None where that cannot be told."""
    if _TITRE.search(value) and _TITRE.search(reference_range):
        value, reference_range = _TITRE.sub("", value), _TITRE.sub("", reference_range)
    result, normal = read(value, unit), parse(reference_range, unit)
    if result.flagged:
        return True
    number = result.number
    if number is not None and normal is not None:
        if number.low is None and normal.low == 0:
            number = replace(number, low=normal.low)  # `<0.1` of what begins at nothing
        if number.below(normal) or normal.below(number):
            return True
        return False if number.within(normal) and not result.starred else None
    said, expected = _tidy(value), _tidy(reference_range)
    known = _ABSENT | _PRESENT
    if said in known and expected in known:
        return (said in _ABSENT) is not (expected in _ABSENT)
    return None
