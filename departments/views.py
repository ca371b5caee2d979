"""Pages for departments, staff, log-in and the clinic's settings."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import LoginView, LogoutView
from django.http import FileResponse, Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments import forms
from departments.filters import UserFilter
from departments.models import ClinicSettings, Department, User
from healthcare.access import RoleView
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Related, Section
from healthcare.roles import PUBLIC


class LoginPage(RoleView, LoginView):
    """Log in with e-mail and password."""

    permission = PUBLIC
    redirect_authenticated_user = True


class LogoutPage(RoleView, LogoutView):
    """End the session (POST only)."""

    permission = PUBLIC


class ChangePasswordPage(EditPage):
    """Change one's own password."""

    permission = "signed_in"
    model = User
    form_class = forms.ChangeOwnPasswordForm
    page_title = gettext_lazy("Change password")
    success_message = gettext_lazy("Your password is changed; your other sessions have ended.")

    def get_instance(self) -> Any:
        return User.objects.get(pk=self.request.user.pk)

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.get_page_title(), "")]

    def get_cancel_url(self) -> str:
        return reverse("dashboard")

    def get_success_url(self, form: Any) -> str:
        update_session_auth_hash(self.request, form.instance)
        return reverse("dashboard")


class ClinicLogo(RoleView):
    """The logo, which the log-in page shows too."""

    permission = PUBLIC

    def get(self, request: HttpRequest) -> FileResponse:
        logo = ClinicSettings.current().logo
        if not logo or not logo.storage.exists(str(logo.name)):
            raise Http404
        return FileResponse(logo.open("rb"), headers={"Content-Security-Policy": "sandbox; default-src 'none'"})


class DepartmentList(ListPage):
    """All departments."""

    permission = "departments.view"
    create_permission = "departments.edit"
    model = Department
    ordering = ("name",)
    columns = (Column("name", ordering="name"), Column("description"), Column("is_active"))


class DepartmentDetail(DetailPage):
    """One department with its staff."""

    permission = "departments.view"
    audited = False
    model = Department
    sections = (Section("", ("name", "description", "created_at", "updated_at"), wide=("description",)),)
    actions = (
        Action(gettext_lazy("Edit"), "department_edit", form=forms.DepartmentForm, style="primary", icon="pencil"),
        Action(gettext_lazy("Deactivate"), "department_delete", form=forms.DeactivateDepartmentForm, style="danger"),
        Action(gettext_lazy("Reactivate"), "department_reactivate", form=forms.ReactivateDepartmentForm),
    )
    related = (
        Related(
            gettext_lazy("Staff"),
            lambda department, user: department.users.filter(is_active=True),
            (Column("full_name", gettext_lazy("Name")), Column("role"), Column("email")),
            permission="users.view",
            empty=gettext_lazy("Nobody works in this department yet."),
        ),
    )


class DepartmentCreate(CreatePage):
    """Make a department."""

    permission = "departments.edit"
    model = Department
    form_class = forms.DepartmentForm


class DepartmentEdit(EditPage):
    """Change a department."""

    permission = "departments.edit"
    model = Department
    form_class = forms.DepartmentForm


class DepartmentDeactivate(ActionPage):
    """Take a department out of use."""

    permission = "departments.edit"
    model = Department
    form_class = forms.DeactivateDepartmentForm


class DepartmentReactivate(ActionPage):
    """Take a department into use again."""

    permission = "departments.edit"
    model = Department
    form_class = forms.ReactivateDepartmentForm


class UserList(ListPage):
    """All staff."""

    permission = "users.view"
    create_permission = "users.edit"
    create_label = gettext_lazy("New member of staff")
    model = User
    filterset_class = UserFilter
    ordering = ("last_name", "first_name")
    select_related = ("department",)
    columns = (
        Column("full_name", gettext_lazy("Name"), ordering="last_name"),
        Column("email", ordering="email"),
        Column("role", ordering="role"),
        Column("department"),
        Column("phone"),
        Column("last_login"),
    )


class UserDetail(DetailPage):
    """One member of staff."""

    permission = "users.view"
    model = User
    sections = (
        Section("", ("first_name", "last_name", "email", "phone", "role", "department", "last_login", "created_at")),
    )
    actions = (
        Action(gettext_lazy("Edit"), "user_edit", form=forms.StaffForm, style="primary", icon="pencil"),
        Action(gettext_lazy("Set password"), "user_set_password", form=forms.ResetPasswordForm, icon="key"),
        Action(gettext_lazy("Deactivate"), "user_delete", form=forms.DeactivateStaffForm, style="danger"),
        Action(gettext_lazy("Reactivate"), "user_reactivate", form=forms.ReactivateStaffForm),
    )


class UserCreate(CreatePage):
    """Make an account."""

    permission = "users.edit"
    model = User
    form_class = forms.CreateStaffForm
    page_title = gettext_lazy("New member of staff")


class UserEdit(EditPage):
    """Change a member of staff."""

    permission = "users.edit"
    model = User
    form_class = forms.StaffForm


class UserSetPassword(EditPage):
    """Give a member of staff a new password."""

    permission = "users.edit"
    model = User
    form_class = forms.ResetPasswordForm
    page_title = gettext_lazy("Set password")


class UserDeactivate(ActionPage):
    """Close an account."""

    permission = "users.edit"
    model = User
    form_class = forms.DeactivateStaffForm


class UserReactivate(ActionPage):
    """Open a closed account again."""

    permission = "users.edit"
    model = User
    form_class = forms.ReactivateStaffForm


class ClinicSettingsPage(EditPage):
    """The clinic's letterhead, tax rate and paper."""

    permission = "settings.edit"
    model = ClinicSettings
    form_class = forms.ClinicSettingsForm
    page_title = gettext_lazy("Clinic settings")

    def get_instance(self) -> Any:
        return ClinicSettings.objects.order_by("id").first()

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.get_page_title(), "")]

    def get_cancel_url(self) -> str:
        return reverse("dashboard")

    def get_success_url(self, form: Any) -> str:
        messages.info(self.request, _("Documents printed from now on show these texts."))
        return reverse("clinic_settings")
