"""The API's description: ninja's own, and what all operations share: errors, headers, query parameters, examples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from ninja import NinjaAPI

from healthcare.rest.operations import Operation
from healthcare.rest.schemas import ErrorAnswer
from healthcare.roles import PUBLIC

#: Status -> (words, code and message of an example). Those of writes are told of writes alone.
ERRORS: dict[int, tuple[str, str, str]] = {
    400: ("Validation, or a rule", "validation", "This date is in the past."),
    401: ("Not logged in", "unauthenticated", "Log in first, or send a valid access token."),
    403: ("Not for this role", "forbidden", "Your role does not allow this."),
    404: ("Nothing there", "not_found", "There is nothing at this address."),
    405: ("No such method", "method", "This address does not know this method."),
    409: ("Stale version, overlap, or used Idempotency-Key", "overlap", "The doctor already has an appointment then."),
    413: ("Too large a body", "too_large", "The body is too large."),
    429: ("Too many requests; Retry-After says how long to wait", "throttled", "Too many requests."),
    500: ("An error of the server", "error", "Something went wrong here. It is noted."),
    503: ("Database or disk do not serve; Retry-After says how long to wait", "unavailable", "Ask again in a moment."),
}
OF_WRITES = frozenset({409, 413})
HEADERS = {
    "Idempotency-Key": {
        "description": "Sent again with the same body, the same row is answered, and nothing is made twice.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "If-Match": {
        "description": "The ETag of the version that was read; 409 if somebody changed the row since.",
        "schema": {"type": "string"},
    },
}


def openapi(
    api: NinjaAPI, operations: Iterable[Operation], prefix: str, examples: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """OpenAPI of these operations; `examples` are bodies by the name of their operation."""
    schema: dict[str, Any] = api.get_openapi_schema(path_prefix=prefix)
    components = schema["components"]
    model = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= {**model.pop("$defs"), "ErrorAnswer": model}
    components["responses"] = {f"Error{status}": error(*words) for status, words in ERRORS.items()}
    components["securitySchemes"]["session"] = {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "The browser's log-in; what changes something also needs the header X-CSRFToken.",
    }
    for operation in operations:
        address = prefix.rstrip("/") + operation.path.replace("{uuid:", "{")
        told = schema["paths"][address][operation.verb.lower()]
        writes = operation.verb != "GET"
        for status in ERRORS:
            if writes or status not in OF_WRITES:
                told["responses"][status] = {"$ref": f"#/components/responses/Error{status}"}
        told["parameters"] += [{"in": "query", "name": name, **words} for name, words in operation.query.items()]
        told["parameters"] += [{"in": "header", "name": name, **HEADERS[name]} for name in operation.headers]
        if operation.permission != PUBLIC:
            told["security"].append({"session": []})
        if "requestBody" in told:
            body = told["requestBody"]["content"]["application/json"]
            body["example"] = example_of(operation, properties_of(body["schema"], components), examples)
        if operation.content:
            kinds = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in operation.content}
            told["responses"][200]["content"] = kinds
    return schema


def properties_of(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The properties of a body, which may be left out altogether (then in `allOf` or `anyOf`)."""
    for kind in (schema, *schema.get("allOf", ()), *schema.get("anyOf", ())):
        if "$ref" in kind:
            found: dict[str, Any] = components["schemas"][kind["$ref"].rpartition("/")[2]]["properties"]
            return found
    return {}


def example_of(operation: Operation, properties: dict[str, Any], examples: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A body: the operation's own; else that of the POST for a PUT, a column of it for a PATCH, a reason for a step."""
    made = {name: value for name, value in examples.get(f"POST /{operation.tag}", {}).items() if name in properties}
    reasons = [name for name in properties if name.endswith("_reason") and name != "override_reason"]
    default = {"PUT": made, "PATCH": dict([*made.items()][-1:])}.get(
        operation.verb, dict.fromkeys(reasons, "Entered by mistake")
    )
    return examples.get(operation.name, default)


def error(words: str, code: str, message: str) -> dict[str, Any]:
    """A response that tells an error, with an example."""
    example = {"status": "error", "data": None, "error": {"code": code, "message": message, "fields": {}}}
    content = {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}, "example": example}
    return {"description": words, "content": {"application/json": content}}
