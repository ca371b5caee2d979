"""What `details` and pages say of the rows around a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from healthcare.rest.schemas import plain
from healthcare.roles import may


@dataclass(frozen=True)
class Nested:
    """Another resource's rows within `details`: one behind a key, or the newest of many."""

    path: str
    resource: Any
    order: str = ""
    limit: int = 50

    def read(self, row: Any, user: Any) -> Any:
        """The row or rows that this person may see; None without the permission."""
        if not may(user, self.resource.list_permission):
            return None
        found = row
        for step in self.path.split("."):
            found = getattr(found, step, None)
            if found is None:
                return None
        if not self.order:
            return self.resource.row(found, user)
        rows = found.visible_to(user).order_by(self.order, "pk")[: self.limit]
        return [self.resource.row(each, user) for each in rows]


@dataclass(frozen=True)
class Brief:
    """What every page about the row says of another one: some of its columns, such as a doctor's name."""

    path: str
    names: tuple[str, ...]

    def read(self, row: Any, user: Any) -> Any:
        """The columns, or None where there is no such row."""
        found = getattr(row, self.path)
        return None if found is None else {name: plain(getattr(found, name)) for name in self.names}
