"""Second factor, sessions, locks: what people do with their own access, and administrators with others'."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from departments import lockout, second_factor
from departments.models import ClinicSettings, SecondFactor, User
from departments.passwords import is_present_password
from departments.sessions import end_sessions, live_sessions, live_tokens
from healthcare.events import record
from healthcare.workflow import WorkflowForm, refuse


class CodeField(forms.CharField):
    """A code of an authenticator app, or a recovery code."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"autocomplete": "one-time-code", "inputmode": "text", "autocapitalize": "none", "autofocus": True}
        super().__init__(max_length=20, widget=forms.TextInput(attributes), **kwargs)


class PresentPasswordForm(WorkflowForm):
    """Something about one's own access that needs one's password again."""

    permission = "signed_in"
    password = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not is_present_password(self.actor, password):
            raise refuse(_("This is not your present password."), code="password_incorrect")
        return password


class SwitchOnSecondFactorForm(WorkflowForm):
    """Take an authenticator app into use, by a code that it shows for the secret on the page."""

    permission = "signed_in"
    action = "second_factor_on"
    submit_label = _("Switch on")
    code = CodeField(label=_("Code that the app shows"))

    class Meta:
        model = SecondFactor
        fields: list[str] = []

    def __init__(self, *args: Any, secret: str = "", **kwargs: Any) -> None:
        self.secret = secret
        self.codes: list[str] = []
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "placeholder": "123456"}

    def clean_code(self) -> str:
        code = "".join(str(self.cleaned_data["code"]).split())
        self.step = second_factor.step_of(self.secret, code)
        if self.step is None:
            raise refuse(_("This is not the code that the app shows now. Is the phone's clock right?"), code="code")
        return code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if second_factor.factor_of(self.actor):
            raise refuse(_("The second factor is on already."), code="transition")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.codes = second_factor.new_recovery_codes()
        self.instance.user, self.instance.is_active = self.actor, True
        self.instance.secret, self.instance.last_step = self.secret, self.step
        self.instance.recovery_codes = second_factor.hashed(self.codes)
        return super().save(commit)


class UseSecondFactorForm(WorkflowForm):
    """The second step of a log-in."""

    permission = "signed_in"
    submit_label = _("Log in")
    code = CodeField(
        label=_("Code"), help_text=_("The six digits that your authenticator app shows, or a recovery code.")
    )

    class Meta:
        model = SecondFactor
        fields: list[str] = []

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        # Counted before it is looked at, as passwords are.
        if not lockout.take("code", str(self.actor.pk)) or not second_factor.use(self.instance, code):
            raise refuse(_("This code is wrong or was used already, or there were too many tries."), code="code")
        lockout.forgive("code", str(self.actor.pk), all_of_them=True)
        return code


class SwitchOffSecondFactorForm(PresentPasswordForm):
    """Go back to the password alone, where the role allows it."""

    action = "second_factor_off"
    submit_label = _("Switch off")
    danger = True
    question = _("Switch off the second factor?")
    consequence = _("From then on your password alone opens your account. The recovery codes become worthless.")

    class Meta:
        model = SecondFactor
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and not second_factor.required_for(actor)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.user_id != self.actor.pk or second_factor.required_for(self.actor):
            raise refuse(_("The clinic requires a second factor for your role."), code="required")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.is_active = False
        self.instance.secret, self.instance.recovery_codes = "", []
        return super().save(commit)


class RemoveSecondFactorForm(WorkflowForm):
    """Take the second factor from somebody who lost both phone and recovery codes."""

    permission = "users.edit"
    action = "second_factor_off"
    submit_label = _("Remove second factor")
    danger = True
    question = _("Remove the second factor of {object}?")
    consequence = _(
        "From then on the password alone opens the account. Make sure that it is really this person who asks. "
        "Where the role requires a second factor, a new one is set up at the next log-in."
    )

    class Meta:
        model = SecondFactor
        fields: list[str] = []

    def save(self, commit: bool = True) -> Any:
        self.instance.is_active = False
        self.instance.secret, self.instance.recovery_codes = "", []
        end_sessions(self.instance.user)
        return super().save(commit)


class UnlockForm(WorkflowForm):
    """Open the log-in of somebody who mistyped too often."""

    permission = "users.edit"
    action = "unlock"
    submit_label = _("Unlock log-in")
    question = _("Unlock the log-in of {object}?")
    consequence = _(
        "The failed tries are forgotten, those from the address that you work from as well, and the person can log in "
        "again at once."
    )

    class Meta:
        model = User
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and lockout.person_locked_until(instance) is not None

    def save(self, commit: bool = True) -> Any:
        for kind, name, _limit in lockout.locks_of(self.instance):
            lockout.forgive(kind, name, all_of_them=True)
        record(self.action, self.instance)
        return self.instance


class EndSessionsForm(WorkflowForm):
    """End one session of a person, or all of them."""

    permission = "users.edit"
    action = "end_session"
    submit_label = _("End sessions")
    danger = True
    question = _("End the sessions of {object}?")
    consequence = _("Whoever uses them has to log in again. What was not saved may be lost.")
    session = forms.UUIDField(required=False, widget=forms.HiddenInput)
    #: The key of the session that stays.
    kept: str | None = None

    class Meta:
        model = User
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        used = live_sessions(instance).exists() or live_tokens(instance).exists()
        return super().available(instance, actor) and used

    def save(self, commit: bool = True) -> Any:
        ended = end_sessions(self.instance, public_id=self.cleaned_data.get("session"), but=self.kept)
        record(self.action, self.instance, values={"sessions": ended})
        return self.instance


class RequireSecondFactorForm(WorkflowForm):
    """Ask a second factor of everybody who has this person's role."""

    permission = "settings.edit"
    submit_label = _("Require a second factor for the role")

    class Meta:
        model = User
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and not second_factor.required_for(instance)

    def save(self, commit: bool = True) -> Any:
        clinic = ClinicSettings.current()
        if self.instance.role not in clinic.second_factor_roles:
            clinic.second_factor_roles = [*clinic.second_factor_roles, self.instance.role]
            clinic.save()
        return self.instance


class EndOwnSessionsForm(EndSessionsForm):
    """End one's own sessions elsewhere."""

    permission = "signed_in"
    submit_label = _("End my other sessions")
    question = _("End your other sessions?")
    consequence = _("Every browser but this one has to log in again.")

    class Meta:
        model = User
        fields: list[str] = []

    def __init__(self, *args: Any, kept: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = kept

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk != self.actor.pk:
            raise refuse(_("These are not your sessions."), code="other")
        return cleaned
