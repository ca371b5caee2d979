"""Insurers, patients, their medical record and their coded allergies."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from healthcare.clock import today
from healthcare.models import BaseModel, enum_constraint
from healthcare.roles import may
from healthcare.text import LongTextField, PhoneField, display_phone
from patients import search
from patients.querysets import PatientQuerySet, PatientRowQuerySet

#: Nobody alive is older (VAL-2).
OLDEST_YEARS = 130


class InsuranceProvider(BaseModel):
    """An insurance company that the clinic accepts."""

    SEARCH_FIELDS = ("name", "contact_person", "email")
    NAMED_BY = ("name",)

    name = models.CharField(_("name"), max_length=200)
    contact_person = models.CharField(_("contact person"), max_length=200, blank=True, default="")
    phone = PhoneField(_("phone"), blank=True, default="")
    email = models.EmailField(_("e-mail"), blank=True, default="")
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    coverage_policy = LongTextField(_("coverage policy"))
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "insurance_providers"
        verbose_name = _("insurance provider")
        verbose_name_plural = _("insurance providers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def phone_shown(self) -> str:
        """The phone number as people read it."""
        return display_phone(self.phone)


class Gender(models.TextChoices):
    """As in the source specification."""

    MALE = "male", _("Male")
    FEMALE = "female", _("Female")
    OTHER = "other", _("Other")


class Patient(BaseModel):
    """A person who receives care."""

    NAMED_BY = ("first_name", "last_name", "patient_number", "date_of_birth")
    NUMBER_SEQUENCE = "patient_number"
    #: The columns that the terms for searching are made of or repeat.
    SEARCHED = frozenset({"first_name", "last_name", "patient_number", "phone", "email", "date_of_birth", "is_active"})

    patient_number = models.CharField(_("patient number"), max_length=20, unique=True)
    first_name = models.CharField(_("first name"), max_length=100)
    last_name = models.CharField(_("last name"), max_length=100)
    date_of_birth = models.DateField(_("date of birth"))
    #: BYD-12: the person does not know it, so day and month say nothing.
    date_of_birth_estimated = models.BooleanField(_("date of birth is estimated"), default=False)
    gender = models.CharField(_("gender"), max_length=10, choices=Gender.choices)
    phone = PhoneField(_("phone"), blank=True, default="")
    email = models.EmailField(_("e-mail"), blank=True, default="")
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    city = models.CharField(_("city"), max_length=100, blank=True, default="")
    state = models.CharField(_("state"), max_length=100, blank=True, default="")
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True, default="")
    country = models.CharField(_("country"), max_length=100, blank=True, default="")
    emergency_contact_name = models.CharField(_("emergency contact"), max_length=200, blank=True, default="")
    emergency_contact_phone = PhoneField(_("emergency contact's phone"), blank=True, default="")
    emergency_contact_relationship = models.CharField(
        _("relationship to the patient"), max_length=100, blank=True, default=""
    )
    insurance_provider = models.ForeignKey(
        InsuranceProvider,
        verbose_name=_("insurance provider"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="patients",
    )
    insurance_policy_number = models.CharField(_("insurance policy number"), max_length=100, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    #: Staff, prominent people: opening the chart asks for a reason, which administrators read.
    is_confidential = models.BooleanField(_("confidential"), default=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        db_table = "patients"
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        ordering = ["last_name", "first_name", "id"]
        constraints = [
            enum_constraint("gender", Gender, "patients"),
            models.CheckConstraint(
                condition=models.Q(date_of_birth__gte=date(1850, 1, 1)),
                name="patients_date_of_birth_range",
                violation_error_message=_("This date of birth is too long ago."),
            ),
        ]
        indexes = [
            models.Index(fields=["last_name", "first_name", "id"], name="patients_by_name"),
            models.Index(fields=["date_of_birth", "id"], name="patients_by_birth"),
        ]

    def __str__(self) -> str:
        return f"{self.last_name}, {self.first_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        searched_changed = self._state.adding or bool(self.SEARCHED & self.changed_values()[1].keys())
        with transaction.atomic():
            super().save(*args, **kwargs)
            if searched_changed:
                search.rebuild_search_terms([self])

    def patient_of_row(self) -> Any:
        return self.pk

    @property
    def postal_address(self) -> str:
        """The address in lines: `Lakewood, OH 44107` where there is a state, else `8001 Zürich`."""
        if self.state:
            place = f"{self.city}, {self.state}" if self.city else self.state
            place = f"{place} {self.postal_code}"
        else:
            place = f"{self.postal_code} {self.city}"
        return "\n".join(part for part in (self.address, place.strip(), self.country) if part)

    @property
    def full_name(self) -> str:
        """`Last, First`, as lists and banners show it."""
        return str(self)

    @property
    def search_label(self) -> str:
        """Enough to tell two people with one name apart: `Lopez, Maria · P-000123 · 1984-03-05`."""
        return f"{self} · {self.patient_number} · {self.date_of_birth}"

    def open_appointments(self) -> Any:
        """Visits from today on that still may happen; a patient who has some stays active."""
        return self.appointments.filter(
            appointment_date__gte=today(), status__in=("scheduled", "confirmed", "checked_in", "in_progress")
        )

    @property
    def phone_shown(self) -> str:
        """The phone number as people read it."""
        return display_phone(self.phone)

    @property
    def emergency_contact_phone_shown(self) -> str:
        """The emergency contact's phone number as people read it."""
        return display_phone(self.emergency_contact_phone)

    def banner_for(self, user: Any) -> dict[str, Any]:
        """Who this is, for the top of every page about this patient; allergies for clinical roles only."""
        banner: dict[str, Any] = {
            "name": self.full_name,
            "number": self.patient_number,
            "date_of_birth": self.date_of_birth,
            "estimated": self.date_of_birth_estimated,
            "age": self.age,
            "age_shown": self.age_shown,
            "sex": self.get_gender_display(),
            "url": reverse("patient_detail", args=[self.pk]),
            "allergy_state": "hidden",
            "allergies": [],
            "extra": [],
        }
        if may(user, "allergies.view"):
            banner["allergy_state"], banner["allergies"] = self.allergy_summary()
        if may(user, "patients.edit") or may(user, "invoices.view"):
            banner["extra"] = [
                (label, value)
                for label, value in (
                    (_("Phone"), self.phone_shown),
                    (_("Insurance"), self.insurance_shown),
                    ("", "" if self.is_active else _("Inactive")),
                    ("", _("Confidential") if self.is_confidential else ""),
                )
                if value
            ]
        return banner

    @property
    def insurance_shown(self) -> str:
        """Insurer and policy number."""
        return " ".join(str(part) for part in (self.insurance_provider, self.insurance_policy_number) if part)

    def active_allergies(self) -> list[PatientAllergy]:
        """The coded allergies in force, the worst first."""
        active = [row for row in self.patient_allergies.all() if row.status == PatientAllergy.Status.ACTIVE]
        return sorted(active, key=lambda row: (-AllergySeverity.values.index(row.severity), row.substance))

    def allergy_summary(self) -> tuple[str, list[dict[str, str]]]:
        """BYD-3: (not_asked, none_known or list; what to show). Whatever is listed outweighs the answer given."""
        shown = [{"text": str(row), "severity": str(row.severity)} for row in self.active_allergies()]
        try:
            record = self.medical_record
        except ObjectDoesNotExist:
            record = None
        if record is not None and record.allergies.strip():
            shown.append({"text": " ".join(record.allergies.split()), "severity": "unknown"})
        if shown:
            return "list", shown
        if record is not None and record.allergy_status == AllergyStatus.NONE_KNOWN:
            return "none_known", []
        return "not_asked", []

    @property
    def age(self) -> int:
        """Completed years today."""
        return self.age_on(today())

    @property
    def age_shown(self) -> str:
        """`38 y`; of small children, whose birth is known, `17 mo` or `12 d`."""
        born, day = self.date_of_birth, today()
        if self.age >= 2 or self.date_of_birth_estimated:
            return str(_("%(age)s y") % {"age": self.age})
        months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
        return str(_("%(age)s mo") % {"age": months} if months else _("%(age)s d") % {"age": (day - born).days})

    def age_on(self, day: date) -> int:
        """Completed years on a day."""
        born = self.date_of_birth
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class AllergyStatus(models.TextChoices):
    """BYD-3: whether anybody asked. `listed` means coded allergies or free text exist."""

    NOT_ASKED = "not_asked", _("Not asked")
    NONE_KNOWN = "none_known", _("No known allergies")
    LISTED = "listed", _("Allergies listed")


