"""What the knowledge files say, checked and indexed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .files import FILES, read, split
from .model import SEVERITY_RANK, SafetyDataError, Term
from .text import key

WORD_KINDS = ("severe", "angioedema", "cough", "reaction", "stop", "form", "salt", "general", "weak", "vague")
CONDITIONS = ("any", "severe", "angioedema", "unless_cough")


@dataclass(frozen=True)
class DrugClass:
    """A class whose members are related closely enough to matter."""

    name: str
    label: str
    members: frozenset[str]
    members_cross_react: bool
    warn_duplicate: bool


@dataclass(frozen=True)
class CrossReaction:
    """An allergy to one thing that matters for another outside its class."""

    ingredients: frozenset[str]
    class_word: str
    medicines: frozenset[str]
    when: str
    severity: str
    reason: str
    source: str


@dataclass(frozen=True)
class Component:
    """A medicine that contains, or is made from, something that is not its active ingredient."""

    allergen: str
    medicines: frozenset[str]
    name_words: tuple[str, ...]
    severity: str
    reason: str
    source: str


@dataclass(frozen=True)
class Interaction:
    """What happens when two ingredients meet."""

    severity: str
    message: str
    source: str


@dataclass(frozen=True)
class Knowledge:
    """Everything the checker knows, indexed."""

    ingredients: frozenset[str]
    terms: Mapping[str, Term]
    brand_keys: frozenset[str]
    # Names that are seldom met: found as they are written or as they sound, never guessed from a misspelling.
    rare: frozenset[str]
    classes: Mapping[str, DrugClass]
    classes_of: Mapping[str, frozenset[str]]
    cross_reactions: tuple[CrossReaction, ...]
    components: tuple[Component, ...]
    interactions: Mapping[tuple[str, str], Interaction]
    words: Mapping[str, frozenset[str]]
    stems: tuple[tuple[str, str, str], ...]
    sources: Mapping[str, str]

    def source(self, keys: str) -> str:
        """The written-out source behind one or more keys."""
        return "; ".join(self.sources[k] for k in split(keys))


class _Names:
    """Collects what each name stands for."""

    def __init__(self) -> None:
        self.ingredients: dict[str, set[str]] = defaultdict(set)
        self.classes: dict[str, set[str]] = defaultdict(set)
        self.non_drug: dict[str, str] = {}
        self.brands: set[str] = set()
        self.rare: set[str] = set()

    def terms(self) -> dict[str, Term]:
        names = {*self.ingredients, *self.classes, *self.non_drug}
        return {
            name: Term(
                frozenset(self.ingredients.get(name, ())),
                frozenset(self.classes.get(name, ())),
                frozenset(),
                self.non_drug.get(name, ""),
            )
            for name in names
        }


def _require(known: Container[str], used: Iterable[str], where: str) -> None:
    unknown = sorted({name for name in used if name not in known})
    if unknown:
        raise SafetyDataError(f"{where}: unknown {', '.join(unknown)}")


def _names(ingredients: frozenset[str], classes: Mapping[str, DrugClass]) -> _Names:
    names = _Names()
    for row in read("ingredients.csv"):
        for name in (row["ingredient"], *split(row["other_names"])):
            names.ingredients[key(name)].add(row["ingredient"])
    more = read("more_names.csv")
    for row in more:
        names.rare.add(key(row["name"]))
        if row["kind"] == "ingredient":
            names.ingredients[key(row["name"])].add(row["name"])
    for row in (*read("brands.csv"), *read("brands_us.csv"), *(r for r in more if r["kind"] != "ingredient")):
        parts = split(row["ingredients"])
        _require(ingredients, parts, f"brand {row['name']}")
        names.ingredients[key(row["name"])].update(parts)
        if row["kind"] == "brand":
            names.brands.add(key(row["name"]))
    for row in read("name_synonyms.csv"):
        # The file gives pairs of names; which side is our ingredient differs from row to row.
        sides = [row["name"], *split(row["equals"])]
        if "combination" in row["kind"]:
            _require(ingredients, sides[1:], f"name_synonyms.csv, {row['name']}")
            names.ingredients[key(row["name"])].update(sides[1:])
            continue
        found = set().union(*(names.ingredients.get(key(side), set()) for side in sides))
        if not found:
            raise SafetyDataError(f"name_synonyms.csv, {row['name']}: no side is a known ingredient")
        for side in sides:
            names.ingredients[key(side)].update(found)
    for row in read("class_names.csv"):
        _require(classes, split(row["classes"]), f"class_names.csv, {row['name']}")
        names.classes[key(row["name"])].update(split(row["classes"]))
    for row in read("non_drug_allergens.csv"):
        for name in split(row["words"]):
            if key(name) not in names.ingredients:
                names.non_drug[key(name)] = row["allergen"]
    for bare in ("", *(n for n in names.ingredients if n.isdigit())):
        names.ingredients.pop(bare, None)
    return names


def _classes(ingredients: frozenset[str]) -> dict[str, DrugClass]:
    members: dict[str, set[str]] = defaultdict(set)
    cross_react: dict[str, str] = {}
    for row in read("allergy_classes.csv"):
        members[row["class"]].add(row["ingredient_inn"])
        cross_react[row["class"]] = row["same_class_warn"]
    details = {row["class"]: row for row in read("drug_classes.csv")}
    _require(details, members, "allergy_classes.csv")
    for name, row in details.items():
        members[name].update(split(row["members"]))
    members["other_ingredients"] |= ingredients.difference(*members.values())
    result = {}
    for name, row in details.items():
        everyone = frozenset(members[name])
        _require(ingredients, everyone, f"class {name}")
        warn = cross_react.get(name, row["same_class_warn"])
        if warn not in ("yes", "only_when_class_named") or row["warn_duplicate"] not in ("yes", "no"):
            raise SafetyDataError(f"class {name}: cannot read {warn!r} or {row['warn_duplicate']!r}")
        result[name] = DrugClass(name, row["label"], everyone, warn == "yes", row["warn_duplicate"] == "yes")
    return result


def _severity(value: str, where: str) -> str:
    if value not in SEVERITY_RANK:
        raise SafetyDataError(f"{where}: severity {value!r}")
    return value


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    """Load and check everything once; a failure is not cached, so a repaired installation recovers."""
    for name in FILES:
        read(name)
    ingredients = frozenset(row["ingredient"] for row in read("ingredients.csv")) | frozenset(
        row["name"] for row in read("more_names.csv") if row["kind"] == "ingredient"
    )
    classes = _classes(ingredients)
    groups = {c.name: c.members for c in classes.values()}
    for row in read("interaction_groups.csv"):
        groups[row["group"]] = frozenset(split(row["members"]))
        _require(ingredients, groups[row["group"]], f"interaction_groups.csv, {row['group']}")

    def expand(cell: str, where: str) -> frozenset[str]:
        found: set[str] = set()
        for part in split(cell):
            if part.startswith("class:"):
                _require(groups, [part[6:]], where)
                found |= groups[part[6:]]
            else:
                _require(ingredients, [part], where)
                found.add(part)
        return frozenset(found)

    sources = {row["key"]: f"{row['source']} {row['locator']}".strip() for row in read("allergy_sources.csv")}
    sources["L"] = "Product labelling and standard references"
    sources["ONC"] = "High-priority drug-drug interactions: Phansalkar et al., JAMIA 2012;19:735 (ONC list)"
    names = _names(ingredients, classes)
    terms = names.terms()
    classes_of: dict[str, set[str]] = defaultdict(set)
    for drug_class in classes.values():
        for member in drug_class.members:
            classes_of[member].add(drug_class.name)

    crosses: list[CrossReaction] = []
    for row in read("cross_reactivity.csv"):
        where = f"cross_reactivity.csv, {row['allergy']}"
        _require(sources, split(row["source"]), where)
        _require(CONDITIONS, [row["when"]], where)
        word = row["allergy"].removeprefix("class-word:") if row["allergy"].startswith("class-word:") else ""
        _require(classes, [word] if word else [], where)
        left = frozenset() if word else expand(row["allergy"], where)
        right = expand(row["medicine"], where)
        tail = (row["when"], _severity(row["severity"], where), row["reason"], row["source"])
        crosses.append(CrossReaction(left, word, right, *tail))
        if row["direction"] == "both":
            crosses.append(CrossReaction(right, "", left, *tail))

    components = []
    allergens = {row["allergen"] for row in read("non_drug_allergens.csv")} | ingredients
    for row in read("components.csv"):
        where = f"components.csv, {row['allergen']}"
        _require(allergens, [row["allergen"]], where)
        components.append(
            Component(
                row["allergen"],
                expand(row["ingredients"], where),
                tuple(key(word) for word in split(row["name_words"])),
                _severity(row["severity"], where),
                row["reason"],
                row["source"],
            )
        )

    interactions: dict[tuple[str, str], Interaction] = {}
    for row in read("interactions.csv"):
        where = f"interactions.csv, {row['a']} with {row['b']}"
        _require(sources, [row["source"]], where)
        item = Interaction(_severity(row["severity"], where), row["message"], row["source"])
        for a in expand(row["a"], where):
            for b in expand(row["b"], where):
                pair = (a, b) if a < b else (b, a)
                old = interactions.get(pair)
                if a != b and (not old or SEVERITY_RANK[item.severity] < SEVERITY_RANK[old.severity]):
                    interactions[pair] = item

    stems = tuple((row["stem"], row["position"], row["class"]) for row in read("stems.csv"))
    _require(classes, [stem[2] for stem in stems], "stems.csv")
    lists: dict[str, frozenset[str]] = {
        row["kind"]: frozenset(word for part in row["words"].split() for word in key(part).split())
        for row in read("words.csv")
    }
    _require(lists, WORD_KINDS, "words.csv")
    return Knowledge(
        ingredients=ingredients,
        terms=terms,
        brand_keys=frozenset(names.brands),
        rare=frozenset(names.rare),
        classes=classes,
        classes_of={member: frozenset(found) for member, found in classes_of.items()},
        cross_reactions=tuple(crosses),
        components=tuple(components),
        interactions=interactions,
        words=lists,
        stems=stems,
        sources=sources,
    )


def verify_data() -> list[str]:
    """The problems of the knowledge files, for a Django system check; an empty list means all is well."""
    knowledge.cache_clear()
    try:
        knowledge()
    except SafetyDataError as error:
        return [str(error)]
    return []
