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
from healthcare.fhir.paging import in_order, page_of
from healthcare.fhir.search import found_rows, open_only
from healthcare.fhir.types import KINDS, Kind, Source
from healthcare.rest.confidential import open_chart
from healthcare.rest.totals import total_of
from healthcare.roles import PUBLIC, may
from patients.models import Patient

BULK = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"
#: Kinds of search parameters, where they are no text.
TYPES = {
    **dict.fromkeys(("_id", "identifier", "status", "clinical-status", "gender"), "token"),
    **dict.fromkeys(("date", "birthdate", "_lastUpdated"), "date"),
    "patient": "reference",
}
#: Rows on one page of `$everything`: most charts are one page.
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
        patient, opened, queries = None, False, []
        for source in kind.sources:
            allowed = may(request.user, source.permission)
            rows, patient = found_rows(kind, source, request) if allowed else (source.rows().none(), patient)
            if allowed and patient and not opened:
                open_chart(request, Patient.objects.filter(pk=patient).first())
                opened = True
            elif not patient:
                rows = open_only(source, rows)
            queries.append((source, in_order(source, rows)))
        page, following = page_of(queries, request.GET)
        record("view", entity_type=kind.name.lower(), patient_id=patient, values={"fhir": sorted(request.GET)})
        entries = entries_of(page, request)
        entries += [entry(request, resource, "include") for resource in included(kind, entries, request)]
        bundle = bundle_of(request, entries, following)
        if kind.name != "Observation":  # a row of measurements is several resources
            bundle["total"] = sum(total_of(rows) for _source, rows in queries)
        return fhir_answer(bundle)

    return view


def entries_of(page: list[tuple[Source, Any]], request: HttpRequest) -> list[dict[str, Any]]:
    """The rows of a page as entries of a bundle."""
    return [entry(request, resource) for source, row in page for resource in resources(source, [row], request.user)]


def bundle_of(request: HttpRequest, entries: list[dict[str, Any]], following: str) -> dict[str, Any]:
    """The answer to a search: this page, and where the next one begins."""
    links = [{"relation": "self", "url": request.build_absolute_uri()}]
    if following:
        query = request.GET.copy()
        query["_after"] = following
        links.append({"relation": "next", "url": request.build_absolute_uri(f"{request.path}?{query.urlencode()}")})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return {**bundle, **({"entry": entries} if entries else {})}


def entry(request: HttpRequest, resource: dict[str, Any], mode: str = "match") -> dict[str, Any]:
    """A resource within a bundle."""
    address = request.build_absolute_uri(f"/fhir/{resource['resourceType']}/{resource['id']}")
    return {"fullUrl": address, "resource": resource, "search": {"mode": mode}}


def everything(request: HttpRequest, key: UUID) -> HttpResponse:
    """The whole chart, page by page, as far as the role sees it; audited as an export (DATA-5)."""
    patient = Patient.objects.visible_to(request.user).filter(pk=key).first()
    if patient is None:
        raise Http404
    open_chart(request, patient)
    record("export", patient, values={"format": "fhir"})
    own = KINDS["Patient"].sources[0]
    queries = [(own, in_order(own, Patient.objects.filter(pk=key)))]
    for kind in KINDS.values():
        for source in kind.sources if kind.of_patient else ():
            rows = source.rows().visible_to(request.user).filter(**{source.patient: key})
            allowed = may(request.user, kind.permission) and may(request.user, source.permission)
            queries.append((source, in_order(source, rows if allowed else rows.none())))
    page, following = page_of(queries, request.GET, default=MOST, most=MOST)
    entries = entries_of(page, request)
    bundle = bundle_of(request, entries, following)
    if not following and "_after" not in request.GET:
        bundle["total"] = len(entries)
    return fhir_answer(bundle)


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
