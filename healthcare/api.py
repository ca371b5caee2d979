"""The API's assembly: the rooms' resources under /api/v1."""

from __future__ import annotations

from django.urls import re_path

import audit.api
import billing.api
import clinical.api
import departments.api
import patients.api
import reporting.api
import scheduling.api
from healthcare.rest.routes import NoSuchPath, build, patterns

ROOMS = (departments.api, patients.api, scheduling.api, clinical.api, billing.api, reporting.api, audit.api)
OPERATIONS = [
    operation
    for room in ROOMS
    for operation in (
        *(operation for resource in room.RESOURCES for operation in resource.operations()),
        *getattr(room, "OPERATIONS", ()),
    )
]

api = build(
    OPERATIONS,
    title="Healthcare Management System",
    version="1.0.0",
    description="The clinic's day as JSON. Rules, roles and audit trail are those of the pages; see docs/api.md.",
)

api_urls = [
    *patterns(api, OPERATIONS),
    re_path(r"^.*$", NoSuchPath.as_view(), name="api_no_such_path"),
]

__all__ = ["OPERATIONS", "api", "api_urls"]
