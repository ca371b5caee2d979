"""The demo's chronic conditions, in the records of those in whom a visit found one."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from clinical.models import Consultation, Problem
from healthcare.clock import now, today
from healthcare.demo.house import House
from healthcare.demo.rows import change, insertion, key_at, run
from healthcare.demo.scenarios import SCENARIOS
from patients.models import MedicalRecord

#: The scenarios' chronic conditions as codes.
CHRONIC_CODES = {
    "Hypertension": "I10",
    "Type 2 diabetes": "E11.9",
    "Asthma": "J45.909",
    "Coronary heart disease": "I25.10",
    "Hypothyroidism": "E03.9",
}


def save_chronic_conditions(rng: random.Random) -> None:
    """What the consultations found for good goes into the patients' records."""
    names = {scenario.diagnosis: scenario.chronic for scenario in SCENARIOS if scenario.chronic}
    found = Consultation.objects.filter(diagnosis__in=names).order_by("patient_id", "diagnosis")
    chronic: dict[Any, set[str]] = {}
    for patient, diagnosis in found.values_list("patient_id", "diagnosis").distinct().iterator(chunk_size=2000):
        chronic.setdefault(patient, set()).add(names[diagnosis])
    doctor, keys = House.read().doctors[0], list(chronic)
    for start in range(0, len(keys), 500):
        records = list(MedicalRecord.objects.filter(patient_id__in=keys[start : start + 500]).order_by("patient_id"))
        problems = []
        for record in records:
            titles = sorted(chronic[record.patient_id])
            record.chronic_conditions = "\n".join(titles)
            problems += [
                Problem(
                    patient_id=record.patient_id,
                    title=title,
                    code=CHRONIC_CODES.get(title, ""),
                    id=key_at(now(), rng),
                    since=today() - timedelta(days=rng.randrange(200, 3000)),
                    noted_by_user=doctor,
                )
                for title in titles
            ]
        run([change(records, "chronic_conditions"), insertion(problems)])
