"""What the database says when it refuses a row, in the words that the forms use.

Losing a race must read like any other mistake, so every constraint's name leads to the message (and
the field) of the rule that it guards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models
from django.utils.translation import gettext_lazy as _

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (?:index '(?P<index>[^']+)'|(?P<columns>.+))")
_SQLITE_CHECK = re.compile(r"CHECK constraint failed: (?P<name>\w+)")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Refusal:
    """A constraint's message, and the form field that it belongs to (empty: the whole form)."""

    message: Any
    field: str = ""


#: Guards that are triggers or exclusion constraints register here; model constraints need not.
_registered: dict[str, Refusal] = {}


def register(name: str, message: Any, field: str = "") -> None:
    """Give a trigger's or exclusion constraint's name its message and field."""
    _registered[name] = Refusal(message, field)


def name_of(error: IntegrityError) -> str:
    """The name of the constraint that an IntegrityError is about, on either engine; may be empty."""
    diag = getattr(error.__cause__, "diag", None)
    if diag is not None and (diag.constraint_name or diag.message_primary):
        return str(diag.constraint_name or diag.message_primary)
    text = str(error)
    if match := _SQLITE_CHECK.search(text):
        return match["name"]
    if match := _SQLITE_UNIQUE.search(text):
        return match["index"] or match["columns"]
    return text


def refusal_of(error: IntegrityError) -> Refusal:
    """The message and field for an IntegrityError; a general one where the constraint is unknown."""
    name = name_of(error)
    if name in _registered:
        return _registered[name]
    for model in apps.get_models():
        table = model._meta.db_table
        for constraint in model._meta.constraints:
            fields = tuple(getattr(constraint, "fields", ()) or ())
            if constraint.name == name or (fields and name == _sqlite_columns(model, fields)):
                return Refusal(constraint.violation_error_message, fields[0] if len(fields) == 1 else "")
        for field in model._meta.concrete_fields:
            if field.unique and name in {
                f"{table}.{field.column}",
                f"{table}_{field.column}_key",
                f"{table}_pkey" if field.primary_key else "",
            }:
                return Refusal(
                    _("There is already one with this %(field)s.") % {"field": field.verbose_name},
                    field.name,
                )
    return Refusal(_("The database refused this change: somebody else was faster. Look again and retry."))


def _sqlite_columns(model: type[models.Model], fields: tuple[str, ...]) -> str:
    table = model._meta.db_table
    return ", ".join(f"{table}.{model._meta.get_field(name).column}" for name in fields)  # type: ignore[union-attr]
