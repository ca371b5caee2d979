"""Who may be registered already: candidates from indexes, scored and explained (WF-REG, BYD-8)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from patients import search, spelling
from patients.models import Patient, PatientMerge, PatientSearchTerm

#: From this score on a person must decide; from the lower one on it is shown while typing.
LIKELY, POSSIBLE = 65, 45
#: So many candidates are scored, so many are shown.
SCORED, SHOWN = 300, 5


@dataclass(frozen=True)
class Likeness:
    """A patient who may be the same person: how likely, from 0 to 100, and why."""

    patient: Patient
    score: int
    reasons: tuple[str, ...]

    @property
    def is_likely(self) -> bool:
        """Whether somebody must look before saving."""
        return self.score >= LIKELY

    def __str__(self) -> str:
        return f"{self.patient.search_label} ({self.score} %: {', '.join(self.reasons)})"


@dataclass(frozen=True)
class Person:
    """What is known of the person at the desk so far; anything may be missing."""

    first_name: str = ""
    last_name: str = ""
    date_of_birth: date | None = None
    phone: str = ""
    email: str = ""
    gender: str = ""

    @classmethod
    def of(cls, patient: Patient) -> Person:
        """What a chart says."""
        return cls(**{name: getattr(patient, name) for name in cls.__dataclass_fields__})

    @property
    def words(self) -> set[str]:
        """The folded words of the name."""
        return search.words_of(f"{self.first_name} {self.last_name}")


def likenesses(person: Person, besides: UUID | None = None, *, active: bool = False) -> list[Likeness]:
    """The patients who may be this person, the likeliest first; whoever comes back after years may be inactive."""
    found = [likeness(person, other) for other in candidates(person, besides) if other.is_active or not active]
    found = [one for one in found if one.score >= POSSIBLE]
    return sorted(found, key=lambda one: (-one.score, str(one.patient)))[:SHOWN]


def candidates(person: Person, besides: UUID | None) -> list[Patient]:
    """Patients with the same phone or e-mail, or with a name like this one and a date of birth like this one."""
    terms = [term for term in (person.phone and phone_term(person.phone), email_term(person.email)) if term]
    contact = PatientSearchTerm.objects.filter(term__in=terms).values("patient_id")[:SCORED] if terms else None
    merges = PatientMerge.objects.in_force().filter(merged=OuterRef("pk"))
    rows = Patient.objects.exclude(Exists(merges))
    keys: set[Any] = set(contact.values_list("patient_id", flat=True)) if contact is not None else set()
    named = [name_terms(word) for word in sorted(person.words)]
    if named and person.date_of_birth is not None:
        alike = PatientSearchTerm.objects.filter(
            patient=OuterRef("pk"), term__in=[term for terms in named for term in terms]
        )
        born = rows.filter(Exists(alike), date_of_birth__in=similar_dates(person.date_of_birth))
        keys |= set(born.values_list("pk", flat=True)[:SCORED])
    elif len(named) > 1:
        # Without a date of birth a whole name must be alike, word by word.
        keys |= set(PatientSearchTerm.objects.with_each(named).values_list("patient_id", flat=True)[:SCORED])
    return list(rows.filter(pk__in=keys - {besides})) if keys else []


def name_terms(word: str) -> list[bytes]:
    """The terms of the word, and of those that sound or are spelled alike."""
    return [other.encode()[: search.LONGEST_TERM] for other in sorted({word, *spelling.alike(word)})]


def phone_term(phone: str) -> bytes:
    """The term of a whole phone number."""
    return (search.PHONE + search.digits_of(phone)[::-1]).encode()


def email_term(email: str) -> bytes:
    """The term of an e-mail address."""
    return search.fold(email).encode()[: search.LONGEST_TERM]


def similar_dates(born: date) -> set[date]:
    """The date, and what the usual mistakes make of it: one off in day, month, year or decade, or two swapped."""
    found = {born}
    for days in (-1, 1, -10, 10):
        with suppress(OverflowError):  # a year that is half typed
            found.add(born + timedelta(days=days))
    for year, month, day in (
        (born.year, born.day, born.month),
        *((born.year + years, born.month, born.day) for years in (-10, -1, 1, 10)),
        *((born.year, born.month + months, born.day) for months in (-1, 1)),
    ):
        with suppress(ValueError):
            found.add(date(year, month, day))
    return found


def likeness(person: Person, other: Patient) -> Likeness:
    """How likely this patient is the person, and why."""
    reasons, score = [], 0
    name = name_similarity(person.words, search.words_of(f"{other.first_name} {other.last_name}"))
    if name == 1:
        score, reasons = 40, [_("same name")]
    elif name >= 0.75:
        score, reasons = int(40 * name) - 5, [_("name sounds or is spelled alike")]
    if person.date_of_birth is None:
        score += 15 if name else 0  # nothing speaks against it yet
    else:
        if person.date_of_birth == other.date_of_birth:
            score += 35
            reasons.append(_("same date of birth"))
        elif other.date_of_birth in similar_dates(person.date_of_birth):
            score += 18
            reasons.append(_("almost the same date of birth"))
        else:
            score -= 15
    if person.phone and person.phone == other.phone:
        score += 30
        reasons.append(_("same phone number"))
    if person.email and search.fold(person.email) == search.fold(other.email):
        score += 30
        reasons.append(_("same e-mail"))
    if person.gender and person.gender != other.gender:
        score -= 10
    if not other.is_active:
        reasons.append(_("inactive"))
    return Likeness(other, max(0, min(score, 99)), tuple(reasons))


def name_similarity(one: set[str], other: set[str]) -> float:
    """How alike two names are, whatever the order of their words: each word of the shorter finds its nearest."""
    shorter, longer = sorted((one, other), key=len)
    if not shorter:
        return 0.0
    if one == other:
        return 1.0
    found = [max(spelling.similarity(word, candidate) for candidate in longer) for word in shorter]
    # One word alone ("Maria") is no name.
    return sum(found) / len(found) if len(shorter) > 1 else 0.0
