"""What a medication name contains."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from .knowledge import knowledge
from .lookup import find
from .model import Medicine
from .text import is_number, key, words

_FREE_OF = re.compile(r"(?i)\b\w+[-‐–]free\b")


@lru_cache(maxsize=20_000)
def _resolve(name: str, given: tuple[str, ...]) -> Medicine:
    base = knowledge()
    found: set[str] = set()
    classes: set[str] = set()
    stems: set[str] = set()
    unknown: list[str] = []
    read_as: list[str] = []
    plain = base.words["form"] | base.words["salt"] | base.words["month"]
    for text in (name, *given):
        tokens = words(_FREE_OF.sub(" ", text))
        matched: set[int] = set()
        for match in find(tokens):
            single = match.end - match.start == 1
            if single and tokens[match.start] in plain:
                # "pen" is a device here and "sodium" a salt.
                continue
            matched.update(range(match.start, match.end))
            found |= match.term.ingredients
            classes |= match.term.classes
            stems |= match.term.stem_classes
            if match.read_as:
                read_as.append(f"“{' '.join(tokens[match.start : match.end])}” read as {match.read_as}")
        unknown += [
            token
            for index, token in enumerate(tokens)
            if index not in matched and token not in plain and not is_number(token) and len(token) > 2
        ]
    return Medicine(
        name=name,
        ingredients=frozenset(found),
        # A class word says less than an ingredient and only counts where there is none.
        classes=frozenset(stems if found else classes | stems),
        words=tuple(w for text in (name, *given) for w in words(text) if not is_number(w)),
        unknown=tuple(dict.fromkeys(unknown)),
        read_as=tuple(dict.fromkeys(read_as)),
    )


def resolve_medication(name: str, ingredients: Sequence[str] = ()) -> Medicine:
    """The ingredients of a medication, by its name and by what the catalogue says it contains."""
    return _resolve(name.strip(), tuple(sorted(i for i in ingredients if key(i))))
