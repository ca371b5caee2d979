"""Names in other scripts: a table for those that are translated, letters for those that are only spelled."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .files import read

_FOREIGN = re.compile("[\u0370-\u1fff\u3040-\ud7ff\uf900-\uffee]")
# Chosen so that a name reads as in Latin: "ц" is the c of "цефалексин" and "пенициллин".
_LETTERS = str.maketrans(
    dict(zip("абвгґдезиіїйклмнопрстуфхцыэєљњђќѕј", "abvggdeziiiiklmnoprstufhcyeelndkzj", strict=True))
    | {
        "ж": "zh",
        "ч": "ch",
        "ш": "sh",
        "щ": "sch",
        "ю": "yu",
        "я": "ya",
        "ў": "u",
        "ћ": "c",
        "џ": "dz",
        "ъ": "",
        "ь": "",
    }
    | dict(zip("αβγδεζηικλμνξοπρσςτυφχω", "abgdeziiklmnxoprsstifho", strict=True))
    | {"θ": "th", "ψ": "ps"}
)
_GREEK_PAIRS = (("μπ", "b"), ("ντ", "d"), ("γκ", "g"), ("ου", "u"), ("αι", "e"), ("ει", "i"), ("οι", "i"), ("ευ", "eu"))
#: Latin letters that Unicode does not take apart.
LATIN = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ı": "i", "þ": "th"})


@lru_cache(maxsize=1)
def _names() -> tuple[re.Pattern[str], dict[str, str]]:
    table = {_plain(row["name"]): row["english"] for row in read("other_scripts.csv")}
    return re.compile("|".join(map(re.escape, sorted(table, key=len, reverse=True)))), table


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def in_latin(text: str) -> str:
    """A text with names of other scripts in English or in Latin letters; what remains foreign stays as it is."""
    if not _FOREIGN.search(text):
        return text
    pattern, table = _names()
    text = pattern.sub(lambda match: f" {table[match.group()]} ", _plain(text))
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")
    for pair, latin in _GREEK_PAIRS:
        plain = plain.replace(pair, latin)
    return unicodedata.normalize("NFC", plain.translate(_LETTERS))
