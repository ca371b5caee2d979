"""Pages for patients from a file: bring it in, look at what the check says, register."""

from __future__ import annotations

import csv
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from healthcare.events import record
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Section
from healthcare.generic.base import Page
from patients import forms
from patients.imports.models import ImportStatus, PatientImport
from patients.models import Patient

#: So many problems stand on the page; the file holds more.
SHOWN = 200
RUNNING = (ImportStatus.CHECKING, ImportStatus.IMPORTING)


class PatientImportList(ListPage):
    """Files that were brought in."""

    permission = "patients.import"
    create_permission = "patients.import"
    create_label = _("Import patients")
    model = PatientImport
    select_related = ("created_by_user",)
    columns = (
        Column("file_name"),
        Column("status"),
        Column("good", _("Good")),
        Column("known", _("Known already")),
        Column("duplicate", _("Likely duplicates")),
        Column("wrong", _("With errors")),
        Column("created_by_user"),
        Column("created_at", _("Brought in"), ordering="created_at"),
    )
    empty_title = _("No files yet")
    empty_text = _("Bring in a CSV or Excel file; every row is checked before anything is saved.")


class PatientImportCreate(CreatePage):
    """Bring in a file."""

    permission = "patients.import"
    model = PatientImport
    form_class = forms.UploadPatientsForm
    page_title = _("Import patients")
    success_message = _("The rows are being checked. Nothing is saved yet.")


class PatientImportDetail(DetailPage):
    """What the check says, row by row."""

    permission = "patients.import"
    model = PatientImport
    template_name = "patients/import_detail.html"
    status_field = "status"
    sections = (
        Section(
            _("Rows"),
            (
                ("good", _("Good")),
                ("known", _("Known already")),
                ("duplicate", _("Likely duplicates")),
                ("wrong", _("With errors")),
            ),
        ),
        Section(
            _("File"),
            (("dates_shown", _("Dates are written as")), "accept_duplicates", "created_by_user", "created_at"),
        ),
    )
    actions = (
        Action(_("Register the patients"), "patient_import_run", form=forms.RunImportForm, style="primary"),
        Action(_("Columns"), "patient_import_columns", form=forms.ImportColumnsForm, icon="layout-three-columns"),
        Action(_("Problems (CSV)"), "patient_import_problems", icon="download", when=lambda job: bool(job.problems)),
    )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.headers.get("HX-Request"):
            return super().get(request, *args, **kwargs)
        # The page asks how far it is; nothing of the rows leaves here, so nothing is audited.
        self.object = self.get_object()
        if self.object.status not in RUNNING:
            return HttpResponse(headers={"HX-Refresh": "true"})
        self.template_name = "patients/_import_progress.html"
        return self.render_to_response({"object": self.object})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        job = self.object
        words = {name: field.verbose_name for name, field in ((f.name, f) for f in Patient._meta.fields)}
        headings = [
            {"heading": text, "field": words.get(name, name.replace("_", " ")) if name else ""}
            for at, text in enumerate(job.headings)
            for name in [next((name for name, column in job.fields.items() if column == at), "")]
        ]
        return super().get_context_data(
            running=job.status in RUNNING,
            headings=headings,
            problems=job.problems[:SHOWN],
            more=max(0, len(job.problems) - SHOWN),
            **kwargs,
        )


class PatientImportColumns(EditPage):
    """Which column is which."""

    permission = "patients.import"
    model = PatientImport
    form_class = forms.ImportColumnsForm
    page_title = _("Columns")
    success_message = _("The rows are being checked. Nothing is saved yet.")


class PatientImportRun(ActionPage):
    """Register the good rows."""

    permission = "patients.import"
    model = PatientImport
    form_class = forms.RunImportForm
    success_message = _("The patients are being registered.")


class PatientImportProblems(Page):
    """The problems as a file, to mend the source by."""

    permission = "patients.import"
    model = PatientImport

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        job = self.get_object()
        record("download", job)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="import-problems.csv"'
        writer = csv.writer(response)
        writer.writerow(["line", "state", "field", "problem"])
        writer.writerows([line, state, label, safe(message)] for line, state, label, message in job.problems)
        return response


def safe(text: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
