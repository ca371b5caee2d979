"""What every answer looks like: the envelope, and errors in it (API-2)."""

from __future__ import annotations

import errno
import json
import logging
import sys
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults
from ninja.errors import AuthenticationError, HttpError, Throttled
from ninja.errors import ValidationError as BodyError

from healthcare.storage import out_of_reach

logger = logging.getLogger("django.request")

#: Codes of rules that are about somebody else's change or time, and so a conflict.
CONFLICTS = frozenset({"stale", "overlap"})
#: A disk that takes nothing.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
#: When to ask again if database or disk do not serve.
RETRY_SECONDS = "10"


class ApiError(Exception):
    """A refusal with its status, code, words and fields."""

    def __init__(self, status: int, code: str, message: Any, fields: Any = None, **more: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.fields, self.more = status, code, message, fields, more


def answer(data: Any, status: int = 200, **headers: str) -> HttpResponse:
    """A success in its envelope."""
    return _response({"status": "success", "data": data, "error": None}, status, headers)


def failure(status: int, code: str, message: Any, fields: Any = None, **more: Any) -> HttpResponse:
    """An error in its envelope."""
    error = {"code": code, "message": str(message), "fields": fields or {}, **more}
    return _response({"status": "error", "data": None, "error": error}, status, {})


def _response(body: dict[str, Any], status: int, headers: dict[str, str]) -> HttpResponse:
    text = json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(
        text.encode(errors="replace"), status=status, content_type="application/json; charset=utf-8", headers=names
    )


def refusal_of_form(form: Any, names: dict[str, str]) -> ApiError:
    """Why a form was not saved, in the API's words: fields by their column names."""
    fields: dict[str, list[str]] = {}
    errors: list[ValidationError] = []
    collect(form.errors.as_data(), fields, errors, names)
    warnings = list(form.warnings)
    for prefix, formset in form.formsets.items():
        for message in formset.non_form_errors():
            fields.setdefault(prefix, []).append(str(message))
        for index, row in enumerate(formset.forms):
            inner: dict[str, list[str]] = {}
            collect(
                row.errors.as_data(), inner, errors, {name: api_name(name, field) for name, field in row.fields.items()}
            )
            fields |= {f"{prefix}.{index}.{name}": messages for name, messages in inner.items()}
            warnings += getattr(row, "warnings", [])
    codes = [error.code for error in errors]
    general = [error for error in form.errors.as_data().get(NON_FIELD_ERRORS, [])]
    first = general[0] if general else (errors[0] if errors else None)
    message = " ".join(first.messages) if first else _("This cannot be saved.")
    if "safety_warning" in codes:
        told = [{"kind": w.kind, "severity": w.severity, "message": w.message, "source": w.source} for w in warnings]
        return ApiError(400, "safety_warning", _("Read the warnings before you go on."), fields, warnings=told)
    conflict = next((code for code in codes if code in CONFLICTS), None)
    if conflict or form.conflict:
        return ApiError(409, conflict or "stale", message, fields)
    return ApiError(400, (general[0].code or "rule") if general else "validation", message, fields)


def collect(data: Any, fields: dict[str, list[str]], errors: list[ValidationError], names: dict[str, str]) -> None:
    """Sort a form's errors by the API's names of its fields; what is about the whole stands in `__all__`."""
    for name, found in data.items():
        errors += found
        fields[names.get(name, name)] = [message for error in found for message in error.messages]


def api_name(name: str, field: Any) -> str:
    """The column's name for a form's field: `patient` is `patient_id`."""
    return f"{name}_id" if hasattr(field, "queryset") and not name.endswith("_id") else name


# -- exceptions ----------------------------------------------------------------------------------


def add_handlers(api: Any) -> None:
    """Give every exception its answer in the envelope."""
    for kind, handler in HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _refused(request: HttpRequest, error: ApiError) -> HttpResponse:
    return failure(error.status, error.code, error.message, error.fields, **error.more)


def _denied(request: HttpRequest, error: Any) -> HttpResponse:
    return failure(403, "forbidden", str(error or "") or _("Your role does not allow this."))


def _missing(request: HttpRequest, error: Any) -> HttpResponse:
    return failure(404, "not_found", _("There is nothing at this address."))


def _unauthenticated(request: HttpRequest, error: Any) -> HttpResponse:
    response = failure(401, "unauthenticated", _("Log in first, or send a valid access token."))
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _throttled(request: HttpRequest, error: Any) -> HttpResponse:
    return failure(429, "throttled", _("Too many requests. Wait, then try again."))


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 403:  # ninja's check of the CSRF token
        return failure(403, "csrf", _("The CSRF token is missing or wrong: send it in the X-CSRFToken header."))
    return failure(400, "malformed", _("The body is not valid JSON."))


def _body(request: HttpRequest, error: BodyError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for found in error.errors:
        name = ".".join(str(part) for part in found.get("loc", ())[2:]) or "body"
        fields.setdefault(name, []).append(str(found.get("msg", "")))
    return failure(400, "validation", _("The request is not as described."), fields)


def _too_large(request: HttpRequest, error: Any) -> HttpResponse:
    return failure(413, "too_large", _("The body is too large."))


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    note(request, error)
    return _down(request, error)


def note(request: HttpRequest, error: Exception) -> None:
    """Log an error that Django does not get to see; ActingMiddleware tells the trail of it."""
    request.failure = type(error).__name__  # type: ignore[attr-defined]
    logger.error("Error in the API: %s", type(error).__name__, exc_info=error)


HANDLERS: dict[Any, Any] = {
    Exception: _failed,
    ApiError: _refused,
    PermissionDenied: _denied,
    Http404: _missing,
    RequestDataTooBig: _too_large,
    AuthenticationError: _unauthenticated,
    Throttled: _throttled,
    HttpError: _http,
    BodyError: _body,
}


# -- errors before or beside the API's own views ------------------------------------------------------


def page_or_envelope(page: Any, told: Any) -> Any:
    """Django's handler of an error: its page, and for the API's addresses the envelope."""

    def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return told(request, None) if request.path.startswith("/api/") else page(request, *args, **kwargs)

    return handler


def _bad(request: HttpRequest, error: Any) -> HttpResponse:
    return failure(400, "malformed", _("The request cannot be read."))


def unavailable(error: BaseException | None) -> bool:
    """Whether database, disk or file store do not serve: the request may be right, and can be sent again later."""
    if out_of_reach(error):
        return True
    if isinstance(error, OSError):
        return error.errno in FULL
    # SQLite calls its mistakes (a table that is not there) by the same class as a lock or a full disk.
    cause = getattr(error, "__cause__", None)
    return isinstance(error, OperationalError | InterfaceError) and (
        getattr(cause, "sqlite_errorname", "") != "SQLITE_ERROR"
    )


def _down(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    if not unavailable(error):
        return failure(500, "error", _("Something went wrong here. It is noted."))
    text = _("The clinic's database or disk does not answer. Nothing was half-saved. Ask again in a moment.")
    return later(failure(503, "unavailable", text))


def later(response: HttpResponse) -> HttpResponse:
    """The answer, which also says when to ask again."""
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


def handler500(request: HttpRequest) -> HttpResponse:
    """The page of an error, or for programs their envelope. Asks no database: it may be what failed."""
    error = sys.exc_info()[1]
    if request.path.startswith("/api/"):
        return _down(request, error)
    if request.path.startswith("/fhir/"):
        from healthcare.fhir.answers import broken  # which is made of what stands here

        return broken(error)
    status = 503 if unavailable(error) else 500
    response = HttpResponse(render_to_string(f"{status}.html", {"request": request}), status=status)
    return later(response) if status == 503 else response


handler400 = page_or_envelope(defaults.bad_request, _bad)
