"""A browser in which the code need not be typed for some days; only where the clinic allows it (AUTH-5)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from departments.models import SecondFactor

SALT = "departments.remembered"


def days() -> int:
    """For how long; 0 where it is not offered."""
    return int(settings.SECOND_FACTOR_REMEMBER_DAYS)


def mark_of(user: Any, factor: SecondFactor) -> str:
    """Says this person with this password, role and app: a change of any of them forgets every browser."""
    return salted_hmac(
        SALT, f"{user.get_session_auth_hash()}:{factor.pk}:{factor.secret}", algorithm="sha256"
    ).hexdigest()


def remember(response: HttpResponse, user: Any, factor: SecondFactor) -> None:
    """Leave the mark in this browser. It is worth nothing without the password."""
    response.set_signed_cookie(
        settings.REMEMBERED_COOKIE_NAME,
        mark_of(user, factor),
        salt=SALT,
        max_age=days() * 86_400,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )


def is_remembered(request: HttpRequest, user: Any, factor: SecondFactor) -> bool:
    """Whether this browser carries the person's mark, and not for too long."""
    if not days():
        return False
    name, age = settings.REMEMBERED_COOKIE_NAME, days() * 86_400
    mark = request.get_signed_cookie(name, default="", salt=SALT, max_age=age)
    return constant_time_compare(mark or "", mark_of(user, factor))
