"""FHIR bundles read as the rows of which `healthcare.synthea` makes patients, so that there is one import (API-6).

Nothing is decided here: the forms behind `healthcare.synthea` say what can be kept, and the ledger says why something
is not. What a bundle cannot tell (membership numbers, the day on which a medication was stopped) stays empty or is the
day of its start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from healthcare.fhir.parts import NO_ALLERGY_CODE
from healthcare.synthea.reading import UnusableFile

SYNTHEA = "https://github.com/synthetichealth/synthea"
NPI = "http://hl7.org/fhir/sid/us-npi"
CLASSES = {"AMB": "ambulatory", "EMER": "emergency", "VR": "virtual", "IMP": "inpatient", "ACUTE": "inpatient"}
#: Visits that FHIR's class does not tell from others, by SNOMED CT code.
KINDS_OF_VISIT = {
    **dict.fromkeys(("410620009", "162673000", "390906007", "439740005"), "wellness"),
    "702927004": "urgentcare",
}
#: Resource -> rows of which file.
FILES = {
    "Patient": "patients.csv",
    "Practitioner": "providers.csv",
    "Encounter": "encounters.csv",
    "Condition": "conditions.csv",
    "AllergyIntolerance": "allergies.csv",
    "Observation": "observations.csv",
    "MedicationRequest": "medications.csv",
    "Procedure": "procedures.csv",
    "Immunization": "immunizations.csv",
    "Claim": "claims.csv",
    "ExplanationOfBenefit": "payer_transitions.csv",
}
STOPPED = frozenset({"stopped", "completed", "cancelled", "entered-in-error"})
SEVERITIES = ("mild", "moderate", "severe")

Found = tuple[str, dict[str, str], str]


def read(path: Path) -> list[dict[str, Any]]:
    """The resources of a bundle. UnusableFile if it is none."""
    try:
        bundle = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableFile(_("%(file)s cannot be read: %(error)s") % {"file": path.name, "error": error}) from error
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise UnusableFile(_("%(file)s is no FHIR bundle.") % {"file": path.name})
    listed: Any = bundle.get("entry")
    entries = listed if isinstance(listed, list) else []
    found = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
    return [resource for resource in found if isinstance(resource, dict)]


class Staff:
    """Practitioners of all bundles: by what a visit names them, with their organization and speciality."""

    def __init__(self) -> None:
        self.by_number: dict[str, str] = {}
        self.roles: dict[str, tuple[str, str]] = {}

    def note(self, resource: dict[str, Any]) -> None:
        """Remember whom a number means, and where they work."""
        try:
            if resource.get("resourceType") == "Practitioner":
                for entry in resource.get("identifier", []):
                    self.by_number[entry["value"]] = resource["id"]
            elif resource.get("resourceType") == "PractitionerRole":
                number = resource["practitioner"]["identifier"]["value"]
                organization = resource["organization"]["identifier"]["value"]
                self.roles[number] = (organization, text_of(resource["specialty"][0]))
        except (KeyError, IndexError, TypeError, AttributeError):
            return  # a practitioner who cannot be read is missed by the visit that names them

    def key(self, reference: str) -> str:
        """The id behind `Practitioner/id`, `urn:uuid:id` or `Practitioner?identifier=system|number`."""
        if "|" in reference:
            return self.by_number.get(reference.rpartition("|")[2], "")
        return key_of(reference)


def rows_of(resources: list[dict[str, Any]], staff: Staff) -> Iterator[Found]:
    """(file, row, why it cannot be read) of each resource that holds something to import."""
    synthea = any(SYNTHEA in str(each.get("identifier")) for each in resources if each.get("resourceType") == "Patient")
    context = Context(staff, prices_of(resources), payers_of(resources), rounded=synthea)
    for name in sorted({name for name in context.payers.values() if name}):
        yield "payers.csv", {"ID": name.casefold(), "NAME": name}, ""
    for resource in resources:
        file = FILES.get(str(resource.get("resourceType")), "")
        if not file:
            continue
        try:
            for row in READERS[file](resource, context):
                yield file, {name: str(value) for name, value in row.items()}, ""
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            row = {"ID": str(resource.get("id", ""))[:80]}
            yield file, row, _("An element is missing or not as FHIR has it: %(error)s") % {"error": str(error)[:80]}


class Context:
    """What one resource of a bundle needs to know of the others."""

    def __init__(
        self, staff: Staff, prices: dict[tuple[str, str], list[Decimal]], payers: dict[str, str], *, rounded: bool
    ) -> None:
        self.staff, self.prices, self.payers, self.rounded = staff, prices, payers, rounded

    def price(self, row: dict[str, str], code: str) -> str:
        """What the visit's claim charges for this code, the first time, the second time ..."""
        prices = self.prices.get((row["ENCOUNTER"], code), [])
        return str(prices.pop(0)) if prices else ""

    def amount(self, value: Any) -> str:
        """A measured value; of Synthea's own with one decimal, as its CSV has it, so that both imports agree."""
        number = Decimal(str(value))
        return str(number.quantize(Decimal("0.1"), ROUND_HALF_UP) if self.rounded else number)


