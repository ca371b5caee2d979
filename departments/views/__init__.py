"""Pages for departments, staff, log-in and the clinic's settings."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments import forms, lockout, second_factor
from departments.filters import UserFilter
from departments.forms import access
from departments.models import ClinicSettings, Department, SecondFactor, User
from departments.sessions import live_sessions
from healthcare.access import RoleView
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Related, Section
from healthcare.roles import PUBLIC


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
    template_name = "departments/user_list.html"
    filterset_class = UserFilter
    ordering = ("last_name", "first_name")
    select_related = ("department",)
    columns = (
        Column("full_name", gettext_lazy("Name"), ordering="last_name"),
        Column("email", ordering="email"),
        Column("role", ordering="role"),
        Column("department"),
        Column("phone_shown", gettext_lazy("Phone")),
        Column("last_login"),
    )


class UserDetail(DetailPage):
    """One member of staff: what they are, and how they get in."""

    permission = "users.view"
    model = User
    template_name = "departments/user_detail.html"
    sections = (
        Section(
            "",
            (
                "first_name",
                "last_name",
                "email",
                ("phone_shown", gettext_lazy("Phone")),
                "role",
                "department",
                "created_at",
            ),
        ),
    )
    actions = (
        Action(gettext_lazy("Edit"), "user_edit", form=forms.StaffForm, style="primary", icon="pencil"),
        Action(gettext_lazy("Unlock log-in"), "user_unlock", form=access.UnlockForm, icon="unlock"),
        Action(
            gettext_lazy("Reset password"),
            "user_set_password",
            form=forms.ResetPasswordForm,
            icon="key",
            when=lambda user: user.is_active,
        ),
        Action(
            gettext_lazy("Remove second factor"),
            "user_remove_second_factor",
            permission="users.edit",
            icon="phone",
            when=lambda user: second_factor.factor_of(user) is not None,
        ),
        Action(gettext_lazy("End sessions"), "user_end_sessions", form=access.EndSessionsForm, icon="box-arrow-right"),
        Action(
            gettext_lazy("What they did"),
            "audit_log_list",
            permission="audit_logs.view",
            icon="person-lines-fill",
            query=lambda user: f"?user={user.pk}",
            keyed=False,
        ),
        Action(gettext_lazy("Deactivate"), "user_delete", form=forms.DeactivateStaffForm, style="danger"),
        Action(gettext_lazy("Reactivate"), "user_reactivate", form=forms.ReactivateStaffForm),
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            sessions=live_sessions(self.object),
            locked_until=lockout.person_locked_until(self.object),
            factor=second_factor.factor_of(self.object),
            factor_required=second_factor.required_for(self.object),
            **kwargs,
        )


class ShowsPassword:
    """Answers with the one-time password that the form made, this one time, instead of leading on."""

    done: Any = None

    def get_success_url(self, form: Any) -> str:
        self.done = form
        return str(form.instance.get_absolute_url())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = super().post(request, *args, **kwargs)  # type: ignore[misc]
        if self.done is None or not self.done.one_time_password:
            return response
        context = {
            "page_title": self.done.instance.full_name,
            "person": self.done.instance,
            "password": self.done.one_time_password,
        }
        return TemplateResponse(request, "departments/one_time_password.html", context)


class UserCreate(ShowsPassword, CreatePage):
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


class UserSetPassword(ShowsPassword, EditPage):
    """Give a member of staff a new one-time password."""

    permission = "users.edit"
    model = User
    form_class = forms.ResetPasswordForm
    page_title = gettext_lazy("Reset password")


class UserUnlock(ActionPage):
    """Open somebody's log-in again."""

    permission = "users.edit"
    model = User
    form_class = access.UnlockForm


class UserEndSessions(ActionPage):
    """Log somebody out everywhere, or in one place (`?session=`)."""

    permission = "users.edit"
    model = User
    form_class = access.EndSessionsForm

    def get_initial(self) -> dict[str, Any]:
        return {"session": self.request.GET.get("session")}


class UserRemoveSecondFactor(ActionPage):
    """Take the second factor from somebody who lost it."""

    permission = "users.edit"
    model = User
    form_class = access.RemoveSecondFactorForm

    def get_instance(self) -> Any:
        return get_object_or_404(SecondFactor, user=self.get_object(), is_active=True)

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        user = self.object.user
        return [(_("Staff"), reverse("user_list")), (str(user), user.get_absolute_url()), (self.get_page_title(), "")]

    def get_cancel_url(self) -> str:
        return str(self.object.user.get_absolute_url())

    def get_success_url(self, form: Any) -> str:
        return self.get_cancel_url()


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
    template_name = "departments/clinic_settings.html"
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
