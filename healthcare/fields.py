"""Form fields that the kernel adds: a choice among rows too many to list; native date and time inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django import forms
from django.db.models.fields import BLANK_CHOICE_DASH
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from healthcare.compiled import Compiled, lockable

#: What Django says of an empty choice.
DASHES = BLANK_CHOICE_DASH[0][1]


class RemoteSelect(forms.Select):
    """A select that renders only the chosen row and searches the others through an OptionsView."""

    def __init__(self, url_name: str, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"data-search": "", "data-url": reverse_lazy(url_name), **(attrs or {})})
        #: Rows that need no query, by key; see `fetch_once`.
        self.known: dict[str, Any] = {}

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        chosen = [str(v) for v in value if v]
        queryset = getattr(self.choices, "queryset", None)
        words = getattr(getattr(self.choices, "field", None), "empty_label", "") or ""
        # A list's filter says nothing: its box is to be typed in.
        options: list[tuple[str, Any]] = [("", "" if words == DASHES else words)]
        options += [(key, str(self.known[key])) for key in chosen if key in self.known]
        missing = [key for key in chosen if key not in self.known]
        if missing and queryset is not None:
            with suppress(ValueError, forms.ValidationError):
                options += [(str(row.pk), str(row)) for row in queryset.filter(pk__in=missing)]
        return [
            (None, [self.create_option(name, key, label, key in chosen, index)], index)
            for index, (key, label) in enumerate(options)
        ]


class HiddenRemote(forms.HiddenInput):
    """A choice that the page was opened with; `known` holds its row, so that it is not looked up again."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, Any] = {}


class CompiledChoiceField(forms.ModelChoiceField):
    """A choice among rows, found by a query that is written once for all forms of a class.

    With `locks` the row is locked as it is found: a second writer waits here and sees what the first one left.
    """

    def __init__(self, queryset: Any, *, locks: bool = False, **kwargs: Any) -> None:
        self.locks = locks
        super().__init__(queryset, **kwargs)

    def _set_queryset(self, queryset: Any) -> None:
        super()._set_queryset(queryset)
        rows = lockable(queryset) if self.locks else queryset
        self.found = Compiled(lambda key: rows.filter(pk=key))

    queryset = property(forms.ModelChoiceField._get_queryset, _set_queryset)

    def __deepcopy__(self, memo: Any) -> Any:
        result = super().__deepcopy__(memo)
        result.found = self.found
        return result

    def to_python(self, value: Any) -> Any:
        with suppress(ValueError):
            if found := self.found.first(UUID(str(value))):
                return found
        return super().to_python(value)  # which says what is wrong with it


class RemoteChoiceField(CompiledChoiceField):
    """A choice among rows too many to list in a page; `url_name` names the OptionsView."""

    def __init__(self, queryset: Any, *, url_name: str, **kwargs: Any) -> None:
        super().__init__(queryset, widget=RemoteSelect(url_name), **kwargs)

    def to_python(self, value: Any) -> Any:
        found = getattr(self.widget, "known", {}).get(str(value))
        return found if found is not None else super().to_python(value)


def fetch_once(rows: Iterable[Any], name: str) -> None:
    """Fetch what is chosen in the same field of a formset's rows in one query, to check and to show."""
    rows = list(rows)
    keys = set()
    for row in rows:
        with suppress(ValueError):
            keys.add(UUID(str(row[name].value())))
    if keys:
        known = {str(found.pk): found for found in rows[0].fields[name].queryset.filter(pk__in=keys)}
        for row in rows:
            row.fields[name].widget.known = known


class RemoteChoiceFilter(django_filters.Filter):
    """A list's filter by a row among too many to list; takes `queryset` and `url_name`."""

    field_class = RemoteChoiceField


