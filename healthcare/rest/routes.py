"""From resources to one NinjaAPI, its URLs, and the roles that each of them declares."""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.constants import NOT_SET

from healthcare.access import RoleView
from healthcare.rest.answers import add_handlers, failure
from healthcare.rest.auth import AddressThrottle, BearerOrSession, PersonThrottle
from healthcare.rest.bodies import ExactParser
from healthcare.rest.operations import Operation
from healthcare.roles import PUBLIC, roles_with


def build(operations: Iterable[Operation], **info: Any) -> NinjaAPI:
    """The API with these operations."""
    api = NinjaAPI(
        parser=ExactParser(), docs_url=None, openapi_url=None, urls_namespace="api", auth=BearerOrSession(), **info
    )
    add_handlers(api)
    for operation in operations:
        public = operation.permission == PUBLIC
        roles = "" if public else "Roles: " + ", ".join(sorted(str(r.label) for r in roles_with(operation.permission)))
        api.api_operation(
            [operation.verb],
            operation.path,
            auth=None if public else NOT_SET,
            throttle=[AddressThrottle() if public else PersonThrottle()],
            response={operation.status: operation.answer},
            summary=operation.summary,
            description=roles,
            operation_id=operation_id(operation),
            tags=[operation.tag],
        )(operation.handler)
    return api


def operation_id(operation: Operation) -> str:
    """A name for clients that are generated: `get_patients_id_details`."""
    words = operation.name.replace("{id}", "id").replace("-", "_").replace("/", " ").split()
    return "_".join(words).lower()


def patterns(api: NinjaAPI, operations: Iterable[Operation], name: str = "api") -> list[URLPattern]:
    """One URL for each path, whose view tells its permissions by method (checked by healthcare.E001)."""
    permissions: dict[str, dict[str, str]] = {}
    for operation in operations:
        permissions.setdefault(operation.path, {})[operation.verb] = operation.permission
    found = []
    for router in api._get_bound_routers():
        for key, view in router.path_operations.items():
            route = key.replace("{uuidstr:", "{uuid:")  # ninja's own converter makes texts of ids
            allowed = permissions[route]
            found.append(path(django_route(route), in_envelope(view.get_view(), allowed), name=name))
    return found


def django_route(route: str) -> str:
    """`/patients/{uuid:id}` as Django writes it."""
    return route.lstrip("/").replace("{", "<").replace("}", ">")


def in_envelope(view: Any, permissions: dict[str, str]) -> Any:
    """The view, which answers HEAD as GET and says in the envelope that a method does not exist."""

    @login_not_required  # the API answers 401 itself, where a page leads to the log-in
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method == "HEAD":
            request.method = "GET"
        if request.method not in permissions:
            response = failure(405, "method", _("This address does not know this method."))
            response.headers["Allow"] = ", ".join(sorted(permissions))
            return response
        return view(request, *args, **kwargs)

    wrapped.permissions = permissions  # type: ignore[attr-defined]
    wrapped.csrf_exempt = True  # type: ignore[attr-defined] # BearerOrSession asks for the token itself
    return wrapped


@method_decorator(csrf_exempt, name="dispatch")  # a POST to nowhere is told that, in the envelope
class NoSuchPath(RoleView):
    """Whatever else is asked for under the API's address."""

    permission = PUBLIC

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return failure(404, "not_found", _("There is nothing at this address."))
