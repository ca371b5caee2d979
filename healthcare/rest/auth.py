"""Who asks: a bearer token, or the browser's session with its CSRF token; and how often they may."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security.base import AuthBase
from ninja.throttling import SimpleRateThrottle
from ninja.utils import check_csrf

from healthcare.middleware import client_address


class BearerOrSession(AuthBase):
    """An access token in the Authorization header; without that header, the session cookie."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_name = "bearer"

    def __call__(self, request: HttpRequest) -> Any:
        header = request.headers.get("Authorization")
        if header is None:
            return self.by_session(request)
        scheme, _space, token = header.partition(" ")
        user = (
            apps.get_model("departments", "ApiSession").objects.user_of(token.strip())
            if scheme.lower() == "bearer"
            else None
        )
        if user is not None:
            request.user = user
        return user

    def by_session(self, request: HttpRequest) -> Any:
        """The person of the session; what changes something needs the CSRF token."""
        if not request.user.is_authenticated:
            return None
        if request.method not in ("GET", "HEAD", "OPTIONS") and check_csrf(request):
            raise HttpError(403, "CSRF check failed")
        return request.user


class PersonThrottle(SimpleRateThrottle):
    """So many requests of one person."""

    def __init__(self) -> None:
        super().__init__(settings.API_RATE)

    def get_cache_key(self, request: HttpRequest) -> str:
        return f"api-rate-{request.user.pk}"


class AddressThrottle(SimpleRateThrottle):
    """So many attempts to log in from one address."""

    def __init__(self) -> None:
        super().__init__(settings.API_LOGIN_RATE)

    def get_cache_key(self, request: HttpRequest) -> str:
        return f"api-login-rate-{client_address(request)}"
