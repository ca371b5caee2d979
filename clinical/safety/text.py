"""Turning what people type into comparable words."""

from __future__ import annotations

import re
import unicodedata

from .scripts import LATIN, in_latin

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")
_QUOTES = dict.fromkeys(map(ord, "'’‘`´ʼ"), None)
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}[a-z]?\b\.?")
# "l'aspirine", "all'aspirina": the article is no part of the name.
_ELISION = re.compile(r"(?i)\b([ldn]|all|dell|dall|nell|sull)['’](?=\w{3})")
# "acide valproique", "acido acetilsalicilico", "Acetylsalicylsaure": the name comes first in English.
_ACID_FIRST = re.compile(r"\bacid[oe] (\w{4,}?)(?:ico|ique|ic)\b")
_ACID_LAST = re.compile(r"\b(\w{5,}?)(?:saure|zuur|(?:ico|ique) acid[oe])\b")
_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"\d+[a-z]{0,4}")


def fold(text: str) -> str:
    """Lower case without accents, apostrophes, zero-width marks or dots inside abbreviations ("N.K.D.A.")."""
    text = _ELISION.sub(r"\1 ", in_latin(text).translate(_DASHES)).translate(_QUOTES)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    text = _DOTTED.sub(lambda m: m.group().replace(".", "") + " ", text.casefold().translate(LATIN))
    return _ACID_LAST.sub(r"\1ic acid", _ACID_FIRST.sub(r"\1ic acid", text))


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return _WORD.findall(fold(text))


def key(text: str) -> str:
    """The form under which a name is stored and looked up."""
    return " ".join(words(text))


def is_number(word: str) -> bool:
    """Strengths, doses, years: "500", "500mg", "2019", "10ml"."""
    return bool(_NUMBER.fullmatch(word))


_SOUNDS = (
    (re.compile(r"^e(?=s[ptck])"), ""),
    (re.compile(r"ch(?=[lr])"), "c"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"th"), "t"),
    (re.compile(r"[ao]e"), "e"),
    (re.compile(r"ck|qu|q"), "k"),
    (re.compile(r"c(?=[eiy])"), "s"),
    (re.compile(r"c"), "k"),
    (re.compile(r"x"), "ks"),
    (re.compile(r"z"), "s"),
    (re.compile(r"y"), "i"),
    (re.compile(r"(.)\1+"), r"\1"),
    # Endings that change from language to language: amoxicillin(e, a, um), ibuprofen(e, o), omeprazol(e), morfin(a).
    (re.compile(r"(?<=.{4})(?:[aeo]|um)$"), ""),
)


def skeleton(word: str) -> str:
    """Spelling reduced to sound, so that sulph/sulf, ceph/cef, foreign endings and double letters agree."""
    for pattern, replacement in _SOUNDS:
        word = pattern.sub(replacement, word)
    return word
