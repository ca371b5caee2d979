"""What administrators do with departments and staff, and everybody with their password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from departments.models import ClinicSettings, Department, User
from departments.passwords import is_present_password, new_password
from healthcare.clock import now
from healthcare.events import record
from healthcare.roles import Role
from healthcare.uses import uses_of
from healthcare.workflow import WorkflowForm, refuse

#: A password that was handed out works for so long, and only to be changed.
ONE_TIME = timedelta(hours=72)
#: What browsers and the papers both show.
LOGO_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MOST_LOGO_BYTES, MOST_LOGO_PIXELS = 2_000_000, 25_000_000


class DepartmentForm(WorkflowForm):
    """Create or change a department."""

    permission = "departments.edit"

    class Meta:
        model = Department
        fields = ["name", "description"]


class DeactivateForm(WorkflowForm):
    """Take a row out of use (FND-6); subclasses name the model and say what hinders it."""

    submit_label = _("Deactivate")
    action = "deactivate"
    question = _("Deactivate {object}?")
    consequence = _("It disappears from lists and choices. Nothing is deleted, and it can be reactivated.")
    danger = True
    #: Whether the page lists what still uses the row (healthcare.uses).
    tells_uses: ClassVar[bool] = True
    active_after = False

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.is_active is not cls.active_after

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.is_active is self.active_after:
            raise refuse(_("This was done already."), code="transition")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.is_active = self.active_after
        return super().save(commit)


class ReactivateForm(DeactivateForm):
    """Take a deactivated row into use again."""

    submit_label = _("Reactivate")
    action = "reactivate"
    question = _("Reactivate {object}?")
    consequence = _("It appears in lists and choices again.")
    danger = False
    tells_uses = False
    active_after = True


class DeactivateDepartmentForm(DeactivateForm):
    """Take a department out of use; not while active staff belong to it."""

    permission = "departments.edit"

    class Meta:
        model = Department
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        staff = self.instance.users.filter(is_active=True).count()
        if staff:
            words = ngettext(
                "%(count)s active member of staff belongs to this department. Move them first.",
                "%(count)s active members of staff belong to this department. Move them first.",
                staff,
            )
            raise refuse(words, count=staff)
        return cleaned


class ReactivateDepartmentForm(ReactivateForm):
    """Take a department into use again."""

    permission = "departments.edit"

    class Meta:
        model = Department
        fields: list[str] = []


class StaffForm(WorkflowForm):
    """Change a member of staff. The last active administrator stays one, and nobody demotes themself."""

    permission = "users.edit"
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("Person"), ("first_name", "last_name", "email", "phone")),
        (_("Work"), ("role", "department")),
    )

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "phone", "role", "department"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "department" in self.fields:
            self.fields["department"].queryset = Department.objects.active()

    def clean_email(self) -> str:
        """Lower case, and unique whatever the case."""
        email = str(self.cleaned_data["email"]).strip().lower()
        if User.objects.exclude(pk=self.instance.pk).filter(email=email).exists():
            raise refuse(_("There is already an account with this e-mail."), code="unique")
        return email

    def clean_role(self) -> str:
        role = str(self.cleaned_data["role"])
        if self.instance.role == Role.ADMINISTRATOR and role != Role.ADMINISTRATOR:
            keep_an_administrator(self.instance, self.actor)
        if self.instance.role == Role.DOCTOR and role != Role.DOCTOR:
            said = _("%(person)s is no doctor any more. To be handed over: %(what)s (%(count)s).")
            self.notices += [
                said % {"person": self.instance, "what": use["label"], "count": use["count"]}
                for use in uses_of(self.instance)
            ]
        return role


def keep_an_administrator(user: User, actor: Any) -> None:
    """Refuse to take the administrator role from oneself or from the last active one (ROLE-4)."""
    if user.pk == actor.pk:
        raise refuse(_("You cannot take the administrator role from yourself."), code="self")
    others = User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=user.pk)
    if not list(others[:1]):
        raise refuse(_("This is the last active administrator."), code="last_administrator")


class CreateStaffForm(StaffForm):
    """Make an account. Its password is made here, shown once, and changed at the first log-in (AUTH-6)."""

    password = forms.CharField(
        label=_("One-time password"),
        required=False,
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Leave it empty: a password is made and shown once. It has to be changed at the first log-in."),
    )
    fieldsets = (*StaffForm.fieldsets, (_("Log-in"), ("password",)))
    #: The password that was made, to be shown once.
    one_time_password = ""

    class Meta(StaffForm.Meta):
        pass

    def _post_clean(self) -> None:
        super()._post_clean()
        # After the instance is filled, so that the password can be compared with the person's name.
        password = self.cleaned_data.get("password")
        if password:
            try:
                validate_password(password, self.instance)
            except forms.ValidationError as error:
                self.add_error("password", error)

    def save(self, commit: bool = True) -> Any:
        password = self.cleaned_data.get("password")
        if not password:
            password = self.one_time_password = new_password()
        self.instance.set_password(password)
        self.instance.one_time_until = self.valid_until()
        return super().save(commit)

    def valid_until(self) -> datetime | None:
        """Until when the password works; None for one's own."""
        return now() + ONE_TIME


