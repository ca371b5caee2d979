"""The values the safety check takes and gives back; no behaviour beyond that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["allergy", "interaction", "duplicate"]
Severity = Literal["high", "moderate", "low"]

SEVERITY_RANK: dict[str, int] = {"high": 0, "moderate": 1, "low": 2}


class SafetyDataError(RuntimeError):
    """The knowledge files are missing or broken, so nothing can be checked and nothing may pass."""


@dataclass(frozen=True)
class Allergy:
    """One coded entry, or one free text field with any number of statements in it."""

    text: str
    coded: bool = False
    severity: str = ""
    reaction: str = ""


@dataclass(frozen=True)
class CurrentMedication:
    """A medication the patient takes now."""

    name: str
    ingredients: tuple[str, ...] = ()


@dataclass(frozen=True)
class Warning:
    """Something a person must acknowledge before the prescription is saved."""

    kind: Kind
    severity: Severity
    message: str
    source: str


@dataclass(frozen=True)
class Result:
    """What was found, what could not be checked, and what the medication was taken to contain."""

    warnings: tuple[Warning, ...]
    notices: tuple[str, ...]
    ingredients: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """What one name stands for."""

    ingredients: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    stem_classes: frozenset[str] = frozenset()
    non_drug: str = ""

    @property
    def is_drug(self) -> bool:
        return bool(self.ingredients or self.classes or self.stem_classes)


@dataclass(frozen=True)
class Mention:
    """One allergen named in a text, with what the text says about it."""

    text: str
    term: Term
    read_as: str = ""
    negated: bool = False
    tolerated: bool = False
    family: bool = False
    severe: bool = False
    angioedema: bool = False
    only_cough: bool = False

    @property
    def counts(self) -> bool:
        """Whether this mention is an allergy of this patient."""
        return not (self.negated or self.tolerated or self.family)


@dataclass(frozen=True)
class AllergyResolution:
    """What an allergy text resolves to."""

    text: str
    mentions: tuple[Mention, ...] = ()
    unresolved: tuple[str, ...] = ()
    says_none: bool = False

    @property
    def ingredients(self) -> frozenset[str]:
        return frozenset(i for m in self.mentions if m.counts for i in m.term.ingredients)

    @property
    def classes(self) -> frozenset[str]:
        return frozenset(c for m in self.mentions if m.counts for c in (*m.term.classes, *m.term.stem_classes))

    @property
    def non_drugs(self) -> frozenset[str]:
        return frozenset(m.term.non_drug for m in self.mentions if m.counts and m.term.non_drug)

    @property
    def negated(self) -> tuple[str, ...]:
        return tuple(m.text for m in self.mentions if m.negated)

    @property
    def tolerated(self) -> tuple[str, ...]:
        return tuple(m.text for m in self.mentions if m.tolerated)


@dataclass(frozen=True)
class Medicine:
    """What a medication name resolves to."""

    name: str
    ingredients: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    read_as: tuple[str, ...] = field(default=())
