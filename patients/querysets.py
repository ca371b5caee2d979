"""Queries for patients, and for the index behind their search."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Self
from uuid import UUID

from django.apps import apps
from django.db import models

from healthcare.generic.paging import beyond
from healthcare.models import BaseQuerySet
from patients import search

#: The patients with a word are listed if they are so many times those with the rarest word, instead of looking into the
#: terms of each of these: 4 ms instead of 16 for two words of 6,000 patients each on PostgreSQL.
LISTED = 3


def about_patients(text: str) -> models.Q:
    """The condition that a row's `patient` is one whom the text finds."""
    terms = apps.get_model("patients", "PatientSearchTerm").objects.found(text)  # type: ignore[attr-defined]
    return models.Q(OneOf("patient_id", terms.values("patient_id")))


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
        return self.of_terms(terms)

    def of_terms(self, terms: Any) -> Self:
        """Those to whom these rows of the search's index belong."""
        return self.filter(OneOf("pk", terms.values("patient_id")))

    def for_banner(self) -> Self:
        """With what `banner_for` reads, for pages that show several patients."""
        return self.select_related("medical_record", "insurance_provider").prefetch_related("patient_allergies")

    def in_order(self, keys: list[UUID]) -> list[Any]:
        """The rows with these keys, in the order of the keys."""
        found = {row.pk: row for row in self.filter(pk__in=keys).order_by()}
        return [found[key] for key in keys if key in found]


class PatientSearchTermQuerySet(models.QuerySet[Any]):
    """The index behind the search for patients."""

    def found(self, text: str) -> Self:
        """What matches the text as it stands; where nobody does, what almost does."""
        rows = self.matching(text)
        return rows if rows.exists() else self.matching(text, forgiving=True)

    def matching(self, text: str, *, forgiving: bool = False) -> Self:
        """The terms that the rarest word of the text means, of patients who match the other words too."""
        words = search.search_ranges(text, forgiving=forgiving)
        if not words:
            return self.none()
        return self.of_all(words, search.matching)

    def with_each(self, words: list[list[bytes]]) -> Self:
        """The terms of patients who have one of each word's."""
        return self.of_all(words, lambda terms, column: models.Q(**{f"{column}__in": terms}))

    def of_all(self, words: list[Any], meaning: Callable[[Any, str], models.Q]) -> Self:
        """The terms that the rarest word means, of patients who have one that each other word means too.

        The rarest word leads, so that "s lopez" costs what "lopez" does.
        """
        if len(words) == 1:
            return self.filter(meaning(words[0], "term"))
        terms = self.model._default_manager
        counted = [(self.filter(meaning(word, "term"))[: search.COUNTED].count(), word) for word in words]
        (least, rarest), *others = sorted(counted, key=itemgetter(0))
        rows = self.filter(meaning(rarest, "term"))
        for count, word in others:
            if count < min(search.COUNTED, LISTED * least):
                rows = rows.filter(Listed("patient_id", terms.filter(meaning(word, "term")).values("patient_id")))
            else:
                own = terms.alias(own=OfPatient("term")).filter(meaning(word, "own"))
                rows = rows.filter(models.Exists(own.filter(patient=models.OuterRef("patient"))))
        return rows

    def first_keys(self, text: str, count: int) -> list[UUID]:
        """The keys of the first active patients by name whom the text finds, then of those whom it almost finds."""
        keys: list[UUID] = []
        for forgiving in (False, True):
            if len(keys) < count:
                rows = self.matching(text, forgiving=forgiving).filter(is_active=True)
                keys += [key for key in rows.keys_by_name(["last_name", "first_name", "pk"], count) if key not in keys]
        return keys[:count]

    def keys_by_name(self, order: list[str], count: int, *, start: int = 0, cursor: Any = None) -> list[UUID]:
        """The keys of the `count` patients of these rows, in an order by name, read from the index alone.

        `order` is (last_name, first_name, pk), each perhaps with a minus; `cursor` the patient beyond whom to begin.
        """
        rows = self
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

    def capped_count(self, cap: int) -> int:
        """How many patients have these rows, counting no further than `cap`."""
        return self.values("patient_id").distinct()[:cap].count()


class OfPatient(models.Func):
    """The term, but not for PostgreSQL to look up in the index of terms.

    It takes a word's range for one row, so it would go through all of them for each patient, instead of through the
    handful of the patient's own terms: 125 ms instead of 2 for "smith jam" among 100,000.
    """

    template = "%(expressions)s"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """As a value that was worked out."""
        return self.as_sql(compiler, connection, template="(%(expressions)s || ''::bytea)", **context)


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


class Listed(OneOf):
    """The same where many rows are compared: with a table of the subquery's keys, in which each is looked up.

    As a condition of its own PostgreSQL would turn it into a join, in the belief that a word's range holds one row.
    """

    template = "(%(expressions)s) IS TRUE"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """As on any database."""
        return self.as_sql(compiler, connection, **context)
