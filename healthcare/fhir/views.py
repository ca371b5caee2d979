"""FHIR's interactions: read, search, everything of a patient, and what the server can do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path
from django.utils.translation import gettext as _
from ninja.errors import HttpError

from healthcare.clock import now
from healthcare.events import record
from healthcare.fhir.search import BadSearch, found_rows, page_bounds
from healthcare.fhir.types import KINDS, Kind, Source
from healthcare.rest.answers import ApiError
from healthcare.rest.auth import BearerOrSession, PersonThrottle
from healthcare.rest.confidential import open_chart
from healthcare.roles import PUBLIC, may
from patients.models import Patient

#: Rows of one type in `$everything`; a chart has fewer.
MOST = 1000


def fhir_answer(body: dict[str, Any], status: int = 200) -> HttpResponse:
    """A resource as FHIR sends it."""
    return HttpResponse(
        json.dumps(body, ensure_ascii=False).encode(), status=status, content_type="application/fhir+json"
    )


def outcome(status: int, code: str, text: Any) -> HttpResponse:
    """An error as FHIR says it."""
    issue = {"severity": "error", "code": code, "diagnostics": str(text)}
    return fhir_answer({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def at_the_door(request: HttpRequest, permission: str) -> HttpResponse | None:
    """The answer to somebody unknown, or who asks too often; PermissionDenied for a wrong role."""
    throttle = PersonThrottle()
    if not BearerOrSession()(request):
        response = outcome(401, "login", _("Log in first, or send a valid access token."))
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if not may(request.user, permission):
        raise PermissionDenied
    if not throttle.allow_request(request):
        response = outcome(429, "throttled", _("Too many requests. Wait, then try again."))
        response.headers["Retry-After"] = str(int(throttle.wait()) + 1)
        return response
    return None


def guarded(permission: str, view: Callable[..., HttpResponse]) -> Any:
    """The view for those who hold the permission, by token or session; errors as OperationOutcome."""

    @login_not_required
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return outcome(405, "not-supported", _("Only reading is offered here."))
        try:
            turned_away = None if permission == PUBLIC else at_the_door(request, permission)
            return turned_away or view(request, **kwargs)
        except (PermissionDenied, HttpError):
            return outcome(403, "forbidden", _("Your role does not allow this."))
        except ApiError as error:
            return outcome(error.status, "forbidden", error.message)
        except Http404:
            return outcome(404, "not-found", _("There is no such resource."))
        except BadSearch as error:
            return outcome(400, "invalid", error)

    wrapped.permissions = {"GET": permission}  # type: ignore[attr-defined]
    wrapped.csrf_exempt = True  # type: ignore[attr-defined] # nothing is written; a POST is told 405
    return wrapped


def resources(source: Source, rows: Any, user: Any) -> Iterator[dict[str, Any]]:
    """The resources of some rows."""
    for row in rows:
        found = source.read(row, user)
        yield from found if isinstance(found, list) else [found]


def without_confidential(source: Source, rows: Any) -> Any:
    """The rows without those of confidential charts, which are read for one patient at a time, with the reason."""
    if not source.patient:
        return rows
    return rows.exclude(**{"is_confidential" if source.patient == "pk" else "patient__is_confidential": True})


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
            for resource in resources(source, [row], request.user):
                if resource["id"] == key:
                    open_chart(request, row)
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
                rows = without_confidential(source, rows)
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
        if kind.name != "Observation":  # a row of measurements is several resources
            bundle["total"] = total
        return fhir_answer({**bundle, **({"entry": entries} if entries else {})})

    return view


def entry(request: HttpRequest, resource: dict[str, Any]) -> dict[str, Any]:
    """A resource within a bundle."""
    address = request.build_absolute_uri(f"/fhir/{resource['resourceType']}/{resource['id']}")
    return {"fullUrl": address, "resource": resource, "search": {"mode": "match"}}


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
            "searchParam": [{"name": name, "type": "string"} for name in parameters(kind)],
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
            "rest": [{"mode": "server", "resource": types}],
        }
    )


def parameters(kind: Kind) -> list[str]:
    """The search parameters of a type."""
    shared = [
        *(["patient"] if any(source.patient for source in kind.sources) else []),
        *(["date"] if any(source.date for source in kind.sources) else []),
        *(["status"] if any(source.status for source in kind.sources) else []),
    ]
    return ["_id", *shared, *kind.parameters]


def missing(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Whatever else is asked for."""
    raise Http404


fhir_urls = [
    path("metadata", guarded(PUBLIC, metadata), name="fhir"),
    path("Patient/<uuid:key>/$everything", guarded("medical_records.view", everything), name="fhir"),
    *(path(kind.name, guarded(kind.permission, searching(kind)), name="fhir") for kind in KINDS.values()),
    *(path(f"{kind.name}/<str:key>", guarded(kind.permission, reading(kind)), name="fhir") for kind in KINDS.values()),
    re_path(r"^.*$", guarded(PUBLIC, missing), name="fhir"),
]
