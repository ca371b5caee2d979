"""Filters of the audit log."""

from typing import Any

import django_filters
from django import forms
from django.apps import apps
from django.contrib.auth import get_user_model
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from audit.models import Action, AuditLog, entities
from healthcare.fields import DayRangeFilter, RemoteChoiceFilter


class PatientFilter(RemoteChoiceFilter):
    """The patient concerned, found by typing; the trail keeps the key alone."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(patient_id=value.pk) if value else qs


class AuditLogFilter(django_filters.FilterSet):
    """The trail by person, verb, entity, patient and day."""

    user = django_filters.ModelChoiceFilter(
        label=_("Person"), queryset=lambda request: get_user_model().objects.all(), empty_label=_("Anybody")
    )
    patient_id = PatientFilter(label=_("Patient"), url_name="patient_options")
    action = django_filters.ChoiceFilter(label=_("Action"), choices=Action.choices)
    entity_type = django_filters.ChoiceFilter(label=_("Entity"), choices=[])
    created_at = DayRangeFilter(label=_("Day"))
    entity_id = django_filters.UUIDFilter(label=_("Row's id"))

    refused = django_filters.ChoiceFilter(
        label=_("Refused"),
        choices=[("1", _("Failed log-ins and denials"))],
        method="filter_refused",
        widget=forms.HiddenInput,
    )

    class Meta:
        model = AuditLog
        fields = ["user", "patient_id", "action", "entity_type", "created_at", "entity_id"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["patient_id"].extra["queryset"] = apps.get_model("patients", "Patient").objects.all()
        named = [(name, capfirst(str(model._meta.verbose_name))) for name, model in entities().items()]
        self.filters["entity_type"].extra["choices"] = sorted([*named, ("page", _("Page"))], key=lambda c: str(c[1]))

    def filter_refused(self, queryset: Any, name: str, value: str) -> Any:
        """What was refused (a number on the dashboard leads here)."""
        return queryset.refused()
