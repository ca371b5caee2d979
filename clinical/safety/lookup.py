"""Finding known names in a run of words: exact phrases first, then guarded misspellings, then name stems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import jellyfish
from rapidfuzz.distance import OSA

from .knowledge import Knowledge, knowledge
from .model import Term
from .text import is_number, skeleton

LONGEST_PHRASE = 7
# Below this many letters one changed letter too often makes another real word.
SHORTEST_FUZZY = 5


@dataclass(frozen=True)
class Match:
    """A known name at words[start:end]."""

    start: int
    end: int
    term: Term
    read_as: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """The names of the knowledge, indexed for lookup."""

    terms: dict[str, Term]
    joined: dict[str, str]
    skeletons: dict[str, tuple[str, ...]]
    by_first: dict[str, tuple[str, ...]]
    by_rest: dict[str, str]
    known_words: frozenset[str]


def _merge(terms: Sequence[Term]) -> Term:
    return Term(
        frozenset().union(*(t.ingredients for t in terms)),
        frozenset().union(*(t.classes for t in terms)),
        frozenset().union(*(t.stem_classes for t in terms)),
        next((t.non_drug for t in terms if t.non_drug), ""),
    )


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Built once from the knowledge."""
    base = knowledge()
    joined: dict[str, str] = {}
    singles: set[str] = set()
    known = {word for words in base.words.values() for word in words}
    for name in base.terms:
        parts = name.split()
        known.update(parts)
        if len(parts) == 1:
            singles.add(name)
        elif len(name) > 6:
            joined["".join(parts)] = name
    skeletons: dict[str, set[str]] = defaultdict(set)
    by_first: dict[str, list[str]] = defaultdict(list)
    by_rest: dict[str, str] = {}
    for name in sorted({*(s for s in singles if len(s) >= SHORTEST_FUZZY), *joined}):
        if any(c.isdigit() for c in name):
            continue
        if len(name) >= 6:
            skeletons[skeleton(name)].add(name)
        by_first[name[0]].append(name)
        if len(name) >= 9:
            by_rest.setdefault(name[1:], name)
    return Vocabulary(
        terms=dict(base.terms),
        joined=joined,
        skeletons={k: tuple(sorted(v)) for k, v in skeletons.items()},
        by_first={k: tuple(v) for k, v in by_first.items()},
        by_rest=by_rest,
        known_words=frozenset(known),
    )


def _term(vocab: Vocabulary, name: str) -> Term:
    return vocab.terms[vocab.joined.get(name, name)]


def _consonants(word: str) -> str:
    return "".join(c for c in word if c not in "aeiouy")


def _allowed(word: str, name: str, distance: int, base: Knowledge) -> bool:
    """Whether so many changed letters may still be the same word."""
    shorter = min(len(word), len(name))
    if name in base.rare:
        return distance == 1 and shorter >= 8
    if distance == 1:
        # Five letters: only when it also sounds the same. Six: not for a brand that ends differently.
        if shorter == 5 and len(word) != len(name):
            return _consonants(word) == _consonants(name)  # "keflx"
        return shorter >= 6 or jellyfish.metaphone(word) == jellyfish.metaphone(name)
    same_sound = jellyfish.metaphone(word) == jellyfish.metaphone(name)
    if distance == 2 and shorter >= 6 and len(word) == len(name) and same_sound:
        return True
    if word[:2] != name[:2]:
        return False
    if name in base.brand_keys and shorter < 9:
        return distance == 2 and shorter >= 7 and same_sound
    if distance == 2:
        return shorter >= 8 and (same_sound or word[:3] == name[:3])
    return distance == 3 and shorter >= 12 and word[:3] == name[:3] and word[-2:] == name[-2:]


