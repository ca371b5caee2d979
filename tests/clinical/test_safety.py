"""The prescription-safety module: allergy cases, negation, interactions, duplicates, missing data, speed."""

from __future__ import annotations

import csv
import shutil
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.safety import (
    Allergy,
    CurrentMedication,
    Result,
    SafetyDataError,
    check,
    files,
    resolve_allergy,
    resolve_medication,
    verify_data,
)
from clinical.safety import knowledge as knowledge_module

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "data"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def kinds(result: Result, kind: str) -> list[str]:
    return [w.severity for w in result.warnings if w.kind == kind]


def warns(allergy: str, medication: str) -> bool:
    return bool(kinds(check(medication, allergies=[Allergy(allergy)]), "allergy"))


def score(name: str) -> tuple[float, float, list[str]]:
    """Sensitivity, specificity and the failing cases of one file."""
    right = {"warn": 0, "no_warn": 0}
    total = {"warn": 0, "no_warn": 0}
    failures = []
    for row in rows(CASES / name):
        got = "warn" if warns(row["allergy_text"], row["medication_text"]) else "no_warn"
        total[row["expected"]] += 1
        right[row["expected"]] += got == row["expected"]
        if got != row["expected"]:
            failures.append(f"{row['allergy_text']!r} + {row['medication_text']!r}: {got}, expected {row['expected']}")
    return right["warn"] / total["warn"], right["no_warn"] / total["no_warn"], failures


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize(
    "part", ["dev", "more", "round2", "round3", "round4", "round5", "round6", "round7", "round8", "round9"]
)
def test_allergy_cases(part: str) -> None:
    name = f"allergy_cases_{part}.csv"
    sensitivity, specificity, failures = score(name)
    print(f"{name}: sensitivity {sensitivity:.3f}, specificity {specificity:.3f}")
    print("\n".join(failures))
    assert sensitivity == 1.0, failures
    assert specificity >= 0.98, failures


@pytest.mark.spec("RULE-RX-2")
def test_every_formulary_row_and_brand_resolves_to_its_ingredients() -> None:
    table = rows(ROOT / "clinical" / "data" / "formulary.csv")
    assert len(table) >= 450
    assert len({row["name"] for row in table}) == len(table)
    for row in table:
        expected = set(row["ingredients"].split("; "))
        for name in (row["name"], *filter(None, row["brand_names"].split("; "))):
            found = resolve_medication(name)
            assert found.ingredients == expected, name
            assert not found.unknown, name
            assert not found.read_as, name


@pytest.mark.spec("RULE-RX-2")
def test_every_ingredient_warns_for_itself() -> None:
    for number, ingredient in enumerate(sorted(knowledge_module.knowledge().ingredients)):
        assert warns(ingredient, ingredient), ingredient
        assert number % 4 or warns(f"Allergic to {ingredient.upper()} (rash)", f"{ingredient} 10 mg"), ingredient


@pytest.mark.spec("RULE-RX-2")
def test_every_class_member_warns_when_the_class_is_named() -> None:
    base = knowledge_module.knowledge()
    for row in rows(files.DATA_DIR / "class_names.csv"):
        for name in row["classes"].split(";"):
            for member in base.classes[name].members:
                assert warns(row["name"], member), (row["name"], member)


@pytest.mark.spec("RULE-RX-2")
def test_coded_entries_and_their_reaction_count() -> None:
    mild = Allergy("Penicillin", coded=True, reaction="rash")
    severe = Allergy("Penicillin", coded=True, severity="severe", reaction="Anaphylaxis")
    assert not check("Ceftriaxone 1 g", allergies=[mild]).warnings
    assert kinds(check("Ceftriaxone 1 g", allergies=[severe]), "allergy") == ["high"]
    cough = Allergy("Lisinopril", coded=True, reaction="Cough")
    swelling = Allergy("Lisinopril", coded=True, reaction="Angioedema")
    assert not check("Entresto 24/26 mg", allergies=[cough]).warnings
    assert check("Entresto 24/26 mg", allergies=[swelling]).warnings


@pytest.mark.spec("RULE-RX-2")
def test_catalogue_ingredients_are_used_with_the_name() -> None:
    result = check("House brand capsule", ingredients=["Amoxicillin"], allergies=[Allergy("PCN")])
    assert result.ingredients == ("amoxicillin",)
    assert kinds(result, "allergy")


