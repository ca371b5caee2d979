"""Names that sound or are spelled almost like what was typed, from an index of the names that exist.

Each distinct word of a name has a few keys: itself, itself without any one letter, and how it sounds (also the
beginnings of that, for who is still typing). A misspelled word shares a key with the right one, so looking for it
is a look into one index, however many patients there are; which of the found are near enough is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jellyfish
from rapidfuzz.distance import OSA

from healthcare.text import fold

#: Shorter words are too near to everything.
SHORTEST = 3
#: Longer ones, and longer sounds, are cut: nobody's name differs only beyond.
LONGEST = 24
#: What cannot be kept whole is no name; a hundred ligatures become three hundred letters.
LONGEST_KEPT = 200
#: First character of the keys by sound, which no word has.
SOUND = "~"
#: A sound of fewer letters is shared by too many names to say anything while typing.
SOUND_START = 3
#: So many candidates are compared, so many alike words are looked for.
CANDIDATES, ALIKE = 400, 8


def sound_of(word: str) -> str:
    """How a word sounds in English ears; empty for what is not written in Latin letters."""
    return jellyfish.metaphone(word).replace(" ", "")[:LONGEST] if word.isascii() else ""


def spelling_keys(word: str) -> set[str]:
    """The word itself, and the word without any one of its letters."""
    word = word[:LONGEST]
    return {word} | ({word[:n] + word[n + 1 :] for n in range(len(word))} if len(word) > SHORTEST else set())


def keys_of(word: str) -> set[str]:
    """Every key under which a word is kept."""
    sound = sound_of(word)
    starts = {sound[:end] for end in range(SOUND_START, len(sound) + 1)} | {sound}
    return spelling_keys(word) | {SOUND + start for start in starts if start}


def learnable(words: Iterable[str]) -> set[str]:
    """The words worth keeping: of letters, neither too short nor too long."""
    return {word for word in words if SHORTEST <= len(word) <= LONGEST_KEPT and word.isalpha()}


def learn(words: Iterable[str]) -> None:
    """Keep new words of names. Words are never forgotten: one that nobody has any more finds nobody."""
    wanted = learnable(words)
    rows = _model().objects
    known = set(
        rows.filter(key__in=[word[:LONGEST] for word in wanted], word__in=wanted).values_list("word", flat=True)
    )
    # In one order, so that two writers of the same words wait for each other and not around each other.
    rows.bulk_create(
        [_model()(key=key, word=word) for word in sorted(wanted - known) for key in sorted(keys_of(word))],
        ignore_conflicts=True,
        batch_size=5_000,
    )


def alike(typed: str) -> list[str]:
    """The words of names that sound or are spelled almost like this one, the nearest first."""
    word = fold(typed)
    if word not in learnable([word]):
        return []
    sound = sound_of(word)
    keys = spelling_keys(word) | ({SOUND + sound} if sound else set())
    found = set(_model().objects.filter(key__in=keys).values_list("word", flat=True)[:CANDIDATES])
    near = sorted((distance, other) for other in found if (distance := distance_of(word, sound, other)) is not None)
    return [other for _distance, other in near[:ALIKE] if other != word]


def distance_of(word: str, sound: str, other: str) -> float | None:
    """How far apart two words are, in letters; None if they are not alike."""
    letters = OSA.distance(word, other)
    if letters <= (1 if len(word) < 5 else 2):
        return float(letters)
    if sound and sound_of(other) == sound and letters <= min(3, len(other) // 2):
        return letters + 0.5
    # Perhaps still being typed.
    if sound and len(other) > len(word) >= 4 and OSA.distance(word, other[: len(word)]) <= 1:
        return 3.5 + len(other) / 100
    return None


def similarity(one: str, other: str) -> float:
    """How alike two words are, from 0 to 1; those that sound the same are at least 0.8."""
    if one == other:
        return 1.0
    spelled = float(OSA.normalized_similarity(one, other))
    return max(spelled, 0.8) if sound_of(one) and sound_of(one) == sound_of(other) else spelled


def _model() -> Any:
    from patients.models import PatientNameKey

    return PatientNameKey
