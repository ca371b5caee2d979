"""Vital signs: one set of measurements, taken at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinical import news2, zones
from clinical.models.staff_key import user_key
from healthcare.clock import date_of, local, now
from healthcare.models import BaseModel, range_constraint
from healthcare.text import LongTextField
from patients.models import Patient
from patients.querysets import PatientRowQuerySet


class Consciousness(models.TextChoices):
    """ACVPU, as NEWS2 takes it."""

    ALERT = "A", _("Alert")
    CONFUSED = "C", _("New confusion")
    VOICE = "V", _("Responds to voice")
    PAIN = "P", _("Responds to pain")
    UNRESPONSIVE = "U", _("Unresponsive")


class OxygenScale(models.IntegerChoices):
    """Which oxygen saturation is aimed at."""

    USUAL = 1, _("Scale 1 (usual, 96 % and more)")
    HYPERCAPNIC = 2, _("Scale 2 (prescribed 88-92 %)")


class VitalSignQuerySet(PatientRowQuerySet):
    """Measurements."""

    def valid(self) -> Self:
        """Those that hold; one entered in error counts for nothing."""
        return self.filter(entered_in_error_at__isnull=True)


class VitalSign(BaseModel):
    """One set of measurements, taken at once. Entered in error instead of deleted: the row stays, struck through."""

    #: A small line of the patient's last systolic pressures, where a list has drawn it.
    pressure_line = ""
    MEASUREMENTS = (
        "systolic_bp",
        "diastolic_bp",
        "pulse_rate",
        "temperature_celsius",
        "respiratory_rate",
        "oxygen_saturation",
        "weight_kg",
        "height_cm",
    )

    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="vital_signs", db_index=False
    )
    recorded_by_user = user_key(_("recorded by"), "recorded_vital_signs")
    recorded_at = models.DateTimeField(_("recorded at"), default=now)
    systolic_bp = models.PositiveSmallIntegerField(_("systolic pressure (mmHg)"), null=True, blank=True)
    diastolic_bp = models.PositiveSmallIntegerField(_("diastolic pressure (mmHg)"), null=True, blank=True)
    pulse_rate = models.PositiveSmallIntegerField(_("pulse (per minute)"), null=True, blank=True)
    temperature_celsius = models.DecimalField(
        _("temperature (°C)"), max_digits=4, decimal_places=1, null=True, blank=True
    )
    respiratory_rate = models.PositiveSmallIntegerField(_("respiratory rate (per minute)"), null=True, blank=True)
    weight_kg = models.DecimalField(_("weight (kg)"), max_digits=5, decimal_places=2, null=True, blank=True)
    height_cm = models.DecimalField(_("height (cm)"), max_digits=5, decimal_places=1, null=True, blank=True)
    oxygen_saturation = models.PositiveSmallIntegerField(_("oxygen saturation (%)"), null=True, blank=True)
    consciousness = models.CharField(
        _("consciousness"), max_length=1, choices=Consciousness.choices, blank=True, default=""
    )
    supplemental_oxygen = models.BooleanField(_("supplemental oxygen"), null=True, blank=True)
    spo2_scale = models.PositiveSmallIntegerField(_("SpO₂ scale"), choices=OxygenScale.choices, null=True, blank=True)
    notes = LongTextField(_("notes"))
    entered_in_error_at = models.DateTimeField(_("entered in error, said at"), null=True, blank=True)
    entered_in_error_by_user = user_key(_("said by"), "withdrawn_vital_signs", null=True, blank=True)
    entered_in_error_reason = models.CharField(_("what was wrong"), max_length=500, blank=True, default="")

    objects = VitalSignQuerySet.as_manager()

    class Meta:
        db_table = "vital_signs"
        verbose_name = _("vital signs")
        verbose_name_plural = _("vital signs")
        constraints = [
            *(
                range_constraint(name, "vital_signs", low=low, high=high)
                for name, (low, high) in zones.POSSIBLE.items()
            ),
            models.CheckConstraint(
                condition=models.Q(systolic_bp__isnull=True)
                | models.Q(diastolic_bp__isnull=True)
                | models.Q(systolic_bp__gt=models.F("diastolic_bp")),
                name="vital_signs_systolic_above_diastolic",
                violation_error_message=_("Systolic pressure must be higher than diastolic."),
            ),
            models.CheckConstraint(
                condition=models.Q(consciousness="") | models.Q(consciousness__in=Consciousness.values),
                name="vital_signs_consciousness_known",
                violation_error_message=_("Choose one of the listed values."),
            ),
            models.CheckConstraint(
                condition=models.Q(spo2_scale__isnull=True) | models.Q(spo2_scale__gte=1, spo2_scale__lte=2),
                name="vital_signs_spo2_scale_known",
                violation_error_message=_("Choose one of the listed values."),
            ),
            models.CheckConstraint(
                condition=models.Q(weight_kg__isnull=True) | models.Q(weight_kg__gt=0),
                name="vital_signs_weight_positive",
                violation_error_message=_("Weight must be more than zero."),
            ),
            models.CheckConstraint(
                condition=models.Q(height_cm__isnull=True) | models.Q(height_cm__gt=0),
                name="vital_signs_height_positive",
                violation_error_message=_("Height must be more than zero."),
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "recorded_at"], name="vital_signs_by_patient"),
            models.Index(fields=["recorded_at", "id"], name="vital_signs_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.patient} {local(self.recorded_at):%Y-%m-%d %H:%M}"

    @property
    def struck(self) -> bool:
        """Whether it was entered in error, and so is shown struck through."""
        return self.entered_in_error_at is not None

    @property
    def state(self) -> str:
        """entered_in_error, or nothing worth a word."""
        return "entered_in_error" if self.struck else ""

    @property
    def blood_pressure(self) -> str:
        """`120/80`; a missing half is shown as a dash."""
        if self.systolic_bp is None and self.diastolic_bp is None:
            return ""
        return f"{self.systolic_bp or '–'}/{self.diastolic_bp or '–'}"

    @property
    def temperature(self) -> str:
        """`37.0 °C`."""
        return "" if self.temperature_celsius is None else f"{self.temperature_celsius:.1f} °C"

    @property
    def weight(self) -> str:
        """`70.5 kg`."""
        return "" if self.weight_kg is None else f"{self.weight_kg.normalize():f} kg"

    @property
    def height(self) -> str:
        """`175 cm`."""
        return "" if self.height_cm is None else f"{self.height_cm.normalize():f} cm"

    @property
    def bmi_value(self) -> Decimal | None:
        """Body mass index, where weight and height are known."""
        if not self.weight_kg or not self.height_cm:
            return None
        return (self.weight_kg / (self.height_cm / 100) ** 2).quantize(Decimal("0.1"))

    @property
    def bmi(self) -> str:
        """Body mass index as shown."""
        return "" if self.bmi_value is None else str(self.bmi_value)

    @property
    def age(self) -> int:
        """The patient's age when it was measured."""
        return self.patient.age_on(date_of(self.recorded_at))

    @property
    def news2(self) -> news2.News2 | None:
        """The early warning score, only where it can be complete (BYD-9)."""
        return news2.score(self, self.age)

    @property
    def news2_shown(self) -> str:
        """`5, medium: urgent response, hourly monitoring`."""
        found = self.news2
        return f"{found.total}, {found.risk}: {found.response}" if found else ""

    @property
    def news2_total(self) -> int | None:
        """The score alone, for lists."""
        found = self.news2
        return found.total if found else None

    @property
    def news2_parts(self) -> list[str]:
        """What the score is made of, each part with its points."""
        found = self.news2
        return [f"{label} {points}" for label, points in found.parts] if found else []

    @property
    def saturation_bands(self) -> str:
        """The bands of NEWS2 by which this saturation is read."""
        return news2.saturation_scale(self.spo2_scale, bool(self.supplemental_oxygen))

    def beyond(self, *names: str) -> str:
        """high or low, where one of these measurements lies outside its normal zone; else empty."""
        if self.struck:
            return ""
        age, spo2 = self.age, self.saturation_bands
        sides = {zones.place(name, getattr(self, name), age, spo2) for name in names}
        return "high" if "high" in sides else "low" if "low" in sides else ""

    @property
    def concerns(self) -> list[str]:
        """What lies outside its normal zone, in words."""
        return [
            str(self._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            for name in self.MEASUREMENTS
            if zones.zone(name, getattr(self, name), self.age, self.saturation_bands) == "concerning"
        ]

    def readings(self) -> list[tuple[Any, Any]]:
        """(label, value with unit) of what was measured, as documents and the consultation show it."""
        pairs = (
            (_("BP"), self.blood_pressure and f"{self.blood_pressure} mmHg"),
            (_("Pulse"), self.pulse_rate and f"{self.pulse_rate}/min"),
            (_("Temperature"), self.temperature),
            (_("Breaths"), self.respiratory_rate and f"{self.respiratory_rate}/min"),
            (_("SpO₂"), self.oxygen_saturation and f"{self.oxygen_saturation} %"),
            (_("Weight"), self.weight),
            (_("Height"), self.height),
            (_("BMI"), self.bmi),
            (_("NEWS2"), (found := self.news2) and f"{found.total} ({found.risk})"),
        )
        return [(label, value) for label, value in pairs if value]
