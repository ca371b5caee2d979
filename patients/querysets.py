"""Queries for patients, and for the index behind their search."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

from django.apps import apps
from django.db import models

from healthcare.generic.lists import beyond
from healthcare.models import BaseQuerySet
from patients import search


def about_patients(text: str) -> models.Q:
    """The condition that a row's `patient` is one whom the text finds."""
    terms = apps.get_model("patients", "PatientSearchTerm").objects.found(text)  # type: ignore[attr-defined]
    return models.Q(pk__in=[]) if terms is None else models.Q(OneOf("patient_id", terms.values("patient_id")))


class PatientRowQuerySet(BaseQuerySet):
    """Rows that each belong to a patient, such as measurements and notes."""

    def search(self, text: str) -> Self:
        """The rows of the patients whom the text finds; if it finds nobody, by the model's own SEARCH_FIELDS.

        One after the other, as a row found by either could be looked for only by reading all rows.
        """
        patients = apps.get_model("patients", "Patient").objects.search(text)  # type: ignore[attr-defined]
        if self.model.SEARCH_FIELDS and not patients.exists():
            return super().search(text)
        return self.filter(about_patients(text))


class PatientQuerySet(BaseQuerySet):
    """Patients."""

    def search(self, text: str) -> Self:
        """Those found by every word of the text: name parts, number, date of birth, e-mail, phone."""
        terms = apps.get_model("patients", "PatientSearchTerm").objects.found(text)  # type: ignore[attr-defined]
        return self.none() if terms is None else self.filter(OneOf("pk", terms.values("patient_id")))

    def for_banner(self) -> Self:
        """With what `banner_for` reads, for pages that show several patients."""
        return self.select_related("medical_record", "insurance_provider").prefetch_related("patient_allergies")

    def in_order(self, keys: list[UUID]) -> list[Any]:
        """The rows with these keys, in the order of the keys."""
        found = {row.pk: row for row in self.filter(pk__in=keys)}
        return [found[key] for key in keys if key in found]


class PatientSearchTermQuerySet(models.QuerySet[Any]):
    """The index behind the search for patients."""

    def found(self, text: str) -> Self | None:
        """What matches the text as it stands; where nobody does, what almost does."""
        rows = self.matching(text)
        return rows if rows is None or rows.exists() else self.matching(text, forgiving=True)

    def matching(self, text: str, *, forgiving: bool = False) -> Self | None:
        """The terms that the rarest word of the text means, of patients who match the other words too.

        None where nothing can be searched for. The rarest word leads, so that "s lopez" costs what "lopez" does.
        """
        found = [search.matching(ranges) for ranges in search.search_ranges(text, forgiving=forgiving)]
        if not found:
            return None
        if len(found) > 1:
            found.sort(key=lambda condition: self.filter(condition)[: search.COUNTED].count())
        rows = self.filter(found[0])
        for condition in found[1:]:
            rows = rows.filter(
                models.Exists(self.model._default_manager.filter(condition, patient=models.OuterRef("patient")))
            )
        return rows

    def first_keys(self, text: str, count: int) -> list[UUID]:
        """The keys of the first active patients by name whom the text finds, then of those whom it almost finds."""
        order = ["last_name", "first_name", "pk"]
        keys = self.keys_by_name(text, order, count)
        if len(keys) < count:
            keys += [key for key in self.keys_by_name(text, order, count, forgiving=True) if key not in keys]
        return keys[:count]

    def keys_by_name(
        self,
        text: str,
        order: list[str],
        count: int,
        *,
        start: int = 0,
        cursor: Any = None,
        active: bool = True,
        forgiving: bool = False,
    ) -> list[UUID]:
        """The keys of `count` patients whom the text finds, in an order by name, read from the index alone.

        `order` is (last_name, first_name, pk), each perhaps with a minus; `cursor` the patient beyond whom to begin.
        """
        rows = self._active_matching(text, active, forgiving)
        order = [f"{part.removesuffix('pk')}patient_id" if part.endswith("pk") else part for part in order]
        if cursor is not None:
            place = self.model(patient_id=cursor.pk, last_name=cursor.last_name, first_name=cursor.first_name)
            rows = rows.filter(beyond(place, order))
        found: Any = rows.order_by(*order).values_list("patient_id", flat=True)
        # A patient found by two words ("mar": Maria Martin) stands in the index twice, side by side.
        wanted = start + count
        limit = wanted * 2
        while True:
            read = list(found[:limit])
            keys = list(dict.fromkeys(read))
            if len(keys) >= wanted or len(read) < limit:
                return keys[start:wanted]
            limit *= 4

    def capped_count(self, text: str, cap: int, *, active: bool = True) -> int:
        """How many patients the text finds, counting no further than `cap`."""
        return self._active_matching(text, active).values("patient_id").distinct()[:cap].count()

    def _active_matching(self, text: str, active: bool, forgiving: bool = False) -> Self:
        rows = self.matching(text, forgiving=True) if forgiving else self.found(text)
        if rows is None:
            return self.none()
        return rows.filter(is_active=True) if active else rows


class OneOf(models.Func):
    """`column IN (subquery)`, with the subquery always answered first.

    Left to itself PostgreSQL may walk all patients in the order of names instead, hoping to meet 25 matches soon;
    somebody called Smith is met late.
    """

    output_field = models.BooleanField()
    template = "%(expressions)s"
    arg_joiner = " IN "

    def __init__(self, column: str, rows: Any) -> None:
        super().__init__(models.F(column), models.Subquery(rows))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """With an array, which its planner cannot turn into a join."""
        return self.as_sql(compiler, connection, template="%(expressions)s)", arg_joiner=" = ANY(ARRAY", **context)