@pytest.mark.spec("RULE-RX-2")
def test_warning_names_what_matched_and_its_source() -> None:
    (warning,) = check("Augmentin 625 mg", allergies=[Allergy("pcn (hives)")]).warnings
    assert "pcn (hives)" in warning.message
    assert "amoxicillin" in warning.message
    assert warning.source


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize("text", ["Zorblaxine", "unknown", "see old notes", "antibiotics", "Zorblaxine (rash)"])
def test_what_is_not_understood_is_a_notice_never_silence(text: str) -> None:
    result = check("Paracetamol 500 mg", allergies=[Allergy(text)])
    assert not result.warnings
    assert any("not checked" in notice for notice in result.notices), result


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize("text", ["", "NKDA", "None", "n/a", "cats, pollen, bee stings", "penicillin (hives)", "-"])
def test_what_is_understood_leaves_no_notice(text: str) -> None:
    assert not check("Paracetamol 500 mg", allergies=[Allergy(text)]).notices


@pytest.mark.spec("RULE-RX-2", "BYD-3")
@pytest.mark.parametrize("text", ["latex", "Peanuts (anaphylaxis)", "shellfish; nickel", "eggs"])
def test_foods_and_materials_are_said_not_to_be_checked(text: str) -> None:
    result = check("Paracetamol 500 mg", allergies=[Allergy(text)])
    assert not result.warnings
    assert any(notice.startswith("not checked against excipients") for notice in result.notices)


@pytest.mark.spec("RULE-RX-2")
def test_unknown_medication_is_a_notice_and_matches_its_own_name() -> None:
    result = check("Zorblaxine 20 mg", allergies=[Allergy("penicillin")])
    assert not result.warnings
    assert any("could not be checked" in notice for notice in result.notices)
    assert warns("zorblaxine - rash", "Zorblaxine 20 mg")


@pytest.mark.spec("RULE-RX-2")
def test_a_misspelling_is_shown_for_confirmation() -> None:
    result = check("Amoxicillin", allergies=[Allergy("pennicilin")])
    assert kinds(result, "allergy")
    assert any("pennicilin" in notice and "confirm" in notice for notice in result.notices)


@pytest.mark.spec("RULE-RX-2")
def test_resolution_tells_negated_and_tolerated_apart() -> None:
    found = resolve_allergy("Denies sulfa allergy; penicillin (rash), tolerates cefalexin; latex; Foobarin")
    assert found.classes == {"penicillins"}
    assert found.negated == ("sulfa",)
    assert found.tolerated == ("cefalexin",)
    assert found.non_drugs == {"latex"}
    assert found.unresolved == ("foobarin",)


@pytest.mark.spec("RULE-RX-4")
@pytest.mark.parametrize(
    ("new", "current", "severity"),
    [
        ("Ibuprofen 400 mg", "Warfarin 5 mg", "high"),
        ("Coumadin", "Advil", "high"),
        ("Sertraline 50 mg", "Phenelzine 15 mg", "high"),
        ("Linezolid 600 mg", "Fluoxetine 20 mg", "high"),
        ("Simvastatin 40 mg", "Clarithromycin 500 mg", "high"),
        ("Zocor", "Sporanox", "high"),
        ("Lisinopril 10 mg", "Spironolactone 25 mg", "high"),
        ("Potassium chloride 20 mEq", "Losartan 50 mg", "high"),
        ("Sildenafil 50 mg", "Nitroglycerin 0.4 mg", "high"),
        ("Cialis", "Imdur", "high"),
        ("Bactrim DS", "Methotrexate 2.5 mg", "high"),
        ("Citalopram 20 mg", "Ondansetron 4 mg", "high"),
        ("Azithromycin 250 mg", "Amiodarone 200 mg", "high"),
        ("Ciprofloxacin 500 mg", "Tizanidine 4 mg", "high"),
        ("Colchicine 0.6 mg", "Clarithromycin 500 mg", "high"),
        ("Allopurinol 300 mg", "Azathioprine 50 mg", "high"),
        ("Diazepam 5 mg", "Oxycodone 5 mg", "high"),
        ("Ibuprofen 400 mg", "Lithium carbonate 300 mg", "high"),
        ("Entresto", "Lisinopril 10 mg", "high"),
        ("Levora", "Carbamazepine 200 mg", "high"),
        ("Digoxin 0.25 mg", "Verapamil 120 mg", "high"),
        ("Doxycycline 100 mg", "Isotretinoin 20 mg", "high"),
        ("MMR vaccine", "Adalimumab 40 mg", "high"),
        ("Clopidogrel 75 mg", "Omeprazole 20 mg", "moderate"),
        ("Levothyroxine 50 mcg", "Ferrous sulfate 325 mg", "moderate"),
        ("Sumatriptan 50 mg", "Sertraline 50 mg", "moderate"),
    ],
)
def test_known_interactions_warn_both_ways(new: str, current: str, severity: str) -> None:
    for first, second in ((new, current), (current, new)):
        found = kinds(check(first, current=[CurrentMedication(second)]), "interaction")
        assert severity in found, (first, second, found)


