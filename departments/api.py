"""The API's log-in, and its resources about departments and staff."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Body, Schema

from departments import views
from departments.models import ApiSession
from departments.second_factor import factor_of, required_for
from departments.tokens import ACCESS_SECONDS
from departments.views.login import code_is_right
from healthcare.events import record
from healthcare.rest import Nested, Resource
from healthcare.rest.answers import ApiError, answer
from healthcare.rest.operations import Operation
from healthcare.rest.schemas import success
from healthcare.roles import PUBLIC


class Credentials(Schema):
    """Who logs in; `otp` is the code of the authenticator app, or a recovery code."""

    email: str
    password: str
    otp: str | None = ""


class Refresh(Schema):
    """A refresh token."""

    refresh: str


class Tokens(Schema):
    """A pair of tokens."""

    access: str
    refresh: str
    token_type: str
    expires_in: int


class Revoked(Schema):
    """Whether there was a log-in to end."""

    revoked: bool


def tokens(session: ApiSession, refresh: str) -> HttpResponse:
    """A pair of tokens, in the envelope."""
    return answer(
        {
            "access": session.new_access(),
            "refresh": refresh,
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
        }
    )


def log_in(request: HttpRequest, body: Credentials = Body(...)) -> HttpResponse:
    """E-mail and password, and the second factor where it is on: the same lock and words as the page."""
    user: Any = authenticate(request, username=body.email[:254], password=body.password[:128])
    if user is None:
        raise ApiError(
            401, "invalid_credentials", _("E-mail and password do not fit, or log-in is locked for a while.")
        )
    factor = factor_of(user)
    if factor is not None and not (body.otp and code_is_right(user, factor, body.otp[:20]).is_valid()):
        raise ApiError(
            401, "otp_required" if not body.otp else "otp_invalid", _("Send the second factor's code as otp.")
        )
    if user.must_change_password:
        raise ApiError(403, "password_change_required", _("Choose a password of your own on the log-in page first."))
    if factor is None and required_for(user):
        raise ApiError(403, "second_factor_required", _("Set up the second factor on the log-in page first."))
    session = ApiSession.objects.begin(user)
    refresh = session.new_refresh()
    record("login", entity_type="user", entity_id=user.pk, user=user, values={"by": "api"})
    return tokens(session, refresh)


def log_on(request: HttpRequest, body: Refresh = Body(...)) -> HttpResponse:
    """A new pair; the refresh token that was sent holds no longer."""
    found = ApiSession.objects.rotate(body.refresh)
    if found is None:
        raise ApiError(401, "invalid_token", _("This refresh token does not hold. Log in again."))
    return tokens(*found)


def log_out(request: HttpRequest, body: Refresh = Body(...)) -> HttpResponse:
    """Ends the log-in: neither its refresh nor its access tokens hold any longer."""
    return answer({"revoked": ApiSession.objects.revoke(body.refresh)})


DEPARTMENTS = Resource(
    "departments",
    list_page=views.DepartmentList,
    detail_page=views.DepartmentDetail,
    create=views.DepartmentCreate,
    edit=views.DepartmentEdit,
    delete=views.DepartmentDeactivate,
    actions={"reactivate": views.DepartmentReactivate},
)
USERS = Resource(
    "users",
    list_page=views.UserList,
    detail_page=views.UserDetail,
    create=views.UserCreate,
    edit=views.UserEdit,
    delete=views.UserDeactivate,
    actions={"reactivate": views.UserReactivate},
    exclude=("one_time_until",),
    once=("one_time_password",),
    details={"department": Nested("department", DEPARTMENTS)},
    details_related=("department",),
)
RESOURCES = (DEPARTMENTS, USERS)
OPERATIONS = tuple(
    Operation("POST", f"/auth/{name}", PUBLIC, handler, summary, success(f"{kind.__name__}Answer", kind), tag="auth")
    for name, handler, summary, kind in (
        ("token", log_in, "Log in", Tokens),
        ("refresh", log_on, "A new pair of tokens", Tokens),
        ("revoke", log_out, "Log out", Revoked),
    )
)
