"""`_include`: what the found resources refer to, in the same bundle, as far as the role sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from healthcare.fhir.search import open_only
from healthcare.fhir.types import KINDS, Kind
from healthcare.roles import may

_CLINICAL = {"patient": "Patient", "subject": "Patient", "encounter": "Encounter"}
#: Type -> name of the reference -> type that it leads to.
INCLUDES: dict[str, dict[str, str]] = {
    "Appointment": {"patient": "Patient", "practitioner": "Practitioner"},
    "Encounter": {
        **{"patient": "Patient", "subject": "Patient", "practitioner": "Practitioner", "participant": "Practitioner"},
        **{"appointment": "Appointment", "diagnosis": "Condition"},
    },
    "Condition": {**_CLINICAL, "recorder": "Practitioner"},
    "Observation": {**_CLINICAL, "performer": "Practitioner", "based-on": "ServiceRequest"},
    "ServiceRequest": {**_CLINICAL, "requester": "Practitioner"},
    "MedicationRequest": {**_CLINICAL, "requester": "Practitioner"},
    "AllergyIntolerance": {"patient": "Patient", "recorder": "Practitioner"},
    "Coverage": {"patient": "Patient", "beneficiary": "Patient", "payor": "Organization"},
    "Invoice": {"patient": "Patient", "subject": "Patient"},
}


def included(kind: Kind, entries: list[dict[str, Any]], request: HttpRequest) -> Iterator[dict[str, Any]]:
    """The resources that `_include=Encounter:patient` asks for; names that nobody knows are ignored."""
    offered = INCLUDES.get(kind.name, {})
    wanted: set[str] = set()
    for asked in request.GET.getlist("_include"):
        source, _colon, name = asked.partition(":")
        if asked == "*" or (source == kind.name and name == "*"):
            wanted |= set(offered.values())
        elif source == kind.name:
            wanted |= {offered[part] for part in [name.partition(":")[0]] if part in offered}
    found = set(references([entry["resource"] for entry in entries]))
    for target in sorted(wanted):
        keys = {UUID(key) for name, key in found if name == target}
        yield from resources_of(KINDS[target], keys, request.user)


def references(value: Any) -> Iterator[tuple[str, str]]:
    """(type, key) of every reference within."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            name, _slash, key = value["reference"].partition("/")
            yield name, key
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resources_of(kind: Kind, keys: set[UUID], user: Any) -> Iterator[dict[str, Any]]:
    """The resources with these keys that the person may see."""
    for source in kind.sources if keys and may(user, kind.permission) else ():
        if may(user, source.permission):
            rows = open_only(source, source.rows().visible_to(user)).filter(pk__in=keys)
            for row in rows.order_by("pk"):
                found = source.read(row, user)
                yield from found if isinstance(found, list) else [found]