def prices_of(resources: list[dict[str, Any]]) -> dict[tuple[str, str], list[Decimal]]:
    """What claims charge, by visit and code, in their order."""
    found: dict[tuple[str, str], list[Decimal]] = {}
    for resource in resources:
        items: Any = resource.get("item") if resource.get("resourceType") == "Claim" else None
        for item in items if isinstance(items, list) else []:
            try:
                visit = key_of(items[0]["encounter"][0]["reference"])
                price = Decimal(str(item["net"]["value"]))
                found.setdefault((visit, code_of(item["productOrService"])), []).append(price)
            except (KeyError, IndexError, TypeError, AttributeError, ArithmeticError):
                continue  # an item without a price
    return found


def payers_of(resources: list[dict[str, Any]]) -> dict[str, str]:
    """Who was to pay, by visit."""
    found: dict[str, str] = {}
    for resource in resources:
        try:
            if resource.get("resourceType") == "Claim":
                name = resource["insurance"][0]["coverage"]["display"]
                found[key_of(resource["item"][0]["encounter"][0]["reference"])] = str(name)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # a claim of no visit, or of no insurer
    return found


# -- elements ------------------------------------------------------------------------------------


def key_of(reference: str) -> str:
    """The id in `urn:uuid:id` or `Type/id`."""
    return reference.replace("urn:uuid:", "").rpartition("/")[2].lower()


def subject_of(resource: dict[str, Any]) -> dict[str, str]:
    """Whom it is about, and in which visit."""
    about = resource.get("subject") or resource["patient"]
    encounter = resource.get("encounter", {}).get("reference", "")
    return {"PATIENT": key_of(about["reference"]), "ENCOUNTER": key_of(encounter)}


def code_of(concept: dict[str, Any]) -> str:
    """The first code of a concept."""
    return str(concept["coding"][0]["code"])


def text_of(concept: dict[str, Any]) -> str:
    """A concept in words, without the commas and quotes that Synthea's CSV has not either."""
    words = str(concept.get("text") or concept["coding"][0]["display"])
    return words.replace(",", " ").replace('"', " ")


# -- resources -----------------------------------------------------------------------------------

Rows = Iterator[dict[str, Any]]


def patient(resource: dict[str, Any], context: Context) -> Rows:
    """patients.csv"""
    name, address = resource["name"][0], (resource.get("address") or [{}])[0]
    yield {
        "ID": resource["id"],
        "BIRTHDATE": resource["birthDate"],
        "DEATHDATE": resource.get("deceasedDateTime", ""),
        "FIRST": " ".join(name["given"]),
        "LAST": name["family"],
        "GENDER": {"male": "M", "female": "F"}.get(resource.get("gender", ""), resource.get("gender", "")),
        "ADDRESS": " ".join(address.get("line", [])),
        "CITY": address.get("city", ""),
        "STATE": address.get("state", ""),
        "ZIP": address.get("postalCode", ""),
    }


def practitioner(resource: dict[str, Any], context: Context) -> Rows:
    """providers.csv"""
    numbers = [entry["value"] for entry in resource.get("identifier", []) if entry.get("system") == NPI]
    organization, speciality = context.staff.roles.get(numbers[0] if numbers else "", ("", ""))
    name = resource["name"][0]
    work = [entry.get("valueInteger", 0) for entry in resource.get("extension", [])]
    yield {
        "ID": resource["id"],
        "ORGANIZATION": organization,
        "NAME": " ".join([*name["given"], name["family"]]),
        "SPECIALITY": speciality,
        "ENCOUNTERS": work[0] if work else 0,
    }


def encounter(resource: dict[str, Any], context: Context) -> Rows:
    """encounters.csv"""
    kind = resource["type"][0]
    code = code_of(kind)
    reason = (resource.get("reasonCode") or [None])[0]
    yield {
        "ID": resource["id"],
        "START": resource["period"]["start"],
        "STOP": resource["period"]["end"],
        "PATIENT": key_of(resource["subject"]["reference"]),
        "PROVIDER": context.staff.key(resource["participant"][0]["individual"]["reference"]),
        "PAYER": context.payers.get(str(resource["id"]).lower(), "").casefold(),
        "ENCOUNTERCLASS": KINDS_OF_VISIT.get(code) or CLASSES.get(resource["class"]["code"], resource["class"]["code"]),
        "CODE": code,
        "DESCRIPTION": text_of(kind),
        "REASONDESCRIPTION": text_of(reason) if reason else "",
    }


