"""The functions behind the paths, with the signatures that ninja reads."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from ninja import Body
from pydantic import BaseModel

from healthcare.roles import may
from healthcare.workflow import WorkflowForm


def guarded(permission: str, handler: Any) -> Any:
    """The handler, after the role was asked: nobody without it learns whether a row exists."""
    inner = handler

    def check(request: HttpRequest) -> None:
        if not may(request.user, permission):
            raise PermissionDenied

    inner.check = check
    return inner


def reads_list(resource: Any) -> Any:
    """GET of many."""

    def handler(request: HttpRequest) -> HttpResponse:
        handler.check(request)
        return resource.get_list(request)

    return handler


def reads_one(resource: Any) -> Any:
    """GET of one."""

    def handler(request: HttpRequest, id: UUID) -> HttpResponse:
        handler.check(request)
        return resource.get_one(request, id)

    return handler


def reads_details(resource: Any) -> Any:
    """GET of one with what belongs to it."""

    def handler(request: HttpRequest, id: UUID) -> HttpResponse:
        handler.check(request)
        return resource.get_details(request, id)

    return handler


def makes(resource: Any, thing: Any, schema: type[BaseModel]) -> Any:
    """POST of a new one."""

    def handler(request: HttpRequest, body: schema = Body(...)) -> HttpResponse:  # type: ignore[valid-type]
        handler.check(request)
        return resource.post(request, given_in(body), thing)

    return handler


def changes(resource: Any, thing: Any, schema: type[BaseModel], partial: bool) -> Any:
    """PUT and PATCH."""

    def handler(request: HttpRequest, id: UUID, body: schema = Body(...)) -> HttpResponse:  # type: ignore[valid-type]
        handler.check(request)
        return resource.change(request, id, given_in(body), thing, partial=partial)

    return handler


def steps(resource: Any, thing: Any, schema: type[BaseModel]) -> Any:
    """POST of a step, and DELETE; a DELETE may give its reason in the query too."""

    def handler(request: HttpRequest, id: UUID, body: schema = Body(None)) -> HttpResponse:  # type: ignore[valid-type]
        handler.check(request)
        said = given_in(body)
        if request.method == "DELETE":
            said = {**request.GET.dict(), **said}
            if "reason" in said:
                said |= {name: said["reason"] for name in reasons_of(form_of(thing)) if name not in said}
        return resource.change(request, id, said, thing, partial=True)

    return handler


def reasons_of(form: Any) -> list[str]:
    """The fields that ask why, all of which a DELETE may call `reason`."""
    return [name for name in form.base_fields if name.endswith("reason") and name != "override_reason"]


def given_in(body: Any) -> dict[str, Any]:
    """What the body says, and nothing that it does not."""
    return {} if body is None else {name: getattr(body, name) for name in body.model_fields_set}


def form_of(thing: Any) -> Any:
    """The form behind a page; a form is its own."""
    return thing if issubclass(thing, WorkflowForm) else thing.form_class
