"""The audit trail refuses change, whatever the path."""

from django.utils.translation import gettext_lazy as _

from healthcare.guards import append_only

GUARDS = [
    append_only("audit_logs", "audit_logs_append_only", _("The audit trail cannot be changed.")),
    append_only("audit_seals", "audit_seals_append_only", _("The seals of the audit trail cannot be changed.")),
]
