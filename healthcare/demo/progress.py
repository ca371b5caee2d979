"""What is being built and how far it has come: counters, written in the transaction of the rows they tell of."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from departments.models import Counter

#: 1 while the demo is being built, 2 when it is complete.
MARK = "demo_build"
#: So many workdays of the history are written.
DAYS = "demo_days"


@dataclass(frozen=True)
class Plan:
    """What was asked for, and when it was begun: whoever goes on builds the very same clinic."""

    patients: int
    visits: int
    seed: int
    started: int

    def save(self) -> None:
        """Begin."""
        values = {MARK: 1, DAYS: 0, **{f"demo_{name}": value for name, value in asdict(self).items()}}
        Counter.objects.bulk_create(Counter(name=name, value=value) for name, value in values.items())

    @classmethod
    def unfinished(cls) -> Plan | None:
        """The plan of a build that was interrupted."""
        found = dict(Counter.objects.filter(name__startswith="demo_").values_list("name", "value"))
        if found.get(MARK) != 1 or DAYS not in found:
            return None
        return cls(**{field.name: found[f"demo_{field.name}"] for field in fields(cls)})

    @property
    def moment(self) -> datetime:
        """When it was begun: the history is told from there, also by a run that goes on later."""
        return datetime.fromtimestamp(self.started, UTC)

    def dice(self, part: str) -> random.Random:
        """Chance of one part's own, so that a part can be left out that is there already."""
        return random.Random(f"{self.seed} {part}")  # noqa: S311 - invented people need no secrecy


def days_written() -> int:
    """How many workdays of the history are there."""
    return Counter.objects.filter(name=DAYS).values_list("value", flat=True).first() or 0


def note_days(number: int) -> None:
    """Call in the transaction that writes them."""
    Counter.objects.filter(name=DAYS).update(value=number)
