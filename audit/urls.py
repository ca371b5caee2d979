"""Addresses of the audit pages."""

from django.urls import path

from audit import views

urlpatterns = [
    path("audit-logs/", views.AuditLogList.as_view(), name="audit_log_list"),
    path("audit-logs/<uuid:pk>/", views.AuditLogDetail.as_view(), name="audit_log_detail"),
    path("audit-logs/<uuid:pk>/proof/", views.AuditLogProof.as_view(), name="audit_log_proof"),
]
