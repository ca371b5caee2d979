"""The demo clinic's departments, staff, insurers, working hours and patients."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import transaction
from django.db.models.functions import Length

from departments.models import ClinicSettings, Counter, Department, User
from healthcare.clock import now, today
from healthcare.demo import names
from healthcare.demo.rows import Batch, key_at
from healthcare.demo.scenarios import ALLERGIES, ALLERGY_TEXTS
from healthcare.roles import Role
from healthcare.startup import DEMO_DOMAIN
from patients.models import InsuranceProvider, MedicalRecord, Patient, PatientAllergy
from patients.search import rebuild_search_terms
from scheduling.models import DoctorAbsence, DoctorSchedule

PASSWORD = "Clinic-demo-2026!"  # noqa: S105 - shown to everybody; refused in production (FND-3)
PATIENTS_PER_WRITE = 2000
#: A clinic of the usual size has six doctors; beyond that one for so many patients.
PATIENTS_PER_DOCTOR = 800


@dataclass(frozen=True)
class Person:
    """What the history needs of a patient."""

    pk: UUID
    born: date
    gender: str
    insurer: UUID | None
    policy: str
    allergies: tuple[str, ...]


def build_house(patients: int, rng: random.Random) -> None:
    """Clinic, departments, staff, catalogues, insurers and working hours."""
    ClinicSettings(
        name="Riverside Family Clinic",
        address="120 River Street, Riverside, CA 92501",
        phone="+19515550100",
        email="hello@riverside-clinic.example",
        tax_rate=0,
    ).save()
    departments = {name: Department(name=name, description=text) for name, text in names.DEPARTMENTS}
    for department in departments.values():
        department.save()
    password = make_password(PASSWORD)
    for email, first, last, role, department_name in [*names.STAFF, *more_doctors(patients, rng)]:
        User(
            email=f"{email}{DEMO_DOMAIN}",
            first_name=first,
            last_name=last,
            role=role,
            department=departments[department_name],
            phone="+19515550" + f"{rng.randrange(100, 1000)}",
            password=password,
        ).save()
    call_command("load_formulary", verbosity=0)
    call_command("load_services", verbosity=0)
    for number, (name, policy) in enumerate(names.INSURERS):
        InsuranceProvider(
            name=name,
            coverage_policy=policy,
            contact_person=f"{rng.choice(names.FEMALE)} {rng.choice(names.LAST)}",
            phone=f"+1800555{1000 + number}",
            email=f"claims@{name.split()[0].lower()}.example",
            address=f"{rng.randrange(10, 900)} {rng.choice(names.STREETS)} Avenue, Hartford, CT 06103",
        ).save()
    for doctor in User.objects.doctors():
        for weekday in range(5):
            for start, end in ((time(8), time(12)), (time(13), time(17))):
                DoctorSchedule(doctor=doctor, weekday=weekday, start_time=start, end_time=end).save()
    away = User.objects.get(email=f"doctor6{DEMO_DOMAIN}")
    DoctorAbsence(
        doctor=away,
        start_date=today() + timedelta(days=12),
        end_date=today() + timedelta(days=19),
        reason="Conference and holiday",
    ).save()


def more_doctors(patients: int, rng: random.Random) -> Iterator[tuple[str, str, str, str, str]]:
    """Doctors beyond the usual six, for big demos."""
    places = ("General Practice", "Pediatrics", "Cardiology", "Dermatology", "Orthopedics")
    for number in range(7, patients // PATIENTS_PER_DOCTOR + 1):
        first = rng.choice(names.FEMALE if number % 2 else names.MALE)
        yield f"doctor{number}", first, rng.choice(names.LAST), Role.DOCTOR.value, places[number % 5]


def build_patients(count: int, rng: random.Random, progress: Callable[[int], None]) -> list[Person]:
    """So many patients with their records, or those of them that are missing; returns what the history needs."""
    clerks = list(User.objects.filter(role=Role.RECEPTIONIST).order_by("email"))
    insurers = list(InsuranceProvider.objects.order_by("name"))
    seed, done = rng.getrandbits(64), Patient.objects.count()
    for start in range(done, count, PATIENTS_PER_WRITE):
        # Chance of this write's own: what an interrupted run has written need not be played again.
        rng, size = random.Random(seed + start), min(PATIENTS_PER_WRITE, count - start)  # noqa: S311
        batch, made = Batch(), []
        with transaction.atomic():
            first_number = Counter.next("patient_number", size)
            for offset in range(size):
                patient, record, allergies = make_patient(first_number + offset, start + offset, rng, insurers)
                made.append(batch.add(patient))
                for row in (record, *allergies):
                    batch.add(row)
                number = patient.patient_number
                batch.audit(rng, "create", patient, rng.choice(clerks), patient.created_at, patient_number=number)
            batch.write()
            rebuild_search_terms(made, fresh=True)
        progress(start + size)
    return read_people()


def usual(role: Role) -> User:
    """The role's account that the README names (without a number), so that whoever logs in with it finds its work."""
    return User.objects.filter(role=role).order_by("-email")[0]


