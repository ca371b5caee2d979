"""The e-mail that says a scheduled report is ready."""

from __future__ import annotations

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from departments.models import ClinicSettings
from healthcare.events import record
from healthcare.roles import may
from reporting import documents
from reporting.models import Mailing, Report
from reporting.reports import KINDS


def send(report_id: str) -> None:
    """Tell the person; what went wrong is raised: the worker logs it and tries again.

    Whoever may no longer see such reports gets nothing, and a file that names patients is never sent.
    """
    report = Report.objects.select_related("generated_by_user", "schedule").defer("result").get(pk=report_id)
    person, kind = report.generated_by_user, KINDS[report.report_type]
    if not report.has_files or report.schedule is None or not may(person, kind.permission()):
        return
    attached = report.schedule.mailing == Mailing.FILE and not kind.names_patients
    message = EmailMessage(
        subject=_("Report: %(name)s") % {"name": report.report_name},
        body=render_to_string(
            "reporting/mail/ready.txt",
            {
                "report": report,
                "clinic": ClinicSettings.current(),
                "attached": attached,
                "link": settings.SITE_URL + report.get_absolute_url() if settings.SITE_URL else "",
            },
        ),
        from_email=None,
        to=[person.email],
    )
    if attached:
        with default_storage.open(documents.path_of(report, "pdf")) as file:
            message.attach(
                f"{report.report_type}-{report.start_date}-{report.end_date}.pdf", file.read(), "application/pdf"
            )
    # The server is reached first, so that nobody's writing waits for it; what does not leave is not told.
    with get_connection() as message.connection, transaction.atomic():
        if attached:
            record("export", report, values={"format": "pdf", "to": person.email}, user=person)
        message.send()
