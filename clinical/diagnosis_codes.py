"""ICD-10-CM codes from a file (BYD-11; `settings.ICD10_FILE`): searched by code, title and everyday names."""

from __future__ import annotations

import csv
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

SHIPPED = Path(__file__).resolve().parent / "data" / "icd10cm.csv"
#: More would no longer be a diagnosis of one visit.
MOST = 20


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
                fold(f"{row['code']} {row['code'].replace('.', '')} {row['title']} {row.get('also') or ''}"),
            )
            for row in csv.DictReader(file)
        }


def search(text: str, count: int = 20) -> list[Code]:
    """The codes in which every typed word occurs: exact code, then everyday ones, then where a word begins."""
    words = fold(text).split()[:8]
    if not words:
        return []
    found = [code for code in codes().values() if all(word in code.text for word in words)]
    exact = fold(text).strip().replace(".", "")

    def rank(code: Code) -> tuple[Any, ...]:
        starts = all(f" {word}" in f" {code.text}" for word in words)
        return (fold(code.code).replace(".", "") != exact, not code.common, not starts, len(code.title), code.code)

    return sorted(found, key=rank)[:count]


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
