"""Filters of the list of reports."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from healthcare.fields import DayRangeFilter
from reporting.models import Report, ReportStatus
from reporting.reports import kinds_for


class ReportFilter(django_filters.FilterSet):
    """Reports by type, status and day of request."""

    report_type = django_filters.ChoiceFilter(label=_("Type"), choices=[])
    status = django_filters.ChoiceFilter(label=_("Status"), choices=ReportStatus.choices)
    created_at = DayRangeFilter(label=_("Requested"))

    class Meta:
        model = Report
        fields = ["report_type", "status", "created_at"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["report_type"].extra["choices"] = [
            (name, kind.type.label) for name, kind in kinds_for(self.request.user).items()
        ]
