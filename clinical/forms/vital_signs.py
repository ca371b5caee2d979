"""Recording vital signs (VAL-3)."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from clinical import zones
from clinical.models import VitalSign
from healthcare.clock import date_of, now
from healthcare.fields import MeasuredField
from healthcare.roles import may
from healthcare.workflow import WorkflowForm, refuse
from patients.forms.choice import active_patient

CELSIUS, FAHRENHEIT = "C", "F"


def to_celsius(fahrenheit: Decimal) -> Decimal:
    """Degrees Celsius to one place, half up: 98.6 -> 37.0."""
    return ((fahrenheit - 32) * 5 / 9).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def to_fahrenheit(celsius: Decimal) -> Decimal:
    """Degrees Fahrenheit to one place, half up: 37.0 -> 98.6."""
    return (celsius * 9 / 5 + 32).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def to_kilograms(pounds: Decimal) -> Decimal:
    """Kilograms to two places, half up: 154 -> 69.85."""
    return (pounds * Decimal("0.45359237")).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def to_centimetres(inches: Decimal) -> Decimal:
    """Centimetres to one place, half up: 70 -> 177.8."""
    return (inches * Decimal("2.54")).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


#: measurement -> (field of its unit, the unit that is converted, how).
UNITS = {
    "temperature_celsius": ("temperature_unit", FAHRENHEIT, to_celsius),
    "weight_kg": ("weight_unit", "lb", to_kilograms),
    "height_cm": ("height_unit", "in", to_centimetres),
}


class EditVitalSignsForm(WorkflowForm):
    """Correct measurements; the patient stays."""

    permission = "vital_signs.edit"
    # The fields and `clean` say all of it, and the database has the last word.
    checked_by_model = False
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (
            _("Measurements"),
            (
                "systolic_bp",
                "diastolic_bp",
                "pulse_rate",
                "respiratory_rate",
                "temperature_celsius",
                "temperature_unit",
                "oxygen_saturation",
                "spo2_scale",
                "supplemental_oxygen",
                "consciousness",
                "weight_kg",
                "weight_unit",
                "height_cm",
                "height_unit",
            ),
        ),
        (_("Circumstances"), ("recorded_at", "notes")),
    )

    temperature_unit = forms.ChoiceField(
        label=_("Temperature unit"), choices=[(CELSIUS, "°C"), (FAHRENHEIT, "°F")], required=False, initial=CELSIUS
    )
    weight_unit = forms.ChoiceField(
        label=_("Weight unit"), choices=[("kg", "kg"), ("lb", "lb")], required=False, initial="kg"
    )
    height_unit = forms.ChoiceField(
        label=_("Height unit"), choices=[("cm", "cm"), ("in", "in")], required=False, initial="cm"
    )
    recorded_at = forms.DateTimeField(
        label=_("Measured at"),
        required=False,
        help_text=_("Leave empty for now."),
    )

    class Meta:
        model = VitalSign
        fields = [
            *VitalSign.MEASUREMENTS,
            "consciousness",
            "supplemental_oxygen",
            "spo2_scale",
            "recorded_at",
            "notes",
        ]
        field_classes: ClassVar = dict.fromkeys(UNITS, MeasuredField)
        labels = {
            "systolic_bp": _("Systolic (mmHg)"),
            "diastolic_bp": _("Diastolic (mmHg)"),
            "pulse_rate": _("Pulse (/min)"),
            "respiratory_rate": _("Breaths (/min)"),
            "temperature_celsius": _("Temperature"),
            "oxygen_saturation": _("SpO₂ (%)"),
            "weight_kg": _("Weight"),
            "height_cm": _("Height"),
            "spo2_scale": _("SpO₂ scale"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Four digits hold 104.5 °F too; the widget's own limits would be those of one unit.
        for name in VitalSign.MEASUREMENTS:
            # A browser's own input for numbers drops a comma without a word: 70,5 kg would be 705, and `70-5` nothing.
            self.fields[name].widget.input_type = "text"
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
            for limit in ("min", "max", "step"):
                self.fields[name].widget.attrs.pop(limit, None)
        self.fields["notes"].widget.attrs["rows"] = 2

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return may(actor, cls.permission) and not instance.struck

    def clean_recorded_at(self) -> datetime:
        """When it was measured: not in the future, and now if nothing is said."""
        at: datetime | None = self.cleaned_data.get("recorded_at")
        if at is None:
            return now() if self.instance._state.adding else self.instance.recorded_at
        if at > now():
            raise refuse(_("This is in the future."), code="future")
        if at.year < 1900:
            raise refuse(_("This is too long ago."), code="past")
        # The field shows minutes; an untouched one keeps its seconds.
        untouched = not self.instance._state.adding and at == self.instance.recorded_at.replace(second=0, microsecond=0)
        return self.instance.recorded_at if untouched else at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.struck:
            raise refuse(_("This was entered in error and stays as it is."), code="transition")
        for name, (unit, other, convert) in UNITS.items():
            if cleaned.get(name) is not None and cleaned.get(unit) == other:
                cleaned[name] = convert(cleaned[name])
        for name in VitalSign.MEASUREMENTS:
            self.check_limits(name, cleaned.get(name))
        systolic, diastolic = cleaned.get("systolic_bp"), cleaned.get("diastolic_bp")
        if systolic is not None and diastolic is not None and systolic <= diastolic:
            self.add_error("systolic_bp", refuse(_("Systolic pressure must be higher than diastolic.")))
        if not self.errors and all(cleaned.get(name) is None for name in VitalSign.MEASUREMENTS):
            raise refuse(_("Enter at least one measurement."), code="empty")
        patient = cleaned.get("patient") or getattr(self.instance, "patient", None)
        at = cleaned.get("recorded_at")
        if patient and at and date_of(at) < patient.date_of_birth:
            self.add_error("recorded_at", refuse(_("This is before the patient was born.")))
        return cleaned

    def check_limits(self, name: str, value: Any) -> None:
        """Refuse what lies outside the clinic's limits, at the field, in the unit that was typed."""
        if value is None:
            return
        limits = zones.limits(name)
        if limits is None:
            if value <= 0:
                self.add_error(name, refuse(_("This must be more than zero.")))
            return
        low, high = limits
        if not low <= value <= high:
            if name == "temperature_celsius" and self.cleaned_data.get("temperature_unit") == FAHRENHEIT:
                low, high = to_fahrenheit(low), to_fahrenheit(high)
            self.add_error(name, refuse(_("This must be between %(low)s and %(high)s."), low=low, high=high))