class MeasuredField(forms.DecimalField):
    """A number whose decimal point may be a comma: a phone's keypad may have no other."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.count(",") == 1 and "." not in value:
            value = value.replace(",", ".")
        return super().to_python(value)


#: `2026-11-22` or `20261122` at the start; the compact form with eight digits only, so that nothing is guessed.
_COMPACT_DAY = re.compile(r"^\s*(\d{4})(\d\d)(\d\d)(?=$|[T\s])")


class DateText(forms.DateInput):
    """A date as text, YYYY-MM-DD whatever the browser's language; static/js/dates.js adds the calendar button."""

    input_type = "text"
    placeholder: ClassVar[Any] = _("YYYY-MM-DD")
    shown: ClassVar[str] = "%Y-%m-%d"
    length: ClassVar[int] = 10

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        given = {name: value for name, value in (attrs or {}).items() if name != "type"}
        own = {"placeholder": self.placeholder, "inputmode": "numeric", "autocomplete": "off", "data-date": self.length}
        super().__init__({**own, **given}, format=self.shown)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return _COMPACT_DAY.sub(r"\1-\2-\3", value) if isinstance(value, str) else value


class DateTimeText(DateText):
    """A day and a time of the 24-hour clock as one text."""

    placeholder = _("YYYY-MM-DD HH:MM")
    shown = "%Y-%m-%d %H:%M"
    length = 16
    supports_microseconds = False


class DayRangeWidget(django_filters.widgets.DateRangeWidget):
    """Two date inputs, each with a name of its own for those who cannot see the two."""

    def __init__(self) -> None:
        super().__init__()
        self.widgets = [DateText({"aria-label": label}) for label in (_("From"), _("To"))]


class DayRangeField(django_filters.fields.DateRangeField):
    """Days as moments, which the first and the last day of the calendar do not have in every time zone."""

    widget = DayRangeWidget

    def compress(self, data_list: list[Any]) -> Any:
        first, last = date.min + timedelta(days=1), date.max - timedelta(days=1)
        return super().compress([day and min(max(day, first), last) for day in data_list])


class DayRangeFilter(django_filters.DateFromToRangeFilter):
    """The rows of some days, by a moment."""

    field_class = DayRangeField


_PLAIN = {forms.DateInput: DateText, forms.DateTimeInput: DateTimeText}


def use_native_inputs(fields: Any) -> None:
    """Make a form's plain date inputs ISO text with a calendar, and its times 24-hour text: `09:30`, `930`."""
    for field in fields.values():
        if found := _PLAIN.get(type(field.widget)):
            plain, field.widget = field.widget, found(field.widget.attrs)
            field.widget.is_required, field.widget.is_localized = plain.is_required, plain.is_localized
        elif type(field.widget) is forms.TimeInput:
            # The browser's time input shows AM and PM where the person's system does; the clinic does not.
            field.widget.format = "%H:%M"
            field.widget.attrs |= {"placeholder": _("HH:MM"), "inputmode": "numeric", "autocomplete": "off"}
            field.input_formats = [*field.input_formats, "%H%M", "%H.%M"]


def words_for_none(field: Any) -> str:
    """What a select says while nothing is chosen in it."""
    if not field.required:
        return gettext("Not chosen")
    label = str(field.label or "")
    if not label:
        return gettext("Choose")
    # An abbreviation keeps its capitals.
    what = label if label[1:2].isupper() else label[:1].lower() + label[1:]
    return gettext("Choose the %(what)s") % {"what": what}


class ChoosingField(forms.BoundField):
    """Says in words what Django says as "---------": when it is drawn, so that saving pays nothing for it."""

    def as_widget(self, *args: Any, **kwargs: Any) -> Any:
        field: Any = self.field
        if isinstance(field, forms.ModelChoiceField) and field.empty_label == DASHES:
            field.empty_label = words_for_none(field)
            field.widget.choices = field.choices
            drawn = super().as_widget(*args, **kwargs)
            field.empty_label = DASHES  # the form may still change its label and need
            return drawn
        if isinstance(field.widget, forms.Select) and not isinstance(field, forms.ModelChoiceField):
            words, choices = words_for_none(field), field.widget.choices
            field.widget.choices = [(key, words if label == DASHES else label) for key, label in choices]
            drawn = super().as_widget(*args, **kwargs)
            field.widget.choices = choices
            return drawn
        return super().as_widget(*args, **kwargs)
