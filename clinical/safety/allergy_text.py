"""What an allergy text says: the allergens, those denied or tolerated, and what was not understood."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from . import negation
from .knowledge import Knowledge, knowledge
from .languages import in_english
from .lookup import Match, find
from .model import AllergyResolution, Mention, Term
from .text import fold, is_number

# One token: a word, or a separator that matters. A full stop only ends a sentence before a space or the end.
_TOKEN = re.compile(r"[a-z0-9]+|\.(?=\s|$)|->|=>|[\n\r;|•!,/&+():=?\-]|\*(?=\s)")
_LIST_NUMBER = re.compile(r"(?:(?<=^)|(?<=[\s;,.]))\(?\d{1,2}[.)](?=\s*[a-z])")
_OTHER_SCRIPT = re.compile(r"(?:[^\W\d_a-z]|[\u0900-\u0e7f])+")
_EVERYTHING = re.compile(
    r"\b(?:allerg\w*|reacts?|react(?:ed|ion|ions|ing)|intoleran\w*|sensitive|hypersensitive)"
    r"(?: \w+){0,2}? (?:to|of|with) (?:\w+ )?(?:everything|anything|"
    r"all (?:drugs|medicines?|medications?|meds|tablets|pills)|every (?:drug|medicine|medication))\b|"
    r"\b(?:can|may) only (?:take|have|use|tolerate) "
)
LONGEST_TEXT = 4000
_RUN_TOGETHER = re.compile(r"\b([a-z]{4,})(allerg(?:y|ies|ic))\b")
# "NKDA including penicillin" names what was asked about, not an exception.
_ASKED = re.compile(
    r"\b(?:nkd?a|no (?:known )?(?:drug )?allergies)[ ,:(-]*(?=(?:including|incl|such as|specifically (?:no|asked))\b)"
)
_BULLET = re.compile(r"(?m)^\s*[-*•–]\s+")
_BRACKETED = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_HARD = frozenset("\n\r;|•!.")
_NONE = re.compile(
    r"\b(nkd?as?|nkfa|nkma|nkea|nda|nad|none|nil|no|not|denie[sd]|deny|denying|na|n a|negative|neg|never|"
    r"without|zero)\b"
)
_UNKNOWN = re.compile(r"\b(unknown|not (?:asked|known|sure|recorded|documented|obtained|reviewed)|unable|unsure)\b")
_NONE_KNOWN = re.compile(r"\b(no|nil|none|not any)\b( \w+){0,4} known\b|\bno known\b|\b(none|nil) known\b")


@dataclass
class _Sentence:
    """The words between two hard separators, with the separator in front of each word."""

    words: list[str]
    before: list[str]


def _sentences(text: str) -> list[_Sentence]:
    text = _BULLET.sub("\n", in_english(fold(text)))
    text = _ASKED.sub("denies allergies ", text)
    text = _LIST_NUMBER.sub(" ; ", text)
    text = _RUN_TOGETHER.sub(r"\1 \2", text)
    # A comma inside brackets lists reactions of one allergen; it must not cut them off from it.
    text = _BRACKETED.sub(lambda m: "( " + re.sub(r"[;,\n|]", " / ", m.group(1) or m.group(2) or "") + " )", text)
    text = text.replace("[", " ( ").replace("]", " ) ")
    sentences = [_Sentence([], [])]
    separator = ""
    for token in _TOKEN.findall(text):
        if token in _HARD:
            if sentences[-1].words:
                sentences.append(_Sentence([], []))
            separator = ""
        elif token[0].isalnum():
            sentences[-1].words.append(token)
            sentences[-1].before.append(separator)
            separator = ""
        elif not (token == "-" and separator in (",", "(")):  # noqa: S105 - a hyphen, no password
            separator = token
    return [sentence for sentence in sentences if sentence.words]


def _matches(sentence: _Sentence, base: Knowledge) -> list[Match]:
    """The allergens named in a sentence."""
    cuts = frozenset(i for i, sep in enumerate(sentence.before) if sep in (",", ":", "(", ")", "->", "=>", "=", "?"))
    found: list[Match] = []
    for match in find(sentence.words, cuts):
        single = match.end - match.start == 1
        word = sentence.words[match.start]
        previous = found[-1] if found else None
        follows = previous is not None and previous.end == match.start and not sentence.before[match.start]
        if single and follows and word in base.words["salt"]:
            continue  # "morphine sulfate", "miconazole nitrate": the salt is not an allergen of its own
        found.append(match)
    weak = base.words["weak"]
    strong = [m for m in found if m.end - m.start > 1 or sentence.words[m.start] not in weak]
    if len(strong) != len(found):
        # "pen" alone means penicillin; next to another drug without a separator it is a device.
        found = [
            m
            for m in found
            if m in strong
            or not any((abs(m.start - s.end) == 0 and not sentence.before[m.start]) or s.start == m.end for s in strong)
        ]
    return found


def _flags(words: set[str], base: Knowledge) -> tuple[bool, bool, bool]:
    severe = bool(words & base.words["severe"])
    angioedema = bool(words & base.words["angioedema"])
    cough = bool(words & base.words["cough"]) and not words & (
        (base.words["reaction"] | base.words["severe"]) - base.words["cough"]
    )
    return severe, angioedema, cough


_LEADING_IN = frozenset(("to", "with", "from", "after", "by", "taking", "on"))


def _mention(sentence: _Sentence, found: list[Match], index: int, verdict: str, base: Knowledge) -> Mention:
    """One allergen with the reaction named behind it, or in front of it as in "anaphylaxis to penicillin"."""
    match = found[index]
    stop = found[index + 1].start if index + 1 < len(found) else len(sentence.words)
    near = set(sentence.words[match.end : stop])
    if match.start and sentence.words[match.start - 1] in _LEADING_IN:
        near |= set(sentence.words[found[index - 1].end if index else 0 : match.start])
    severe, angioedema, cough = _flags(near, base)
    return Mention(
        text=" ".join(sentence.words[match.start : match.end]),
        term=match.term,
        read_as=match.read_as,
        negated=verdict == "negated",
        tolerated=verdict == "tolerated",
        family=verdict == "family",
        severe=severe,
        angioedema=angioedema,
        only_cough=cough,
    )


def _unresolved(sentence: _Sentence, matched: set[int], base: Knowledge) -> list[str]:
    """Runs of words that are neither a known allergen nor ordinary words."""
    plain = frozenset().union(*(base.words[k] for k in base.words if k not in ("weak", "vague")))
    runs: list[list[str]] = []
    last = -2
    for index, word in enumerate(sentence.words):
        if index in matched or word in plain or is_number(word) or len(word) < 3:
            continue
        if index == last + 1 and not sentence.before[index]:
            runs[-1].append(word)
        else:
            runs.append([word])
        last = index
    return [" ".join(run) for run in runs]


@lru_cache(maxsize=20_000)
def resolve_allergy(text: str) -> AllergyResolution:
    """What a free text resolves to: allergens, negations and unresolved fragments."""
    base = knowledge()
    mentions: list[Mention] = []
    unresolved: list[str] = []
    negative = False
    if len(text) > LONGEST_TEXT:
        # The patterns look across a whole sentence; a pasted letter must not hold up the prescription.
        cut = text.rfind(" ", 0, LONGEST_TEXT)
        whole, text = text, text[: cut if cut > 0 else LONGEST_TEXT]
        unresolved.append(f"the last {len(whole) - len(text)} characters of a very long text")
    for sentence in _sentences(text):
        found = _matches(sentence, base)
        matched = {i for m in found for i in range(m.start, m.end)}
        joined = " ".join(sentence.words)
        negative = negative or bool(_NONE.search(joined))
        if _EVERYTHING.search(joined) and not _NONE.search(joined):
            # "allergic to everything except paracetamol": what is excepted is tolerated, the rest is not.
            mentions.append(Mention("everything", Term(classes=frozenset(base.classes))))
        if not found:
            if mentions:
                # "Penicillin. Anaphylaxis." - the reaction belongs to the allergen before it.
                worse, swelling, _ = _flags(set(sentence.words), base)
                last = mentions[-1]
                mentions[-1] = replace(last, severe=last.severe or worse, angioedema=last.angioedema or swelling)
            mentions = negation.apply_to_previous(joined, mentions)
        else:
            verdicts = negation.judge(sentence.words, sentence.before, [(m.start, m.end) for m in found])
            for index in range(len(found)):
                mentions.append(_mention(sentence, found, index, verdicts[index], base))
        fragments = _unresolved(sentence, matched, base)
        unresolved += fragments
        if not found and not fragments and _UNKNOWN.search(joined) and not _NONE_KNOWN.search(joined):
            unresolved.append(joined)
    unresolved += _OTHER_SCRIPT.findall(fold(text))
    says_none = negative and not any(m.counts for m in mentions)
    letters = any(c.isalpha() for c in text)
    if letters and not mentions and not unresolved and not negative:
        unresolved.append(" ".join(text.split()))
    return AllergyResolution(
        text=text, mentions=tuple(mentions), unresolved=tuple(dict.fromkeys(unresolved)), says_none=says_none
    )
