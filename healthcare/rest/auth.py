"""Who asks: a bearer token, or the browser's session with its CSRF token; and how often they may."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string
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


class SharedThrottle(SimpleRateThrottle):
    """Counts per stretch of time in the database, for all processes together.

    A process tells of its calls in portions, so that not each costs a write: what may slip through beyond the
    rate is less than a portion for each process.
    """

    #: key -> (stretch of time, calls that were not told yet, all that were told); shared by the process's threads.
    seen: ClassVar[dict[str, tuple[int, int, int]]] = {}
    lock = Lock()
    #: So many keys are kept before the old ones go.
    most_keys = 1000

    def allow_request(self, request: HttpRequest) -> bool:
        key, limit, seconds = str(self.get_cache_key(request)), self.num_requests or 0, self.duration or 1
        stretch, portion = int(time.time()) // seconds, limit // 60
        count = import_string(settings.CALLS_COUNTED_BY)
        if portion < 2:
            return bool(count("api", key, seconds) <= limit)
        with self.lock:
            then, untold, told = self.seen.get(key, (0, 0, 0))
            untold, told = (untold + 1, told) if then == stretch else (1, 0)
            if told and told + untold > limit:
                return False
            if not told or untold >= portion:
                told, untold = count("api", key, seconds, untold), 0
            if len(self.seen) > self.most_keys:
                self.seen.clear()
            self.seen[key] = (stretch, untold, told)
        return told + untold <= limit

    def wait(self) -> float:
        """Until the next stretch begins."""
        seconds = self.duration or 1
        return seconds - time.time() % seconds


class PersonThrottle(SharedThrottle):
    """So many requests of one person."""

    def __init__(self) -> None:
        super().__init__(settings.API_RATE)

    def get_cache_key(self, request: HttpRequest) -> str:
        return f"api-rate-{request.user.pk}"


class AddressThrottle(SharedThrottle):
    """So many attempts to log in from one address."""

    def __init__(self) -> None:
        super().__init__(settings.API_LOGIN_RATE)

    def get_cache_key(self, request: HttpRequest) -> str:
        return f"api-login-rate-{client_address(request)}"
