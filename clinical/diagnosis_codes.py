"""ICD-10-CM codes from a file (BYD-11; `settings.ICD10_FILE`): searched by code, title and everyday names."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from healthcare.text import fold
from healthcare.workflow import refuse
from patients.spelling import ALIKE, distance_of, sound_of

_DATA = Path(__file__).resolve().parent / "data"
SHIPPED = _DATA / "icd10cm.csv"
#: More would no longer be a diagnosis of one visit.
MOST = 20
#: Words that say nothing of what is meant.
_SMALL = frozenset({"a", "an", "and", "due", "for", "in", "of", "on", "the", "to", "with"})


@dataclass(frozen=True)
class Code:
    """One code. `also` are other names for it; common ones come first in a search."""

    code: str
    title: str
    also: str
    common: bool
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


def _words(text: str) -> list[str]:
    """The words, folded; `Crohn's` and `Crohns` are one, and the dot in a code belongs to it."""
    return [found for word in re.findall(r"[\w.]+", re.sub("['’]", "", fold(text))) if (found := word.strip("."))]


def _letters(text: str) -> str:
    """Letters and digits alone, as a code may be typed: `E11.9`, `e 119` and `E11-9` are the same."""
    return re.sub(r"[\W_]", "", fold(text))


@lru_cache(maxsize=1)
def codes() -> dict[str, Code]:
    """All codes by code, read once."""
    path = Path(getattr(settings, "ICD10_FILE", "") or SHIPPED)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {
            row["code"]: Code(
                row["code"],
                row["title"],
                row.get("also") or "",
                bool(row.get("common")),
                " ".join(_words(f"{row['code']} {_letters(row['code'])} {row['title']} {row.get('also') or ''}")),
            )
            for row in csv.DictReader(file)
        }


@lru_cache(maxsize=1)
def _everyday() -> dict[str, list[str]]:
    """What people say, a word or a few -> how the classification puts it."""
    said: dict[str, list[str]] = defaultdict(list)
    with (_DATA / "icd10_words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            said[row["said"]].append(row["means"])
    return dict(said)


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    """Every word of the list."""
    return frozenset(word for code in codes().values() for word in code.text.split() if word.isalpha())


def _terms(words: list[str]) -> list[list[str]]:
    """What was typed, word by word, each with its other names; words that mean something together are one."""
    found, rest = [], words
    while rest:
        size = next((n for n in (3, 2) if " ".join(rest[:n]) in _everyday()), 1)
        term, rest = " ".join(rest[:size]), rest[size:]
        if term not in _SMALL:
            found.append([term, *_everyday().get(term, ())])
    return found


def _alike(names: list[str]) -> list[str]:
    """The names of a term, then the list's words that are spelled or sound almost like it, the nearest first."""
    word = names[0]
    if len(word) < 4 or not word.isalpha():
        return names
    sound = sound_of(word)
    near = [(d, known) for known in _vocabulary() if (d := distance_of(word, sound, known)) is not None]
    return [*names, *(known for _distance, known in sorted(near)[:ALIKE])]


def search(text: str, count: int = 20) -> list[Code]:
    """The codes in which every typed word occurs, by its everyday names too, or else one that is spelled almost like
    it: the exact code first, then those that begin with what was typed, those where a word begins so, and everyday
    ones."""
    terms, typed = _terms(_words(text)[:8]), _letters(text)
    found = _matching(terms, typed, count)
    # Inside another word (`asma` in plasma) is not what was meant if something is spelled almost so.
    if found and all(any(_begins(found[0], name) for name in names) for names in terms):
        return found
    return _matching([_alike(names) for names in terms], typed, count)


def _begins(code: Code, name: str) -> bool:
    """Whether a word of the code's begins so."""
    return f" {name}" in f" {code.text}"


def _matching(terms: list[list[str]], typed: str, count: int) -> list[Code]:
    """The codes that hold one of each term's names, the best first."""
    found: list[tuple[Any, ...]] = []
    for code in codes().values() if terms else ():
        chosen = [next((n for n, name in enumerate(names) if name in code.text), None) for names in terms]
        if None in chosen:
            continue
        used = [names[n] for names, n in zip(terms, chosen, strict=True) if n is not None]
        starts = all(_begins(code, name) for name in used)
        letters = _letters(code.code)
        found.append(
            (
                letters != typed,
                not letters.startswith(typed),
                not starts,
                sum(n or 0 for n in chosen),
                not code.common,
                len(code.title),
                code.code,
            )
        )
    return [codes()[entry[-1]] for entry in sorted(found)[:count]]


def shown(entries: list[dict[str, str]] | None) -> list[str]:
    """Stored codes in words: `I10 Essential (primary) hypertension`."""
    return [f"{entry['code']} {entry['title']}" for entry in entries or []]


class CodesSelect(forms.SelectMultiple):
    """Search as you type; only what is chosen is rendered."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        url = reverse_lazy("diagnosis_code_options")
        super().__init__({"data-search": "", "data-url": url, **(attrs or {})})

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        known = codes()
        options = []
        for index, code in enumerate(value):
            label = str(known.get(code, code))
            options.append((None, [self.create_option(name, code, label, True, index)], index))
        return options


class CodesField(forms.Field):
    """Chosen codes, kept with the titles that they had."""

    widget = CodesSelect
    default_error_messages = {
        "unknown": _("%(code)s is no code of the list."),
        "many": _("These are too many codes for one visit."),
    }

    def prepare_value(self, value: Any) -> Any:
        return [entry["code"] if isinstance(entry, dict) else entry for entry in value or []]

    def clean(self, value: Any) -> list[dict[str, str]]:
        chosen = list(dict.fromkeys(value or []))
        if len(chosen) > MOST:
            raise refuse(self.error_messages["many"], code="many")
        for code in chosen:
            if code not in codes():
                params = {"code": code[:20]}
                raise forms.ValidationError(self.error_messages["unknown"], code="unknown", params=params)
        return [{"code": code, "title": codes()[code].title} for code in chosen]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != list(data or [])
