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
    path("reports/<uuid:pk>/cancel/", views.ReportCancel.as_view(), name="report_cancel"),
    path("reports/schedules/", views.ReportScheduleList.as_view(), name="report_schedule_list"),
    path("reports/schedules/new/", views.ReportScheduleCreate.as_view(), name="report_schedule_create"),
    path("reports/schedules/<uuid:pk>/", views.ReportScheduleDetail.as_view(), name="report_schedule_detail"),
    path("reports/schedules/<uuid:pk>/edit/", views.ReportScheduleEdit.as_view(), name="report_schedule_edit"),
    path("reports/schedules/<uuid:pk>/delete/", views.ReportScheduleDelete.as_view(), name="report_schedule_delete"),
    path(
        "reports/schedules/<uuid:pk>/reactivate/",
        views.ReportScheduleReactivate.as_view(),
        name="report_schedule_reactivate",
    ),
    path("reports/<uuid:pk>/download/", views.ReportDownload.as_view(), name="report_download"),
]
