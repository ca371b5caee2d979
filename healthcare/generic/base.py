"""What all pages share: the title, the breadcrumbs, the patient banner."""

from __future__ import annotations

from decimal import Decimal
from functools import cache, reduce
from typing import Any, ClassVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.views.generic.base import ContextMixin, TemplateResponseMixin

from healthcare.access import RoleView, closed_chart, visible_row
from healthcare.money import MoneyField
from healthcare.templatetags.display import flagged, number, pill_filter, status_label

#: Attributes that pages show as pills, and exports as words.
STATUS_NAMES = frozenset({"status", "state", "shown_status", "flag"})


class Page(TemplateResponseMixin, ContextMixin, RoleView):
    """A page in the clinic's shell."""

    abstract = True
    model: ClassVar[Any] = None
    page_title: ClassVar[Any] = ""

    def get_queryset(self) -> Any:
        """The rows that this page is about; declare `queryset` methods here, never filters in templates."""
        return self.model._default_manager.all()

    @classmethod
    def rows(cls) -> Any:
        """These rows, before anybody asked for them."""
        return cls().get_queryset()

    def visible(self) -> Any:
        """The rows that the person may see."""
        return self.get_queryset().visible_to(self.request.user)

    def get_object(self) -> Any:
        """The row named in the URL; 404 or 403 otherwise."""
        return visible_row(type(self).rows, self.request.user, self.kwargs["pk"])

    def get_page_title(self) -> Any:
        """The heading."""
        return self.page_title or capfirst(self.model._meta.verbose_name_plural)

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        """(label, url) from the list down; the last one has no URL."""
        crumbs: list[tuple[Any, str]] = []
        if self.model is not None:
            crumbs.append((capfirst(self.model._meta.verbose_name_plural), url_of(self.model, "list")))
        row = getattr(self, "object", None)
        if row is not None:
            crumbs.append((str(row), row.get_absolute_url()))
        crumbs.append((self.get_page_title(), ""))
        return crumbs

    def get_patient(self) -> Any:
        """The patient whom this page is about, shown in the banner."""
        row = getattr(self, "object", None)
        if row is None:
            return None
        return row if hasattr(row, "banner_for") else getattr(row, "patient", None)

    def closed_chart(self) -> str:
        """Where the reason is asked, if this is about a confidential patient whom the person did not open yet."""
        return closed_chart(self.request, self.get_patient())

    def get_banner(self) -> dict[str, Any] | None:
        """The patient banner's content, within the role."""
        patient = self.get_patient()
        return patient.banner_for(self.request.user) if hasattr(patient, "banner_for") else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **{
                "page_title": str(self.get_page_title()),
                "breadcrumbs": self.get_breadcrumbs(),
                "banner": self.get_banner(),
                **kwargs,
            }
        )


def url_of(model: Any, verb: str, *args: Any) -> str:
    """The URL of an entity's page (`list`, `create`, `detail` ...), or an empty string."""
    try:
        return reverse(f"{model.entity_name()}_{verb}", args=args)
    except NoReverseMatch:
        return ""


def owner_of(row: Any, path: str) -> tuple[Any, str]:
    """The row that a dotted path ends at (None where the way breaks off), and the name there."""
    if "." not in path:
        return row, path
    *parents, name = path.split(".")
    return reduce(lambda obj, part: getattr(obj, part, None), parents, row), name


def value_of(row: Any, path: str) -> Any:
    """The value at a dotted path, as shown: choices by their label, methods called, None kept."""
    owner, name = owner_of(row, path)
    return own_value_of(owner, name) if owner is not None else None


def own_value_of(row: Any, name: str) -> Any:
    """As `value_of`, of the row itself."""
    value = getattr(row, name)
    if (labels := labels_of(row.__class__, name)) is not None:
        return str(labels[value]) if value in labels else value
    if is_status(row.__class__, name):
        return status_label(value)
    if isinstance(value, models.Manager):
        return list(value.all())
    return value() if callable(value) else value


@cache
def labels_of(model: Any, name: str) -> dict[Any, Any] | None:
    """The labels of a field's choices by value. Django's own display method hashes them all for each value."""
    field = field_of(model, name)
    return dict(field.flatchoices) if field is not None and field.choices else None


@cache
def is_status(model: Any, name: str) -> bool:
    """Whether the attribute is a status: a choice or a property, not an address's `state`."""
    if name not in STATUS_NAMES:
        return False
    field = field_of(model, name)
    return field is None or bool(field.choices)


@cache
def field_of(model: Any, name: str) -> Any:
    """The model's own field of this name; None where it is none."""
    fields = model._meta.fields if hasattr(model, "_meta") else ()
    return next((field for field in fields if field.name == name), None)


def shown_value_of(row: Any, path: str) -> Any:
    """The value as a page shows it: statuses as pills; a Decimal that is not money without the dollar sign."""
    owner, name = owner_of(row, path)
    if owner is None:
        return None
    if is_status(owner.__class__, name):
        return pill_filter(getattr(owner, name))
    value = own_value_of(owner, name)
    if isinstance(value, Decimal):
        field = field_of(owner.__class__, name)
        if field is not None and not isinstance(field, MoneyField):
            return number(value)
    return value


def shown_cell(row: Any, path: str, flag: Any) -> Any:
    """The value of a column, marked where the column's flag says that it is high or low."""
    value = shown_value_of(row, path)
    return flagged(value, flag(row)) if flag else value


def label_of(model: Any, path: str) -> str:
    """The label of a dotted path: the field's verbose name, or the name itself."""
    *parents, name = path.split(".")
    try:
        owner = reduce(lambda m, part: m._meta.get_field(part).related_model, parents, model)
        return capfirst(str(owner._meta.get_field(name).verbose_name))
    except (FieldDoesNotExist, AttributeError):
        return capfirst(name.replace("_", " "))
