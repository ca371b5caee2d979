"""Departments, staff and settings in the Django admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from departments import forms
from departments.forms import access
from departments.models import ClinicSettings, Department, SecondFactor, User
from healthcare.admin_site import ClinicAdmin, ReadOnlyInline


class StaffInline(ReadOnlyInline):
    """Who works in a department."""

    model = User
    fields = ("full_name", "role", "email", "is_active")


class SecondFactorInline(ReadOnlyInline):
    """Whether a second factor is on; never its secret."""

    model = SecondFactor
    fields = ("is_active", "updated_at")


@admin.register(Department)
class DepartmentAdmin(ClinicAdmin):
    """Departments."""

    add_form = change_form = forms.DepartmentForm
    list_display = ("name", "is_active", "updated_at")
    list_filter = ("is_active",)
    search_fields = ("name",)
    row_forms = (forms.DeactivateDepartmentForm, forms.ReactivateDepartmentForm)
    inlines = (StaffInline,)


@admin.register(User)
class UserAdmin(ClinicAdmin):
    """Staff; new accounts, passwords and deactivation have their own pages, which show what is shown once."""

    add_form = forms.CreateStaffForm
    change_form = forms.StaffForm
    list_display = ("full_name", "email", "role", "department", "is_active", "last_login")
    list_filter = ("role", "is_active", "department")
    search_fields = ("last_name", "first_name", "email")
    inlines = (SecondFactorInline,)
    row_forms = (
        forms.DeactivateStaffForm,
        forms.ReactivateStaffForm,
        access.UnlockForm,
        access.EndSessionsForm,
        access.RequireSecondFactorForm,
    )

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return redirect("user_create")


@admin.register(ClinicSettings)
class ClinicSettingsAdmin(ClinicAdmin):
    """The clinic's letterhead."""

    change_form = forms.ClinicSettingsForm
    list_display = ("name", "phone", "tax_rate", "paper")
    list_filter = ("paper",)
    search_fields = ("name",)


@admin.register(SecondFactor)
class SecondFactorAdmin(ClinicAdmin):
    """Who has a second factor; its secret and codes are nobody's to see."""

    hidden = frozenset({"secret", "recovery_codes", "last_step"})
    list_display = ("user", "is_active", "created_at", "updated_at")
    list_filter = ("is_active", "user__role")
    search_fields = ("user__last_name", "user__first_name", "user__email")
