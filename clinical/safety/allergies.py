"""Comparing a medication with what the patient is allergic to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import cast

from rapidfuzz.distance import OSA

from .allergy_text import resolve_allergy
from .knowledge import CrossReaction, Knowledge, knowledge
from .model import SEVERITY_RANK, Allergy, AllergyResolution, Medicine, Mention, Severity, Warning
from .text import is_number, words

_SEVERE_WORDS = frozenset(("severe", "high", "fatal", "threatening", "anaphylaxis", "critical"))
_CLASS_SOURCE = "Substance classes compiled from WHO ATC groups (S18)"
_NAME_SOURCE = "Same substance"
#: What a medicine cannot contain; any other food or material may be an excipient or in the packaging.
_ELSEWHERE = frozenset(("pollen", "dust", "animals", "mould", "venom", "physical"))
Finding = tuple[Severity, str, str]


def allergy_warnings(
    medicine: Medicine, allergies: Sequence[Allergy], base: Knowledge
) -> tuple[list[Warning], list[str]]:
    """The warnings, and the notices of what could not be checked."""
    warnings: list[Warning] = []
    notices: list[str] = []
    entries = [(allergy, resolve_allergy(allergy.text)) for allergy in allergies]
    tolerated = frozenset(i for _, r in entries for m in r.mentions if m.tolerated for i in m.term.ingredients)
    tolerated_classes = frozenset(c for _, r in entries for m in r.mentions if m.tolerated for c in m.term.classes)
    for allergy, resolution in entries:
        notices += [f"not checked: {fragment}" for fragment in resolution.unresolved]
        notices += [
            f"family history only, not an allergy of the patient: {m.text}" for m in resolution.mentions if m.family
        ]
        notices += [
            f"“{m.text}” read as {m.read_as}: please confirm." for m in resolution.mentions if m.counts and m.read_as
        ]
        warnings += _same_unknown_name(medicine, resolution)
        # Only what the component table knows is compared; unchecked must not look checked.
        if others := sorted({m.text for m in resolution.mentions if m.counts and _may_be_inside(m)}):
            notices.append(f"not checked against excipients and packaging: {', '.join(others)}")
        for mention in resolution.mentions:
            if not mention.counts:
                continue
            mention = _with_coded_reaction(mention, allergy)
            findings = [
                *_direct(mention, medicine),
                *_by_class(mention, medicine, tolerated, tolerated_classes, base),
                *_by_cross_reaction(mention, medicine, tolerated, tolerated_classes, base),
                *_by_component(mention, medicine, base),
                *_same_material(mention, medicine),
            ]
            if findings:
                severity, reason, source = min(findings, key=lambda f: SEVERITY_RANK[f[0]])
                shown = " ".join(allergy.text.split())
                shown = shown if len(shown) <= 80 else mention.text
                warnings.append(Warning("allergy", severity, f"Allergy on record “{shown}”: {reason}.", source))
    return warnings, notices


def _may_be_inside(mention: Mention) -> bool:
    """A food or material, which a medicine's own ingredients do not tell about."""
    return bool(mention.term.non_drug) and not mention.term.is_drug and mention.term.non_drug not in _ELSEWHERE


def _with_coded_reaction(mention: Mention, allergy: Allergy) -> Mention:
    """Reaction and severity of a coded entry count like words in the text."""
    if not allergy.reaction and not allergy.severity:
        return mention
    # A placeholder drug carries the reaction through the same parser as free text.
    parsed = resolve_allergy(f"penicillin ({allergy.reaction})").mentions
    like = parsed[0] if parsed else mention
    severe = bool(_SEVERE_WORDS & set(words(allergy.severity)))
    return Mention(
        text=mention.text,
        term=mention.term,
        read_as=mention.read_as,
        severe=mention.severe or like.severe or severe,
        angioedema=mention.angioedema or like.angioedema,
        only_cough=mention.only_cough or like.only_cough,
    )


def _graded(mention: Mention, usual: str) -> Severity:
    return "high" if mention.severe or mention.angioedema else cast(Severity, usual)


def _direct(mention: Mention, medicine: Medicine) -> Iterator[Finding]:
    for ingredient in sorted(mention.term.ingredients & medicine.ingredients):
        yield "high", f"{medicine.name} contains {ingredient}", _NAME_SOURCE