class BloodType(models.TextChoices):
    """ABO and Rh."""

    A_POSITIVE = "A+", "A+"
    A_NEGATIVE = "A-", "A-"
    B_POSITIVE = "B+", "B+"
    B_NEGATIVE = "B-", "B-"
    AB_POSITIVE = "AB+", "AB+"
    AB_NEGATIVE = "AB-", "AB-"
    O_POSITIVE = "O+", "O+"
    O_NEGATIVE = "O-", "O-"


class MedicalRecord(BaseModel):
    """The lasting health record of one patient, made together with the patient."""

    patient = models.OneToOneField(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="medical_record"
    )
    blood_type = models.CharField(_("blood type"), max_length=3, choices=BloodType.choices, blank=True, default="")
    allergy_status = models.CharField(
        _("allergies asked"),
        max_length=12,
        choices=AllergyStatus.choices,
        default=AllergyStatus.NOT_ASKED,
    )
    allergies = LongTextField(_("allergies (free text)"))
    chronic_conditions = LongTextField(_("chronic conditions"))
    family_medical_history = LongTextField(_("family medical history"))
    surgical_history = LongTextField(_("surgical history"))
    immunization_history = LongTextField(_("immunization history"))
    notes = LongTextField(_("notes"))

    objects = PatientRowQuerySet.as_manager()

    class Meta:
        db_table = "medical_records"
        verbose_name = _("medical record")
        verbose_name_plural = _("medical records")
        constraints = [enum_constraint("allergy_status", AllergyStatus, "medical_records")]

    def __str__(self) -> str:
        return str(self.patient)

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Text that was written is an answer to the question (BYD-3).
        if self.allergies.strip() and self.allergy_status == AllergyStatus.NOT_ASKED:
            self.allergy_status = AllergyStatus.LISTED
        super().save(*args, **kwargs)


