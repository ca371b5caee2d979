"""Filters of the lists of departments and staff."""

import django_filters

from departments.models import User
from healthcare.filters import FilterSet
from healthcare.roles import Role


class UserFilter(FilterSet):
    """Staff by role and department."""

    role = django_filters.ChoiceFilter(choices=Role.choices)

    class Meta:
        model = User
        fields = ["role", "department"]
