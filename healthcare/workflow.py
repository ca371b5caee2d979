"""The one door: every change that a person makes goes through `submit` with a WorkflowForm.

`submit` checks the role, locks the row, validates and writes, all in one short transaction, so that
page, API, admin, importer and demo obey the same rules and a refused change leaves nothing behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import IntegrityError, OperationalError, models, transaction
from django.forms.models import construct_instance
from django.utils.translation import gettext_lazy as _

from healthcare import conflicts
from healthcare.compiled import Compiled, lockable
from healthcare.constraints import refusal_of
from healthcare.events import change
from healthcare.fields import ChoosingField, use_native_inputs
from healthcare.roles import may
from healthcare.text import no_control_characters, one_line

#: PostgreSQL may choose one of two writers that wait for each other; the loser simply tries again.
DEADLOCK_RETRIES = 5


@dataclass(frozen=True)
class SafetyWarning:
    """Something that a person must acknowledge, with a reason, before the change is saved."""

    kind: str  # allergy, interaction, duplicate, overlap
    severity: str  # high, moderate, low
    message: str
    source: str = ""


class WorkflowForm(forms.ModelForm):
    """One thing that a person can do.

    Fields say what is needed, `clean()` holds the rule, `save()` does the whole change. The form knows
    the acting user and never a request. Reached only through `submit` when it is to be saved.
    """

    #: Who may do this: a key of healthcare.roles.PERMISSIONS.
    permission: ClassVar[str] = ""
    #: Whether the clinic's own commands (daily jobs, loading of lists) may do it too, with actor None.
    by_command: ClassVar[bool] = False
    #: The verb in the audit trail.
    action: ClassVar[str] = ""
    #: False for a form whose fields and `clean()` say everything that the model would: Django's model
    #: validation asks the database about each constraint, which then answers once more while saving.
    checked_by_model: ClassVar[bool] = True
    #: Whose row this will be, where the row does not say so before it is saved (BYD-2).
    patient_id: Any = None
    bound_field_class = ChoosingField
    #: Words on the button.
    submit_label: ClassVar[Any] = _("Save")
    #: Columns that say whom a row is about: whatever is sent once more for a row says the same there.
    IDENTITY: ClassVar[tuple[str, ...]] = ()
    #: Fields that say in another way what a field of the row says: whoever sends one no longer means the other.
    INSTEAD_OF: ClassVar[dict[str, str]] = {}
    #: Titles and field names of the groups on the page; empty: one group.
    fieldsets: ClassVar[tuple[Any, ...]] = ()
    data: Any

    updated_at_seen = forms.CharField(required=False, widget=forms.HiddenInput)
    values_seen = forms.CharField(required=False, widget=forms.HiddenInput)
    shown_patient = forms.UUIDField(required=False, widget=forms.HiddenInput)
    acknowledge_warnings = forms.BooleanField(required=False, label=_("I have read the warnings and want to go on"))
    override_reason = forms.CharField(required=False, max_length=500, label=_("Reason for going on"))
    warnings_seen = forms.CharField(required=False, widget=forms.HiddenInput)

    #: Fields that every WorkflowForm has and that no page lists among the person's own.
    SERVICE_FIELDS: ClassVar[tuple[str, ...]] = (
        "updated_at_seen",
        "values_seen",
        "shown_patient",
        "acknowledge_warnings",
        "override_reason",
        "warnings_seen",
    )

    def __init__(self, *args: Any, actor: Any, **kwargs: Any) -> None:
        self.actor = actor
        self.warnings: list[SafetyWarning] = []
        self.notices: list[str] = []
        self.conflict: dict[str, Any] | None = None
        self.already_saved = False
        #: What was sent for a row that was saved already.
        self.sent_again: WorkflowForm | None = None
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.instance._state.adding:
            self.initial.setdefault("updated_at_seen", self.instance.updated_at.isoformat())
            if self.instance.patient_of_row():
                self.initial.setdefault("shown_patient", self.instance.patient_of_row())
        use_native_inputs(self.fields)
        if not self.is_bound and "updated_at_seen" in self.initial:
            self.initial.setdefault("values_seen", conflicts.values_shown(self))
        for name, field in self.fields.items():
            if isinstance(field, forms.CharField):
                field.validators.append(no_control_characters)
                if name == "name" or name.endswith("_name"):
                    field.validators.append(one_line)
        self.formsets: dict[str, Any] = self.build_formsets()

    # -- who ---------------------------------------------------------------------------------

    @classmethod
    def authorize(cls, actor: Any) -> None:
        """Raise PermissionDenied unless the actor's role may do this, or a command that may has no actor."""
        if not (actor is None and cls.by_command) and not may(actor, cls.permission):
            raise PermissionDenied

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        """Whether the action makes sense for this row now, for this person (shows or hides its button)."""
        return may(actor, cls.permission)

    # -- rows within the form ----------------------------------------------------------------

    def build_formsets(self) -> dict[str, Any]:
        """Formsets that are validated and saved with this form, by name; none by default."""
        return {}

    def formset_arguments(self, prefix: str) -> dict[str, Any]:
        """What a formset needs to be bound to this form's data."""
        arguments: dict[str, Any] = {"prefix": prefix}
        # A form that is posted without the rows' management form has no rows (a plain button, the API).
        if self.is_bound and f"{prefix}-TOTAL_FORMS" in self.data:
            arguments |= {"data": self.data, "files": self.files}
        elif self.is_bound:
            arguments |= {"data": {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}}
        return arguments

    def is_valid(self) -> bool:
        """Whether the form and all its rows may be saved."""
        valid = super().is_valid()
        return all([valid, *(formset.is_valid() for formset in self.formsets.values())])

    @property
    def formset_errors(self) -> bool:
        """Whether something is wrong in the rows, which the form's own `errors` do not tell."""
        return any(any(rows.errors) or rows.non_form_errors() for rows in self.formsets.values())

    # -- rules -------------------------------------------------------------------------------

    def warn(self, kind: str, severity: str, message: Any, source: str = "") -> None:
        """Note something that must be acknowledged before saving."""
        self.warnings.append(SafetyWarning(kind, severity, str(message), source))

    def warnings_digest(self) -> str:
        """A fingerprint of the present warnings, so that only those that were shown are acknowledged."""
        text = "\n".join(sorted(f"{w.kind}|{w.severity}|{w.message}" for w in self.warnings))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def warnings_for_record(self) -> list[dict[str, str]]:
        """The acknowledged warnings as they are kept with the row."""
        return [asdict(warning) for warning in self.warnings]

    def _clean_form(self) -> None:
        super()._clean_form()  # type: ignore[misc]
        self._check_stale()

    def _post_clean(self) -> None:
        if self.checked_by_model:
            super()._post_clean()  # type: ignore[misc]
        else:
            construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        self._check_shown_patient()
        if not self.errors:
            self._check_acknowledged()

    def _check_stale(self) -> None:
        seen = self.cleaned_data.get("updated_at_seen")
        if not seen or self.instance._state.adding:
            return
        try:
            same = datetime.fromisoformat(seen) == self.instance.updated_at
        except (ValueError, TypeError):
            same = False
        if same:
            return
        self.conflict = {"at": self.instance.updated_at, "changes": conflicts.compare(self)}
        # Saving once more after seeing both versions is a decision, so the new version counts as seen.
        self.data = self.data.copy()
        self.data[self.add_prefix("updated_at_seen")] = self.instance.updated_at.isoformat()
        self.add_error(
            None,
            ValidationError(
                _("Somebody else changed this meanwhile. Nothing was saved: compare, then save again."),
                code="stale",
            ),
        )

    def changed_from(self, instance: Any) -> list[str]:
        """The model fields in which what was typed differs from the row."""
        return [
            name
            for name in self.fields
            if name in self.cleaned_data
            and name not in self.SERVICE_FIELDS
            and hasattr(instance, name)
            and self.cleaned_data[name] != getattr(instance, name)
        ]

    def is_about_another(self, row: Any) -> bool:
        """Whether what was typed is about somebody else than the row."""
        typed = self.cleaned_data
        return any(name in typed and typed[name] != getattr(row, name) for name in self.IDENTITY)

    def _check_shown_patient(self) -> None:
        shown = (self.cleaned_data or {}).get("shown_patient")
        patient = self.instance.patient_of_row() or self.patient_id
        if shown and patient and shown != patient:
            self.add_error(
                None,
                ValidationError(
                    _("This form was shown for another patient. Nothing was saved: open it again."),
                    code="other_patient",
                ),
            )

    def _check_acknowledged(self) -> None:
        if not self.warnings:
            return
        seen = self.cleaned_data.get("warnings_seen")
        digest = self.warnings_digest()
        acknowledged = self.cleaned_data.get("acknowledge_warnings") and seen in ("", None, digest)
        self.data = self.data.copy()
        self.data[self.add_prefix("warnings_seen")] = digest
        if not acknowledged:
            if seen and seen != digest:
                self.data.pop(self.add_prefix("acknowledge_warnings"), None)
            self.add_error(None, ValidationError(_("Read the warnings before you go on."), code="safety_warning"))
        elif not self.cleaned_data.get("override_reason", "").strip():
            self.add_error(
                "override_reason", ValidationError(_("Give the reason for going on."), code="safety_warning")
            )

    # -- writing -----------------------------------------------------------------------------

    def save(self, commit: bool = True) -> Any:
        """Write the whole change. Called by `submit`, inside its transaction."""
        if not commit:
            raise TypeError("A WorkflowForm saves everything or nothing: use submit().")
        return super().save(commit=True)

    def refused_by_database(self, error: IntegrityError) -> None:
        """Called after a constraint refused the row; a form may add help, such as free slots."""


