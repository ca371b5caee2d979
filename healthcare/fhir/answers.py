"""How FHIR's addresses answer, and whom: errors as OperationOutcome, roles as everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja.errors import HttpError

from healthcare.fhir.search import BadSearch
from healthcare.rest.answers import ApiError, later, note, unavailable
from healthcare.rest.auth import BearerOrSession, PersonThrottle
from healthcare.roles import PUBLIC, may


def fhir_answer(body: dict[str, Any], status: int = 200, content_type: str = "application/fhir+json") -> HttpResponse:
    """A resource as FHIR sends it."""
    return HttpResponse(json.dumps(body, ensure_ascii=False).encode(), status=status, content_type=content_type)


def outcome(status: int, code: str, text: Any, severity: str = "error") -> HttpResponse:
    """An error, or a word on the way, as FHIR says it."""
    issue = {"severity": severity, "code": code, "diagnostics": str(text)}
    return fhir_answer({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def broken(error: BaseException | None) -> HttpResponse:
    """Our mistake, or a database that does not serve."""
    if not unavailable(error):
        return outcome(500, "exception", _("Something went wrong here. It is noted."))
    return later(outcome(503, "transient", _("The clinic's database or disk does not answer. Ask again in a moment.")))


def guarded(permission: str, view: Callable[..., HttpResponse], methods: tuple[str, ...] = ("GET", "HEAD")) -> Any:
    """The view for those who hold the permission, by token or session; errors as OperationOutcome."""

    @login_not_required
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.method not in methods:
            response = outcome(405, "not-supported", _("Only reading is offered here."))
            response.headers["Allow"] = ", ".join(methods)
            return response
        try:
            refusal = None if permission == PUBLIC else refused(request, permission)
            if refusal is not None:
                return refusal
            return view(request, **kwargs)
        except ApiError as error:
            return outcome(error.status, "forbidden", error.message)
        except (PermissionDenied, HttpError):
            return outcome(403, "forbidden", _("Your role does not allow this."))
        except Http404:
            return outcome(404, "not-found", _("There is no such resource."))
        except BadSearch as error:
            return outcome(400, "invalid", error)
        except Exception as error:
            note(request, error)
            return broken(error)

    wrapped.permissions = dict.fromkeys(methods, permission)  # type: ignore[attr-defined]
    wrapped.csrf_exempt = True  # type: ignore[attr-defined] # nothing is written; a POST is told 405
    return wrapped


def refused(request: HttpRequest, permission: str) -> HttpResponse | None:
    """Why this person is not answered; None if they are."""
    throttle = PersonThrottle()  # it remembers its request, so each has its own
    if not BearerOrSession()(request):
        response = outcome(401, "login", _("Log in first, or send a valid access token."))
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if not may(request.user, permission):
        raise PermissionDenied
    if not throttle.allow_request(request):
        response = outcome(429, "throttled", _("Too many requests. Wait, then try again."))
        response.headers["Retry-After"] = str(int(throttle.wait() or 1) + 1)
        return response
    return None
