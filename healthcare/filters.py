"""The filters of lists."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.utils.translation import get_language


class FilterSet(django_filters.FilterSet):
    """A list's filters, the same for everybody who has them: their form is put together once, not on every request.

    A set whose choices follow the person is a `django_filters.FilterSet`.
    """

    #: The class of the form, by the set, its labels' language and the filters that the person has.
    form_classes: ClassVar[dict[tuple[Any, ...], Any]] = {}

    def get_form_class(self) -> Any:
        key = (type(self), get_language(), *self.filters)
        if key not in self.form_classes:
            self.form_classes[key] = super().get_form_class()
        return self.form_classes[key]