def condition(resource: dict[str, Any], context: Context) -> Rows:
    """conditions.csv"""
    yield {
        **subject_of(resource),
        "START": resource["onsetDateTime"][:10],
        "STOP": resource.get("abatementDateTime", "")[:10],
        "CODE": code_of(resource["code"]),
        "DESCRIPTION": text_of(resource["code"]),
    }


def allergy(resource: dict[str, Any], context: Context) -> Rows:
    """allergies.csv; of several reactions the two worst. That none is known is no allergy."""
    if code_of(resource["code"]) == NO_ALLERGY_CODE:
        return
    reactions = sorted(resource.get("reaction", []), key=lambda each: -SEVERITIES.index(each.get("severity", "mild")))
    told: dict[str, str] = {}
    for number, reaction in enumerate(reactions[:2], 1):
        told[f"DESCRIPTION{number}"] = text_of(reaction["manifestation"][0])
        told[f"SEVERITY{number}"] = reaction.get("severity", "").upper()
    recorded = resource["recordedDate"][:10]
    active = code_of(resource["clinicalStatus"]) == "active"
    yield {
        **subject_of(resource),
        "START": recorded,
        "STOP": "" if active else recorded,
        "CODE": code_of(resource["code"]),
        "DESCRIPTION": text_of(resource["code"]),
        **told,
    }


def observation(resource: dict[str, Any], context: Context) -> Rows:
    """observations.csv; each component is one."""
    for part in resource.get("component") or [resource]:
        numeric = "valueQuantity" in part
        if numeric:
            value = context.amount(part["valueQuantity"]["value"])
        elif "valueCodeableConcept" in part:
            value = text_of(part["valueCodeableConcept"])
        else:
            value = part.get("valueString", "")
        yield {
            **subject_of(resource),
            "DATE": resource["effectiveDateTime"],
            "CATEGORY": code_of(resource["category"][0]),
            "CODE": code_of(part["code"]),
            "DESCRIPTION": text_of(part["code"]),
            "VALUE": value,
            "UNITS": part["valueQuantity"].get("code") or part["valueQuantity"].get("unit", "") if numeric else "",
            "TYPE": "numeric" if numeric else "text",
        }


def medication(resource: dict[str, Any], context: Context) -> Rows:
    """medications.csv"""
    concept = resource["medicationCodeableConcept"]
    yield {
        **subject_of(resource),
        "START": resource["authoredOn"],
        "STOP": resource["authoredOn"] if resource["status"] in STOPPED else "",
        "CODE": code_of(concept),
        "DESCRIPTION": text_of(concept),
    }


def procedure(resource: dict[str, Any], context: Context) -> Rows:
    """procedures.csv"""
    performed = resource.get("performedPeriod", {}).get("start") or resource["performedDateTime"]
    code, subject = code_of(resource["code"]), subject_of(resource)
    yield {
        **subject,
        "START": performed,
        "CODE": code,
        "DESCRIPTION": text_of(resource["code"]),
        "BASE_COST": context.price(subject, code),
    }


def immunization(resource: dict[str, Any], context: Context) -> Rows:
    """immunizations.csv"""
    code, subject = code_of(resource["vaccineCode"]), subject_of(resource)
    yield {
        **subject,
        "DATE": resource["occurrenceDateTime"],
        "CODE": code,
        "DESCRIPTION": text_of(resource["vaccineCode"]),
        "BASE_COST": context.price(subject, code),
    }


def claim(resource: dict[str, Any], context: Context) -> Rows:
    """claims.csv; Synthea's bundles tell no charges as its transactions do."""
    visit = key_of(resource["item"][0]["encounter"][0]["reference"])
    yield {"ID": resource["id"], "PATIENTID": key_of(resource["patient"]["reference"]), "APPOINTMENTID": visit}


def coverage(resource: dict[str, Any], context: Context) -> Rows:
    """payer_transitions.csv: who paid last insures."""
    payer = resource["insurance"][0]["coverage"]["display"]
    begun = resource["billablePeriod"]["start"]
    yield {"PATIENT": key_of(resource["patient"]["reference"]), "START_DATE": begun, "PAYER": payer.casefold()}


READERS = {
    "patients.csv": patient,
    "providers.csv": practitioner,
    "encounters.csv": encounter,
    "conditions.csv": condition,
    "allergies.csv": allergy,
    "observations.csv": observation,
    "medications.csv": medication,
    "procedures.csv": procedure,
    "immunizations.csv": immunization,
    "claims.csv": claim,
    "payer_transitions.csv": coverage,
}
