"""The box on every page: patients, their next visits, invoices; whatever the role may see (PAGE-6).

Suggestions and the page of results say the same; without JavaScript the box leads to the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Invoice
from healthcare.clock import today
from healthcare.generic.base import Page
from healthcare.roles import may
from healthcare.templatetags.display import status_label
from patients.models import Patient, PatientSearchTerm
from scheduling.models import Appointment, AppointmentStatus

#: Rows of each kind: as suggestions, and on the page.
SUGGESTED, SHOWN = 6, 25
#: A visit that may still happen or goes on.
AHEAD = (
    AppointmentStatus.SCHEDULED,
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.CHECKED_IN,
    AppointmentStatus.IN_PROGRESS,
)
_INVOICE = re.compile(r"(?:inv)?[\s#-]*0*(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True)
class Hit:
    """One thing that was found."""

    url: str
    text: str
    detail: str = ""


@dataclass(frozen=True)
class Group:
    """What was found of one kind, with the list of all of them."""

    key: str
    title: Any
    icon: str
    hits: list[Hit]
    more_url: str = ""


def find(text: str, user: Any, limit: int) -> list[Group]:
    """Everything that the text finds, within the role. A handful of queries, whatever is found."""
    if not text:
        return []
    keys = PatientSearchTerm.objects.first_keys(text, limit)
    patients = Patient.objects.visible_to(user).in_order(keys)
    groups = [
        Group(
            "patients",
            _("Patients"),
            "person",
            [patient_hit(row, user) for row in patients],
            more("patient_list", text),
        ),
        Group("appointments", _("Next visits"), "calendar3", visits(patients, user, limit)),
        Group("invoices", _("Invoices"), "receipt", invoices(text, user, limit)),
    ]
    return [group for group in groups if group.hits]


def more(url_name: str, text: str) -> str:
    """The list with this search."""
    return f"{reverse(url_name)}?{urlencode({'q': text})}"


def patient_hit(patient: Patient, user: Any) -> Hit:
    """Who it is, and enough to tell two of one name apart."""
    facts = [patient.patient_number, f"{patient.date_of_birth} ({patient.age})"]
    if may(user, "patients.phone") and patient.phone:
        facts.append(patient.phone_shown)
    return Hit(patient.get_absolute_url(), str(patient), " · ".join(facts))


def visits(patients: list[Patient], user: Any, limit: int) -> list[Hit]:
    """What these patients are booked for from today on."""
    if not patients or not may(user, "appointments.view"):
        return []
    rows = Appointment.objects.visible_to(user).filter(
        patient__in=[patient.pk for patient in patients], appointment_date__gte=today(), status__in=AHEAD
    )
    rows = rows.select_related("patient", "doctor").order_by("appointment_date", "appointment_time")[:limit]
    return [Hit(row.get_absolute_url(), str(row), f"{row.doctor} · {status_label(row.status)}") for row in rows]


def invoices(text: str, user: Any, limit: int) -> list[Hit]:
    """The invoice with this number, however it was typed: `INV-000123`, `inv 123`, `123`."""
    match = _INVOICE.fullmatch(text)
    if match is None or not may(user, "invoices.view"):
        return []
    numbers = {f"INV-{int(match[1]):06}", text.upper()}
    rows = Invoice.objects.visible_to(user).filter(invoice_number__in=numbers).select_related("patient")[:limit]
    return [Hit(row.get_absolute_url(), row.invoice_number, f"{row.patient} · {row.invoice_date}") for row in rows]


class SearchPage(Page):
    """All that was found; one single hit opens at once."""

    permission = "signed_in"
    template_name = "search.html"
    page_title = gettext_lazy("Search")
    limit = SHOWN

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return []

    def asked(self) -> str:
        """What is searched for."""
        return self.request.GET.get("q", "").replace("\x00", " ").strip()[:100]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        groups = find(self.asked(), request.user, self.limit)
        hits = [hit for group in groups for hit in group.hits if group.key != "appointments"]
        if len(hits) == 1 and self.limit == SHOWN:
            return HttpResponseRedirect(hits[0].url)
        return self.render_to_response(self.get_context_data(groups=groups, text=self.asked()))


class SearchSuggestions(SearchPage):
    """The first of everything, while one types (htmx)."""

    permission = "signed_in"
    template_name = "_search.html"
    limit = SUGGESTED

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return kwargs