class DeactivateStaffForm(DeactivateForm):
    """Close an account; its sessions end at once."""

    permission = "users.edit"
    consequence = _(
        "The account can no longer log in, and its sessions end at once. What is listed here stays: hand it over."
    )

    class Meta:
        model = User
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.pk == self.actor.pk:
            raise refuse(_("You cannot deactivate yourself."), code="self")
        if self.instance.role == Role.ADMINISTRATOR:
            keep_an_administrator(self.instance, self.actor)
        return cleaned


class ReactivateStaffForm(ReactivateForm):
    """Open a closed account again."""

    permission = "users.edit"

    class Meta:
        model = User
        fields: list[str] = []


class ResetPasswordForm(CreateStaffForm):
    """Give a member of staff a new one-time password; their sessions end at once."""

    action = "password_change"
    submit_label = _("Reset password")
    fieldsets = ()

    class Meta:
        model = User
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk == self.actor.pk:
            raise refuse(_("Change your own password on the page of your account."), code="self")
        return cleaned


class ChangeOwnPasswordForm(CreateStaffForm):
    """Change one's own password, knowing the present one."""

    permission = "signed_in"
    action = "password_change"
    submit_label = _("Change password")
    fieldsets = ()
    old_password = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    field_order = ["old_password", "password"]

    class Meta:
        model = User
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["password"]
        field.required, field.label = True, _("New password")
        field.widget.is_required = True
        field.widget.attrs["data-strength"] = ""
        field.help_text = password_validators_help_text_html()

    def clean_old_password(self) -> str:
        old = str(self.cleaned_data["old_password"])
        if not is_present_password(self.actor, old):
            raise refuse(_("This is not your present password."), code="password_incorrect")
        return old

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("password") and cleaned.get("password") == cleaned.get("old_password"):
            self.add_error("password", refuse(_("Choose another password than the present one."), code="same"))
        return cleaned

    def valid_until(self) -> datetime | None:
        return None


class LogoMixin:
    """The logo is a bitmap of a sensible size: every printed page carries it."""

    cleaned_data: dict[str, Any]

    def clean_logo(self) -> Any:
        logo: Any = self.cleaned_data.get("logo")
        image = getattr(logo, "image", None)  # set by Django on what was uploaded just now
        if image is not None and image.format not in LOGO_FORMATS:
            raise refuse(_("Choose a PNG, JPEG, GIF or WebP image."), code="format")
        if image is not None and (logo.size > MOST_LOGO_BYTES or image.width * image.height > MOST_LOGO_PIXELS):
            raise refuse(_("The logo is too large: at most 2 MB and 25 megapixels."), code="too_large")
        return logo


class ClinicSettingsForm(LogoMixin, WorkflowForm):
    """The clinic's letterhead, clock, currency and tax rate."""

    permission = "settings.edit"
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("Clinic"), ("name", "address", "phone", "email", "logo")),
        (_("Clock and money"), ("time_zone", "currency", "tax_rate")),
        (_("Documents"), ("paper",)),
        (_("Access"), ("second_factor_roles",)),
    )

    second_factor_roles = forms.MultipleChoiceField(
        label=_("Second factor required for"),
        required=False,
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("People of these roles set up an authenticator app when they next log in."),
    )

    class Meta:
        model = ClinicSettings
        fields = ["name", "address", "phone", "email", "logo", "time_zone", "currency", "tax_rate"]
        fields += ["paper", "second_factor_roles"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        moved = "time_zone" in self.changed_from(self.instance)  # the row as it is: nothing is put into it yet
        if moved and User.objects.filter(appointments__isnull=False).exists():
            self.warn(
                "time_zone",
                "moderate",
                _(
                    "There are visits already. They keep their time of day, now by another clock; what was recorded "
                    "is shown by it too, so that what happened around midnight may come to stand on another day."
                ),
            )
        return cleaned

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit)
        if self.warnings:
            values = {"reason": self.cleaned_data["override_reason"].strip(), "warnings": self.warnings_for_record()}
            record("override", saved, values=values)
        return saved
