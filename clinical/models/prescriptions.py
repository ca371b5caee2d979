"""The medication catalogue and prescriptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinical.models.consultations import Consultation
from clinical.models.staff_key import user_key
from healthcare.clock import today
from healthcare.models import BaseModel, BaseQuerySet, range_constraint
from healthcare.text import fold, separated
from patients.models import Patient
from patients.querysets import PatientRowQuerySet

#: A prescription may be dispensed for so long (RULE-RX-3).
VALIDITY_DAYS = 30


def last_expired(on: date) -> date:
    """The last day whose prescriptions have expired on this day (RULE-RX-3)."""
    return on - timedelta(days=VALIDITY_DAYS + 1)


class MedicationQuerySet(BaseQuerySet):
    """The medication catalogue."""

    def search(self, text: str) -> Self:
        """By product, brand, ingredient or strength, accents and case aside."""
        return self.search_folded(text)


class Medication(BaseModel):
    """A product of the medication catalogue."""

    name = models.CharField(_("name"), max_length=300)
    brand_names = models.CharField(_("brand names"), max_length=500, blank=True, default="")
    ingredients = models.CharField(
        _("ingredients"), max_length=500, help_text=_("Separated by semicolons, as international names.")
    )
    atc_code = models.CharField(_("ATC code"), max_length=10, blank=True, default="")
    drug_class = models.CharField(_("class"), max_length=200, blank=True, default="")
    form = models.CharField(_("form"), max_length=100, blank=True, default="")
    strength = models.CharField(_("strength"), max_length=200, blank=True, default="")
    route = models.CharField(_("route"), max_length=100, blank=True, default="")
    default_dosage = models.CharField(_("usual dosage"), max_length=100, blank=True, default="")
    default_frequency = models.CharField(_("usual frequency"), max_length=100, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    search_text = models.CharField(max_length=1200, editable=False, default="")

    objects = MedicationQuerySet.as_manager()

    class Meta:
        db_table = "medications"
        verbose_name = _("medication")
        verbose_name_plural = _("medications")
        ordering = ["name", "strength"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "strength", "form", "route"],
                name="medications_product_unique",
                violation_error_message=_("This product is in the catalogue already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = self.build_search_text()
        super().save(*args, **kwargs)

    def build_search_text(self) -> str:
        """What a search may find the product by, folded."""
        return fold(f"{self.name} {self.brand_names} {self.ingredients} {self.strength}")[:1200]

    @property
    def ingredient_list(self) -> tuple[str, ...]:
        """The ingredients, one by one."""
        return tuple(separated(self.ingredients))


class PrescriptionQuerySet(PatientRowQuerySet):
    """Prescriptions."""

    def expired(self, on: date | None = None) -> Self:
        """Not discontinued, but past the 30 days."""
        return self.filter(is_active=True, prescribed_date__lte=last_expired(on or today()))

    def overridden(self) -> Self:
        """Those over whose warnings somebody went on (BYD-4)."""
        return self.exclude(override_reason="")

    def current(self, on: date | None = None) -> Self:
        """Active and still valid: the patient's current medications (RULE-RX-3)."""
        return self.current_after(last_expired(on or today()))

    def current_after(self, expired: Any) -> Self:
        """Active and prescribed after this day (`last_expired`)."""
        return self.filter(is_active=True, prescribed_date__gt=expired)


class Prescription(BaseModel):
    """One medication ordered by a doctor, valid 30 days."""

    SEARCH_FIELDS = ("medication_name",)
    #: The allergies that were listed since and speak against it, where a page has looked (clinical.prescribing).
    against: Sequence[str] = ()

    consultation = models.ForeignKey(
        Consultation, verbose_name=_("consultation"), on_delete=models.PROTECT, related_name="prescriptions"
    )
    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="prescriptions", db_index=False
    )
    doctor = user_key(_("doctor"), "prescriptions")
    medication = models.ForeignKey(
        Medication,
        verbose_name=_("catalogue medication"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="prescriptions",
    )
    medication_name = models.CharField(_("medication"), max_length=300)
    dosage = models.CharField(_("dosage"), max_length=100)
    frequency = models.CharField(_("frequency"), max_length=100)
    duration = models.CharField(_("duration"), max_length=100)
    quantity = models.PositiveIntegerField(_("quantity"), null=True, blank=True)
    route = models.CharField(_("route"), max_length=100, blank=True, default="")
    special_instructions = models.CharField(_("instructions"), max_length=1000, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    prescribed_date = models.DateField(_("prescribed on"), default=today)
    #: The warnings that were acknowledged, as shown (RULE-RX-2), with reason and person.
    safety_warnings = models.JSONField(_("acknowledged warnings"), default=list, blank=True, encoder=DjangoJSONEncoder)
    override_reason = models.CharField(_("reason for prescribing anyway"), max_length=500, blank=True, default="")
    overridden_by_user = user_key(_("acknowledged by"), "overridden_prescriptions", null=True, blank=True)
    discontinued_at = models.DateTimeField(_("discontinued at"), null=True, blank=True)
    discontinued_by_user = user_key(_("discontinued by"), "discontinued_prescriptions", null=True, blank=True)
    discontinued_reason = models.CharField(_("reason for stopping"), max_length=500, blank=True, default="")

    objects = PrescriptionQuerySet.as_manager()

    class Meta:
        db_table = "prescriptions"
        verbose_name = _("prescription")
        verbose_name_plural = _("prescriptions")
        constraints = [
            range_constraint("quantity", "prescriptions", low=1, message=_("The quantity must be at least 1."))
        ]
        indexes = [
            models.Index(fields=["patient", "prescribed_date"], name="prescriptions_by_patient"),
            models.Index(fields=["prescribed_date", "id"], name="prescriptions_newest"),
            models.Index(
                fields=["prescribed_date", "id"],
                name="prescriptions_overridden",
                condition=~models.Q(override_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.medication_name}, {self.dosage} {self.frequency}"

    @property
    def valid_until(self) -> date:
        """The last day on which it may be dispensed."""
        return self.prescribed_date + timedelta(days=VALIDITY_DAYS)

    @property
    def state(self) -> str:
        """active, expired or discontinued, as shown."""
        if not self.is_active:
            return "discontinued"
        return "expired" if self.valid_until < today() else "active"

    @property
    def worst_warning(self) -> str:
        """The highest severity among the acknowledged warnings, as shown."""
        found = {warning["severity"] for warning in self.safety_warnings}
        return next((severity for severity in ("high", "moderate", "low") if severity in found), "")

    @property
    def acknowledged(self) -> list[str]:
        """The acknowledged warnings in words."""
        return [f"{warning['message']} ({warning['source']})" for warning in self.safety_warnings]
