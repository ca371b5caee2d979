"""Prescribing: choose, check against allergies and current medications, acknowledge, save (WF-RX)."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.forms import formset_factory
from django.utils.translation import gettext_lazy as _

from clinical import sig
from clinical.forms.rows import MAX_ROWS, RowMixin, Rows
from clinical.models import Consultation, Medication, Prescription
from clinical.prescribing import PatientSafety, as_current
from clinical.safety import SafetyDataError
from healthcare.clock import now, today
from healthcare.context import act
from healthcare.events import record
from healthcare.fields import RemoteChoiceField
from healthcare.roles import may
from healthcare.text import fold
from healthcare.workflow import WorkflowForm, lock, refuse


class PrescriptionFields(WorkflowForm):
    """What every way of prescribing shares: the fields, the choice of the medication, the safety check."""

    permission = "prescriptions.edit"
    fieldsets: ClassVar[tuple[Any, ...]] = (
        (_("Medication"), ("consultation", "medication", "medication_name")),
        (_("How to take it"), ("dosage", "frequency", "duration", "quantity", "route", "special_instructions")),
    )

    medication = RemoteChoiceField(
        Medication.objects.active(), url_name="medication_options", required=False, label=_("From the catalogue")
    )
    quantity = forms.IntegerField(label=_("Quantity"), required=False, min_value=1, max_value=100_000)

    class Meta:
        model = Prescription
        fields = [
            "medication",
            "medication_name",
            "dosage",
            "frequency",
            "duration",
            "quantity",
            "route",
            "special_instructions",
        ]

    #: The prescription that this one takes the place of, and so no duplicate of it.
    replaced: Prescription | None = None

    def __init__(self, *args: Any, safety: PatientSafety | None = None, **kwargs: Any) -> None:
        self._safety = safety
        super().__init__(*args, **kwargs)
        self.fields["medication_name"].required = False
        self.fields["medication_name"].label = _("Or any other medication")
        self.fields["medication"].widget.attrs["data-medication"] = ""

    def get_consultation(self) -> Consultation | None:
        """The consultation that it belongs to, once that is known."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.choose_medication(cleaned)
        if "quantity" not in self.errors and (cleaned.get("quantity") is None or self.counted_before()):
            cleaned["quantity"] = sig.quantity(*(cleaned.get(name, "") for name in sig.COUNTED_FROM))
        consultation = self.get_consultation()
        if consultation is not None and cleaned.get("medication_name"):
            self.check_safety(consultation, cleaned)
        return cleaned

    def counted_before(self) -> bool:
        """Whether the quantity is the one counted from how it was to be taken, and that is another way now."""
        told = [self.initial.get(name) or "" for name in sig.COUNTED_FROM]
        untouched = "quantity" not in self.changed_data and not set(sig.COUNTED_FROM).isdisjoint(self.changed_data)
        return untouched and self.initial.get("quantity") == sig.quantity(*told)

    def clean_frequency(self) -> str:
        """Common abbreviations written out for the patient: `bid` is `twice a day`."""
        return sig.written_out(self.cleaned_data["frequency"])

    def choose_medication(self, cleaned: dict[str, Any]) -> None:
        """The catalogue's product or a name in free text: what was changed last is what is meant."""
        medication, name = cleaned.get("medication"), cleaned.get("medication_name", "").strip()
        if "medication" in self.errors or "medication_name" in self.errors:
            return
        if medication is not None and "medication" in self.changed_data:
            typed = name if "medication_name" in self.changed_data else ""
            if typed and fold(typed) != fold(medication.name):
                self.add_error(
                    "medication_name",
                    refuse(_("Choose from the catalogue or write another name, not both."), code="both"),
                )
            cleaned["medication_name"] = medication.name
        elif name and "medication_name" in self.changed_data:
            cleaned["medication"] = None
        elif not name:
            self.add_error("medication_name", refuse(_("Choose or write a medication."), code="required"))

    def check_safety(self, consultation: Consultation, cleaned: dict[str, Any]) -> None:
        """RULE-RX-2 and RULE-RX-4: whatever matches must be acknowledged with a reason."""
        safety = self._safety or PatientSafety(consultation.patient)
        safety.lock()
        medication = cleaned.get("medication")
        ingredients = medication.ingredient_list if medication is not None else ()
        try:
            result = safety.check(cleaned["medication_name"], ingredients, replaced=self.replaced)
        except SafetyDataError as error:
            raise refuse(
                _("The data for the safety check cannot be read, so nothing may be prescribed. Tell an administrator."),
                code="safety_data",
            ) from error
        for warning in result.warnings:
            self.warn(warning.kind, warning.severity, warning.message, warning.source)
        self.notices += [*result.notices, *safety.notices()]

    def save(self, commit: bool = True) -> Any:
        prescription = self.instance
        prescription.safety_warnings = self.warnings_for_record()
        prescription.override_reason = self.cleaned_data["override_reason"] if self.warnings else ""
        prescription.overridden_by_user = self.actor if self.warnings else None
        saved = super().save(commit)
        if self.warnings:
            values = {"warnings": prescription.safety_warnings, "reason": prescription.override_reason}
            record("override", prescription, values=values)
        return saved


