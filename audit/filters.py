"""Filters of the audit log."""

from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from audit.models import Action, AuditLog, entities
from healthcare.fields import DayRangeWidget


class AuditLogFilter(django_filters.FilterSet):
    """The trail by person, verb, entity, patient and day."""

    user = django_filters.ModelChoiceFilter(
        label=_("Person"), queryset=lambda request: get_user_model().objects.all(), empty_label=_("Anybody")
    )
    action = django_filters.ChoiceFilter(label=_("Action"), choices=Action.choices)
    entity_type = django_filters.ChoiceFilter(label=_("Entity"), choices=[])
    entity_id = django_filters.UUIDFilter(label=_("Entity's id"))
    patient_id = django_filters.UUIDFilter(label=_("Patient's id"))
    created_at = django_filters.DateFromToRangeFilter(label=_("Day"), widget=DayRangeWidget())

    class Meta:
        model = AuditLog
        fields = ["user", "action", "entity_type", "entity_id", "patient_id", "created_at"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(name, capfirst(str(model._meta.verbose_name))) for name, model in entities().items()]
        self.filters["entity_type"].extra["choices"] = sorted([*named, ("page", _("Page"))], key=lambda c: str(c[1]))
