"""The first start: the clinic, its departments and its first administrator, in one step (PAGE-10)."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.utils.translation import gettext_lazy as _

from departments.forms import LogoMixin
from departments.models import ClinicSettings, Counter, Department, User
from healthcare.roles import Role
from healthcare.workflow import WorkflowForm, refuse


class SetUpForm(LogoMixin, WorkflowForm):
    """Make the clinic out of nothing. It works only while there is no account."""

    permission = "settings.edit"
    by_command = True
    action = "create"
    submit_label = _("Set up the clinic")
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("The clinic"), ("name", "address", "phone", "email", "logo", "departments")),
        (_("Clock and money"), ("time_zone", "currency", "tax_rate", "paper")),
        (_("You, the first administrator"), ("first_name", "last_name", "admin_email", "password")),
    )

    departments = forms.CharField(
        label=_("Departments"),
        required=False,
        max_length=2000,
        initial=_("General medicine"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line. More can be added at any time."),
    )
    first_name = forms.CharField(label=_("First name"), max_length=100)
    last_name = forms.CharField(label=_("Last name"), max_length=100)
    admin_email = forms.EmailField(label=_("Your e-mail"), max_length=254, help_text=_("You log in with it."))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "data-strength": ""}),
    )

    class Meta:
        model = ClinicSettings
        fields = ["name", "address", "phone", "email", "logo", "time_zone", "currency", "tax_rate", "paper"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["name"] = ""
        self.fields["email"].label = _("The clinic's e-mail")
        self.fields["password"].help_text = password_validators_help_text_html()

    def clean_departments(self) -> list[str]:
        """The names, each once."""
        lines = [" ".join(line.split()) for line in str(self.cleaned_data["departments"]).splitlines()]
        names = list({line.casefold(): line for line in lines if line}.values())
        if any(len(name) > 100 for name in names):
            raise refuse(_("A department's name has at most 100 characters."), code="max_length")
        return names

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # The counter's row is what two people who set up at once queue for.
        Counter.next("set_up")
        if User.objects.exists():
            raise refuse(_("The clinic is set up already: log in."), code="transition")
        self.administrator = User(
            email=cleaned.get("admin_email", ""),
            first_name=cleaned.get("first_name", ""),
            last_name=cleaned.get("last_name", ""),
            role=Role.ADMINISTRATOR,
        )
        if cleaned.get("password"):
            try:
                validate_password(cleaned["password"], self.administrator)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def save(self, commit: bool = True) -> Any:
        super().save(commit)
        for name in self.cleaned_data["departments"]:
            Department(name=name).save()
        self.administrator.set_password(self.cleaned_data["password"])
        self.administrator.save()
        return self.instance