class NewPrescription(PrescriptionFields):
    """A prescription of today, by the acting doctor."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        consultation = self.get_consultation()
        if consultation is not None:
            # Here and not on saving: the guard against the wrong patient compares with it (BYD-2).
            self.instance.consultation = consultation
            self.instance.patient_id = consultation.patient_id
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.doctor = self.actor
        return super().save(commit)


class PrescribeForm(NewPrescription):
    """Prescribe on one's own consultation, while it can be edited."""

    submit_label = _("Prescribe")

    class Meta(PrescriptionFields.Meta):
        fields = ["consultation", *PrescriptionFields.Meta.fields]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["consultation"].empty_label = _("Choose the consultation")  # type: ignore[attr-defined]
        self.fields["consultation"].queryset = (  # type: ignore[attr-defined]
            Consultation.objects.editable_by(self.actor).select_related("patient").order_by("-consultation_date")
        )

    def get_consultation(self) -> Consultation | None:
        found: Consultation | None = self.cleaned_data.get("consultation")
        return found

    def clean_consultation(self) -> Consultation:
        """Locked against completion and the end of its 24 hours meanwhile."""
        consultation = lock(self.cleaned_data["consultation"])
        if consultation.locked():
            raise refuse(_("This consultation can no longer be changed."), code="locked")
        return consultation


class PrescriptionRowForm(RowMixin, NewPrescription):
    """One row of the consultation's page."""

    fieldsets = ()

    def __init__(self, *args: Any, consultation: Consultation, **kwargs: Any) -> None:
        self.consultation = consultation
        super().__init__(*args, **kwargs)
        self.fields["special_instructions"].widget.attrs["placeholder"] = _("Instructions")

    def get_consultation(self) -> Consultation | None:
        return self.consultation

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # The rows below are checked against this one too.
        if cleaned.get("medication_name") and self._safety is not None:
            candidate = Prescription(medication_name=cleaned["medication_name"], medication=cleaned.get("medication"))
            self._safety.besides.append(as_current(candidate))
        return cleaned


class EditPrescriptionForm(PrescriptionFields):
    """Correct an active prescription of one's own consultation, while that can be edited."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.consultation.doctor_id != self.actor.pk:
            raise PermissionDenied
        self.replaced = self.instance

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        consultation = instance.consultation
        return (
            may(actor, cls.permission)
            and instance.is_active
            and consultation.doctor_id == actor.pk
            and not consultation.locked()
        )

    def get_consultation(self) -> Consultation | None:
        return self.instance.consultation

    def clean(self) -> dict[str, Any]:
        if lock(self.instance.consultation).locked():
            raise refuse(
                _("24 hours have passed since the consultation was completed; discontinue or renew instead."),
                code="locked",
            )
        if not self.instance.is_active:
            raise refuse(_("This prescription is discontinued."), code="transition")
        return super().clean()


class RenewPrescriptionForm(NewPrescription):
    """Prescribe the same again, as a new act of today.

    The new row stays with the consultation of the old one, also after that is locked: renewing changes
    nothing that was written. It is checked anew, and takes the place of one that is still current.
    """

    action = "renew"
    submit_label = _("Renew")

    def __init__(self, *args: Any, source: Prescription, **kwargs: Any) -> None:
        copied = {name: getattr(source, name) for name in self.Meta.fields}
        offered = source.medication is not None and source.medication.is_active
        copied["medication"] = source.medication_id if offered else None
        kwargs["initial"] = {**copied, **(kwargs.get("initial") or {})}
        posted = kwargs.get("data")
        if posted and posted.get("at_once"):  # one click, which says nothing but "the same again"
            kwargs["data"] = {**copied, **{name: posted[name] for name in posted}}
        super().__init__(*args, **kwargs)
        self.replaced = source

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        """For the prescription that is to be renewed."""
        return may(actor, cls.permission) and instance.state != "discontinued"

    def get_consultation(self) -> Consultation | None:
        assert self.replaced is not None  # noqa: S101 - set by the constructor
        return self.replaced.consultation

    def clean(self) -> dict[str, Any]:
        assert self.replaced is not None  # noqa: S101 - set by the constructor
        self.replaced = lock(self.replaced)
        if not self.replaced.is_active:
            raise refuse(_("This prescription was discontinued; prescribe anew instead."), code="transition")
        return super().clean()

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit)
        old = self.replaced
        if old is not None and old.state == "active":
            stop(old, self.actor, str(_("Renewed on %(day)s.") % {"day": today()}))
            with act(action="discontinue", subject=old):
                old.save()
        return saved


def stop(prescription: Prescription, actor: Any, reason: str) -> None:
    """Mark as discontinued now, by this person."""
    prescription.is_active = False
    prescription.discontinued_at = now()
    prescription.discontinued_by_user = actor
    prescription.discontinued_reason = reason


class DiscontinuePrescriptionForm(WorkflowForm):
    """Stop a medication, with a reason; any doctor may."""

    permission = "prescriptions.edit"
    action = "discontinue"
    submit_label = _("Discontinue")
    question = _("Discontinue {object}?")
    consequence = _("It is no longer among the current medications. It stays in the patient's history.")
    danger = True

    class Meta:
        model = Prescription
        fields = ["discontinued_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["discontinued_reason"].required = True

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return may(actor, cls.permission) and instance.is_active

    def clean(self) -> dict[str, Any]:
        if not self.instance.is_active:
            raise refuse(_("This prescription is discontinued already."), code="transition")
        return super().clean() or self.cleaned_data

    def save(self, commit: bool = True) -> Any:
        stop(self.instance, self.actor, self.cleaned_data["discontinued_reason"])
        return super().save(commit)


class MedicationRows(Rows):
    """The prescriptions of a consultation."""

    title = _("Prescriptions")
    add_label = _("Add a medication")


PrescriptionRows = formset_factory(
    PrescriptionRowForm, formset=MedicationRows, extra=1, max_num=MAX_ROWS, absolute_max=MAX_ROWS, validate_max=True
)
