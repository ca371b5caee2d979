"""What patients are found by: indexes made from their columns."""

from __future__ import annotations

from django.db import models

from patients import search
from patients.models.patient import Patient
from patients.querysets import PatientSearchTermQuerySet


class PatientSearchTerm(models.Model):
    """One thing that a patient may be found by: an index kept by `patients.search`, not data of its own.

    It has no key, dates or audit of its own: there are seven or eight for each patient, made from the patient's
    columns. Name and activity are repeated so that a page of a search, in the order of names, is read from one
    index, without a look at each patient found.
    """

    pk = models.CompositePrimaryKey("patient_id", "term")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="search_terms", db_index=False)
    term = models.BinaryField(max_length=search.LONGEST_TERM)
    last_name = models.CharField(max_length=100)
    first_name = models.CharField(max_length=100)
    is_active = models.BooleanField()

    objects = PatientSearchTermQuerySet.as_manager()

    class Meta:
        db_table = "patient_search_terms"
        indexes = [
            models.Index(
                fields=["term", "last_name", "first_name", "patient", "is_active"], name="patient_search_terms_by_term"
            )
        ]

    def __str__(self) -> str:
        return bytes(self.term).decode(errors="replace")


class PatientNameKey(models.Model):
    """A key under which a word of somebody's name is looked for when it was misspelled: see `patients.spelling`."""

    pk = models.CompositePrimaryKey("key", "word")
    key = models.CharField(max_length=32)
    word = models.CharField(max_length=200)

    class Meta:
        db_table = "patient_name_keys"

    def __str__(self) -> str:
        return f"{self.key}: {self.word}"