M = TypeVar("M", bound=models.Model)
F = TypeVar("F", bound=WorkflowForm)


class TransitionForm(WorkflowForm):
    """Moves a row along its status table (`Model.TRANSITIONS`: status -> statuses that may follow)."""

    #: The status that the row is moved to.
    to: ClassVar[str] = ""
    #: Question, consequence and look of the confirm page; `{object}` is filled in, and `{amounts.balance_due}`.
    question: ClassVar[Any] = ""
    consequence: ClassVar[Any] = ""
    danger: ClassVar[bool] = False

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        """Whether the status table allows the step, for this person."""
        return may(actor, cls.permission) and cls.to in instance.TRANSITIONS.get(instance.status, ())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.to not in self.instance.TRANSITIONS.get(self.instance.status, ()):
            status = self.instance.get_status_display().lower()
            if self.instance.status == self.to:  # a colleague was faster
                raise refuse(_("This is %(status)s already."), code="transition", status=status)
            to = str(dict(self.instance._meta.get_field("status").choices)[self.to]).lower()
            raise refuse(_("This is %(status)s and cannot become %(to)s."), code="transition", status=status, to=to)
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.status = self.to
        self.before_save()
        return super().save(commit)

    def before_save(self) -> None:
        """Stamp times and persons on the instance; called once the step is allowed."""


