"""Registering patients, changing their data, taking them out of use."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from departments.forms import DeactivateForm, ReactivateForm
from departments.models import Counter
from healthcare.clock import today
from healthcare.workflow import WorkflowForm, refuse
from patients.models import OLDEST_YEARS, InsuranceProvider, MedicalRecord, Patient
from patients.search import words_of


class PatientForm(WorkflowForm):
    """What is known about a patient who comes to the desk."""

    permission = "patients.edit"
    fieldsets: ClassVar = (
        (_("Person"), ("last_name", "first_name", "date_of_birth", "gender", "patient_number")),
        (_("Contact"), ("phone", "email", "address", "city", "state", "postal_code", "country")),
        (
            _("Emergency contact"),
            ("emergency_contact_name", "emergency_contact_phone", "emergency_contact_relationship"),
        ),
        (_("Insurance"), ("insurance_provider", "insurance_policy_number")),
    )

    class Meta:
        model = Patient
        fields = [
            "last_name",
            "first_name",
            "date_of_birth",
            "gender",
            "patient_number",
            "phone",
            "email",
            "address",
            "city",
            "state",
            "postal_code",
            "country",
            "emergency_contact_name",
            "emergency_contact_phone",
            "emergency_contact_relationship",
            "insurance_provider",
            "insurance_policy_number",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choosable = Q(is_active=True) | Q(pk=self.instance.insurance_provider_id)
        self.fields["insurance_provider"].queryset = InsuranceProvider.objects.filter(choosable)

    def clean_date_of_birth(self) -> date:
        """VAL-2."""
        born: date = self.cleaned_data["date_of_birth"]
        day = today()
        if born > day:
            raise refuse(_("The date of birth cannot be in the future."), code="range")
        if (day.year - born.year, (day.month, day.day)) >= (OLDEST_YEARS, (born.month, born.day)):
            raise refuse(_("The date of birth cannot be more than %(years)s years ago."), "range", years=OLDEST_YEARS)
        return born

    def clean_patient_number(self) -> str:
        """In capitals, so that `p-000001` is not somebody else."""
        return str(self.cleaned_data["patient_number"] or "").strip().upper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        unnamed = not cleaned.get("insurance_provider") and "insurance_provider" not in self.errors
        if cleaned.get("insurance_policy_number") and unnamed:
            self.add_error("insurance_provider", refuse(_("Choose the insurer of this policy number.")))
        self.warn_of_duplicates(cleaned)
        return cleaned

    def warn_of_duplicates(self, cleaned: dict[str, Any]) -> None:
        """Warn of patients born on the same day with the same name or the same phone number (WF-REG)."""
        identity = ("first_name", "last_name", "date_of_birth", "phone")
        if any(cleaned.get(name) is None for name in identity):
            return
        if not self.instance._state.adding and not set(identity) & set(self.changed_from(self.instance)):
            return
        words = words_of(f"{cleaned['first_name']} {cleaned['last_name']}")
        for other in Patient.objects.filter(date_of_birth=cleaned["date_of_birth"]).exclude(pk=self.instance.pk):
            same_phone = bool(cleaned["phone"]) and cleaned["phone"] == other.phone
            if same_phone or words == words_of(f"{other.first_name} {other.last_name}"):
                message = _("Perhaps registered already: %(patient)s") % {"patient": other.search_label}
                self.warn("duplicate", "moderate", message)


class RegisterPatientForm(PatientForm):
    """Register a new patient (WF-REG), with the medical record, and a number unless one was typed."""

    submit_label = _("Register")

    class Meta(PatientForm.Meta):
        pass

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        number = self.fields["patient_number"]
        number.required = False
        number.help_text = _("Leave it empty: the next free number is assigned.")

    def save(self, commit: bool = True) -> Any:
        if self.instance.patient_number:
            # Wait for those who are being assigned a number just now: it may be this one.
            Counter.objects.select_for_update().filter(name=Patient.NUMBER_SEQUENCE).first()
        else:
            self.instance.patient_number = next_patient_number()
        patient = super().save(commit)
        MedicalRecord(patient=patient).save()
        return patient


class EditPatientForm(PatientForm):
    """Change what is known about a patient."""

    class Meta(PatientForm.Meta):
        pass


def next_patient_number() -> str:
    """The next number that nobody has; those typed by hand are skipped. Call in a transaction.

    The counter's row is locked from here on, so two writers never try the same number.
    """
    while True:
        number = f"P-{Counter.next(Patient.NUMBER_SEQUENCE):06}"
        if not Patient.objects.filter(patient_number=number).exists():
            return number


class DeactivatePatientForm(DeactivateForm):
    """Take a patient out of use; not while visits lie ahead."""

    permission = "patients.edit"
    consequence = _("{object} disappears from lists and can no longer be booked. Nothing is deleted.")

    class Meta:
        model = Patient
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        ahead = self.instance.open_appointments().count()
        if ahead:
            raise refuse(_("This patient has open appointments (%(count)s). Cancel them first."), count=ahead)
        return cleaned


class ReactivatePatientForm(ReactivateForm):
    """Take a patient into use again."""

    permission = "patients.edit"

    class Meta:
        model = Patient
        fields: list[str] = []