def read_people() -> list[Person]:
    """Everybody in the order of their numbers."""
    allergies: dict[UUID, tuple[str, ...]] = {}
    for rows in (
        PatientAllergy.objects.order_by("pk").values_list("patient_id", "substance"),
        MedicalRecord.objects.exclude(allergies="").values_list("patient_id", "allergies"),
    ):
        for patient, text in rows.iterator(chunk_size=2000):
            allergies[patient] = (*allergies.get(patient, ()), text)
    columns = ("pk", "date_of_birth", "gender", "insurance_provider_id", "insurance_policy_number")
    patients = Patient.objects.order_by(Length("patient_number"), "patient_number").values_list(*columns)
    return [Person(*values, allergies=allergies.get(values[0], ())) for values in patients.iterator(chunk_size=2000)]


def make_patient(
    number: int, index: int, rng: random.Random, insurers: list[InsuranceProvider]
) -> tuple[Patient, MedicalRecord, list[PatientAllergy]]:
    """One invented patient with record and allergies."""
    if index < len(names.UNUSUAL):
        last, first, gender = names.UNUSUAL[index]
    else:
        gender = rng.choices(["female", "male", "other"], [51, 48, 1])[0]
        first = rng.choice(names.FEMALE if gender == "female" else names.MALE)
        last = rng.choice(names.LAST).replace("_", " ")
    age = min(int(abs(rng.gauss(0, 1)) * 32) if rng.random() < 0.5 else rng.randrange(18, 80), 101)
    born = today() - timedelta(days=age * 365 + rng.randrange(1, 365))
    registered = now() - timedelta(days=rng.randrange(366, 900), minutes=rng.randrange(600))
    # Babies are registered once they are born.
    registered = max(registered, now() - timedelta(days=max((today() - born).days - 3, 0)))
    city, state, postal = rng.choice(names.CITIES)
    insurer = rng.choice(insurers) if rng.random() < 0.82 else None
    patient = Patient(
        id=key_at(registered, rng),
        created_at=registered,
        patient_number=f"P-{number:06}",
        first_name=first,
        last_name=last,
        date_of_birth=born,
        gender=gender,
        phone=f"+1951{rng.randrange(2_000_000, 9_999_999)}" if rng.random() < 0.93 else "",
        email=f"patient{number}@mail.example" if rng.random() < 0.6 else "",
        address=f"{rng.randrange(1, 990)} {rng.choice(names.STREETS)} Street",
        city=city,
        state=state,
        postal_code=postal,
        country="United States",
        emergency_contact_name=f"{rng.choice(names.FEMALE)} {last}" if rng.random() < 0.8 else "",
        emergency_contact_phone=f"+1951{rng.randrange(2_000_000, 9_999_999)}",
        emergency_contact_relationship=rng.choice(names.RELATIONS),
        insurance_provider=insurer,
        insurance_policy_number=f"{rng.randrange(10**8, 10**9)}" if insurer else "",
        is_active=index < 50 or rng.random() > 0.015,
    )
    return patient, *make_record(patient, registered, rng)


def make_record(
    patient: Patient, registered: datetime, rng: random.Random
) -> tuple[MedicalRecord, list[PatientAllergy]]:
    """The record: three in ten have allergies listed, one in eight was never asked."""
    state = rng.choices(["not_asked", "none_known", "listed"], [12, 62, 26])[0]
    if patient.age < 2 and state == "listed":  # nobody knows yet
        state = "none_known"
    allergies, born = [], patient.date_of_birth.year
    operations, vaccinations = ["", "", "As a baby: inguinal hernia"], ["", "As scheduled"]
    if patient.age >= 30:
        operations = ["", "", "", "Tonsillectomy as a child", f"Appendectomy {rng.randrange(born + 12, today().year)}"]
        vaccinations = ["", "Tetanus 2021", "Influenza yearly", "COVID-19 2021, 2023"]
    record = MedicalRecord(
        id=key_at(registered, rng),
        patient=patient,
        created_at=registered,
        allergy_status=state,
        blood_type=rng.choice(["", "A+", "O+", "B+", "AB+", "O-", "A-"]),
        family_medical_history=rng.choice(["", "", "Mother: type 2 diabetes", "Father: heart attack at 61"]),
        surgical_history=rng.choice(operations),
        immunization_history=rng.choice(vaccinations),
    )
    if state == "listed":
        for substance, reaction, severity in rng.sample(ALLERGIES, rng.choice([1, 1, 1, 2])):
            if substance in {a.substance for a in allergies}:
                continue
            allergies.append(
                PatientAllergy(
                    id=key_at(registered, rng),
                    created_at=registered,
                    patient=patient,
                    substance=substance,
                    reaction=reaction,
                    severity=severity,
                )
            )
        if rng.random() < 0.2:
            record.allergies = rng.choice(ALLERGY_TEXTS)
    return record, allergies
