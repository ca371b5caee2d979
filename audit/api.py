"""The API's resource of the audit trail, which is only read."""

from __future__ import annotations

from audit import views
from healthcare.rest import Resource

AUDIT_LOGS = Resource("audit-logs", list_page=views.AuditLogList, detail_page=views.AuditLogDetail)
RESOURCES = (AUDIT_LOGS,)
