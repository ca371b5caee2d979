"""What a new clinic still lacks before its first patient comes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Service
from clinical.models import Medication
from departments.models import ClinicSettings, Department, User
from healthcare.generic.base import Page
from healthcare.roles import Role
from patients.models import InsuranceProvider
from scheduling.models import DoctorSchedule


class Checklist(Page):
    """A line for each thing, done or with the page where it is done."""

    permission = "settings.edit"
    template_name = "departments/checklist.html"
    page_title = _("Before the first patient")

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(_("Clinic settings"), reverse("clinic_settings")), (self.get_page_title(), "")]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        steps = self.steps()
        left = sum(not step["done"] for step in steps)
        return self.render_to_response(self.get_context_data(steps=steps, left=left))

    def steps(self) -> list[dict[str, Any]]:
        """Title, why, whether it is done, where it is done."""
        clinic, staff = ClinicSettings.current(), User.objects.filter(is_active=True)
        entries = (
            (
                _("Letterhead"),
                _("Address and phone, for everything that is printed."),
                bool(clinic.address),
                "",
            ),
            (
                _("Departments"),
                _("Visits and staff belong to one."),
                Department.objects.active().exists(),
                "department",
            ),
            (_("Doctors"), _("Whom patients come to see."), staff.filter(role=Role.DOCTOR).exists(), "user"),
            (
                _("Reception and nursing"),
                _("Who books, checks in and measures."),
                staff.filter(role=Role.RECEPTIONIST).exists() and staff.filter(role=Role.NURSE).exists(),
                "user",
            ),
            (
                _("Working hours"),
                _("Without them, doctors count as always available."),
                DoctorSchedule.objects.active().exists(),
                "doctor_schedule",
            ),
            (
                _("Price list"),
                _("What invoices are made of. A list to start from: manage.py load_services"),
                Service.objects.active().exists(),
                "service",
            ),
            (
                _("Insurers"),
                _("Who pays for your patients."),
                InsuranceProvider.objects.active().exists(),
                "insurance_provider",
            ),
            (
                _("Medications"),
                _("What is prescribed and checked. The shipped catalogue: manage.py load_formulary"),
                Medication.objects.active().exists(),
                "medication",
            ),
        )
        return [
            {
                "title": title,
                "why": why,
                "done": done,
                "url": reverse(f"{page}_create" if page else "clinic_settings"),
            }
            for title, why, done, page in entries
        ]
