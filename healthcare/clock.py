"""The one place that knows what time it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from django.utils import timezone

from healthcare.clinic import clinic

_injected: ContextVar[datetime | None] = ContextVar("injected_now", default=None)
_unread: ContextVar[bool] = ContextVar("clock_unread", default=False)


class Nowhere(tzinfo):
    """A zone that cannot be asked for."""

    def tzname(self, moment: datetime | None) -> str:
        raise RuntimeError("What is made to last cannot depend on the clinic's time zone.")

    utcoffset = dst = tzname  # type: ignore[assignment]


@contextmanager
def unread() -> Iterator[None]:
    """Whoever asks for the time or the zone meanwhile gets a RuntimeError: for what is made once and used for days."""
    token = _unread.set(True)
    try:
        with timezone.override(Nowhere()):
            yield
    finally:
        _unread.reset(token)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    if _unread.get():
        raise RuntimeError("What is made to last cannot depend on the time.")
    return _injected.get() or timezone.now()


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let `now` be another moment: the demo plays a day through, tests stand at a boundary."""
    token = _injected.set(moment)
    try:
        yield
    finally:
        _injected.reset(token)


def zone() -> tzinfo:
    """The clinic's time zone: the one of its settings, else the environment's (CLINIC_TIME_ZONE)."""
    found: tzinfo = clinic().zone
    return found


def local(moment: datetime) -> datetime:
    """The moment as the clinic's clock shows it."""
    return timezone.localtime(moment, zone())


def date_of(moment: datetime) -> date:
    """The moment's date on the clinic's wall calendar."""
    return local(moment).date()


def today() -> date:
    """The date on the clinic's wall calendar."""
    return date_of(now())


def wall_clock() -> datetime:
    """The clinic's wall clock as a naive datetime, to compare with appointment dates and times."""
    return local(now()).replace(tzinfo=None)


def is_skipped(wall: datetime) -> bool:
    """Whether the clinic's clock is put forward over this time of its wall."""
    return wall.replace(tzinfo=zone()).astimezone(UTC).astimezone(zone()).replace(tzinfo=None) != wall


def skipped_on(day: date) -> tuple[datetime, datetime] | None:
    """From when to when a day's wall clock is put forward, if it is: nothing can happen between."""
    return _skipped_on(day, zone())


@lru_cache(maxsize=4096)
def _skipped_on(day: date, place: tzinfo) -> tuple[datetime, datetime] | None:
    first, last = (datetime.combine(day + timedelta(days=days), time(), tzinfo=place) for days in (0, 1))
    before, after = first.utcoffset(), last.utcoffset()
    if before is None or after is None or after <= before:
        return None
    quarters = (datetime.combine(day, time()) + timedelta(minutes=15 * number) for number in range(24 * 4))
    start = next((wall for wall in quarters if is_skipped(wall)), None)
    return (start, start + (after - before)) if start else None


def next_at(at: time) -> datetime:
    """The next moment when the clinic's clock shows this time."""
    today_at = datetime.combine(today(), at, tzinfo=zone())
    return today_at if today_at > now() else today_at + timedelta(days=1)


def years_before(day: date, years: int) -> date:
    """The day so many years earlier; whoever was born after it has not completed those years yet.

    For 29 February the year without one counts on 28 February: a person born on 1 March is younger.
    """
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
