"""Finding patients: what a person may be found by, as terms, and what was typed, as ranges of terms.

Each patient has a handful of rows in `patient_search_terms`, one for each thing that somebody at the desk types:
the words of the name, the number, the date of birth, the e-mail and the phone number backwards (so that "ends
with" becomes "begins with"). A search is then a short range in one index on both engines, however many patients
there are. Terms are bytes, because text is ordered by the database's collation and bytes are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import models, transaction

from healthcare.text import fold
from patients import spelling

if TYPE_CHECKING:
    from patients.models import Patient, PatientSearchTerm

#: Above every byte of UTF-8: the end of the range of terms with a prefix.
END = b"\xff"
#: First characters of terms that are no words: a phone number backwards, a patient number without zeros.
PHONE, NUMBER = "/", "#"
#: Fewer digits say nothing about a phone number.
PHONE_DIGITS = 4
#: As many make a whole national number, whose leading zero is not kept.
NATIONAL_DIGITS = 6
#: Nobody types more; each costs a look into the index.
MAX_TOKENS = 8
LONGEST_TERM = 100
#: So many matches of a word are counted to find the rarest one.
COUNTED = 30_000
#: Months as they are written, by their first three letters.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]*\.?"
#: `30 January 1979`, `30th of Jan. 1979`, `January 30, 1979`.
_DAY_MONTH = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?({_MONTH}),?\s+(\d{{4}})(?!\S)", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"({_MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})(?!\S)", re.IGNORECASE)
#: A surname with the small words before it, which some write as one: `de la Cruz`, `delacruz`.
_WITH_PARTICLES = re.compile(
    r"\b(?:(?:abu|al|af|av|bin|d|da|dal|de|del|della|den|der|di|do|dos|du|el|ibn|la|las|le|les|los|mac|mc|o|san|st|ten|ter|"
    r"van|vander|vom|von|zu|zur)['’\s-]+)+\w{2,}",
    re.IGNORECASE,
)
#: A date of birth, a run of digits with the punctuation of phone numbers, or anything between spaces.
_TOKEN = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?!\S)|\d{1,2}([./-])\d{1,2}\1\d{4}(?!\S)|\+?\(?\d[\d\s()./-]*\d(?!\S)|\S+")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
#: As people say it, day or month first, and as machines do: `30.01.1979`, `1/30/1979`, `19790130`.
_SPOKEN_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_NUMBER = re.compile(r"p?-?0*(\d+)")
_NOT_WORD = re.compile(r"[\W_]+")
#: Kana, Han and Hangul, in which a whole name is written without a space.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_APOSTROPHE = re.compile("['’ʼ`]")


def words_of(name: str) -> set[str]:
    """The folded words of a name: `Anne-Marie O'Brien` -> annemarie, anne, marie, obrien, o, brien."""
    words: set[str] = set()
    for piece in fold(name).split():
        words |= {_NOT_WORD.sub("", piece), *_NOT_WORD.split(piece), *_NOT_WORD.split(_APOSTROPHE.sub("", piece))}
    return words - {""}


def spellings_of(patient: Patient) -> set[str]:
    """The words of both names, and each name as one word: `de la Cruz` is typed `delacruz`, too."""
    names = [patient.first_name, patient.last_name]
    if all(map(_UNSPACED.search, names)):
        names.append(patient.last_name + patient.first_name)
    return {word for name in names for word in (*words_of(name), _NOT_WORD.sub("", fold(name))) if word}


def terms_of(patient: Patient, former_numbers: Iterable[str] = ()) -> set[bytes]:
    """Everything that this patient may be found by; `former_numbers` are those of charts merged into this one."""
    terms = spellings_of(patient)
    for number in map(fold, (patient.patient_number, *former_numbers)):
        terms.add(_NOT_WORD.sub("", number))
        if match := _NUMBER.fullmatch(number):
            terms.add(NUMBER + match[1])
    if patient.phone:
        terms.add(PHONE + digits_of(patient.phone)[::-1])
    if patient.email:
        terms.add(fold(patient.email))
    terms.add(str(patient.date_of_birth))
    return {term.encode()[:LONGEST_TERM] for term in terms if term}


def digits_of(text: str) -> str:
    """The digits alone, as 0-9 whatever the script."""
    return "".join(str(int(char)) for char in text if char.isdecimal())


def dates_in(token: str) -> set[date]:
    """The dates that a token without the order of ISO 8601 may mean."""
    readings: list[tuple[str | Any, ...]] = []
    if spoken := _SPOKEN_DATE.fullmatch(token):
        readings = [(spoken[4], spoken[3], spoken[1]), (spoken[4], spoken[1], spoken[3])]
    elif compact := _COMPACT_DATE.fullmatch(token):
        readings = [compact.groups()]
    found = set()
    for reading in readings:
        with suppress(ValueError):
            found.add(date(*map(int, reading)))
    return found


def written_date(day: str, month: str, year: str) -> str:
    """A date whose month is a word, in the order of ISO 8601."""
    return f"{year}-{_MONTHS.index(month[:3].lower()) + 1}-{day}"


def ranges_of(token: str) -> Iterator[tuple[bytes, bytes]]:
    """The ranges [first, last) of terms that one token of a search means."""
    folded = fold(token)
    if iso := _DATE.fullmatch(folded):
        yield prefix(f"{iso[1]}-{iso[2]:0>2}-{iso[3]:0>2}")
        return
    yield from (exactly(str(day)) for day in sorted(dates_in(folded)))
    # As it stands for e-mails and the beginnings of dates, without punctuation for names and numbers.
    yield from (prefix(start) for start in sorted({folded, _NOT_WORD.sub("", folded)}) if start)
    if number := _NUMBER.fullmatch(folded):
        yield exactly(NUMBER + number[1])
    if not any(char.isalpha() for char in folded):
        digits = digits_of(folded)
        if len(digits) >= PHONE_DIGITS:
            yield prefix(PHONE + digits[::-1])
        # 0171 ... and 00 44 171 ... are kept as +44171 ...
        without_zeros = digits.lstrip("0")
        if without_zeros != digits and len(without_zeros) >= NATIONAL_DIGITS:
            yield prefix(PHONE + without_zeros[::-1])


def prefix(text: str) -> tuple[bytes, bytes]:
    """The range of the terms that begin with the text."""
    start = text.encode(errors="replace")[:LONGEST_TERM]
    return start, start + END


def exactly(text: str) -> tuple[bytes, bytes]:
    """The range of this one term."""
    start = text.encode(errors="replace")[:LONGEST_TERM]
    return start, start + b"\x00"


def almost(text: str) -> list[tuple[bytes, bytes]]:
    """The text as one word, and the words of names that sound or are spelled almost like it."""
    word = _NOT_WORD.sub("", fold(text))
    return [exactly(name) for name in (word, *spelling.alike(word)) if name]


def search_ranges(text: str, *, forgiving: bool = False) -> list[list[tuple[bytes, bytes]]]:
    """For each token of the text the ranges of which one must hold; empty where nothing can be searched for.

    `forgiving`: also those of names that sound or are spelled almost like the token, or like a surname written as one
    with the small words before it.
    """
    found = []
    text = _MONTH_DAY.sub(lambda found: written_date(found[2], found[1], found[3]), text.strip())
    text = _DAY_MONTH.sub(lambda found: written_date(found[1], found[2], found[3]), text)
    as_one = (
        [(name.start(), name.end(), almost(name[0])) for name in _WITH_PARTICLES.finditer(text)] if forgiving else []
    )
    for token in list(_TOKEN.finditer(text))[:MAX_TOKENS]:
        ranges = list(ranges_of(token[0]))
        if forgiving:
            ranges += almost(token[0])
            # Each of its words is then found by the whole name.
            ranges += [one for start, end, whole in as_one if start <= token.start() < end for one in whole]
        found.append(ranges)
    return [ranges for ranges in found if ranges]


def matching(ranges: list[tuple[bytes, bytes]], column: str = "term") -> models.Q:
    """The terms in any of the ranges."""
    condition = models.Q()
    for first, last in ranges:
        condition |= models.Q((f"{column}__gte", first), (f"{column}__lt", last))
    return condition


def rebuild_search_terms(patients: Iterable[Patient], *, fresh: bool = False, batch: int = 2000) -> int:
    """Write the terms of patients who were stored in bulk; returns how many. `fresh`: they have none yet."""
    model = _term_model()
    done = 0
    group: list[Any] = []

    learned: set[str] = set()

    def flush() -> None:
        former = {} if fresh else _merge_model().objects.former_numbers(group)
        words = {word for patient in group for word in spellings_of(patient)}
        with transaction.atomic():
            spelling.learn(words - learned)
            if not fresh:
                model.objects.filter(patient__in=[patient.pk for patient in group]).delete()
            model.objects.bulk_create(
                (term for patient in group for term in term_rows(patient, former.get(patient.pk, ()))),
                batch_size=5_000,
            )
        learned.update(words)

    for patient in patients:
        group.append(patient)
        done += 1
        if len(group) >= batch:
            flush()
            group = []
    if group:
        flush()
    return done


def term_rows(patient: Patient, former_numbers: Iterable[str] = ()) -> Iterator[PatientSearchTerm]:
    """The rows of `patient_search_terms` that this patient should have."""
    for term in sorted(terms_of(patient, former_numbers)):
        yield _term_model()(
            patient_id=patient.pk,
            term=term,
            last_name=patient.last_name,
            first_name=patient.first_name,
            is_active=patient.is_active,
        )


def _merge_model() -> Any:
    from patients.models import PatientMerge

    return PatientMerge


def _term_model() -> Any:
    from patients.models import PatientSearchTerm

    return PatientSearchTerm