class RecordVitalSignsForm(EditVitalSignsForm):
    """Record one set of measurements of a patient."""

    permission = "vital_signs.record"
    submit_label = _("Record")
    # A page that the browser kept shows the key of the set before: other values are another set.
    IDENTITY = ("patient", *VitalSign.MEASUREMENTS)
    fieldsets = ((_("Patient"), ("patient",)), *EditVitalSignsForm.fieldsets)

    patient = active_patient()

    class Meta(EditVitalSignsForm.Meta):
        fields = ["patient", *EditVitalSignsForm.Meta.fields]

    def save(self, commit: bool = True) -> Any:
        self.instance.recorded_by_user = self.actor
        return super().save(commit)


class VitalSignsEnteredInErrorForm(WorkflowForm):
    """Say that measurements were never true (wrong patient, wrong value): the row stays and counts for nothing."""

    permission = "vital_signs.record"
    submit_label = _("Entered in error")
    question = _("Were the vital signs of {object} entered in error?")
    consequence = _("They stay in the record, struck through with your reason, and count for nothing any more.")
    danger = True

    class Meta:
        model = VitalSign
        fields: ClassVar = ["entered_in_error_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_for(self.instance, self.actor):
            raise PermissionDenied
        self.fields["entered_in_error_reason"].required = True

    @staticmethod
    def is_for(instance: VitalSign, actor: Any) -> bool:
        """The person who recorded them, or an administrator."""
        return instance.recorded_by_user_id == actor.pk or may(actor, "vital_signs.edit")

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return may(actor, cls.permission) and cls.is_for(instance, actor) and not instance.struck

    def clean(self) -> dict[str, Any]:
        if self.instance.struck:
            raise refuse(_("This was done already."), code="transition")
        return super().clean() or self.cleaned_data

    def save(self, commit: bool = True) -> Any:
        self.instance.entered_in_error_at = now()
        self.instance.entered_in_error_by_user = self.actor
        return super().save(commit)
