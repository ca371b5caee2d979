"""What every table shares: a time-ordered UUID key, two timestamps, an audit-friendly memory."""

from __future__ import annotations

import re
import uuid
from functools import cache
from typing import Any, Self

from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from healthcare import written
from healthcare.clock import now
from healthcare.text import fold

_SNAKE = re.compile(r"(?<!^)(?=[A-Z])")


def new_id() -> uuid.UUID:
    """A UUID v7: ordered by time, so that inserts stay local in the index at millions of rows."""
    return uuid7()


class BaseQuerySet(models.QuerySet[Any]):
    """Queries that every entity answers; apps narrow them."""

    #: Whether `visible_to` asks for more than the user's role.
    personal = False

    def visible_to(self, user: Any) -> Self:
        """The rows that this user's role may see; all of them unless the entity says otherwise."""
        return self

    def active(self) -> Self:
        """Rows not deactivated (FND-6); all of them for entities that cannot be."""
        return self.filter(is_active=True) if self.model.can_be_inactive() else self

    def iterator(self, chunk_size: int | None = None) -> Any:
        """In chunks of the given size; else at once: a form's choices are few, and PostgreSQL's cursor asks thrice."""
        return super().iterator(chunk_size) if chunk_size else iter(self._chain())

    def search(self, text: str) -> Self:
        """Rows in which every word of the text occurs in one of the model's SEARCH_FIELDS."""
        queryset = self
        for word in text.split()[:8]:
            match = models.Q()
            for field in self.model.SEARCH_FIELDS:
                match |= models.Q(**{f"{field}__icontains": word})
            queryset = queryset.filter(match)
        return queryset

    def delete(self) -> Any:
        """Refused: rows are deactivated, cancelled or voided (FND-6)."""
        raise models.ProtectedError(str(_("Nothing is deleted here.")), set(self[:1]))

    def search_folded(self, text: str, column: str = "search_text") -> Self:
        """Rows whose folded text column holds every word, accents and case aside."""
        queryset = self
        for word in fold(text).split()[:8]:
            queryset = queryset.filter(**{f"{column}__contains": word})
        return queryset


class BaseModel(models.Model):
    """The abstract parent of every table."""

    #: Text columns that `search` looks through.
    SEARCH_FIELDS: tuple[str, ...] = ()
    #: The columns that tell which row it is: all that a list of other rows reads of it. Empty: all columns.
    NAMED_BY: tuple[str, ...] = ()
    #: Columns that never reach the audit trail.
    AUDIT_EXCLUDED: tuple[str, ...] = ()
    #: False only for machinery such as counters, whose effect is told by the rows that use it.
    AUDITED: bool = True

    id = models.UUIDField(_("id"), primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = BaseQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def entity_name(cls) -> str:
        """The entity's name in snake_case, as in the audit trail and in URL names: `lab_test`."""
        return _SNAKE.sub("_", cls.__name__).lower()

    @classmethod
    def can_be_inactive(cls) -> bool:
        """Whether rows are deactivated through an `is_active` column."""
        return any(field.name == "is_active" for field in cls._meta.fields)

    def patient_of_row(self) -> uuid.UUID | None:
        """The patient whom this row is about, if any."""
        return getattr(self, "patient_id", None)

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any) -> Self:
        """Remember the values as loaded, so that the audit trail can say what changed."""
        instance = super().from_db(db, field_names, values)
        instance._loaded = dict(zip(field_names, values, strict=True))
        return instance

    def present_values(self, only: Any = None) -> dict[str, Any]:
        """The columns as they stand, as far as they were loaded; with `only`, those of these fields."""
        return {
            field.attname: self.__dict__[field.attname]
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__ and (only is None or field.name in only or field.attname in only)
        }

    def changed_values(self, only: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """(old, new) of the columns that differ from what was loaded; everything for a new row."""
        loaded: dict[str, Any] | None = getattr(self, "_loaded", None)
        current = self.present_values(only)
        if loaded is None:
            return {}, {name: value for name, value in current.items() if value not in (None, "")}
        changed = [name for name, value in current.items() if loaded.get(name) != value]
        return {name: loaded.get(name) for name in changed}, {name: current[name] for name in changed}

    def remember(self, only: Any = None) -> None:
        """Take the present values as the loaded ones (after a save)."""
        self._loaded = {**(getattr(self, "_loaded", None) or {}), **self.present_values(only)}

    def refresh_from_db(self, using: Any = None, fields: Any = None, **kwargs: Any) -> None:
        """Read the row again; what was read counts as loaded."""
        super().refresh_from_db(using=using, fields=fields, **kwargs)
        self.remember(fields)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row and, through signals, its audit row: both in one transaction or neither."""
        update_fields = kwargs.get("update_fields")
        # What the trail does not tell is no new version either: a log-in must not make an open form stale.
        if update_fields is not None and not set(update_fields) <= set(self.AUDIT_EXCLUDED):
            kwargs["update_fields"] = {*update_fields, "updated_at"}
        using = kwargs.get("using")
        if transaction.get_connection(using).in_atomic_block:
            # Whoever swallows an error of the audit trail must not commit the change without its audit row.
            with transaction.mark_for_rollback_on_error(using or self._state.db or DEFAULT_DB_ALIAS):
                super().save(*args, **kwargs)
        else:
            with transaction.atomic(using=using):
                super().save(*args, **kwargs)

    def _do_insert(self, manager: Any, using: Any, fields: Any, returning_fields: Any, raw: bool) -> Any:
        if raw or returning_fields or self._meta.parents or not written.insert([self], using):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        return []

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *how: Any) -> Any:
        changed = [(field, value) for field, _model, value in values]
        count = None if self._meta.parents or not changed else written.update(self, changed, using)
        if count is None:
            return super()._do_update(base_qs, using, pk_val, values, *how)
        return count > 0

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: rows are deactivated, cancelled or voided (FND-6)."""
        raise models.ProtectedError(str(_("Nothing is deleted here: deactivate, cancel or void it instead.")), {self})

    def get_absolute_url(self) -> str:
        """The page of this row, or an empty string where it has none."""
        return detail_path(self.entity_name()).replace(str(NO_KEY), str(self.pk))


#: Stands for a row's key in `detail_path`.
NO_KEY = uuid.UUID(int=0)


@cache
def detail_path(entity: str) -> str:
    """The address of an entity's rows, worked out once: lists have many rows."""
    try:
        return reverse(f"{entity}_detail", args=[NO_KEY])
    except NoReverseMatch:
        return ""


def enum_constraint(field: str, choices: type[models.TextChoices], table: str) -> models.CheckConstraint:
    """A check that the column holds one of the enumeration's stored values."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": choices.values}),
        name=f"{table}_{field}_known",
        violation_error_message=_("Choose one of the listed values."),
    )


def range_constraint(
    field: str, table: str, *, low: Any = None, high: Any = None, message: Any = None
) -> models.CheckConstraint:
    """A check that the column is empty or between low and high, both included."""
    condition = models.Q()
    if low is not None:
        condition &= models.Q(**{f"{field}__gte": low})
    if high is not None:
        condition &= models.Q(**{f"{field}__lte": high})
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__isnull": True}) | condition,
        name=f"{table}_{field}_range",
        violation_error_message=message or _("This value is outside the allowed range."),
    )
