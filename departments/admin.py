"""Departments, staff and settings in the Django admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from departments import forms
from departments.models import ClinicSettings, Department, User
from healthcare.admin_site import ClinicAdmin


@admin.register(Department)
class DepartmentAdmin(ClinicAdmin):
    """Departments."""

    add_form = change_form = forms.DepartmentForm
    list_display = ("name", "is_active", "updated_at")
    list_filter = ("is_active",)
    search_fields = ("name",)


@admin.register(User)
class UserAdmin(ClinicAdmin):
    """Staff; new accounts, passwords and deactivation have their own pages, which show what is shown once."""

    add_form = forms.CreateStaffForm
    change_form = forms.StaffForm
    list_display = ("full_name", "email", "role", "department", "is_active", "last_login")
    list_filter = ("role", "is_active", "department")
    search_fields = ("last_name", "first_name", "email")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return redirect("user_create")


@admin.register(ClinicSettings)
class ClinicSettingsAdmin(ClinicAdmin):
    """The clinic's letterhead."""

    change_form = forms.ClinicSettingsForm
    list_display = ("name", "phone", "tax_rate", "paper")
