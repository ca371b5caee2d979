"""Logging in: password, second step, again over an open page, and out."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model, login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from departments.forms.access import UseSecondFactorForm
from departments.forms.login import LogInForm
from departments.remembered import days as remembered_days
from departments.remembered import is_remembered, remember
from departments.second_factor import factor_of, required_for
from departments.sessions import say_where
from healthcare.access import RoleView
from healthcare.events import record
from healthcare.roles import PUBLIC
from healthcare.workflow import submit

#: So long may pass between the password and the code.
CODE_SECONDS = 300


def begin(request: HttpRequest, user: Any) -> None:
    """Log in for good, all steps being done."""
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    say_where(request.session)
    # Said anew: whoever logs in again over an open page keeps the rest of the session.
    request.session["second_factor_due"] = required_for(user) and factor_of(user) is None


def code_is_right(user: Any, factor: Any, code: Any) -> Any:
    """The submitted form of the second step; a wrong code is audited like a wrong password."""
    form = submit(UseSecondFactorForm, actor=user, instance=factor, data={"code": code})
    if not form.is_valid():
        record("login_failed", entity_type="user", entity_id=user.pk, values={"step": "second factor"})
    return form


class LoginPage(RoleView, LoginView):
    """Log in with e-mail and password."""

    permission = PUBLIC
    redirect_authenticated_user = True
    authentication_form = LogInForm

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated and not get_user_model().objects.exists():
            return HttpResponseRedirect(reverse("setup"))
        return super().get(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        factor = factor_of(user)
        if factor is None or is_remembered(self.request, user, factor):
            begin(self.request, user)
            return HttpResponseRedirect(self.get_success_url())
        self.request.session["half_logged_in"] = {
            "user": str(user.pk),
            "hash": user.get_session_auth_hash(),
            "at": int(time.time()),
            "next": self.get_success_url(),
        }
        return HttpResponseRedirect(reverse("login_code"))


class CodePage(RoleView):
    """The second step: the code of the authenticator app, or a recovery code."""

    permission = PUBLIC

    def waiting(self) -> tuple[Any, Any, str] | None:
        """Who gave a right password a moment ago, their second factor, and where they wanted to go."""
        half = self.request.session.get("half_logged_in") or {}
        if time.time() - half.get("at", 0) > CODE_SECONDS:
            return None
        user = get_user_model().objects.filter(pk=half["user"], is_active=True).first()
        if user is None or not constant_time_compare(user.get_session_auth_hash(), half["hash"]):
            return None
        factor = factor_of(user)
        return (user, factor, half["next"]) if factor else None

    def get(self, request: HttpRequest) -> HttpResponse:
        found = self.waiting()
        if found is None:
            return HttpResponseRedirect(reverse("login"))
        return self.show(UseSecondFactorForm(actor=found[0], instance=found[1]))

    def post(self, request: HttpRequest) -> HttpResponse:
        found = self.waiting()
        if found is None:
            return HttpResponseRedirect(reverse("login"))
        user, factor, target = found
        form = code_is_right(user, factor, request.POST.get("code", ""))
        if not form.is_valid():
            return self.show(form)
        del request.session["half_logged_in"]
        begin(request, user)
        response = HttpResponseRedirect(target)
        if remembered_days() and request.POST.get("remember"):
            remember(response, user, factor)
        return response

    def show(self, form: Any) -> HttpResponse:
        """The page with this form."""
        context = {"form": form, "remembered_days": remembered_days()}
        return render(self.request, "registration/login_code.html", context)


class LoginAgain(RoleView):
    """The same person logs in over a page whose session ended; the page and what was typed stay (AUTH-3)."""

    permission = PUBLIC
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        email, password = request.POST.get("username", "")[:254], request.POST.get("password", "")[:128]
        user: Any = authenticate(request, username=email, password=password)
        if user is None:
            return JsonResponse({"error": str(LogInForm.wrong)}, status=400)
        factor = factor_of(user)
        if factor is not None and not is_remembered(request, user, factor):
            if not request.POST.get("code"):
                return JsonResponse({"code": True, "error": _("Your account also needs a code.")}, status=400)
            form = code_is_right(user, factor, request.POST["code"])
            if not form.is_valid():
                return JsonResponse({"code": True, "error": form.errors["code"][0]}, status=400)
        begin(request, user)
        return JsonResponse({"csrf": get_token(request)})


class Alive(RoleView):
    """Tells an open page that the session lives on, and by asking lets it; with the token for its forms."""

    permission = "signed_in"

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"csrf": get_token(request), "seconds": settings.SESSION_IDLE_SECONDS})


class LogoutPage(RoleView, LogoutView):
    """End the session (POST only)."""

    permission = PUBLIC


__all__ = ["Alive", "CodePage", "LoginAgain", "LoginPage", "LogoutPage"]
