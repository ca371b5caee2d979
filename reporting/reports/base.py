"""What every report shares: its period, what it is narrowed by, and the tables that it yields."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from departments.models import Department
from reporting.models import ReportType
from reporting.periods import Period, before

#: Kinds of values whose columns are added up.
SUMMED = frozenset({"count", "money"})


@dataclass(frozen=True)
class Heading:
    """A column: its name in the code, its words, and the kind of its values.

    Kinds: text, count and money (summed), number (not summed), percent, minutes, days, month.
    """

    name: str
    label: Any
    kind: str = "text"


@dataclass
class Table:
    """Rows of typed values under headings; totals of what can be added up."""

    name: str
    title: Any
    headings: Sequence[Heading]
    rows: list[tuple[Any, ...]]
    totalled: bool = True
    note: Any = ""

    @property
    def totals(self) -> tuple[Any, ...]:
        """The last line: sums of counts and money; empty where a sum means nothing."""
        if not self.totalled or not self.rows:
            return ()
        return tuple(
            (_("Total") if not position else self.total(heading.name) if heading.kind in SUMMED else None)
            for position, heading in enumerate(self.headings)
        )

    def column(self, name: str) -> list[Any]:
        """The values of a column."""
        position = [heading.name for heading in self.headings].index(name)
        return [row[position] for row in self.rows]

    def total(self, name: str) -> Any:
        """The sum of a column."""
        return sum(self.column(name), Decimal("0.00") if self.kind_of(name) == "money" else 0)

    def kind_of(self, name: str) -> str:
        """The kind of a column's values."""
        return next(heading.kind for heading in self.headings if heading.name == name)


@dataclass(frozen=True)
class Figure:
    """One number that stands for itself."""

    label: Any
    value: Any
    kind: str = "count"


@dataclass(frozen=True)
class Chart:
    """A drawing of a few columns of the table beside which it stands."""

    title: Any
    table: str
    labels: Sequence[Any]
    series: Mapping[Any, Sequence[Any]] = field(default_factory=dict)
    kind: str = "bar"  # or horizontal, line, pyramid


class ReportKind(ABC):
    """One type of report: a method for each of its tables. The database groups; only grouped rows travel."""

    type: ClassVar[ReportType]
    #: What counts as what; printed with the report (RPT-2).
    definitions: ClassVar[tuple[Any, ...]] = ()
    #: The methods that make the tables, in the order of the report.
    names: ClassVar[tuple[str, ...]] = ()
    #: Whether it tells patients' names, so that its files do not travel by e-mail.
    names_patients: ClassVar[bool] = False

    def __init__(
        self, period: Period, *, doctor: Any = None, department: Any = None, insurer: Any = None, money: bool = True
    ) -> None:
        self.period = period
        self.doctor = doctor
        self.department = department
        self.insurer = insurer
        #: Whether amounts are for the eyes of the person who asked.
        self.money = money
        self._made: dict[str, Table] = {}

    @classmethod
    def permission(cls) -> str:
        """Who may ask for it: a key of healthcare.roles.PERMISSIONS."""
        return f"reports.{cls.type}"

    def before(self) -> Self:
        """The same report of the period before; what it shows of it is computed only when asked for."""
        narrowed = {"doctor": self.doctor, "department": self.department, "insurer": self.insurer}
        return type(self)(before(self.period), money=self.money, **narrowed)

    def table(self, name: str) -> Table:
        """A table by its name, made once."""
        if name not in self._made:
            self._made[name] = getattr(self, name)()
        return self._made[name]

    def tables(self) -> Iterator[Table]:
        """The tables, one after the other."""
        for name in self.names:
            yield self.table(name)

    @abstractmethod
    def summary(self) -> list[Figure]:
        """The figures on top, taken from the tables so that they agree."""

    @abstractmethod
    def charts(self) -> list[Chart]:
        """A few drawings, taken from the tables."""

    def narrowed(self, doctor: str = "doctor", department: str = "department", patient: str = "patient") -> Q:
        """Narrowed to what was chosen, by the paths that lead to it."""
        chosen = {doctor: self.doctor, department: self.department, f"{patient}__insurance_provider": self.insurer}
        return Q(**{path: row for path, row in chosen.items() if row is not None})

    def billed(self, invoice: str = "") -> Q:
        """Narrowed by the visit that was invoiced and its patient; `invoice` leads to the invoice."""
        return self.narrowed(f"{invoice}appointment__doctor", f"{invoice}appointment__department", f"{invoice}patient")


def by_size(position: int) -> Any:
    """Sorts rows by a number, the largest first, and then by their first column."""
    return lambda row: (-row[position], str(row[0]))


def names_of(model: str, keys: Iterable[Any], missing: Any) -> dict[Any, str]:
    """The names of doctors or departments by key; `missing` for none."""
    models: dict[str, Any] = {"doctor": get_user_model(), "department": Department}
    found = models[model]._default_manager.in_bulk([key for key in keys if key is not None])
    return {None: str(missing), **{key: str(row) for key, row in found.items()}}
