"""One's own account: password, second factor, sessions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments import second_factor
from departments.forms import ChangeOwnPasswordForm
from departments.forms.access import EndOwnSessionsForm, SwitchOffSecondFactorForm, SwitchOnSecondFactorForm
from departments.models import SecondFactor, User
from departments.sessions import live_sessions
from healthcare.crypto import seal, unseal
from healthcare.generic import ActionPage, EditPage, FormPage
from healthcare.generic.base import Page


class AccountPage(Page):
    """How one gets in, and where one is logged in."""

    permission = "signed_in"
    template_name = "departments/account.html"
    page_title = gettext_lazy("My account")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        return self.render_to_response(
            self.get_context_data(
                person=user,
                factor=second_factor.factor_of(user),
                factor_required=second_factor.required_for(user),
                sessions=live_sessions(user),
                this_session=request.session.get("public_id"),
            )
        )


class AccountForm:
    """What the forms of the account share."""

    request: HttpRequest

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(_("My account"), reverse("account")), (self.get_page_title(), "")]  # type: ignore[attr-defined]

    def get_cancel_url(self) -> str:
        return reverse("account")

    def get_success_url(self, form: Any) -> str:
        return reverse("account")


class ChangePasswordPage(AccountForm, EditPage):
    """Change one's own password."""

    permission = "signed_in"
    model = User
    form_class = ChangeOwnPasswordForm
    template_name = "departments/password_form.html"
    page_title = gettext_lazy("Change password")
    success_message = gettext_lazy("Your password is changed; your other sessions have ended.")

    def get_instance(self) -> Any:
        return User.objects.get(pk=self.request.user.pk)

    def get_success_url(self, form: Any) -> str:
        update_session_auth_hash(self.request, form.instance)
        return reverse("dashboard")


class SecondFactorPage(AccountForm, FormPage):
    """Set up an authenticator app: scan, type the code, keep the recovery codes."""

    permission = "signed_in"
    model = SecondFactor
    form_class = SwitchOnSecondFactorForm
    template_name = "departments/second_factor_form.html"
    page_title = gettext_lazy("Set up the second factor")
    done: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and second_factor.factor_of(request.user):
            if request.session.get("second_factor_due"):
                logout(request)  # set up in another browser meanwhile: the password alone opened this one
            return redirect("account")
        return super().dispatch(request, *args, **kwargs)

    def get_instance(self) -> Any:
        return SecondFactor.objects.filter(user_id=self.request.user.pk).first()

    def secret(self) -> str:
        """The secret that the page shows; it is this browser's until a code proves that the app has it."""
        session = self.request.session
        if not unseal(session.get("second_factor_secret", "")):
            session["second_factor_secret"] = seal(second_factor.new_secret())
        return unseal(session["second_factor_secret"])

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"secret": self.secret()}

    def get_success_url(self, form: Any) -> str:
        self.done = form
        self.request.session.pop("second_factor_secret", None)
        self.request.session.pop("second_factor_due", None)
        return reverse("account")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        if self.done is None or not self.done.codes:
            return response
        context = {"page_title": _("Recovery codes"), "codes": self.done.codes}
        return TemplateResponse(request, "departments/recovery_codes.html", context)  # type: ignore[return-value]

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        secret = self.secret()
        address = second_factor.address_of(secret, self.request.user)
        return super().get_context_data(
            form=form,
            qr=second_factor.qr_of(address),
            secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
            due=self.request.session.get("second_factor_due"),
            **kwargs,
        )


class SecondFactorOffPage(AccountForm, ActionPage):
    """Go back to the password alone."""

    permission = "signed_in"
    model = SecondFactor
    form_class = SwitchOffSecondFactorForm
    page_title = gettext_lazy("Switch off the second factor")

    def get_instance(self) -> Any:
        return get_object_or_404(SecondFactor, user_id=self.request.user.pk, is_active=True)


class EndSessionsPage(AccountForm, ActionPage):
    """Log out elsewhere: everywhere, or in one place (`?session=`)."""

    permission = "signed_in"
    model = User
    form_class = EndOwnSessionsForm

    def get_instance(self) -> Any:
        return User.objects.get(pk=self.request.user.pk)

    def get_initial(self) -> dict[str, Any]:
        return {"session": self.request.GET.get("session")}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"kept": self.request.session.session_key}
