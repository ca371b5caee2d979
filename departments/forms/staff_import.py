"""Staff from Excel or CSV: a dry run that says what would become of each row, then all of it or nothing."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from departments.forms import CreateStaffForm
from departments.models import Department, User
from healthcare.events import record
from healthcare.roles import Role
from healthcare.workflow import WorkflowForm, refuse
from healthcare.xlsx import opened

MOST_ROWS, MOST_BYTES = 200, 1_000_000
#: Column -> headings by which it is known.
COLUMNS = {
    "first_name": ("first name", "first_name"),
    "last_name": ("last name", "last_name", "surname"),
    "email": ("e-mail", "email", "mail"),
    "role": ("role",),
    "phone": ("phone", "telephone"),
    "department": ("department",),
}
NEEDED = ("first_name", "last_name", "email", "role")


@dataclass
class Row:
    """One row of the file and what becomes of it."""

    number: int
    name: str
    email: str
    outcome: Any = ""
    errors: str = ""
    #: The one-time password of the new account, shown once.
    password: str = ""


def lines_of(file: Any) -> list[list[str]]:
    """The cells of an Excel or CSV file as text. Raises ValidationError for what is neither."""
    if file.size > MOST_BYTES:
        raise refuse(_("The file is too large."), code="too_large")
    try:
        if file.read(4) == b"PK\x03\x04":
            file.seek(0)
            sheet = opened(file).worksheets[0]
            cells = sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 2, max_col=40)
            return [["" if cell is None else str(cell).strip() for cell in line] for line in cells]
        file.seek(0)
        text = file.read().decode("utf-8-sig")
        dialect = csv.excel if text.partition("\n")[0].count(",") else csv.Sniffer().sniff(text[:2000], ";\t")
        return [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""), dialect)]
    except Exception as error:  # openpyxl raises whatever its parts raise
        raise refuse(_("This is no Excel (.xlsx) or CSV file (UTF-8) that can be read."), code="unreadable") from error


def read_rows(file: Any) -> list[dict[str, str]]:
    """The rows by our columns' names. Raises ValidationError for what is no list of staff."""
    lines = lines_of(file)
    known = {name: column for column, names in COLUMNS.items() for name in names}
    headings = [cell.casefold() for cell in lines[0]] if lines else []
    places = {known[heading]: place for place, heading in enumerate(headings) if heading in known}
    if not places.keys() >= set(NEEDED):
        raise refuse(_("The first row must name the columns First name, Last name, E-mail and Role."), code="headings")
    rows = [{column: line[place] for column, place in places.items() if place < len(line)} for line in lines[1:]]
    rows = [{"line": str(number), **row} for number, row in enumerate(rows, start=2) if any(row.values())]
    if not rows:
        raise refuse(_("The file has no rows."), code="empty")
    if len(rows) > MOST_ROWS:
        raise refuse(_("These are more people than a clinic has: at most %(most)s."), code="too_many", most=MOST_ROWS)
    return rows


class ImportStaffForm(WorkflowForm):
    """Bring staff in: an account for each row, by the very form of the page; who has one already is left alone."""

    permission = "users.edit"
    checked_by_model = False
    action = "import"
    submit_label = _("Import")

    file = forms.FileField(label=_("Excel or CSV file"), required=False)
    #: The rows of the dry run, signed: what was looked at is what is imported.
    checked = forms.CharField(required=False, widget=forms.HiddenInput, max_length=1_000_000)

    class Meta:
        model = User
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[Row] = []
        self.todo: list[tuple[Row, dict[str, str]]] = []
        self.signed = ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned.get("file"):
            found = read_rows(cleaned["file"])
        else:
            try:
                found = signing.loads(cleaned.get("checked", ""), salt="staff", max_age=3600)
            except signing.BadSignature as error:
                raise refuse(_("Choose a file."), code="required") from error
        self.signed = signing.dumps(found, salt="staff", compress=True)
        accounts = set(User.objects.values_list("email", flat=True))
        departments = {name.casefold(): str(key) for key, name in Department.objects.active().values_list("pk", "name")}
        seen: set[str] = set()
        for values in found:
            self.rows.append(self.look_at(values, accounts, departments, seen))
        if wrong := sum(bool(row.errors) for row in self.rows):
            raise refuse(_("%(count)s rows cannot be imported. Nothing was changed."), code="rows", count=wrong)
        return cleaned

    def look_at(self, values: dict[str, str], accounts: set[str], departments: dict[str, str], seen: set[str]) -> Row:
        """What would become of one row."""
        email = values.get("email", "").lower()
        row = Row(int(values["line"]), f"{values.get('first_name', '')} {values.get('last_name', '')}".strip(), email)
        if email in seen:
            row.errors = str(_("This e-mail stands in the file twice."))
            return row
        seen.add(email)
        if email in accounts:
            row.outcome = _("Has an account already: left alone")
            return row
        department = values.get("department", "")
        if department and department.casefold() not in departments:
            row.errors = str(_("There is no department of this name."))
            return row
        roles = {str(label).casefold(): value for value, label in Role.choices}
        role = values.get("role", "")
        data = {name: values.get(name, "") for name in ("first_name", "last_name", "email", "phone")}
        data |= {"role": roles.get(role.casefold(), role), "department": departments.get(department.casefold(), "")}
        checked = CreateStaffForm(data=data, actor=self.actor)
        if not checked.is_valid():
            named = {name: str(checked[name].label) for name in checked.errors if name in checked.fields}
            row.errors = "; ".join(
                f"{named.get(name, '')}: {' '.join(map(str, said))}".lstrip(": ")
                for name, said in checked.errors.items()
            )
        row.outcome = _("New account")
        self.todo.append((row, data))
        return row

    def save(self, commit: bool = True) -> Any:
        for row, data in self.todo:
            form = CreateStaffForm(data=data, actor=self.actor)
            if not form.is_valid():
                raise AssertionError(form.errors)
            form.save()
            row.password = form.one_time_password
        record(self.action, entity_type="user", values={"accounts": len(self.todo), "rows": len(self.rows)})
        return self.instance
