"""The audit log in the Django admin: read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from audit.models import AuditLog, AuditSeal
from healthcare.admin_site import ClinicAdmin


@admin.register(AuditLog)
class AuditLogAdmin(ClinicAdmin):
    """The audit trail."""

    list_display = ("created_at", "user", "action", "entity_type", "ip_address")
    # Not by entity: the distinct ones are found by reading the whole trail.
    list_filter = ("action", "created_at")
    search_fields = ("entity_type",)
    ordering = ("-created_at", "-id")
    hidden = frozenset({"mac"})


@admin.register(AuditSeal)
class AuditSealAdmin(ClinicAdmin):
    """The seals of the trail."""

    hidden = frozenset({"leaves"})
    list_display = ("number", "created_at", "adopted", "mac")
    list_filter = ("adopted", "created_at")
    search_fields = ("=number",)
    ordering = ("-number",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("leaves")

    def view_on_site(self, obj: Any) -> str:
        return str(reverse("audit_log_list"))
