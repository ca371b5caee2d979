"""Middleware: who is acting, idle time-out, no caching of patient data, refusals told to the audit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from healthcare import metrics
from healthcare.clock import zone
from healthcare.context import act
from healthcare.events import record
from healthcare.models import new_id

logger = logging.getLogger("healthcare.requests")

#: Paths whose answers hold no patient data and may be cached.
CACHEABLE = ("/static/",)
#: The idle clock is written at most this often, so that reading costs no write each time.
SEEN_EVERY_SECONDS = 60


class ActingMiddleware:
    """Tells the audit trail who acts, from where; says refusals and errors; forbids caching."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id, started = new_id().hex, time.perf_counter()
        request.request_id = request_id  # type: ignore[attr-defined]
        # Django's own filters, lookups and inputs go by the current zone. Only the process is asked how it does.
        with (
            timezone.override(None if request.path == "/healthz" else zone()),
            act(
                user=SimpleLazyObject(lambda: request.user if request.user.is_authenticated else None),
                ip_address=client_address(request),
                user_agent=printable(request.headers.get("User-Agent", ""))[:400],
                request_id=request_id,
            ),
        ):
            response = self.get_response(request)
            # By the answer, not by the exception: a missing CSRF token and a refusal in an inner middleware
            # raise nothing that reaches this one.
            if response.status_code == 403:
                tell("denied", request)
            elif response.status_code == 500:
                tell("error", request, kind=getattr(request, "failure", "?"))
            seconds = time.perf_counter() - started
            metrics.count(request.method or "", route_of(request), response.status_code, seconds)
            if logger.isEnabledFor(logging.INFO):
                line = (request.method, route_of(request), response.status_code, seconds * 1000)
                logger.info("%s %s %s %.0f ms", *line)
        response.headers.setdefault("X-Request-ID", request_id)
        if not request.path.startswith(CACHEABLE):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Remember what kind of error it was; its message may hold a patient's data."""
        request.failure = type(exception).__name__  # type: ignore[attr-defined]


def tell(action: str, request: HttpRequest, **values: Any) -> None:
    """Audit a refusal or an error; the answer is given even if the database cannot take the row."""
    match: Any = getattr(request, "resolver_match", None)
    key = (match.kwargs.get("pk") or match.kwargs.get("id")) if match else None
    try:
        record(
            action,
            entity_type="page",
            entity_id=key if isinstance(key, UUID) else None,
            values={"route": route_of(request), "method": request.method, **values},
        )
    except DatabaseError as error:
        logger.error("Could not audit %s of %s: %s", action, route_of(request), type(error).__name__)


class IdleTimeoutMiddleware:
    """Ends a session after SESSION_IDLE_SECONDS without a request (AUTH-3)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.get("_auth_user_id"):
            now = int(time.time())
            seen = request.session.get("seen", now)
            if now - seen > settings.SESSION_IDLE_SECONDS or now - began(request, now) > settings.SESSION_MAX_SECONDS:
                logout(request)  # tells the audit trail, and ends the session
            elif "X-Passive" in request.headers:
                pass  # a page that refreshes itself: nobody has done anything
            elif now - seen >= SEEN_EVERY_SECONDS or "seen" not in request.session:
                request.session["seen"] = now
        return self.get_response(request)


def began(request: HttpRequest, now: int) -> int:
    """When the person logged in."""
    text = request.session.get("began_at")
    return int(datetime.fromisoformat(text).timestamp()) if text else now


def client_address(request: HttpRequest) -> str | None:
    """The caller's address; behind settings.TRUSTED_PROXIES proxies, the one that they report."""
    proxies: int = settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    text = forwarded[-proxies] if proxies and len(forwarded) >= proxies else request.META.get("REMOTE_ADDR", "")
    return valid_address(text)


def valid_address(text: str) -> str | None:
    """The address without port, brackets and zone; None for anything else, which no column would take."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def printable(text: str) -> str:
    """The text without control characters, which PostgreSQL refuses."""
    return "".join(char for char in text if char.isprintable())


def route_of(request: HttpRequest) -> str:
    """The route's pattern (`/patients/<uuid:pk>/`), which holds no data, instead of the path."""
    match: Any = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else "?"
