"""What the demo's visits refer to: the clinic's people, services, medications and lab tests."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models.functions import Length

from billing.models import Service
from clinical.models import Medication
from departments.models import User
from healthcare.demo.scenarios import SCENARIOS, Rx, Scenario
from healthcare.roles import Role

CATALOGUE = Path(settings.BASE_DIR) / "clinical" / "data" / "lab_catalogue.csv"


@dataclass
class House:
    """Everybody and everything that a visit refers to, read once."""

    doctors: list[User]
    nurses: list[User]
    clerks: list[User]
    officers: list[User]
    services: dict[str, Service]
    medications: dict[str, list[Medication]]
    labs: dict[tuple[str, str], dict[str, str]]

    @classmethod
    def read(cls) -> House:
        """From the database and the shipped lab catalogue."""
        by_role: dict[str, list[User]] = {}
        # The shortest address first: doctor@, doctor2@, ... doctor10@ on either engine.
        for user in User.objects.select_related("department").order_by(Length("email"), "email"):
            by_role.setdefault(user.role, []).append(user)
        medications: dict[str, list[Medication]] = {}
        for medication in Medication.objects.order_by("name", "strength"):
            medications.setdefault(medication.ingredients.casefold(), []).append(medication)
        labs = {}
        with CATALOGUE.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for sex in [row["sex"]] if row["sex"] else ["M", "F"]:
                    labs[row["test_name"], sex] = row
        return cls(
            doctors=by_role[Role.DOCTOR],
            nurses=by_role[Role.NURSE],
            clerks=by_role[Role.RECEPTIONIST],
            officers=by_role[Role.BILLING_OFFICER],
            services={service.name: service for service in Service.objects.all()},
            medications=medications,
            labs=labs,
        )

    def medication(self, rx: Rx) -> Medication | None:
        """The catalogue product that a scenario means."""
        products = self.medications.get(rx.ingredients, [])
        fitting = [m for m in products if rx.hint in f"{m.name} {m.strength} {m.form}".casefold()]
        return next(iter(fitting or products), None)

    def fee(self, visit_type: str) -> Service:
        """The service charged for a kind of visit."""
        consultations = [s for s in self.services.values() if s.service_type == "consultation"]
        word = {"follow_up": "follow", "routine_checkup": "check", "emergency": "urgent"}.get(visit_type, "")
        return next((s for s in consultations if word and word in s.name.casefold()), consultations[0])


def scenarios_for(doctor: User) -> list[Scenario]:
    """What brings patients to this doctor's department."""
    place = doctor.department.name if doctor.department else "General Practice"
    return [s for s in SCENARIOS if place in s.departments] or list(SCENARIOS)
