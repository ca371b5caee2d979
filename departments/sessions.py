"""The session engine: Django's database sessions in our own table, which says whose they are."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import OperationalError

from healthcare.clock import now
from healthcare.compiled import Compiled
from healthcare.context import acting
from healthcare.models import new_id

#: The person of the session that was read last, for `ClinicBackend.get_user` to take: a query less on every page.
just_read: ContextVar[Any] = ContextVar("just_read", default=None)


@Compiled
def open_session(key: Any, moment: Any) -> Any:
    """The session of this key, unless it has ended."""
    return SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=moment)


class SessionStore(DatabaseStore):
    """Sessions with their person and place."""

    @classmethod
    def get_model_class(cls) -> Any:
        from departments.models import Session

        return Session

    def _get_session_from_db(self) -> Any:
        row = open_session.first(self.session_key, now())
        if row is None:
            self._session_key = None
        just_read.set(row.user if row else None)
        return row

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as error:
            # Django takes a database that does not answer for a session that has ended meanwhile.
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from error.__context__.__cause__
            raise

    def create_model_instance(self, data: Any) -> Any:
        data.setdefault("public_id", new_id().hex)
        row = super().create_model_instance(data)
        row.user_id = data.get("_auth_user_id")
        row.public_id = data["public_id"]
        row.ip_address, row.user_agent = data.get("ip_address"), data.get("user_agent", "")
        row.began_at = data.get("began_at")
        row.seen_at = now()
        return row


def say_where(session: Any) -> None:
    """Note in a session that just began when it did, and from where, for the person's list of sessions."""
    context = acting()
    session["public_id"] = new_id().hex
    session["ip_address"], session["user_agent"] = context.ip_address, context.user_agent
    session["began_at"] = now().isoformat()


def live_sessions(user: Any) -> Any:
    """The person's sessions that have not ended, newest first."""
    since = now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    return user.sessions.filter(seen_at__gte=since, expire_date__gt=now()).order_by("-seen_at")


def end_sessions(user: Any, *, public_id: Any = None, but: str | None = None) -> int:
    """End one session of the person, or all of them and their log-ins by token (`but` the one with this key).

    Gives how many there were.
    """
    rows, tokens = user.sessions.all(), 0
    if public_id is not None:
        rows = rows.filter(public_id=public_id)
    else:
        tokens = end_tokens(user)
    if but is not None:
        rows = rows.exclude(session_key=but)
    return int(rows.delete()[0]) + tokens


def end_tokens(user: Any) -> int:
    """End the person's log-ins by token for good; how many there were."""
    return int(live_tokens(user).update(revoked_at=now()))


def live_tokens(user: Any) -> Any:
    """The person's log-ins by token that have not ended."""
    return user.api_sessions.filter(revoked_at__isnull=True, expires_at__gt=now())
