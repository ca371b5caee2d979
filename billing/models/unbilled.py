"""The visits that wait for an invoice, as the database itself keeps them (BYD-5)."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinical.models import Consultation, LabTest, LabTestStatus
from healthcare.models import BaseModel, BaseQuerySet
from patients.models import Patient
from scheduling.models import Appointment


class UnbilledVisitQuerySet(BaseQuerySet):
    """Visits that wait for an invoice."""

    def with_services(self) -> Self:
        """With what `services` names, however many visits there are."""
        done = LabTest.objects.filter(status=LabTestStatus.COMPLETED).order_by("id").only("consultation", "test_name")
        return self.prefetch_related(models.Prefetch("consultation__lab_tests", queryset=done, to_attr="tests_done"))

    def search(self, text: str) -> Self:
        """By whatever finds the patient."""
        return self.filter(consultation__patient__in=Patient.objects.search(text).order_by().values("pk"))


class UnbilledVisit(BaseModel):
    """A completed consultation whose visit has no invoice that counts.

    Triggers write these rows (`billing.guards`), nobody else: so the worklist is as long as the backlog,
    however long the clinic's history is.
    """

    AUDITED = False

    consultation = models.OneToOneField(Consultation, on_delete=models.PROTECT, related_name="unbilled_visit")
    appointment = models.OneToOneField(Appointment, on_delete=models.PROTECT, related_name="unbilled_visit")
    consultation_date = models.DateTimeField(_("date"))

    objects = UnbilledVisitQuerySet.as_manager()

    class Meta:
        db_table = "unbilled_visits"
        verbose_name = _("unbilled visit")
        verbose_name_plural = _("unbilled visits")
        indexes = [models.Index(fields=["consultation_date", "id"], name="unbilled_visits_newest")]

    def __str__(self) -> str:
        return str(self.consultation)

    @property
    def services(self) -> str:
        """The kind of visit and the tests done in it, of a row that was asked for with `with_services()`."""
        tests = [test.test_name for test in self.consultation.tests_done]  # type: ignore[attr-defined]
        return ", ".join([str(self.appointment.get_appointment_type_display()), *tests])

    def patient_of_row(self) -> Any:
        return self.consultation.patient_id
