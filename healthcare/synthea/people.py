"""Payers become insurance providers, providers become doctors, patients become patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _

from departments.models import Department, User
from healthcare.models import BaseModel
from healthcare.roles import Role
from healthcare.synthea.forms import PastDepartment, PastDoctor, PastInsurer, PastPatient, fill
from healthcare.synthea.reading import Row, Unusable, day, identity, without_digits, words
from healthcare.synthea.rejects import Outcome
from patients.models import Gender, InsuranceProvider, MedicalRecord, Patient

#: The payer that means none.
NO_INSURANCE = "no_insurance"
GENDERS = {"M": Gender.MALE, "F": Gender.FEMALE}


@dataclass
class Insurers:
    """The payers of the files, each by its id in this set of files."""

    by_payer: dict[str, UUID | None] = field(default_factory=dict)
    names: dict[UUID, str] = field(default_factory=dict)

    def read(self, rows: Iterable[Row], outcome: Outcome) -> list[BaseModel]:
        """The insurance providers to add; a name that the clinic has already is that one."""
        known = {name.casefold(): pk for pk, name in InsuranceProvider.objects.values_list("pk", "name")}
        new: list[BaseModel] = []
        for row in rows:
            name = row["NAME"].casefold()
            if name == NO_INSURANCE:
                self.by_payer[row.id] = None
                outcome.reject(row, _("NO_INSURANCE means that there is no insurer."))
            elif name in known:
                self.by_payer[row.id] = known[name]
                outcome.skip(row)
            else:
                try:
                    insurer = _insurer(row)
                except Unusable as error:
                    outcome.reject(row, error)
                    continue
                self.by_payer[row.id] = known[name] = insurer.pk
                new.append(insurer)
                outcome.take(row)
            if row.id in self.by_payer and (pk := self.by_payer[row.id]):
                self.names[pk] = row["NAME"]
        return new

    def of(self, payer: str) -> UUID | None:
        """The insurer behind a payer id; None for no insurance and for unknown payers."""
        return self.by_payer.get(payer.lower())

    def name_of(self, payer: str) -> str:
        """The insurer's name, or an empty string."""
        pk = self.of(payer)
        return self.names[pk] if pk else ""


def _insurer(row: Row) -> InsuranceProvider:
    address = ", ".join(part for part in (row["ADDRESS"], row["CITY"], row["STATE_HEADQUARTERED"], row["ZIP"]) if part)
    return fill(
        PastInsurer,
        InsuranceProvider(pk=identity("payer", row["NAME"].casefold())),
        {"name": row["NAME"], "phone": row["PHONE"], "address": address},
    )


@dataclass
class Doctors:
    """The providers of the files, as members of staff."""

    #: By the provider's id and by the id of its organization; the busiest first.
    found: dict[str, list[tuple[int, User]]] = field(default_factory=lambda: defaultdict(list))

    def read(self, rows: Iterable[Row], outcome: Outcome) -> list[BaseModel]:
        """The doctors and departments to add."""
        departments = {name.casefold(): pk for pk, name in Department.objects.values_list("pk", "name")}
        known = {user.pk: user for user in User.objects.filter(email__endswith=PastDoctor.DOMAIN)}
        new: list[BaseModel] = []
        for row in rows:
            # The old layout repeats ids between people, so that the name belongs to the identity.
            pk = identity("provider", row.id, row["NAME"])
            if pk in known:
                outcome.skip(row)
            else:
                try:
                    department = _department(row["SPECIALITY"], departments, new)
                    known[pk] = doctor = _doctor(row, pk, department)
                except Unusable as error:
                    outcome.reject(row, error)
                    continue
                new.append(doctor)
                outcome.take(row)
            work = row["ENCOUNTERS|UTILIZATION"]
            entry = (int(work) if work.isdecimal() and len(work) < 10 else 0, known[pk])
            for key in {row.id, row["ORGANIZATION"].lower()}:
                self.found[key].append(entry)
        return new

    def of(self, provider: str) -> User:
        """The doctor whom an encounter names.

        In the old layout the encounter names the organization: the one provider there who has
        encounters, which is the busiest, saw the patient.
        """
        candidates = self.found.get(provider.lower())
        if not candidates:
            raise Unusable(_("providers.csv has no provider %(id)s.") % {"id": provider[:40]})
        return max(candidates, key=lambda entry: entry[0])[1]


def _department(speciality: str, departments: dict[str, UUID], new: list[BaseModel]) -> UUID | None:
    name = speciality.title()
    if not name:
        return None
    if name.casefold() not in departments:
        department = fill(PastDepartment, Department(pk=identity("department", name.casefold())), {"name": name})
        departments[name.casefold()] = department.pk
        new.append(department)
    return departments[name.casefold()]


def _doctor(row: Row, pk: UUID, department: UUID | None) -> User:
    first, _space, last = without_digits(row["NAME"]).rpartition(" ")
    doctor = User(pk=pk, role=Role.DOCTOR, department_id=department, password=make_password(None))
    email = f"{pk.hex[:16]}{PastDoctor.DOMAIN}"
    return fill(PastDoctor, doctor, {"first_name": first, "last_name": last, "email": email})


def read_patient(row: Row, rows: dict[str, list[Row]], insurers: Insurers) -> tuple[Patient, MedicalRecord]:
    """The patient and the medical record, neither saved nor numbered. Unusable if the form refuses them."""
    if row["GENDER"] not in GENDERS:
        raise Unusable(_("GENDER is neither M nor F: %(text)s") % {"text": row["GENDER"][:40]})
    insurer, member = _policy(rows, insurers)
    patient = Patient(pk=identity("patient", row.id))
    if row["DEATHDATE"]:
        day(row, "DEATHDATE")
        patient.is_active = False
    fill(
        PastPatient,
        patient,
        {
            "first_name": without_digits(words(row, "FIRST")),
            "last_name": without_digits(words(row, "LAST")),
            "date_of_birth": day(row, "BIRTHDATE").isoformat(),
            "gender": GENDERS[row["GENDER"]],
            "address": row["ADDRESS"],
            "city": row["CITY"],
            "state": row["STATE"],
            "postal_code": row["ZIP"],
            "insurance_provider": insurer,
            "insurance_policy_number": member if insurer else "",
        },
    )
    return patient, MedicalRecord(pk=identity("medical_record", row.id), patient=patient)


def _policy(rows: dict[str, list[Row]], insurers: Insurers) -> tuple[UUID | None, str]:
    """(insurer, member id) of the latest transition; of the latest encounter where there is none."""

    def latest(file: str, column: str) -> Row | None:
        return max(rows[file], key=lambda row: row[column], default=None)

    if transition := latest("payer_transitions.csv", "START_DATE|START_YEAR"):
        return insurers.of(transition["PAYER"]), transition["MEMBERID"]
    if encounter := latest("encounters.csv", "START"):
        return insurers.of(encounter["PAYER"]), ""
    return None, ""