@pytest.mark.spec("RULE-RX-4")
@pytest.mark.parametrize(
    ("new", "current"),
    [
        ("Amoxicillin 500 mg", "Lisinopril 10 mg"),
        ("Metformin 500 mg", "Atorvastatin 20 mg"),
        ("Levothyroxine 50 mcg", "Amlodipine 5 mg"),
        ("Pravastatin 20 mg", "Clarithromycin 500 mg"),
        ("Insulin lispro", "Insulin glargine"),
        ("Loratadine 10 mg", "Fluticasone nasal spray"),
        ("Lidocaine patch", "Bupivacaine injection"),
    ],
)
def test_ordinary_pairs_do_not_warn(new: str, current: str) -> None:
    assert not check(new, current=[CurrentMedication(current)]).warnings


@pytest.mark.spec("RULE-RX-4")
def test_duplicates_by_ingredient_are_high_and_by_class_moderate() -> None:
    same = check("Tylenol 500 mg", current=[CurrentMedication("Percocet 5/325")])
    assert kinds(same, "duplicate") == ["high"]
    related = check("Lisinopril 10 mg", current=[CurrentMedication("Ramipril 5 mg")])
    assert kinds(related, "duplicate") == ["moderate"]
    unknown = check("Zorblaxine 5 mg", current=[CurrentMedication("ZORBLAXINE 10 mg")])
    assert kinds(unknown, "duplicate") == ["high"]


@pytest.mark.spec("RULE-RX-4")
def test_published_high_priority_pairs_all_warn() -> None:
    path = ROOT.parent / "shared" / "data" / "medications" / "onc_high_priority_ddi_2012.csv"
    if not path.exists():
        pytest.skip("the published list is not here (../shared/data); it is not shipped with the project")
    unknown, silent = set(), []
    for row in rows(path):
        result = check(row["drug_a"], current=[CurrentMedication(row["drug_b"])])
        if not result.ingredients:
            unknown.add(row["drug_a"])
        elif "high" not in kinds(result, "interaction"):
            silent.append((row["drug_a"], row["drug_b"]))
    assert not unknown
    assert not silent


@pytest.mark.spec("RULE-RX-4")
def test_unknown_current_medication_is_a_notice() -> None:
    result = check("Amoxicillin 500 mg", current=[CurrentMedication("Zorblaxine")])
    assert any("Zorblaxine" in notice for notice in result.notices)


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize("text", ["penicillin and ", "not allergic to penicillin, ", "skin ", "no ", "tolerates "])
def test_a_pasted_letter_is_cut_with_a_notice(text: str) -> None:
    result = check("Amoxicillin", allergies=[Allergy(text * 5000)])
    assert any("very long" in notice for notice in result.notices)


@pytest.mark.spec("RULE-RX-4")
def test_the_list_covers_at_least_sixty_pairs() -> None:
    assert len(rows(files.DATA_DIR / "interactions.csv")) >= 60


@pytest.mark.spec("RULE-RX-2")
@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.text(max_size=80), st.text(max_size=80))
def test_no_text_ever_raises(allergy: str, medication: str, current: str) -> None:
    check(
        medication,
        allergies=[Allergy(allergy, reaction=current, severity=medication)],
        current=[CurrentMedication(current)],
    )


_WORDS = st.sampled_from(
    [
        *("no", "not", "denies", "allergy", "to", "allergic", "rash", "ruled", "out", "tolerates", "NKDA"),
        *("penicillin", "sulfa", "except", "but", "and", "or", ",", ";", ".", "(", ")", "-", "?"),
    ]
)


@pytest.mark.spec("RULE-RX-2")
@settings(max_examples=300, deadline=None)
@given(st.lists(_WORDS, max_size=25))
def test_no_arrangement_of_negations_raises(parts: list[str]) -> None:
    check("Bactrim", allergies=[Allergy(" ".join(parts))])


