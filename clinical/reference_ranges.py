"""Is a laboratory result outside its reference range? Yes, no, or not to be told from the texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-") | {"≤": "<=", "≥": ">=", "＜": "<", "＞": ">"})
_NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_BETWEEN = re.compile(rf"({_NUMBER})\s*(?:-|to)\s*({_NUMBER})")
_BEYOND = re.compile(rf"(<=|>=|<|>|up to)\s*({_NUMBER})")
_PLAIN = re.compile(_NUMBER)
#: What laboratories write behind a number: `21.7 (repeated)`, `5.9 *`, `5.9 H`.
_REMARK = re.compile(r"(?<=[\d\w%])\s*(?:\([^()]*\)|\[[^\[\]]*\]|\*+)$|(?<=\d)\s+(?:hh?|ll?)$")

#: Results in words: what a healthy person's test says, and its opposite.
_ABSENT = frozenset(
    {
        "negative", "neg", "non-reactive", "nonreactive", "not detected", "none detected", "undetectable", "absent",
        "normal", "none", "no growth", "nil",
    }
)  # fmt: skip
_PRESENT = frozenset(
    {"positive", "pos", "reactive", "detected", "present", "abnormal", "trace", "weakly positive", "growth"}
)


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
    return Decimal(text.replace(",", ""))


def parse(text: str, unit: str = "") -> Interval | None:
    """The interval that `3.5-5.1`, `<200`, `>=60`, `up to 5` or `7` means; None if it means none."""
    text = _tidy(text).removesuffix(_tidy(unit)).rstrip()
    if match := _BETWEEN.fullmatch(text):
        low, high = _number(match[1]), _number(match[2])
        return Interval(low, high) if low <= high else None
    if match := _BEYOND.fullmatch(text):
        sign, limit = match[1], _number(match[2])
        if sign in {">", ">="}:
            return Interval(low=limit, low_open=sign == ">")
        return Interval(high=limit, high_open=sign == "<")
    if _PLAIN.fullmatch(text):
        value = _number(text)
        return Interval(value, value)
    return None


def parse_result(value: str, unit: str = "") -> Interval | None:
    """The same of a result, whose number counts also where a remark or the laboratory's own flag stands behind it."""
    return parse(value, unit) or parse(_REMARK.sub("", value.translate(_DASHES).strip().casefold()), unit)


def is_abnormal(value: str, reference_range: str, unit: str = "") -> bool | None:
    """Whether the result lies outside the range; None where the two cannot be compared."""
    result, normal = parse_result(value, unit), parse(reference_range, unit)
    if result is not None and normal is not None:
        if result.below(normal) or normal.below(result):
            return True
        return False if result.within(normal) else None
    said, expected = _tidy(value), _tidy(reference_range)
    known = _ABSENT | _PRESENT
    if said in known and expected in known:
        return (said in _ABSENT) is not (expected in _ABSENT)
    return None
