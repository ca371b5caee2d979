"""What a person has to do before anything else: choose a password of their own, set up the second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from healthcare.rest.answers import failure

#: These open whatever is still to be done.
ALWAYS = frozenset({"login", "login_again", "login_code", "logout", "alive", "clinic_logo", "healthz", "readyz"})


#: A program that uses the browser's session is told so in its own words, where a page is led on.
PROGRAMS = ("/api/", "/fhir/")


class DutiesMiddleware:
    """Leads to the page of the duty until it is done (AUTH-5, AUTH-6)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        duty = duty_of(request)
        name = request.resolver_match.url_name if request.resolver_match else ""
        if not duty or name == duty or name in ALWAYS:
            return None
        if request.path.startswith(PROGRAMS):
            return failure(403, f"{duty}_required", _("Open the clinic's pages in the browser first."))
        return HttpResponseRedirect(reverse(duty))


def duty_of(request: HttpRequest) -> str:
    """The name of the page that has to be done first, or nothing."""
    user: Any = request.user
    if not user.is_authenticated:
        return ""
    if user.must_change_password:
        return "password_change"
    return "second_factor_on" if request.session.get("second_factor_due") else ""
