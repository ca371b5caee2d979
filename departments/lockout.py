"""Guessing is stopped: so many failures of an account or an address, and log-in is locked for a while (AUTH-2).

A try is counted before the password is looked at, in one statement with its own condition, so that a
hundred guesses at once are worth no more than the allowed five.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Case, F, Q, Value, When
from django.utils.crypto import salted_hmac

from departments.models import LoginThrottle
from healthcare.clock import now
from healthcare.context import acting

#: A clinic's people share one address, so that it may fail more often than one account.
ACCOUNT_LIMIT = 5
ADDRESS_LIMIT = 50
#: A try younger than this may still be found right.
IN_HAND = timedelta(seconds=0.5)
#: How long a try waits for those in hand, in seconds.
PATIENCE = 1.0


def key_of(kind: str, name: str) -> str:
    """A key that says neither the account nor the address: people type passwords into the wrong field."""
    return salted_hmac("departments.lockout", f"{kind}:{name.strip().lower()}", algorithm="sha256").hexdigest()


def expiry() -> datetime:
    """Failures before this moment are forgotten."""
    return now() - timedelta(seconds=settings.LOGIN_LOCK_SECONDS)


def take(kind: str, name: str, limit: int = ACCOUNT_LIMIT) -> bool:
    """Count one try as failed until `forgive`; False where no more are allowed for now.

    An account's failures count until it gets in or is left alone for long enough. A house full of people does neither:
    an address's count from the first on for so long, lest everybody's slips of a day lock everybody out.
    """
    key, long_ago, moment = key_of(kind, name), expiry(), now()
    rows = LoginThrottle.objects.filter(key=key)
    if not rows.exists():
        LoginThrottle.objects.bulk_create([LoginThrottle(key=key)], ignore_conflicts=True)
    counted = Case(When(last_at__lt=long_ago, then=Value(1)), default=F("failures") + 1)
    allowed = rows.filter(Q(failures__lt=limit) | Q(last_at__lt=long_ago))
    last: Any = moment
    if kind == "address":
        begins_or_locks = Q(last_at__lt=long_ago) | Q(failures__gte=limit - 1)
        last = Case(When(begins_or_locks, then=Value(moment)), default=F("last_at"))
    return bool(allowed.update(failures=counted, last_at=last))


def count(kind: str, name: str, seconds: int, by: int = 1) -> int:
    """How often this happened in the present stretch of so many seconds, these times included, in all processes."""
    key = key_of(kind, f"{name}:{int(time.time()) // seconds}")
    statement = "UPDATE login_throttles SET failures = failures + %s, last_at = %s WHERE key = %s RETURNING failures"
    with connection.cursor() as cursor:
        cursor.execute(statement, [by, now(), key])
        found = cursor.fetchone()
        if found is None:
            LoginThrottle.objects.bulk_create([LoginThrottle(key=key)], ignore_conflicts=True)
            cursor.execute(statement, [by, now(), key])
            found = cursor.fetchone()
    return int(found[0])


def take_soon(kind: str, name: str, limit: int) -> bool:
    """As `take`, waiting a little for tries that are being looked at just now.

    Eight right log-ins of one account at the same moment are no guessing; without the wait three of them were refused.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if take(kind, name, limit):
            return True
        if not LoginThrottle.objects.filter(key=key_of(kind, name), last_at__gte=now() - IN_HAND).exists():
            return False
        time.sleep(0.05)
    return False


def forgive(kind: str, name: str, *, all_of_them: bool = False) -> bool:
    """Take back the try that turned out right, or all failures; whether there were any."""
    rows = LoginThrottle.objects.filter(key=key_of(kind, name), failures__gt=0)
    return bool(rows.update(failures=Value(0) if all_of_them else F("failures") - 1))


def locked_until(kind: str, name: str, limit: int = ACCOUNT_LIMIT) -> datetime | None:
    """When log-in opens again, if it is locked now."""
    return last_lock([(kind, name, limit)])


def last_lock(locks: Iterable[tuple[str, str, int]]) -> datetime | None:
    """When the last of these locks opens, if any is closed now."""
    limits = {key_of(kind, name): limit for kind, name, limit in locks}
    rows = LoginThrottle.objects.filter(key__in=limits, last_at__gte=expiry())
    last = max((row.last_at for row in rows if row.failures >= limits[row.key]), default=None)
    return last + timedelta(seconds=settings.LOGIN_LOCK_SECONDS) if last else None


def locks_of(user: Any) -> list[tuple[str, str, int]]:
    """What can keep somebody out, as kind, name and limit: who unlocks sits in the same house, at the same address."""
    of_person = [("account", user.email), ("code", str(user.pk)), ("password", str(user.pk))]
    return [*((*lock, ACCOUNT_LIMIT) for lock in of_person), ("address", acting().ip_address or "", ADDRESS_LIMIT)]


def person_locked_until(user: Any) -> datetime | None:
    """When somebody can log in again, if they cannot now."""
    return last_lock(locks_of(user))


def tidy() -> None:
    """Forget what no longer counts; run by the worker."""
    old = LoginThrottle.objects.filter(last_at__lt=expiry())
    old._raw_delete(old.db)