class AllergySeverity(models.TextChoices):
    """How bad the reaction was."""

    MILD = "mild", _("Mild")
    MODERATE = "moderate", _("Moderate")
    SEVERE = "severe", _("Severe")


class PatientAllergy(BaseModel):
    """One coded allergy: a substance or class, its reaction and severity.

    Entered in error instead of deleted: the row stays, inactive, with its reason.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive")
        ENTERED_IN_ERROR = "entered_in_error", _("Entered in error")

    SEARCH_FIELDS = ("substance", "patient__last_name")

    patient = models.ForeignKey(
        Patient, verbose_name=_("patient"), on_delete=models.PROTECT, related_name="patient_allergies"
    )
    substance = models.CharField(_("substance or class"), max_length=200)
    reaction = models.CharField(_("reaction"), max_length=200, blank=True, default="")
    severity = models.CharField(
        _("severity"), max_length=10, choices=AllergySeverity.choices, default=AllergySeverity.MODERATE
    )
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.ACTIVE)
    status_reason = models.CharField(_("reason for the status"), max_length=300, blank=True, default="")
    recorded_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="recorded_allergies",
    )

    class Meta:
        db_table = "patient_allergies"
        verbose_name = _("allergy")
        verbose_name_plural = _("allergies")
        ordering = ["-severity", "substance"]
        constraints = [
            enum_constraint("severity", AllergySeverity, "patient_allergies"),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "inactive", "entered_in_error"]),
                name="patient_allergies_status_known",
                violation_error_message=_("Choose one of the listed values."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.substance} ({self.reaction})" if self.reaction else self.substance

    def get_absolute_url(self) -> str:
        """The chart, where allergies are listed."""
        return reverse("patient_detail", args=[self.patient_id])