@lru_cache(maxsize=20_000)
def misspelling(word: str) -> tuple[str, Term] | None:
    """The known name this unknown word is a misspelling of, or a stem that gives its class away."""
    vocab, base = vocabulary(), knowledge()
    if len(word) < SHORTEST_FUZZY or word in vocab.known_words or any(c.isdigit() for c in word):
        return None
    same = vocab.skeletons.get(skeleton(word)) if len(word) >= 6 else None
    if same:
        return same[0], _merge([_term(vocab, name) for name in same])
    if word.endswith("s") and (found := vocab.skeletons.get(skeleton(word[:-1]))) and len(word) > 6:
        return found[0], _merge([_term(vocab, name) for name in found])
    near: dict[int, list[str]] = defaultdict(list)
    for name in vocab.by_first.get(word[0], ()):
        if abs(len(name) - len(word)) <= 3:
            distance = OSA.distance(word, name, score_cutoff=3)
            if distance <= 3 and _allowed(word, name, distance, base):
                near[distance].append(name)
    if near[1]:
        return _pick(word, near[1], vocab)
    if (missing_first := vocab.by_rest.get(word)) or (missing_first := vocab.by_rest.get(word[1:])):
        return missing_first, _term(vocab, missing_first)
    if cut_short := [
        name
        for name in vocab.by_first.get(word[0], ())
        if name.startswith(word) and name not in base.rare and name not in base.brand_keys
    ]:
        # "metoclop", "carbamaz": the beginning of a name, if it is not the beginning of many.
        begun = _merge([_term(vocab, name) for name in cut_short])
        if len(begun.ingredients | begun.classes) <= 3:
            return " or ".join(cut_short), begun
    for stem, position, drug_class in base.stems:
        if (
            not (word.endswith(stem) if position == "end" else word.startswith(stem) and len(word) >= 7)
            or len(word) < len(stem) + 3
        ):
            continue
        # A near name of the same class says more than the class alone.
        for distance in (2, 3):
            members = base.classes[drug_class].members
            if same_class := [n for n in near[distance] if _term(vocab, n).ingredients & members]:
                return _pick(word, same_class, vocab)
        reading = f"a name in -{stem}" if position == "end" else f"a name in {stem}-"
        return reading, Term(stem_classes=frozenset({drug_class}))
    for distance in (2, 3):
        if near[distance]:
            return _pick(word, near[distance], vocab)
    return None


def _pick(word: str, names: list[str], vocab: Vocabulary) -> tuple[str, Term]:
    """Among equally near names the usual ones, then those that sound the same; any that remain may be meant."""
    sound = jellyfish.metaphone(word)
    names = [name for name in names if name not in knowledge().rare] or names
    best = [name for name in names if jellyfish.metaphone(name) == sound] or names
    return " or ".join(best), _merge([_term(vocab, name) for name in best])


def _exact(vocab: Vocabulary, words: Sequence[str], start: int, end: int) -> Term | None:
    phrase = " ".join(words[start:end])
    if phrase in vocab.terms:
        return vocab.terms[phrase]
    if end - start == 1:
        word = words[start]
        if word in vocab.joined:
            return vocab.terms[vocab.joined[word]]
        if len(word) > 4 and word.endswith("s") and word[:-1] in vocab.terms:
            return vocab.terms[word[:-1]]
    elif end - start == 2 and len(phrase) > 6:
        return vocab.terms.get("".join(words[start:end]))
    return None


def find(words: Sequence[str], breaks: frozenset[int] = frozenset()) -> list[Match]:
    """All known names in the words; a name never reaches across a position in `breaks`."""
    vocab = vocabulary()
    matches: list[Match] = []
    position = 0
    while position < len(words):
        for end in range(min(len(words), position + LONGEST_PHRASE), position, -1):
            if any(cut in breaks for cut in range(position + 1, end)):
                continue
            term = _exact(vocab, words, position, end)
            if term:
                matches.append(Match(position, end, term))
                position = end
                break
        else:
            match = _inexact(vocab, words, position, breaks)
            if match:
                matches.append(match)
            position = match.end if match else position + 1
    return matches


def _inexact(vocab: Vocabulary, words: Sequence[str], at: int, breaks: frozenset[int]) -> Match | None:
    word = words[at]
    if word == "co" and at + 1 < len(words) and at + 1 not in breaks:
        # British combination names in two words: "co amoxyclav".
        if guess := misspelling("co" + words[at + 1]):
            return Match(at, at + 2, guess[1], guess[0])
        return None
    if is_number(word):
        return None
    guess = misspelling(word)
    return Match(at, at + 1, guess[1], guess[0]) if guess else None
