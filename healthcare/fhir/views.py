"""FHIR's interactions: read, search, everything of a patient, and what the server can do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path

from healthcare.clock import now
from healthcare.events import record
from healthcare.fhir.answers import fhir_answer, guarded
from healthcare.fhir.bulk import bulk_urls
from healthcare.fhir.includes import INCLUDES, included
from healthcare.fhir.search import found_rows, open_only, page_bounds
from healthcare.fhir.types import KINDS, Kind, Source
from healthcare.rest.confidential import open_chart
from healthcare.roles import PUBLIC, may
from patients.models import Patient

BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"
#: Kinds of search parameters, where they are no text.
TYPES = {
    **dict.fromkeys(("_id", "identifier", "status", "clinical-status", "gender"), "token"),
    **dict.fromkeys(("date", "birthdate", "_lastUpdated"), "date"),
    "patient": "reference",
}
#: Rows of one type in `$everything`; a chart has fewer.
MOST = 1000


def resources(source: Source, rows: Any, user: Any) -> Iterator[dict[str, Any]]:
    """The resources of some rows."""
    for row in rows:
        found = source.read(row, user)
        yield from found if isinstance(found, list) else [found]


def reading(kind: Kind) -> Any:
    """`GET /fhir/Type/id`."""

    def view(request: HttpRequest, key: str) -> HttpResponse:
        try:
            row_key = UUID(key[:36])
        except ValueError:
            raise Http404 from None
        hidden = False
        for source in kind.sources:
            row = source.rows().filter(pk=row_key).first()
            if row is None:
                continue
            allowed = may(request.user, source.permission)
            if not allowed or not source.rows().visible_to(request.user).filter(pk=row_key).exists():
                hidden = True
                continue
            open_chart(request, row)
            for resource in resources(source, [row], request.user):
                if resource["id"] == key:
                    record("view", row)
                    return fhir_answer(resource)
        if hidden:
            raise PermissionDenied
        raise Http404

    return view


def searching(kind: Kind) -> Any:
    """`GET /fhir/Type?patient=&date=...`."""

    def view(request: HttpRequest) -> HttpResponse:
        count, offset = page_bounds(request.GET)
        entries: list[dict[str, Any]] = []
        total, patient, opened, wanted, skip = 0, None, False, count, offset
        for source in kind.sources:
            if not may(request.user, source.permission):
                continue
            rows, patient = found_rows(kind, source, request)
            if patient and not opened:
                open_chart(request, Patient.objects.filter(pk=patient).first())
                opened = True
            elif not patient:
                rows = open_only(source, rows)
            here = rows.order_by().count()
            total += here
            if wanted > 0 and skip < here:
                page = list(rows[skip : skip + wanted])
                wanted -= len(page)
                entries += [entry(request, resource) for resource in resources(source, page, request.user)]
            skip = max(skip - here, 0)
        record("view", entity_type=kind.name.lower(), patient_id=patient, values={"fhir": sorted(request.GET)})
        bundle: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": links(request, count, offset, total),
        }
        entries += [entry(request, resource, "include") for resource in included(kind, entries, request)]
        if kind.name != "Observation":  # a row of measurements is several resources
            bundle["total"] = total
        return fhir_answer({**bundle, **({"entry": entries} if entries else {})})

    return view


def entry(request: HttpRequest, resource: dict[str, Any], mode: str = "match") -> dict[str, Any]:
    """A resource within a bundle."""
    address = request.build_absolute_uri(f"/fhir/{resource['resourceType']}/{resource['id']}")
    return {"fullUrl": address, "resource": resource, "search": {"mode": mode}}


def links(request: HttpRequest, count: int, offset: int, total: int) -> list[dict[str, str]]:
    """This page and the next."""
    found = [{"relation": "self", "url": request.build_absolute_uri()}]
    if offset + count < total:
        query = request.GET.copy()
        query["_count"], query["_offset"] = str(count), str(offset + count)
        found.append({"relation": "next", "url": request.build_absolute_uri(f"{request.path}?{query.urlencode()}")})
    return found


def everything(request: HttpRequest, key: UUID) -> HttpResponse:
    """The whole chart as a bundle, as far as the role sees it; audited as an export (DATA-5)."""
    patient = Patient.objects.visible_to(request.user).filter(pk=key).first()
    if patient is None:
        raise Http404
    open_chart(request, patient)
    record("export", patient, values={"format": "fhir"})
    found = [KINDS["Patient"].sources[0].read(patient, request.user)]
    for kind in KINDS.values():
        for source in kind.sources if kind.of_patient and may(request.user, kind.permission) else ():
            if may(request.user, source.permission):
                rows = source.rows().visible_to(request.user).filter(**{source.patient: key})[:MOST]
                found += resources(source, rows, request.user)
    entries = [entry(request, resource) for resource in found]
    return fhir_answer({"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries})


def metadata(request: HttpRequest) -> HttpResponse:
    """What this server can do."""
    types = [
        {
            "type": kind.name,
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "searchParam": [{"name": name, "type": TYPES.get(name, "string")} for name in parameters(kind)],
            "searchInclude": [f"{kind.name}:{name}" for name in INCLUDES.get(kind.name, ())],
        }
        for kind in KINDS.values()
    ]
    for each in types:
        if each["type"] == "Patient":
            definition = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
            each["operation"] = [{"name": "everything", "definition": definition}]
    return fhir_answer(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": now().date().isoformat(),
            "kind": "instance",
            "implementation": {
                "description": "Healthcare Management System",
                "url": request.build_absolute_uri("/fhir"),
            },
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json"],
            "rest": [{"mode": "server", "resource": types, "operation": [{"name": "export", "definition": BULK}]}],
        }
    )


def parameters(kind: Kind) -> list[str]:
    """The search parameters of a type."""
    shared = [
        *(["patient"] if any(source.patient for source in kind.sources) else []),
        *(["date"] if any(source.date for source in kind.sources) else []),
        *([kind.status_name] if any(source.status for source in kind.sources) else []),
    ]
    return ["_id", "_lastUpdated", *shared, *kind.parameters]


def missing(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Whatever else is asked for."""
    raise Http404


fhir_urls = [
    path("metadata", guarded(PUBLIC, metadata), name="fhir"),
    *bulk_urls,
    path("Patient/<uuid:key>/$everything", guarded("medical_records.view", everything), name="fhir"),
    *(path(kind.name, guarded(kind.permission, searching(kind)), name="fhir") for kind in KINDS.values()),
    *(path(f"{kind.name}/<str:key>", guarded(kind.permission, reading(kind)), name="fhir") for kind in KINDS.values()),
    re_path(r"^.*$", guarded(PUBLIC, missing), name="fhir"),
]
