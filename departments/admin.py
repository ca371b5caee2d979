"""Departments, staff and settings in the Django admin."""

from django.contrib import admin

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
    """Staff; passwords and deactivation have their own pages."""

    add_form = forms.CreateStaffForm
    change_form = forms.StaffForm
    list_display = ("full_name", "email", "role", "department", "is_active", "last_login")
    list_filter = ("role", "is_active", "department")
    search_fields = ("last_name", "first_name", "email")


@admin.register(ClinicSettings)
class ClinicSettingsAdmin(ClinicAdmin):
    """The clinic's letterhead."""

    change_form = forms.ClinicSettingsForm
    list_display = ("name", "phone", "tax_rate", "paper")
