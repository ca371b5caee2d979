"""Staff from Excel or CSV: a dry run that says what would become of each row, then all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from departments.forms import CreateStaffForm
from departments.models import Department, User
from healthcare import dry_run
from healthcare.events import record
from healthcare.roles import Role


@dataclass
class Row(dry_run.Row):
    """One person of the file and what becomes of them."""

    email: str = ""
    #: The one-time password of the new account, shown once.
    password: str = ""


class ImportStaffForm(dry_run.DryRunForm):
    """Bring staff in: an account for each row, by the very form of the page; who has one already is left alone."""

    permission = "users.edit"
    columns = {
        "first_name": ("first name", "first_name"),
        "last_name": ("last name", "last_name", "surname"),
        "email": ("e-mail", "email", "mail"),
        "role": ("role",),
        "phone": ("phone", "telephone"),
        "department": ("department",),
    }
    needed = ("first_name", "last_name", "email", "role")
    most_rows, most_bytes = 200, 1_000_000
    salt = "staff"
    hint = _(
        "Excel or CSV with the columns First name, Last name, E-mail and Role, and if you like Phone and "
        "Department. First you see what would be made."
    )
    shown = (("name", _("Name")), ("email", _("E-mail")))

    class Meta:
        model = User
        fields: list[str] = []

    def look_at_all(self, found: list[dict[str, str]]) -> list[Row]:
        accounts = set(User.objects.values_list("email", flat=True))
        departments = {name.casefold(): str(key) for key, name in Department.objects.active().values_list("pk", "name")}
        seen: set[str] = set()
        return [self.look_at(values, accounts, departments, seen) for values in found]

    def look_at(self, values: dict[str, str], accounts: set[str], departments: dict[str, str], seen: set[str]) -> Row:
        """What would become of one row."""
        email = values.get("email", "").lower()
        name = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        row = Row(int(values["line"]), name, email=email)
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
