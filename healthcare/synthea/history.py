"""One patient's whole history: read from the rows of all files, written in one transaction or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import Invoice, InvoiceLineItem, Payment, ServiceType
from clinical.models import Consultation, LabTest, Prescription, VitalSign
from departments.models import Counter
from healthcare.models import BaseModel
from healthcare.synthea.claims import Bill, Claims, PriceList, finish_texts, mark
from healthcare.synthea.forms import PastRecord, fill
from healthcare.synthea.observations import VITALS, is_laboratory, read_lab_tests, read_vital_signs
from healthcare.synthea.orders import Catalogue, Lines, PastSafety, is_chronic, read_allergies, read_prescriptions
from healthcare.synthea.people import Doctors, Insurers, read_patient
from healthcare.synthea.reading import Row, Unusable, day, identity, number, untagged, words
from healthcare.synthea.rejects import Outcome
from healthcare.synthea.visits import Told, is_diagnosis, read_appointment, read_consultation, read_visit
from healthcare.synthea.writing import write
from patients.forms.allergy import follow_allergies
from patients.forms.patient import next_patient_number
from patients.models import AllergyStatus, Patient, PatientAllergy
from patients.search import rebuild_search_terms


@dataclass
class Clinic:
    """What all patients share."""

    insurers: Insurers
    doctors: Doctors
    catalogue: Catalogue
    prices: PriceList
    #: Encounters whose time or id is taken, by line, with the reason.
    unusable_times: dict[int, str]


@dataclass
class History:
    """A patient's rows and what is made of them."""

    row: Row
    rows: dict[str, list[Row]]
    clinic: Clinic
    outcome: Outcome = field(default_factory=Outcome)
    new: list[BaseModel] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    #: Consultations of earlier runs, by id.
    saved: dict[UUID, Consultation] = field(default_factory=dict)
    #: Consultations of this run and of earlier ones, by encounter.
    consultations: dict[str, Consultation] = field(default_factory=dict)
    #: Encounters that are in the clinic since an earlier run.
    earlier: set[str] = field(default_factory=set)
    #: Encounters that are left out, with the reason.
    refused: dict[str, str] = field(default_factory=dict)

    # -- reading -----------------------------------------------------------------------------

    def read(self) -> None:
        """Everything, in the order in which one file explains another."""
        self._read_patient()
        conditions = self._by_encounter("conditions.csv")
        procedures = self._by_encounter("procedures.csv")
        for row in self.rows["encounters.csv"]:
            self._read_encounter(row, conditions[row.id], procedures[row.id])
        allergies = list(
            read_allergies(self.rows["allergies.csv"], self.patient, self._known(PatientAllergy), self.outcome)
        )
        self.new += allergies
        self._read_record(allergies, conditions)
        self._settle(row for rows in procedures.values() for row in rows)
        for row in self.rows["procedures.csv"] + self.rows["immunizations.csv"]:
            self._price(row)
        self._read_observations()
        self._read_medications(allergies)
        self._read_claims()

    def _read_patient(self) -> None:
        found = Patient.objects.select_related("medical_record", "insurance_provider").filter(
            pk=identity("patient", self.row.id)
        )
        known = found.first()
        if known is not None:
            self.patient, self.record, self.is_new = known, known.medical_record, False
            consultations = Consultation.objects.filter(patient=known).select_related("appointment__doctor", "doctor")
            self.saved = {row.pk: row for row in consultations}
            self.outcome.skip(self.row)
        else:
            self.patient, self.record = read_patient(self.row, self.rows, self.clinic.insurers)
            self.is_new = True
            self.new += [self.patient, self.record]
            self.outcome.take(self.row)

    def _known(self, model: Any) -> set[UUID]:
        """The ids of the patient's rows that the clinic has already."""
        return set() if self.is_new else set(model.objects.filter(patient=self.patient).values_list("pk", flat=True))

    def _by_encounter(self, file: str) -> dict[str, list[Row]]:
        """A file's rows by encounter, without those whose text cannot be kept."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows[file]:
            try:
                words(row, "DESCRIPTION")
                day(row, "START|DATE")
            except Unusable as error:
                self.outcome.reject(row, error)
            else:
                found[row["ENCOUNTER"].lower()].append(row)
        return found

    def _read_encounter(self, row: Row, conditions: list[Row], procedures: list[Row]) -> None:
        if reason := self.clinic.unusable_times.get(row.line):
            self.refused[row.id] = reason
            self.outcome.reject(row, reason)
            return
        if earlier := self.saved.get(identity("consultation", row.id)):
            earlier.patient = self.patient
            self.consultations[row.id] = earlier
            self.earlier.add(row.id)
            self.outcome.skip(row)
            return
        try:
            visit = read_visit(row, self.clinic.doctors)
            appointment = read_appointment(visit, self.patient)
            consultation = read_consultation(visit, appointment, _told(conditions, procedures))
        except Unusable as error:
            self.refused[row.id] = str(error)
            self.outcome.reject(row, error)
            return
        self.consultations[row.id] = consultation
        self.new += [appointment, consultation]
        self.outcome.take(row)

    def _usable(self, row: Row) -> Consultation | None:
        """The consultation that a row belongs to; the row is rejected if there is none."""
        encounter = row["ENCOUNTER"].lower()
        found = self.consultations.get(encounter)
        if found is None:
            self.outcome.reject(row, self._why_not(encounter))
        return found

    def _why_not(self, encounter: str) -> str:
        """Why there is no consultation of an encounter."""
        if reason := self.refused.get(encounter):
            return _("Its encounter was not imported: %(reason)s") % {"reason": reason}
        return _("encounters.csv has no such encounter of this patient.")

    def _settle(self, rows: Iterable[Row]) -> None:
        """Rows that became part of their consultation's text."""
        for row in rows:
            if self._usable(row):
                self._count(row, known=row["ENCOUNTER"].lower() in self.earlier)

    def _count(self, row: Row, *, known: bool) -> None:
        (self.outcome.skip if known else self.outcome.take)(row)

    def _read_record(self, allergies: list[PatientAllergy], conditions: dict[str, list[Row]]) -> None:
        """The lasting record: open disorders and immunizations. It is the clinic's own once it is imported."""
        chronic, immunizations = Lines(), Lines()
        for row in (row for rows in conditions.values() for row in rows):
            if is_chronic(row):
                self._note(row, "START", chronic, self.record.chronic_conditions)
            else:
                self._settle([row])
        for row in self.rows["immunizations.csv"]:
            self._note(row, "DATE", immunizations, self.record.immunization_history)
        if not self.is_new:
            return
        active = [row for row in allergies if row.status == PatientAllergy.Status.ACTIVE]
        data = {
            "allergy_status": AllergyStatus.LISTED if active else AllergyStatus.NOT_ASKED,
            "chronic_conditions": chronic.text,
            "immunization_history": immunizations.text,
        }
        fill(PastRecord, self.record, data, allergies=active)

    def _note(self, row: Row, column: str, lines: Lines, present: str) -> None:
        try:
            line = lines.add(day(row, column), untagged(words(row, "DESCRIPTION")))
        except Unusable as error:
            self.outcome.reject(row, error)
            return
        if self.is_new:
            self.outcome.take(row)
        elif line in present.splitlines():
            self.outcome.skip(row)
        else:
            self.outcome.reject(row, _("The clinic has kept this patient's medical record since its import."))

    def _price(self, row: Row) -> None:
        """A priced procedure or immunization of a visit joins the price list, out of use."""
        if row["ENCOUNTER"].lower() not in self.consultations:
            return
        kind = ServiceType.PROCEDURE if row.file == "procedures.csv" else ServiceType.VACCINATION
        try:
            self.clinic.prices.add(kind, words(row, "DESCRIPTION"), number(row, "BASE_COST", "0.01"))
        except Unusable:
            # The row itself is kept, or rejected, for its own sake; a price that makes no sense is no price.
            return

    def _read_observations(self) -> None:
        vitals: dict[str, list[Row]] = defaultdict(list)
        results: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows["observations.csv"]:
            if not row["ENCOUNTER"]:
                self.outcome.reject(row, _("A score that belongs to no encounter."))
            elif row["CODE"] not in VITALS and not is_laboratory(row):
                self.outcome.reject(row, _("Neither a vital sign that the clinic keeps nor a laboratory result."))
            elif self._usable(row):
                (vitals if row["CODE"] in VITALS else results)[row["ENCOUNTER"].lower()].append(row)
        known = self._known(VitalSign)
        for encounter, rows in vitals.items():
            part = Outcome()
            vital_signs = read_vital_signs(encounter, rows, self.consultations[encounter], part)
            if vital_signs is not None and vital_signs.pk in known:
                part.known, part.imported = part.imported, []
            elif vital_signs is not None:
                self.new.append(vital_signs)
            self.outcome.join(part)
        known = self._known(LabTest)
        for encounter, rows in results.items():
            self.new += read_lab_tests(rows, self.consultations[encounter], known, self.outcome)

    def _read_medications(self, allergies: list[PatientAllergy]) -> None:
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows["medications.csv"]:
            if self._usable(row):
                grouped[row["ENCOUNTER"].lower()].append(row)
        known = self._known(Prescription)
        safety = PastSafety(self.patient, allergies if self.is_new else None)
        for encounter, rows in grouped.items():
            consultation = self.consultations[encounter]
            self.new += read_prescriptions(rows, consultation, self.clinic.catalogue, safety, known, self.outcome)

    def _read_claims(self) -> None:
        claims = Claims.read(self.rows["claims.csv"], self.rows["claims_transactions.csv"], self.outcome)
        known = self._known(Invoice)
        billed: set[UUID] = set()
        kept: set[bytes] = set()
        if not self.is_new:
            kept = {mark(pk) for pk in self._known(Payment)}
            lines = InvoiceLineItem.objects.filter(invoice__patient=self.patient)
            kept |= {mark(pk) for pk in lines.values_list("pk", flat=True)}
            billed = set(
                Invoice.objects.live().filter(patient=self.patient).values_list("appointment_id", flat=True)  # type: ignore[arg-type]
            )
        kinds = self._kinds()
        payers = {row.id: row["PAYER"] for row in self.rows["encounters.csv"]}
        for encounter in claims.by_encounter:
            consultation = self.consultations.get(encounter)
            if consultation is None:
                claims.reject(encounter, self._why_not(encounter), self.outcome)
            elif identity("invoice", encounter) in known:
                claims.skip(encounter, kept, self.outcome)
            elif consultation.appointment_id in billed:
                claims.reject(encounter, _("The clinic has invoiced this visit itself."), self.outcome)
            else:
                insurer = self.clinic.insurers.name_of(payers[encounter])
                bill = claims.bill(encounter, consultation, insurer, kinds, self.clinic.prices, self.outcome)
                self.bills += [bill] if bill else []

    def _kinds(self) -> dict[str, str]:
        """What kind of service each code of this patient's files is."""
        files = {
            "encounters.csv": ServiceType.CONSULTATION,
            "procedures.csv": ServiceType.PROCEDURE,
            "immunizations.csv": ServiceType.VACCINATION,
        }
        return {row["CODE"]: kind.value for file, kind in files.items() for row in self.rows[file]}

    # -- writing -----------------------------------------------------------------------------

    def write(self) -> None:
        """All of it in one transaction; numbers are taken there, so that none is lost."""
        prices = self.clinic.prices
        with transaction.atomic():
            if self.is_new:
                self.patient.patient_number = next_patient_number()
            if self.bills:
                first = Counter.next(Invoice.NUMBER_SEQUENCE, len(self.bills))
                for position, bill in enumerate(self.bills):
                    bill.invoice.invoice_number = f"INV-{first + position:06}"
                    finish_texts(bill)
            billed = [row for bill in self.bills for row in (*bill.lines, *bill.payments, bill.invoice)]
            write([*self.new, *prices.added, *billed])
            if self.is_new:
                rebuild_search_terms([self.patient], fresh=True)
            elif any(isinstance(row, PatientAllergy) for row in self.new):
                follow_allergies(self.patient)
        prices.added = []


def _told(conditions: list[Row], procedures: list[Row]) -> Told:
    """What the other files tell of an encounter, each thing once."""

    def each(rows: Iterable[Row]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(untagged(row["DESCRIPTION"]) for row in rows))

    return Told(
        diagnoses=each(row for row in conditions if is_diagnosis(row["DESCRIPTION"])),
        findings=each(row for row in conditions if not is_diagnosis(row["DESCRIPTION"])),
        procedures=each(procedures),
    )
