"""Registering patients, changing their data, taking them out of use."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from departments.forms import DeactivateForm, ReactivateForm
from departments.models import Counter
from healthcare.clock import today
from healthcare.workflow import WorkflowForm, refuse
from patients.duplicates import Likeness, Person, likenesses
from patients.forms.rules import refuse_merged
from patients.models import OLDEST_YEARS, InsuranceProvider, MedicalRecord, Patient, PatientMerge


class PatientForm(WorkflowForm):
    """What is known about a patient who comes to the desk."""

    permission = "patients.edit"
    IDENTITY = ("last_name", "first_name", "date_of_birth")
    fieldsets: ClassVar = (
        (
            _("Person"),
            (
                "last_name",
                "first_name",
                "date_of_birth",
                "gender",
                "age_if_unknown",
                "patient_number",
                "date_of_birth_estimated",
            ),
        ),
        (_("Contact"), ("phone", "email", "address", "city", "state", "postal_code", "country")),
        (
            _("Emergency contact"),
            ("emergency_contact_name", "emergency_contact_phone", "emergency_contact_relationship"),
        ),
        (_("Insurance"), ("insurance_provider", "insurance_policy_number")),
    )

    age_if_unknown = forms.IntegerField(
        label=_("Age, if the date is not known"),
        required=False,
        min_value=0,
        max_value=OLDEST_YEARS - 1,
        help_text=_("Sets an estimated date of birth."),
    )

    class Meta:
        model = Patient
        fields = [
            "last_name",
            "first_name",
            "date_of_birth",
            "date_of_birth_estimated",
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
        #: Who may be the same person, once the form was checked.
        self.likenesses: list[Likeness] = []
        self.fields["date_of_birth"].required = False
        self.fields["insurance_provider"].queryset = InsuranceProvider.objects.filter(choosable)

    def clean_date_of_birth(self) -> date | None:
        """VAL-2."""
        born: date | None = self.cleaned_data["date_of_birth"]
        day = today()
        if born is None:
            return None
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
        self.estimate_date_of_birth(cleaned)
        unnamed = not cleaned.get("insurance_provider") and "insurance_provider" not in self.errors
        if cleaned.get("insurance_policy_number") and unnamed:
            self.add_error("insurance_provider", refuse(_("Choose the insurer of this policy number.")))
        self.warn_of_duplicates(cleaned)
        return cleaned

    def warn_of_duplicates(self, cleaned: dict[str, Any]) -> None:
        """Warn of patients who are likely the same person (WF-REG, BYD-8); on an edit if it touches who they are."""
        identity = ("first_name", "last_name", "date_of_birth", "phone", "email")
        if any(cleaned.get(name) is None for name in identity):
            return
        if not self.instance._state.adding and not set(identity) & set(self.changed_from(self.instance)):
            return
        person = Person(**{name: cleaned[name] for name in identity}, gender=cleaned.get("gender") or "")
        self.likenesses = [one for one in likenesses(person, self.instance.pk) if one.is_likely]
        for one in self.likenesses:
            self.warn("duplicate", "moderate", _("Perhaps registered already: %(patient)s") % {"patient": one})

    def estimate_date_of_birth(self, cleaned: dict[str, Any]) -> None:
        """BYD-12: from the age where nobody knows the date; the first of January makes today's age right."""
        born, age = cleaned.get("date_of_birth"), cleaned.get("age_if_unknown")
        if "date_of_birth" in self.errors:
            return
        if born is not None:
            years = today().year - born.year
            if age is not None and age not in (years, years - 1):
                said = _("The date of birth says another age. Empty one of the two.")
                self.add_error("age_if_unknown", refuse(said, code="contradiction"))
            return
        if age is None:
            self.add_error(
                "date_of_birth", refuse(_("Enter the date of birth, or an age if nobody knows it."), "required")
            )
            return
        cleaned["date_of_birth"] = date(today().year - age, 1, 1)
        cleaned["date_of_birth_estimated"] = True


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

    def clean(self) -> dict[str, Any]:
        refuse_merged(self.instance)
        return super().clean()


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
    """Take a patient into use again; a merged chart by undoing the merge."""

    permission = "patients.edit"

    class Meta:
        model = Patient
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        if PatientMerge.objects.in_force().filter(merged=self.instance).exists():
            raise refuse(_("This chart was merged into another one. Undo the merge instead."), code="merged")
        return super().clean()
