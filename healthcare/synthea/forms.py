"""The desk's forms for what has happened already: they lift the rules that only concern the present.

Lifted is, in each form, exactly what its docstring names; everything else holds as it does at the desk.
The importer takes the cleaned row from the form and writes it in bulk, so `save` is never called.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from billing.forms import InvoiceForm, RecordPaymentForm, ServiceForm
from billing.forms.lines import LineForm
from billing.totals import Totals, totals
from clinical.forms.consultations import CompleteConsultationForm
from clinical.forms.lab_tests import EnterResultsForm
from clinical.forms.prescriptions import PrescriptionFields
from clinical.forms.vital_signs import EditVitalSignsForm
from clinical.models import Consultation, LabTest
from departments.forms import DepartmentForm, StaffForm
from healthcare.clock import wall_clock
from healthcare.money import ZERO, cents
from healthcare.synthea.reading import Unusable
from healthcare.workflow import WorkflowForm, refuse
from patients.forms import InsuranceProviderForm, MedicalRecordForm, RegisterPatientForm
from patients.forms.allergy import AllergyForm
from patients.models import PatientAllergy
from scheduling.forms.booking import TimeRulesForm

M = TypeVar("M")


def errors_by_field(form_class: type[WorkflowForm], instance: Any, data: dict[str, Any], **kwargs: Any) -> Any:
    """What the form says against the row, by field; empty if it takes it, and then `instance` holds the values."""
    # The table checks its constraints when the row is written. Asking it beforehand is a query for each of them,
    # half the time of an import, and says nothing that the forms have not said already.
    instance.validate_constraints = _nothing_to_ask
    form = form_class(data=data, instance=instance, **{"actor": None, **kwargs})
    errors = {name: " ".join(map(str, said)) for name, said in form.errors.items()}
    del instance.validate_constraints
    return errors


def _nothing_to_ask(exclude: Any = None) -> None:
    """In place of a row's `validate_constraints`."""


def fill(form_class: type[WorkflowForm], instance: M, data: dict[str, Any], **kwargs: Any) -> M:
    """The instance with the values that the form made of the data. Unusable, in the form's words, if it refuses."""
    if errors := errors_by_field(form_class, instance, data, **kwargs):
        raise Unusable("; ".join(said if name == "__all__" else f"{name}: {said}" for name, said in errors.items()))
    return instance


class Past:
    """A form whose relations stand on the instance already, without a choice to look up."""

    GIVEN: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.GIVEN:
            del self.fields[name]  # type: ignore[attr-defined]


class PastDepartment(DepartmentForm):
    """A doctor's speciality. Nothing is lifted."""


class PastInsurer(InsuranceProviderForm):
    """A payer. Nothing is lifted."""


class PastDoctor(Past, StaffForm):
    """A provider: role and department are given. Nobody can log in with the account, as it has no password."""

    #: Reserved, so that no mail ever leaves for it (RFC 2606).
    DOMAIN = "@synthea.invalid"
    GIVEN = ("role", "department")


class PastPatient(RegisterPatientForm):
    """A patient. Lifted: the question about likely duplicates, since the source's id says who it is."""

    def warn_of_duplicates(self, cleaned: dict[str, Any]) -> None:
        """Two people of one name and birthday are two in the source as well."""


class PastRecord(MedicalRecordForm):
    """The medical record. Lifted: the allergies are not in the database yet, so they are given."""

    def __init__(self, *args: Any, allergies: Iterable[PatientAllergy], **kwargs: Any) -> None:
        self.allergies = list(allergies)
        super().__init__(*args, **kwargs)

    def coded_allergies(self) -> list[PatientAllergy]:
        return self.allergies


class PastAllergy(AllergyForm):
    """A coded allergy. Lifted: looking for the same one among those saved; `listed` holds the earlier ones."""

    def __init__(self, *args: Any, listed: Iterable[str], **kwargs: Any) -> None:
        self.listed = listed
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super(AllergyForm, self).clean() or self.cleaned_data
        active = self.instance.status == PatientAllergy.Status.ACTIVE
        if active and cleaned.get("substance", "").casefold() in self.listed:
            self.add_error("substance", refuse(_("This allergy is listed already."), code="unique"))
        return cleaned


