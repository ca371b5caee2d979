"""What every page of the shell shows: the clinic's name, the menu of the role, the New menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from healthcare.roles import may


@dataclass(frozen=True)
class Item:
    """A menu entry: shown to those who hold the permission, where the URL exists."""

    label: Any
    url_name: str
    permission: str
    icon: str


#: The day's work first, then lists, then administration.
MENU: tuple[tuple[Any, tuple[Item, ...]], ...] = (
    (
        "",
        (
            Item(_("Dashboard"), "dashboard", "signed_in", "speedometer2"),
            Item(_("Patients"), "patient_list", "patients.view", "people"),
            Item(_("Appointments"), "appointment_list", "appointments.view", "calendar3"),
            Item(_("Calendar"), "appointment_calendar", "appointments.calendar", "calendar-week"),
            Item(_("Waiting board"), "appointment_board", "appointments.board", "kanban"),
            Item(_("Vital signs"), "vital_sign_list", "vital_signs.view", "heart-pulse"),
            Item(_("Consultations"), "consultation_list", "consultations.list", "journal-medical"),
            Item(_("Prescriptions"), "prescription_list", "prescriptions.view", "capsule"),
            Item(_("Lab tests"), "lab_test_list", "lab_tests.view", "eyedropper"),
            Item(_("Invoices"), "invoice_list", "invoices.view", "receipt"),
            Item(_("Payments"), "payment_list", "payments.view", "cash-coin"),
            Item(_("Reports"), "report_list", "reports.view", "bar-chart"),
        ),
    ),
    (
        _("Reference"),
        (
            Item(_("Medical records"), "medical_record_list", "medical_records.view", "folder2-open"),
            Item(_("Medications"), "medication_list", "prescriptions.view", "prescription2"),
            Item(_("Services"), "service_list", "services.view", "tags"),
            Item(_("Insurance providers"), "insurance_provider_list", "insurance_providers.view", "shield-check"),
        ),
    ),
    (
        _("Administration"),
        (
            Item(_("Departments"), "department_list", "departments.view", "diagram-3"),
            Item(_("Staff"), "user_list", "users.view", "person-badge"),
            Item(_("Working hours"), "doctor_schedule_list", "settings.edit", "clock"),
            Item(_("Absences"), "doctor_absence_list", "settings.edit", "calendar-x"),
            Item(_("Audit log"), "audit_log_list", "audit_logs.view", "shield-lock"),
            Item(_("Clinic settings"), "clinic_settings", "settings.edit", "gear"),
            Item(_("Django admin"), "admin:index", "admin.use", "wrench"),
        ),
    ),
)

NEW_MENU: tuple[Item, ...] = (
    Item(_("Patient"), "patient_create", "patients.edit", "person-plus"),
    Item(_("Appointment"), "appointment_create", "appointments.edit", "calendar-plus"),
    Item(_("Vital signs"), "vital_sign_create", "vital_signs.record", "heart-pulse"),
    Item(_("Invoice"), "invoice_create", "invoices.edit", "receipt"),
    Item(_("Report"), "report_create", "reports.view", "bar-chart"),
)


def entries(items: tuple[Item, ...], user: Any, path: str) -> list[dict[str, Any]]:
    """The entries that this person may use, with the present one marked."""
    found = []
    for item in items:
        if not may(user, item.permission):
            continue
        try:
            url = reverse(item.url_name)
        except NoReverseMatch:
            continue
        active = path == url if url == "/" else path.startswith(url)
        found.append({"label": item.label, "url": url, "icon": item.icon, "active": active})
    return found


def mark_nearest(items: list[dict[str, Any]]) -> None:
    """Of the marked entries leave the longest address marked: `/appointments/board/` is no `/appointments/`."""
    nearest = max((len(item["url"]) for item in items if item["active"]), default=0)
    for item in items:
        item["active"] = item["active"] and len(item["url"]) == nearest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: clinic, menus, search."""
    user = getattr(request, "user", None)
    clinic = apps.get_model("departments", "ClinicSettings").current()  # type: ignore[attr-defined]
    if user is None or not user.is_authenticated:
        return {"clinic": clinic, "menu": [], "new_menu": []}
    sections = [{"label": label, "items": entries(items, user, request.path)} for label, items in MENU]
    mark_nearest([item for section in sections for item in section["items"]])
    return {
        "clinic": clinic,
        "menu": [section for section in sections if section["items"]],
        "new_menu": entries(NEW_MENU, user, ""),
        # The box on every page finds patients, which every role may; the list shows what the role sees of them.
        "search_url": reverse("patient_list"),
    }
