"""Who somebody is, by e-mail and password: the same words and the same time for every failure (AUTH-2)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend

from departments import lockout
from departments.sessions import just_read
from healthcare.clock import now
from healthcare.context import acting
from healthcare.events import record


class ClinicBackend(ModelBackend):
    """Django's own check, behind the lock; a one-time password also ends by itself."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        email, address = username or kwargs.get("email") or "", acting().ip_address or ""
        if not email or password is None:
            return None
        tries = [("account", email, lockout.ACCOUNT_LIMIT)]
        if address:
            tries.append(("address", address, lockout.ADDRESS_LIMIT))
        if not all(lockout.take_soon(*each) for each in tries):
            get_user_model()().set_password(password)  # as slow as looking at it
            return None
        user = super().authenticate(request, username=email, password=password)
        if user is None:
            if lockout.locked_until("account", email):
                self.tell_lock(email)
            return None
        lockout.forgive("account", email, all_of_them=True)
        if address:
            lockout.forgive("address", address)
        return user

    def get_user(self, user_id: Any) -> Any:
        person = just_read.get()
        just_read.set(None)
        if person is None or person.pk != user_id:
            return super().get_user(user_id)
        return person if self.user_can_authenticate(person) else None

    def user_can_authenticate(self, user: Any) -> bool:
        return user.is_active and not (user.one_time_until and user.one_time_until < now())

    def tell_lock(self, email: str) -> None:
        """Audit that an account is locked from now on."""
        found = get_user_model().objects.filter(email=email.strip().lower()).values_list("pk", flat=True).first()
        record("lock", entity_type="user", entity_id=found)
