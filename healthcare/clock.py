"""The one place that knows what time it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta

from django.utils import timezone

_injected: ContextVar[datetime | None] = ContextVar("injected_now", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _injected.get() or timezone.now()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let `now` be another moment: the demo plays a day through, tests stand at a boundary."""
    token = _injected.set(moment)
    try:
        yield
    finally:
        _injected.reset(token)


def today() -> date:
    """The date on the clinic's wall calendar (settings.CLINIC_TIME_ZONE)."""
    return timezone.localdate(now(), timezone.get_default_timezone())


def wall_clock() -> datetime:
    """The clinic's wall clock as a naive datetime, to compare with appointment dates and times."""
    return timezone.localtime(now(), timezone.get_default_timezone()).replace(tzinfo=None)


def next_at(at: time) -> datetime:
    """The next moment when the clinic's clock shows this time."""
    zone = timezone.get_default_timezone()
    today_at = datetime.combine(now().astimezone(zone).date(), at, tzinfo=zone)
    return today_at if today_at > now() else today_at + timedelta(days=1)
