"""Read by schemathesis itself: most generated ids become those of rows that exist, so that rules are reached."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import schemathesis

#: Resource -> ids of its rows; written by `scripts.fuzz`.
IDS: dict[str, list[str]] = json.loads(Path(os.environ["FUZZ_IDS"]).read_text())
#: A column -> the resource that it leads to, where its name does not say so.
LEADS_TO = {"doctor_id": "doctors", "insurance_provider_id": "insurance-providers", "recorded_by_user_id": "users"}


def existing(chance: random.Random, resource: str, given: Any) -> Any:
    """An id of the resource, four times out of five; what was generated otherwise."""
    ids = IDS.get(resource)
    return chance.choice(ids) if ids and chance.random() < 0.8 else given


def resource_of(column: str) -> str:
    """`patient_id` leads to `patients`, `lab_test_id` to `lab-tests`."""
    return LEADS_TO.get(column, column.removesuffix("_id").replace("_", "-") + "s")


def linked(value: Any, chance: random.Random) -> Any:
    """The body with ids that exist, also in the lists within it."""
    if isinstance(value, dict):
        return {
            name: existing(chance, resource_of(name), inner) if name.endswith("_id") else linked(inner, chance)
            for name, inner in value.items()
        }
    return [linked(inner, chance) for inner in value] if isinstance(value, list) else value


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Put existing ids into the path, the query and the body; the same choice for the same case."""
    chance = random.Random(repr((case.path_parameters, case.query, case.body)))
    resource = (
        case.path.strip("/").split("/")[2] if case.path.startswith("/api/") else case.path.strip("/").split("/")[0]
    )
    if case.path_parameters and "id" in case.path_parameters:
        case.path_parameters["id"] = existing(chance, resource, case.path_parameters["id"])
    # A version that nobody saw ends a request before any rule is asked.
    if case.headers and chance.random() < 0.8:
        case.headers.pop("If-Match", None)
    if isinstance(case.body, dict):
        case.body = linked(case.body, chance)
    if isinstance(case.query, dict):
        case.query.update(linked(dict(case.query), chance))
