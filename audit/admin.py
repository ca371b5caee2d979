"""The audit log in the Django admin: read-only."""

from django.contrib import admin

from audit.models import AuditLog
from healthcare.admin_site import ClinicAdmin


@admin.register(AuditLog)
class AuditLogAdmin(ClinicAdmin):
    """The audit trail."""

    list_display = ("created_at", "user", "action", "entity_type", "ip_address")
    # Not by entity: the distinct ones are found by reading the whole trail.
    list_filter = ("action", "created_at")
    search_fields = ("entity_type",)
    ordering = ("-created_at", "-id")
