"""The API's resource of the audit trail, which is only read."""

from __future__ import annotations

from audit import views
from healthcare.rest import Resource

AUDIT_LOGS = Resource(
    "audit-logs",
    list_page=views.AuditLogList,
    detail_page=views.AuditLogDetail,
    # The row's code is for `verify_audit`, which has the key.
    exclude=("mac",),
)
RESOURCES = (AUDIT_LOGS,)