class PastAppointment(Past, TimeRulesForm):
    """A visit that took place. Lifted: not in the past, working hours, absences, the doctor's present status.

    Whether the doctor was free is decided for all encounters at once (`visits.overlapping`) and by the database.
    """

    GIVEN = ("doctor", "department")

    def is_moved(self) -> bool:
        """No time is claimed: it has passed."""
        return False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        date, patient = cleaned.get("appointment_date"), self.instance.patient
        if date and date > wall_clock().date():
            self.add_error("appointment_date", refuse(_("It has not taken place yet.")))
        elif date and date < patient.date_of_birth:
            self.add_error("appointment_date", refuse(_("This is before the patient was born.")))
        return cleaned


class PastConsultation(CompleteConsultationForm):
    """A completed note. Lifted: check-in, vital signs beforehand and the 24 hours; appointment and end are set after.

    Prescriptions and laboratory orders come from other files, so there are no rows.
    """

    class Meta(CompleteConsultationForm.Meta):
        model = Consultation
        fields = ["chief_complaint", "diagnosis", "treatment_plan", "notes"]

    def build_formsets(self) -> dict[str, Any]:
        return {}


class PastVitalSigns(EditVitalSignsForm):
    """One set of measurements. Nothing is lifted."""


class PastLabTest(EnterResultsForm):
    """A result. Lifted: the steps before it, as the files tell the result alone."""

    class Meta(EnterResultsForm.Meta):
        model = LabTest
        fields = ["test_name", "notes", *EnterResultsForm.Meta.fields]


class PastPrescription(PrescriptionFields):
    """A prescription. Lifted: interactions and duplicates with what is taken now.

    Allergies are checked as ever; a match is acknowledged with the reason that it was prescribed before.
    """

    def get_consultation(self) -> Consultation | None:
        found: Consultation | None = self.instance.consultation
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.warnings:
            self.instance.safety_warnings = self.warnings_for_record()
            self.instance.override_reason = cleaned.get("override_reason", "")
        return cleaned


class PastService(Past, ServiceForm):
    """Something that was charged for. Nothing is lifted."""

    GIVEN = ("department",)


class PastLine(LineForm):
    """A charge. Nothing is lifted; its service is given."""

    service = None  # type: ignore[assignment]


class ReadLines:
    """Lines that were checked one by one, in the place of the page's rows."""

    def __init__(self, line_totals: list[Decimal]) -> None:
        self._line_totals = line_totals

    def is_valid(self) -> bool:
        """They are."""
        return True

    def line_totals(self) -> list[Decimal]:
        """What they come to."""
        return self._line_totals

    def tax_free_total(self) -> Decimal:
        """The data knows no tax at all."""
        return ZERO


class PastInvoice(InvoiceForm):
    """An invoice with its totals. Lifted: the clinic's present tax rate, as the data says 0."""

    def __init__(self, *args: Any, line_totals: list[Decimal], **kwargs: Any) -> None:
        self._line_totals = line_totals
        super().__init__(*args, **kwargs)

    class Meta(InvoiceForm.Meta):
        pass

    def build_formsets(self) -> dict[str, Any]:
        return {"line_items": ReadLines(self._line_totals)}

    def first_totals(self) -> Totals:
        return totals(self._line_totals)


class PastPayment(RecordPaymentForm):
    """A payment. Lifted: looking the invoice up, as it is not saved yet; its balance is given."""

    invoice = None  # type: ignore[assignment]

    class Meta(RecordPaymentForm.Meta):
        fields = [name for name in RecordPaymentForm.Meta.fields if name != "invoice"]

    def __init__(self, *args: Any, balance: Decimal, **kwargs: Any) -> None:
        self.balance = balance
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("amount") and cleaned["amount"] > self.balance:
            self.add_error("amount", refuse(_("At most %(balance)s is due."), balance=cents(self.balance)))
        return cleaned
