"""Addresses of the reporting pages."""

from django.urls import path

from reporting import views

urlpatterns = [
    path("reports/", views.ReportList.as_view(), name="report_list"),
    path("reports/new/", views.ReportCreate.as_view(), name="report_create"),
    path("reports/<uuid:pk>/", views.ReportDetail.as_view(), name="report_detail"),
    path("reports/<uuid:pk>/edit/", views.ReportEdit.as_view(), name="report_edit"),
    path("reports/<uuid:pk>/delete/", views.ReportDelete.as_view(), name="report_delete"),
    path("reports/<uuid:pk>/reactivate/", views.ReportReactivate.as_view(), name="report_reactivate"),
    path("reports/<uuid:pk>/regenerate/", views.ReportRegenerate.as_view(), name="report_regenerate"),
    path("reports/<uuid:pk>/download/", views.ReportDownload.as_view(), name="report_download"),
]
