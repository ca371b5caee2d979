"""What every page of the shell shows: the clinic's name, the menu of the role, the New menu."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from healthcare.clinic import clinic
from healthcare.roles import may


@dataclass(frozen=True, eq=False)  # looked up as it is: hashing its translated label took 0.2 ms a page
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
            Item(_("Waiting list"), "waiting_list_entry_list", "appointments.edit", "hourglass-split"),
            Item(_("Recalls"), "recall_list", "recalls.view", "bell"),
            Item(_("Vital signs"), "vital_sign_list", "vital_signs.view", "heart-pulse"),
            Item(_("Consultations"), "consultation_list", "consultations.list", "journal-medical"),
            Item(_("Prescriptions"), "prescription_list", "prescriptions.view", "capsule"),
            Item(_("Lab tests"), "lab_test_list", "lab_tests.view", "eyedropper"),
            Item(_("Invoices"), "invoice_list", "invoices.view", "receipt"),
            Item(_("Payments"), "payment_list", "payments.view", "cash-coin"),
            Item(_("Cash close"), "cash_close_list", "cash_closes.view", "safe"),
            Item(_("Reports"), "report_list", "reports.view", "bar-chart"),
        ),
    ),
    (
        _("Reference"),
        (
            Item(_("Medical records"), "medical_record_list", "medical_records.view", "folder2-open"),
            Item(_("Medications"), "medication_list", "prescriptions.view", "prescription2"),
            Item(_("My text templates"), "text_template_list", "consultations.edit", "card-text"),
            Item(_("Acknowledged warnings"), "prescription_overrides", "prescriptions.view", "exclamation-triangle"),
            Item(_("Downtime pack"), "downtime_pack", "downtime.print", "printer"),
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
            Item(_("Import patients"), "patient_import_list", "patients.import", "file-earmark-arrow-up"),
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


def entries(items: tuple[Item, ...], user: Any, active: str = "") -> list[dict[str, Any]]:
    """The entries that this person may use, with the present one marked."""
    return [
        {"label": item.label, "url": url, "icon": item.icon, "active": url == active}
        for item in items
        if (url := url_of(item)) and may(user, item.permission)
    ]


@cache
def url_of(item: Item) -> str:
    """Where the entry leads; an empty string where that does not exist."""
    try:
        return reverse(item.url_name)
    except NoReverseMatch:
        return ""


def active_url(path: str) -> str:
    """The menu's entry to which a page belongs: the one with the longest common address."""
    urls = [url_of(item) for _label, items in MENU for item in items]
    return max(
        (url for url in urls if url and (path == url or (url != "/" and path.startswith(url)))), key=len, default=""
    )


def menu_of(user: Any, active: str) -> list[dict[str, Any]]:
    """The sections of the side menu that hold something for this person."""
    sections = [{"label": label, "items": entries(items, user, active)} for label, items in MENU]
    return [section for section in sections if section["items"]]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the clinic, the menus, and on what their cached parts in `base.html` depend."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"clinic": clinic(), "menu": [], "new_menu": []}
    active = active_url(request.path)
    return {
        "clinic": clinic(),
        "active_url": active,
        "idle_seconds": settings.SESSION_IDLE_SECONDS,
        # Called by the template only where the part is not in the cache.
        "menu": lambda: menu_of(user, active),
        "new_menu": lambda: entries(NEW_MENU, user),
    }
