"""The paths and verbs of a resource, each with its permission, its handler and its types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from pydantic import BaseModel

from healthcare.rest.handlers import (
    changes,
    form_of,
    guarded,
    makes,
    reads_details,
    reads_list,
    reads_one,
    reasons_of,
    steps,
)
from healthcare.rest.lists import query_of
from healthcare.rest.schemas import body_of, described, listed, success
from healthcare.workflow import WorkflowForm


@dataclass(frozen=True)
class Operation:
    """One path and verb: its permission, its handler, its types."""

    verb: str
    path: str
    permission: str
    handler: Callable[..., HttpResponse]
    summary: str
    answer: Any
    status: int = 200
    tag: str = ""
    #: For OpenAPI: query parameters, names of headers, and what a file may be.
    query: dict[str, dict[str, Any]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    content: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As the tables of tests know it: `GET /patients`."""
        return f"{self.verb} {self.path.replace('{uuid:', '{')}"


def operations_of(resource: Any) -> Iterator[Operation]:
    """Every path and verb of this resource."""
    saved = success(f"{resource.name}SavedAnswer", saved_schema(resource))
    yield from reading(resource)
    yield from making(resource, saved)
    yield from changing(resource, saved)


def of(resource: Any, verb: str, path: str, permission: str, handler: Any, summary: str, kind: Any, **more: Any) -> Any:
    """One operation of the resource; `summary` says what is done with one of them."""
    return Operation(
        verb,
        f"/{resource.path}{path}",
        permission,
        guarded(permission, handler),
        f"{summary}: {resource.model._meta.verbose_name}",
        kind,
        tag=resource.path,
        **more,
    )


ONE = "/{uuid:id}"
REASON: dict[str, Any] = {"schema": {"type": "string"}, "description": "Why, if the body does not say it"}


def reading(resource: Any) -> Iterator[Operation]:
    """The list, one row, and one row with what belongs to it."""
    many = success(f"{resource.name}ListAnswer", listed(f"{resource.name}List", resource.schema))
    handler = reads_list(resource)
    yield of(resource, "GET", "", resource.list_permission, handler, "List", many, query=query_of(resource))
    if resource.detail_page:
        one = success(f"{resource.name}Answer", resource.schema)
        yield of(resource, "GET", ONE, resource.view_permission, reads_one(resource), "One", one)
    if resource.details:
        whole = success(f"{resource.name}DetailsAnswer", details_schema(resource))
        words = "With what belongs to it"
        yield of(resource, "GET", f"{ONE}/details", resource.view_permission, reads_details(resource), words, whole)


def making(resource: Any, saved: Any) -> Iterator[Operation]:
    """POST of a new row, perhaps under several names."""
    if not resource.create:
        return
    schema = body_of(
        f"{resource.name}New",
        form_of(resource.create),
        resource.rows,
        optional=resource.optional,
        unfolded=resource.unfolded,
        then=resource.create_then,
        new=True,
    )
    headers = ("Idempotency-Key",) if resource.idempotent else ()
    for alias in ("", *resource.aliases):
        yield of(
            resource,
            "POST",
            f"/{alias}" if alias else "",
            resource.create.permission,
            makes(resource, resource.create, schema),
            f"New ({alias})" if alias else "New",
            saved,
            status=201,
            headers=headers,
        )


def changing(resource: Any, saved: Any) -> Iterator[Operation]:
    """PUT, PATCH, DELETE and steps on one row; each heeds `If-Match`."""
    for verb, words, partial in (("PUT", "Replace", False), ("PATCH", "Change", True)) if resource.edit else ():
        form = form_of(resource.edit)
        name = f"{resource.name}{verb.title()}"
        schema = body_of(name, form, resource.rows, partial=partial, optional=resource.assigned)
        handler = changes(resource, resource.edit, schema, partial)
        yield of(resource, verb, ONE, resource.edit.permission, handler, words, saved, headers=("If-Match",))
    taken = [("DELETE", ONE, resource.delete)] if resource.delete else []
    taken += [("POST", f"{ONE}/{name}", thing) for name, thing in resource.actions.items()]
    for verb, path, thing in taken:
        form = form_of(thing)
        word = path.removeprefix(ONE).strip("/").title().replace("-", "") or "Delete"
        rows = resource.rows if verb == "POST" and has_rows(form) else {}
        why = bool(verb == "DELETE" and reasons_of(form))
        schema = body_of(f"{resource.name}{word}", form, rows, partial=verb == "POST" or why, reason=why)
        handler = steps(resource, thing, schema)
        more = {"headers": ("If-Match",), "query": {"reason": REASON} if why else {}}
        yield of(resource, verb, path, thing.permission, handler, str(form.submit_label), saved, **more)


def has_rows(form: Any) -> bool:
    """Whether the form has rows within it."""
    return form.build_formsets is not WorkflowForm.build_formsets


# -- types of answers ----------------------------------------------------------------------------


def saved_schema(resource: Any) -> type[BaseModel]:
    """What a write answers: the row, and what was noticed; the id alone where the role does not see the row."""
    more: dict[str, Any] = {"notices": {"type": "array", "items": {"type": "string"}}}
    more |= {name: {"type": "string"} for name in resource.once}
    return described(f"{resource.name}Saved", resource.properties | more, ["id", "notices"])


def details_schema(resource: Any) -> type[BaseModel]:
    """The row with the rows that belong to it."""
    many = {"type": ["array", "null"], "items": {"type": "object"}}
    inner = {
        name: many if getattr(each, "order", "") else {"type": ["object", "null"]}
        for name, each in resource.details.items()
    }
    required = resource.schema.model_json_schema().get("required", [])
    return described(f"{resource.name}Details", resource.properties | inner, [*required, *inner])