def lock(instance: M) -> M:
    """The row as it is now, locked until the transaction ends."""
    found: M | None = locked(type(instance)).first(instance.pk)
    if found is None:
        raise type(instance).DoesNotExist
    return found


@cache
def locked(model: Any) -> Compiled:
    """Finds the row of a key and locks it."""
    rows = lockable(model._default_manager.all())
    return Compiled(lambda key: rows.filter(pk=key))


def submit(
    form_class: type[F],
    *,
    actor: Any,
    data: Mapping[str, Any] | None = None,
    files: Any = None,
    instance: Any = None,
    new_id: Any = None,
    **kwargs: Any,
) -> F:
    """Do what the form says, or say why not: lock, validate and write in one transaction.

    Returns the form: `is_valid()` tells whether it was saved, `instance` is the row. With `new_id`
    (made when the page was shown) a second submit of the same page finds the row of the first and sets
    `already_saved` instead of making another. Raises PermissionDenied for a wrong role.
    """
    form_class.authorize(actor)
    for attempt in range(DEADLOCK_RETRIES):
        try:
            return _submit(form_class, actor, data, files, instance, new_id, kwargs)
        except OperationalError as error:
            if "deadlock" not in str(error) or attempt == DEADLOCK_RETRIES - 1:
                raise
    raise AssertionError("unreachable")


def _submit(
    form_class: Any, actor: Any, data: Any, files: Any, instance: Any, new_id: Any, kwargs: dict[str, Any]
) -> Any:
    model = form_class._meta.model
    form = None
    try:
        with transaction.atomic():
            if instance is not None and not instance._state.adding:
                row = lock(instance)
            else:
                row = instance if instance is not None else model()
                if new_id is not None:
                    row.pk = new_id
            form = form_class(data=data or {}, files=files, instance=row, actor=actor, **kwargs)
            if form.is_valid():
                with change(user=actor, action=form_class.action, subject=row):
                    form.save()
                return form
        # A second submit is mostly refused (its time is taken, its invoice paid): by what the first one saved.
        return _already_saved(form_class, actor, model, new_id, form, kwargs) or form
    except IntegrityError as error:
        if saved := _already_saved(form_class, actor, model, new_id, form, kwargs):
            return saved
        if form is None:
            raise
        refusal = refusal_of(error)
        field = refusal.field if refusal.field in form.fields else NON_FIELD_ERRORS
        form.add_error(field, ValidationError(refusal.message, code="constraint"))
        form.refused_by_database(error)
        return form


def _already_saved(form_class: Any, actor: Any, model: Any, new_id: Any, sent: Any, kwargs: dict[str, Any]) -> Any:
    saved = model._default_manager.filter(pk=new_id).first() if new_id is not None else None
    if saved is None:
        return None
    form = form_class(data={}, instance=saved, actor=actor, **kwargs)
    form._errors = forms.utils.ErrorDict()
    form.cleaned_data = {}
    form.formsets = {}
    form.already_saved, form.sent_again = True, sent
    return form


def refuse(message: Any, code: str = "rule", **params: Any) -> ValidationError:
    """A rule's message, ready to raise in `clean()`."""
    return ValidationError(message, code=code, params=params or None)


__all__ = ["SafetyWarning", "TransitionForm", "WorkflowForm", "lock", "refuse", "submit"]
