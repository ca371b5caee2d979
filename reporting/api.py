"""The API's resource of reports, and their files."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from healthcare.rest import Resource
from healthcare.rest.handlers import guarded
from healthcare.rest.operations import Operation
from reporting import views
from reporting.documents import CONTENT_TYPES

REPORTS = Resource(
    "reports",
    list_page=views.ReportList,
    detail_page=views.ReportDetail,
    create=views.ReportCreate,
    aliases=("generate",),
    edit=views.ReportEdit,
    delete=views.ReportDelete,
    actions={
        "cancel": views.ReportCancel,
        "regenerate": views.ReportRegenerate,
        "reactivate": views.ReportReactivate,
    },
    exclude=("result", "attempts", "claim", "request_key"),
    unfolded=("parameters",),
)

SCHEDULES = Resource(
    "report-schedules",
    list_page=views.ReportScheduleList,
    detail_page=views.ReportScheduleDetail,
    create=views.ReportScheduleCreate,
    edit=views.ReportScheduleEdit,
    delete=views.ReportScheduleDelete,
    actions={"reactivate": views.ReportScheduleReactivate},
)


def download(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """The report's file, `?format=pdf` or `xlsx`."""
    download.check(request)  # type: ignore[attr-defined]
    page = views.ReportDownload()
    page.setup(request, pk=id)
    return page.get(request)


RESOURCES = (REPORTS, SCHEDULES)
OPERATIONS = (
    Operation(
        "GET",
        "/reports/{uuid:id}/download",
        views.ReportDownload.permission,
        guarded(views.ReportDownload.permission, download),
        "The report's file",
        None,
        tag="reports",
        query={"format": {"schema": {"type": "string", "enum": ["pdf", "xlsx"]}, "description": "pdf if not given"}},
        content=tuple(CONTENT_TYPES.values()),
    ),
)