@pytest.mark.spec("RULE-RX-2")
@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["penicillin", "amoxicillin", "Augmentin", "PCN", "pencillin", "co-amoxiclav"]),
    st.text(alphabet="!,.;:*#()[] \t\n~_|\"'", max_size=8),
    st.text(alphabet="!,.;:*#()[] \t\n~_|\"'", max_size=8),
    st.data(),
)
def test_punctuation_and_case_do_not_hide_an_allergen(name: str, before: str, after: str, data: st.DataObject) -> None:
    upper = data.draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    typed = "".join(c.upper() if up else c.lower() for c, up in zip(name, upper, strict=True))
    assert warns(before + typed + after, "Amoxicillin 500 mg"), before + typed + after


@pytest.mark.spec("RULE-RX-2")
@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["latex", "peanuts", "NKFA", "codeine", "dust; cats", "Zorblaxine"]), max_size=4))
def test_company_does_not_hide_an_allergen(others: list[str]) -> None:
    assert warns("; ".join([*others, "penicillin"]), "Amoxicillin 500 mg")
    assert warns("\n".join(["penicillin", *others]), "Amoxicillin 500 mg")


@pytest.mark.spec("RULE-RX-2")
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["penicillin", "erythromycin", "ibuprofen", "carbamazepine"]), st.data())
def test_one_wrong_letter_inside_a_long_name_still_warns(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(name) - 2))
    letter = data.draw(st.sampled_from(string.ascii_lowercase))
    typed = name[:at] + letter + name[at + 1 :]
    medication = "Amoxicillin" if name == "penicillin" else name
    # One wrong letter may make another real name ("penicillin" has none, so everything must warn).
    assert warns(typed, medication), typed


@pytest.fixture
def data_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    copy = tmp_path / "data"
    shutil.copytree(files.DATA_DIR, copy)
    monkeypatch.setattr(files, "DATA_DIR", copy)
    knowledge_module.knowledge.cache_clear()
    yield copy
    monkeypatch.undo()
    knowledge_module.knowledge.cache_clear()


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize("name", sorted(files.FILES))
def test_missing_data_is_loud(data_copy: Path, name: str) -> None:
    (data_copy / name).unlink()
    with pytest.raises(SafetyDataError, match=name):
        check("Amoxicillin", allergies=[Allergy("penicillin")])
    assert name in verify_data()[0]


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize("damage", ["truncated", "columns", "garbage", "unknown ingredient"])
def test_broken_data_is_loud(data_copy: Path, damage: str) -> None:
    path = data_copy / "drug_classes.csv"
    text = path.read_text(encoding="utf-8")
    broken = {
        "truncated": text[: len(text) // 3].rsplit("\n", 1)[0],
        "columns": text.replace("same_class_warn", "warn", 1),
        "garbage": "\x00\x01\x02",
        "unknown ingredient": text.replace("levothyroxine", "no such thing"),
    }[damage]
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(SafetyDataError):
        check("Amoxicillin", allergies=[Allergy("penicillin")])
    assert verify_data()


@pytest.mark.spec("RULE-RX-2")
def test_shipped_data_is_sound() -> None:
    assert verify_data() == []


def test_price_list_has_every_laboratory_test() -> None:
    services = rows(ROOT / "billing" / "data" / "services.csv")
    types = {"consultation", "procedure", "lab_test", "imaging", "therapy", "surgery", "vaccination", "other"}
    assert {row["service_type"] for row in services} == types
    assert len({row["name"] for row in services}) == len(services)
    assert all(float(row["default_price"]) > 0 and int(row["default_duration_minutes"]) > 0 for row in services)
    tests = {row["test_name"] for row in rows(ROOT / "clinical" / "data" / "lab_catalogue.csv")}
    assert tests <= {row["name"] for row in services if row["service_type"] == "lab_test"}


def test_package_needs_no_framework() -> None:
    for path in (ROOT / "clinical" / "safety").glob("*.py"):
        assert "django" not in path.read_text(encoding="utf-8").lower().replace("for a django system check", "")
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400


@pytest.mark.spec("RULE-RX-2")
@pytest.mark.parametrize(
    ("medication", "allergy", "warns"),
    [
        ("Latex", "Latex", True),
        ("Latex gloves", "natural rubber latex (rash)", True),
        ("Peanut oil", "peanuts", True),
        ("Bee venom", "bee venom: anaphylaxis", True),
        ("Honey lozenge", "honey", True),
        ("Latex-free gloves", "latex", False),
        ("Wasp venom", "bee sting", False),
        ("Milk of Magnesia", "milk", False),
    ],
)
def test_what_is_prescribed_by_the_name_of_the_allergy_warns(medication: str, allergy: str, warns: bool):
    assert bool(check(medication, allergies=[Allergy(allergy)]).warnings) is warns
