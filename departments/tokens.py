"""What the API keeps: log-ins by token, and the keys by which a repeated POST is known (API-3, API-5)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import models, transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from healthcare.clock import now
from healthcare.events import record
from healthcare.models import BaseModel, new_id

ACCESS_SECONDS = 15 * 60
#: A log-in that nobody refreshed for so long is over.
REFRESH_LIFE = timedelta(days=14)
#: A repeated POST is known for so long.
KEY_LIFE = timedelta(days=2)
ACCESS, REFRESH = "clinic.api.access", "clinic.api.refresh"


def digest_of(token: str) -> str:
    """As a token is kept."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class ApiSessionQuerySet(models.QuerySet[Any]):
    """Log-ins by token."""

    def begin(self, user: Any) -> ApiSession:
        """A new log-in of this person."""
        return self.create(user=user, auth_hash=user.get_session_auth_hash(), digest="", expires_at=now())

    def user_of(self, token: str) -> Any:
        """Whose access token this is, if it holds: not too old, not revoked, the person unchanged."""
        try:
            key = UUID(signing.loads(token, salt=ACCESS, max_age=ACCESS_SECONDS))
        except (signing.BadSignature, ValueError, TypeError, AttributeError):
            return None
        session = self.filter(pk=key, revoked_at__isnull=True).select_related("user").first()
        return session.user if session is not None and session.person_unchanged() else None

    def rotate(self, token: str) -> tuple[Any, str] | None:
        """The log-in and its next refresh token; None if this one does not hold.

        One that was used before was stolen, or its successor was: the whole log-in ends.
        """
        session = self._of_refresh(token)
        if session is None:
            return None
        with transaction.atomic():
            session = self.select_for_update(of=("self",)).select_related("user").get(pk=session.pk)
            if session.revoked_at or session.expires_at < now() or not session.person_unchanged():
                return None
            if not constant_time_compare(session.digest, digest_of(token)):
                session.end()
                record("denied", entity_type="api_session", user=session.user, values={"why": "refresh token reused"})
                return None
            return session, session.new_refresh()

    def revoke(self, token: str) -> bool:
        """End the log-in of this refresh token; whether there was one."""
        session = self._of_refresh(token)
        if session is None or session.revoked_at:
            return False
        session.end()
        record("logout", entity_type="user", entity_id=session.user_id, user=session.user, values={"by": "api"})
        return True

    def _of_refresh(self, token: str) -> Any:
        try:
            key, _secret = signing.loads(token, salt=REFRESH)
            return self.filter(pk=UUID(key)).select_related("user").first()
        except (signing.BadSignature, ValueError, TypeError, AttributeError):
            return None

    def tidy(self) -> None:
        """Forget those that ended long ago."""
        old = self.filter(expires_at__lt=now() - REFRESH_LIFE)
        old._raw_delete(old.db)


class ApiSession(BaseModel):
    """One log-in by token. Only the newest refresh token opens it, and only its digest is kept."""

    AUDITED = False

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="api_sessions"
    )
    digest = models.CharField(max_length=64)
    #: The person's state at log-in: another password or role, or a closed account, ends it (AUTH-4).
    auth_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = models.Manager.from_queryset(ApiSessionQuerySet)()  # type: ignore[assignment]

    class Meta:
        db_table = "api_sessions"
        verbose_name = _("API log-in")
        verbose_name_plural = _("API log-ins")

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d %H:%M}"

    def person_unchanged(self) -> bool:
        """Whether password, role and activity are those of the log-in."""
        return self.user.is_active and constant_time_compare(self.auth_hash, self.user.get_session_auth_hash())

    def new_refresh(self) -> str:
        """The next refresh token; the one before it opens nothing any more."""
        token = signing.dumps([str(self.pk), secrets.token_urlsafe(24)], salt=REFRESH)
        self.digest, self.expires_at = digest_of(token), now() + REFRESH_LIFE
        self.save(update_fields=["digest", "expires_at"])
        return token

    def new_access(self) -> str:
        """An access token."""
        return signing.dumps(str(self.pk), salt=ACCESS)

    def end(self) -> None:
        """No token of this log-in holds any more."""
        self.revoked_at = now()
        self.save(update_fields=["revoked_at"])


class IdempotencyKeyQuerySet(models.QuerySet[Any]):
    """Keys of POSTs that may be repeated."""

    def claim(self, user: Any, key: str, digest: str) -> UUID | None:
        """The id of the row that this key makes; None if the key stands for another request."""
        self.bulk_create([self.model(user=user, key=key, digest=digest)], ignore_conflicts=True)
        found = self.get(user=user, key=key)
        return found.row_id if found.digest == digest else None

    def tidy(self) -> None:
        """Forget the old ones."""
        old = self.filter(created_at__lt=now() - KEY_LIFE)
        old._raw_delete(old.db)


class IdempotencyKey(BaseModel):
    """One repeated POST: its key leads to the id of the row that it makes."""

    AUDITED = False

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    row_id = models.UUIDField(default=new_id)

    objects = models.Manager.from_queryset(IdempotencyKeyQuerySet)()  # type: ignore[assignment]

    class Meta:
        db_table = "idempotency_keys"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_keys_one_per_person")]

    def __str__(self) -> str:
        return self.key


def tidy() -> None:
    """Forget log-ins and keys that no longer count; run by the worker."""
    ApiSession.objects.tidy()
    IdempotencyKey.objects.tidy()
