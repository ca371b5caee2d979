"""The addresses of bulk export: ask for it, look how far it is, fetch its files."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _

from healthcare.events import record
from healthcare.fhir import export
from healthcare.fhir.answers import fhir_answer, guarded, outcome
from healthcare.fhir.search import BadSearch, moment_of
from healthcare.fhir.types import KINDS

FORMATS = frozenset({"", "ndjson", "application/ndjson", "application/fhir+ndjson", "application/fhir ndjson"})


def start(request: HttpRequest, of_patients: bool = False) -> HttpResponse:
    """`GET /fhir/$export` of everything, `/fhir/Patient/$export` of what is about patients."""
    if request.GET.get("_outputFormat", "") not in FORMATS:
        raise BadSearch(_("Only application/fhir+ndjson is written."))
    known = [name for name, kind in KINDS.items() if not of_patients or kind.of_patient or name == "Patient"]
    asked = [name for name in request.GET.get("_type", "").split(",") if name]
    if unknown := set(asked) - set(known):
        raise BadSearch(_("There is no such type here: %(names)s.") % {"names": ", ".join(sorted(unknown))[:100]})
    since = moment_of(request.GET["_since"]) if "_since" in request.GET else None
    base = request.build_absolute_uri("/fhir")
    key = export.begin(request.user, request.build_absolute_uri(), base, asked or known, since)
    response = outcome(202, "informational", _("The export is being made."), severity="information")
    response.headers["Content-Location"] = f"{base}/$export-status/{key}"
    return response


def status(request: HttpRequest, key: UUID) -> HttpResponse:
    """How far it is, and at the end where its files are; DELETE forgets it."""
    if export.asked_by(request.user, key) is None:
        raise Http404
    if request.method == "DELETE":
        export.remove(key)
        return outcome(202, "informational", _("The export is removed."), severity="information")
    if failed := export.read(key, "failed.json"):
        return outcome(500, "exception", failed["why"])
    manifest = export.read(key, "manifest.json")
    if manifest is not None:
        return fhir_answer(manifest, content_type="application/json")
    response = outcome(202, "informational", _("The export is being made."), severity="information")
    response.headers["X-Progress"] = ", ".join(sorted(p.stem for p in (export.folder() / str(key)).glob("*.ndjson")))
    response.headers["Retry-After"] = "5"
    return response


def file(request: HttpRequest, key: UUID, name: str) -> Any:
    """One type's file, for whoever asked for it."""
    if name not in KINDS or export.asked_by(request.user, key) is None or export.read(key, "manifest.json") is None:
        raise Http404
    found = export.folder() / str(key) / f"{name}.ndjson"
    if not found.exists():
        raise Http404
    record("download", entity_type="fhir", values={"export": str(key), "type": name})
    return FileResponse(found.open("rb"), content_type="application/fhir+ndjson", filename=found.name)


def of_patients(request: HttpRequest) -> HttpResponse:
    """What is about patients."""
    return start(request, of_patients=True)


bulk_urls = [
    path("$export", guarded(export.PERMISSION, start), name="fhir"),
    path("Patient/$export", guarded(export.PERMISSION, of_patients), name="fhir"),
    path(
        "$export-status/<uuid:key>",
        guarded(export.PERMISSION, status, methods=("GET", "HEAD", "DELETE")),
        name="fhir",
    ),
    path("$export-file/<uuid:key>/<str:name>.ndjson", guarded(export.PERMISSION, file), name="fhir"),
]
