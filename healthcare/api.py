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
from healthcare.rest.operations import operations_of
from healthcare.rest.routes import NoSuchPath, build, patterns

ROOMS = (departments.api, patients.api, scheduling.api, clinical.api, billing.api, reporting.api, audit.api)
OPERATIONS = [
    operation
    for room in ROOMS
    for operation in (
        *(operation for resource in room.RESOURCES for operation in operations_of(resource)),
        *getattr(room, "OPERATIONS", ()),
    )
]

DESCRIPTION = """The clinic's day as JSON. Rules, roles and audit trail are those of the pages.

Every answer is `{"status", "data", "error"}`. Log in with `POST /auth/token`, send `Authorization: Bearer <access>`,
and renew it with `POST /auth/refresh`. Money is a text with two decimals. Unknown and read-only fields are ignored.
What warns is refused with `safety_warning` until the body says `acknowledge_warnings` and `override_reason`."""
api = build(OPERATIONS, title="Healthcare Management System", version="1.0.0", description=DESCRIPTION)

api_urls = [
    *patterns(api, OPERATIONS),
    re_path(r"^.*$", NoSuchPath.as_view(), name="api_no_such_path"),
]

__all__ = ["OPERATIONS", "api", "api_urls"]
