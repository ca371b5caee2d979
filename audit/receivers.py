"""Signals become audit rows, in the transaction of the change that they describe."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.validators import validate_email
from django.db import connection
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from audit.models import Action, AuditLog
from healthcare.context import acting
from healthcare.events import change_is_whole, created_together, happened
from healthcare.models import BaseModel

#: Never written to the trail, whatever the model.
SECRET = frozenset({"password", "password_hash", "session_key", "token", "secret"})
#: Carried by every row and told by the audit row itself.
NOISE = frozenset({"id", "created_at", "updated_at"})
#: Derived for searching; says nothing that the other columns do not.
DERIVED = frozenset({"search_text"})


def values_for_trail(instance: BaseModel, values: dict[str, Any]) -> dict[str, Any]:
    """Only what may be kept, as plain values."""
    hidden = SECRET | NOISE | DERIVED | set(instance.AUDIT_EXCLUDED)
    return {name: plain(value) for name, value in values.items() if name not in hidden}


def plain(value: Any) -> Any:
    """The value as JSON can hold it: a file by its name, a database expression by its text."""
    if isinstance(value, File):
        return value.name
    return str(value) if hasattr(value, "resolve_expression") else value


def entry(action: str, entity_type: str, **fields: Any) -> AuditLog:
    """An audit row, with the actor and place from the context."""
    context = acting()
    user = fields.pop("user", None) or context.user
    return AuditLog(
        user_id=getattr(user, "pk", None),
        action=action,
        entity_type=entity_type,
        ip_address=context.ip_address,
        user_agent=context.user_agent,
        **fields,
    )


def write(action: str, entity_type: str, **fields: Any) -> None:
    """Insert one audit row."""
    insert([entry(action, entity_type, **fields)])


def insert(rows: list[AuditLog]) -> None:
    """Insert audit rows: at once, or with the others of the change that is being made."""
    untold = acting().untold
    if untold is not None and len(connection.savepoint_ids) == untold.depth:
        untold += rows
    else:
        AuditLog.objects.bulk_create(rows)


@receiver(change_is_whole)
def told(sender: Any, rows: Any, **_kwargs: Any) -> None:
    """All that a change does is done."""
    insert(rows)


@receiver(post_save)
def row_saved(
    sender: Any, instance: Any, created: bool, raw: bool = False, update_fields: Any = None, **_kwargs: Any
) -> None:
    """A row of any of our tables was created or changed."""
    if not isinstance(instance, BaseModel) or isinstance(instance, AuditLog):
        return
    old, new = instance.changed_values(update_fields) if not created else ({}, _all_values(instance))
    instance.remember(update_fields)
    context = acting()
    if raw or not context.audited or not instance.AUDITED:
        return
    secrets_changed = not created and SECRET & set(new)
    old, new = values_for_trail(instance, old), values_for_trail(instance, new)
    if not created and not new and not secrets_changed:
        return
    is_subject = context.subject is not None and type(context.subject) is sender and context.subject.pk == instance.pk
    if is_subject and context.action:
        action = context.action
    elif created:
        action = Action.CREATE
    elif "is_active" in new:
        action = Action.REACTIVATE if new["is_active"] else Action.DEACTIVATE
    elif secrets_changed:
        action = Action.PASSWORD_CHANGE
    else:
        action = Action.UPDATE
    write(
        action,
        instance.entity_name(),
        entity_id=instance.pk,
        patient_id=instance.patient_of_row(),
        old_values=old or None,
        new_values=new or None,
    )


def _all_values(instance: BaseModel) -> dict[str, Any]:
    return {
        field.attname: getattr(instance, field.attname)
        for field in instance._meta.concrete_fields
        if getattr(instance, field.attname) not in (None, "")
    }


@receiver(created_together)
def rows_created(sender: Any, rows: Any, **_kwargs: Any) -> None:
    """Rows were inserted together: one audit row each, together too."""
    if not acting().audited or not sender.AUDITED:
        return
    entries = []
    for row in rows:
        values = values_for_trail(row, _all_values(row))
        about = {"entity_id": row.pk, "patient_id": row.patient_of_row(), "new_values": values}
        entries.append(entry(Action.CREATE, row.entity_name(), **about))
        row.remember()
    insert(entries)


@receiver(post_delete)
def row_removed(sender: Any, instance: Any, **_kwargs: Any) -> None:
    """A draft's line was taken out (nothing else can be deleted)."""
    if isinstance(instance, BaseModel) and instance.AUDITED and acting().audited:
        write(
            Action.REMOVE,
            instance.entity_name(),
            entity_id=instance.pk,
            patient_id=instance.patient_of_row(),
            old_values=values_for_trail(instance, _all_values(instance)),
        )


@receiver(happened)
def something_happened(
    sender: Any,
    action: str,
    entity_type: str,
    entity_id: Any,
    patient_id: Any,
    values: Any,
    user: Any,
    **_kwargs: Any,
) -> None:
    """A view, print, export, download or refusal."""
    write(action, entity_type, entity_id=entity_id, patient_id=patient_id, new_values=values, user=user)


@receiver(user_logged_in)
def logged_in(sender: Any, request: Any, user: Any, **_kwargs: Any) -> None:
    """Somebody logged in."""
    write(Action.LOGIN, "user", entity_id=user.pk, user=user)


@receiver(user_logged_out)
def logged_out(sender: Any, request: Any, user: Any, **_kwargs: Any) -> None:
    """Somebody logged out."""
    if user is not None:
        write(Action.LOGOUT, "user", entity_id=user.pk, user=user)


@receiver(user_login_failed)
def login_failed(sender: Any, credentials: Any, request: Any = None, **_kwargs: Any) -> None:
    """A log-in was refused. The e-mail typed is kept: it shows who is being guessed at.

    Anything else is not: people type their password into the wrong field.
    """
    typed = str(credentials.get("username") or credentials.get("email") or "").strip()
    try:
        validate_email(typed)
    except ValidationError:
        typed = ""
    write(Action.LOGIN_FAILED, "user", new_values={"email": typed[:254] or "(not an e-mail address)"})
