"""Patients from a file: bringing it in, telling its columns, registering its rows by the registration form's rules."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, ClassVar

from django import forms
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _
from openpyxl.cell.cell import ERROR_CODES

from healthcare.workflow import TransitionForm, WorkflowForm, refuse
from patients.forms.patient import RegisterPatientForm
from patients.imports.models import ImportStatus, PatientImport

#: What a spreadsheet shows where it could not work a cell out.
CELL_ERRORS = (*ERROR_CODES, "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#GETTING_DATA")
#: Some 300,000 rows of CSV.
LARGEST_FILE = 50 * 1024 * 1024


class ImportedPatientForm(RegisterPatientForm):
    """One row of a file."""

    permission = "patients.import"
    by_command = True
    action = "import"

    class Meta(RegisterPatientForm.Meta):
        pass

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unknown = _("No active insurer has this name: add it first, or leave the cell empty.")
        self.fields["insurance_provider"].error_messages["invalid_choice"] = unknown

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in self.fields:
            if self.data.get(name) in CELL_ERRORS:
                said = _("The spreadsheet holds an error here: %(error)s.")
                self.add_error(name, refuse(said, code="cell_error", error=self.data[name]))
        return cleaned

    def estimate_date_of_birth(self, cleaned: dict[str, Any]) -> None:
        """The age that another system wrote down some time ago says nothing against a date of birth."""
        if cleaned.get("date_of_birth") is not None:
            cleaned["age_if_unknown"] = None
        super().estimate_date_of_birth(cleaned)


class UploadPatientsForm(WorkflowForm):
    """Bring in a file; its rows are checked in the background, and none is saved yet."""

    permission = "patients.import"
    action = "import"
    submit_label = _("Check the file")

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or Excel (.xlsx), one patient a row, the names of the columns in the first row."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
    )

    encoding = forms.ChoiceField(
        label=_("Letters are written as"),
        required=False,
        help_text=_("Only for a CSV file that is not UTF-8."),
    )

    class Meta:
        model = PatientImport
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from patients.imports.reading import ENCODINGS

        super().__init__(*args, **kwargs)
        self.fields["encoding"].choices = [("", _("UTF-8, or told by the file")), *ENCODINGS.items()]
        self.order_fields(["encoding", "file"])

    def clean_file(self) -> Any:
        """A table that can be read, and not larger than a clinic's worth."""
        from patients.imports import importer, reading

        file = self.cleaned_data["file"]
        if PurePath(file.name).suffix.lower() not in (".csv", ".txt", ".xlsx"):
            raise refuse(_("Choose a file that ends in .csv or .xlsx."), code="type")
        if file.size > LARGEST_FILE:
            raise refuse(_("The file is larger than 50 MB: use `manage.py import_patients`."), code="size")
        try:
            self.layout = importer.layout_of(file, file.name, self.cleaned_data.get("encoding", ""))
        except reading.UnreadableFile as error:
            raise refuse(error, code="unreadable") from error
        return file

    def save(self, commit: bool = True) -> Any:
        from patients.imports import worker

        file, job = self.cleaned_data["file"], self.instance
        job.file_name = PurePath(file.name).name[-200:]
        job.headings = [heading[:200] for heading in self.layout.headings]
        job.fields, job.date_order = self.layout.fields, self.layout.date_order
        job.created_by_user = self.actor
        suffix = ".xlsx" if job.file_name.lower().endswith(".xlsx") else ".csv"
        file.seek(0)
        if self.layout.encoding and suffix == ".csv":
            file = ContentFile(file.read().decode(self.layout.encoding).encode())
        job.stored_as = default_storage.save(f"patient_imports/{job.pk}{suffix}", file)
        super().save(commit)
        worker.begin(job)
        return job


class ImportColumnsForm(WorkflowForm):
    """Say which column is which, and have the file checked again."""

    permission = "patients.import"
    submit_label = _("Check again")

    class Meta:
        model = PatientImport
        fields = ["accept_duplicates"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from patients.imports import columns

        super().__init__(*args, **kwargs)
        job = self.instance
        choices = [("", _("Not in the file"))] + [(str(at), text) for at, text in enumerate(job.headings)]
        self.fields["date_order"] = forms.ChoiceField(
            label=_("Dates are written as"), choices=columns.DATE_ORDERS, initial=job.date_order
        )
        for name in columns.OTHER_NAMES:
            self.fields[f"column_{name}"] = forms.ChoiceField(
                label=RegisterPatientForm.base_fields[name].label,
                choices=choices,
                required=False,
                initial=str(job.fields.get(name, "")),
            )

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and ImportStatus.CHECKING in instance.TRANSITIONS[instance.status]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if ImportStatus.CHECKING not in self.instance.TRANSITIONS[self.instance.status]:
            raise refuse(_("This file is being worked on, or was imported already."), code="transition")
        chosen = [cleaned[name] for name in cleaned if name.startswith("column_") and cleaned[name]]
        if len(chosen) != len(set(chosen)):
            raise refuse(_("One column was chosen for two fields."), code="columns")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        from patients.imports import worker

        job, told = self.instance, self.cleaned_data
        prefix = "column_"
        job.fields = {n.removeprefix(prefix): int(told[n]) for n in told if n.startswith(prefix) and told[n]}
        job.date_order = told["date_order"]
        job.status, job.line, job.counts, job.problems = ImportStatus.CHECKING, 0, {}, []
        job.pass_number += 1
        super().save(commit)
        worker.begin(job)
        return job


class RunImportForm(TransitionForm):
    """Register the good rows."""

    permission = "patients.import"
    action = "import"
    to = ImportStatus.IMPORTING
    submit_label = _("Register the patients")
    question: ClassVar[Any] = _("Register the {object.good} patients of {object}?")
    consequence: ClassVar[Any] = _("Each is registered as at the desk. Rows with problems are left out.")

    class Meta:
        model = PatientImport
        fields: list[str] = []

    def before_save(self) -> None:
        job = self.instance
        job.line, job.counts, job.problems = 0, {}, []
        job.pass_number += 1

    def save(self, commit: bool = True) -> Any:
        from patients.imports import worker

        job = super().save(commit)
        worker.begin(job)
        return job