def _by_class(
    mention: Mention,
    medicine: Medicine,
    tolerated: frozenset[str],
    tolerated_classes: frozenset[str],
    base: Knowledge,
) -> Iterator[Finding]:
    for ingredient in sorted(medicine.ingredients - tolerated):
        mine = base.classes_of.get(ingredient, frozenset())
        for name in sorted((mine & mention.term.classes) - tolerated_classes):
            yield "high", f"{ingredient} is one of the {base.classes[name].label}", _CLASS_SOURCE
        stems = {c for c in mention.term.stem_classes if base.classes[c].members_cross_react}
        related = {
            c
            for other in mention.term.ingredients
            for c in base.classes_of.get(other, frozenset())
            if base.classes[c].members_cross_react
        }
        for name in sorted((mine & (stems | related)) - tolerated_classes):
            label = base.classes[name].label
            yield (
                _graded(mention, "moderate"),
                f"{ingredient} belongs, like it, to the {label}",
                _CLASS_SOURCE,
            )
    # A medicine of which only the class is known warns for everything in that class.
    for name in sorted(medicine.classes - tolerated_classes):
        if name in mention.term.classes | mention.term.stem_classes or (
            mention.term.ingredients & base.classes[name].members
        ):
            yield (
                _graded(mention, "moderate"),
                f"{medicine.name} is one of the {base.classes[name].label}",
                _CLASS_SOURCE,
            )


def _applies(cross: CrossReaction, mention: Mention) -> bool:
    if cross.class_word:
        return cross.class_word in mention.term.classes
    if cross.when == "severe" and not (mention.severe or mention.angioedema):
        return False
    if cross.when == "angioedema" and not (mention.angioedema or mention.severe):
        return False
    return not (cross.when == "unless_cough" and mention.only_cough)


@lru_cache(maxsize=2_000)
def _concerning(ingredients: frozenset[str]) -> tuple[CrossReaction, ...]:
    """The few cross-reactions that could concern a medication, instead of all of them for every allergen."""
    return tuple(cross for cross in knowledge().cross_reactions if cross.medicines & ingredients)


def _by_cross_reaction(
    mention: Mention,
    medicine: Medicine,
    tolerated: frozenset[str],
    tolerated_classes: frozenset[str],
    base: Knowledge,
) -> Iterator[Finding]:
    candidates = set(mention.term.ingredients)
    for name in mention.term.classes | mention.term.stem_classes:
        candidates |= base.classes[name].members
    for cross in _concerning(medicine.ingredients):
        hits = {
            hit
            for hit in (cross.medicines & medicine.ingredients) - tolerated
            if not base.classes_of.get(hit, frozenset()) & tolerated_classes
        }
        if not hits or not _applies(cross, mention):
            continue
        if not cross.class_word:
            if not cross.ingredients & candidates:
                continue
            if not cross.ingredients & mention.term.ingredients and not cross.ingredients >= _named_members(
                mention, cross, base
            ):
                continue
        yield (
            _graded(mention, cross.severity) if cross.severity != "low" else "low",
            (f"{', '.join(sorted(hits))}: {cross.reason}"),
            base.source(cross.source),
        )


def _named_members(mention: Mention, cross: CrossReaction, base: Knowledge) -> frozenset[str]:
    """For a class word the whole class must be meant: "penicillins" is not the same as "amoxicillin"."""
    named = [base.classes[c].members for c in mention.term.classes | mention.term.stem_classes]
    fitting = [members for members in named if members & cross.ingredients]
    return min(fitting, key=len) if fitting else frozenset(("",))


def _by_component(mention: Mention, medicine: Medicine, base: Knowledge) -> Iterator[Finding]:
    for component in base.components:
        if component.allergen != mention.term.non_drug and component.allergen not in mention.term.ingredients:
            continue
        by_name = component.name_words and any(
            f" {name} " in f" {' '.join(medicine.words)} " for name in component.name_words
        )
        hits = component.medicines & medicine.ingredients
        if by_name if component.name_words else hits:
            yield (
                cast(Severity, component.severity),
                f"{medicine.name}: {component.reason}",
                base.source(component.source),
            )


def _same_material(mention: Mention, medicine: Medicine) -> Iterator[Finding]:
    """A food or material prescribed by its own name (latex, peanut oil), which no list of medicines knows."""
    if medicine.ingredients or medicine.classes or not mention.term.non_drug or "free" in medicine.words:
        return
    for other in resolve_allergy(" ".join(medicine.words)).mentions:
        kind = other.term.non_drug
        collective = kind in _ELSEWHERE or kind.startswith("other")
        if kind == mention.term.non_drug and (not collective or set(words(other.text)) & set(words(mention.text))):
            yield "high", f"{medicine.name} is named like it", _NAME_SOURCE


def _same_unknown_name(medicine: Medicine, resolution: AllergyResolution) -> Iterator[Warning]:
    """Two names nobody knows can still be the same name."""
    for fragment in resolution.unresolved:
        for left in fragment.split():
            for right in medicine.unknown:
                near = len(left) >= 7 and left[0] == right[0] and OSA.distance(left, right, score_cutoff=1) <= 1
                if len(left) >= 4 and not is_number(left) and (left == right or near):
                    yield Warning(
                        "allergy",
                        "high",
                        f"Allergy on record “{fragment}”: the medication carries the same name.",
                        _NAME_SOURCE,
                    )
