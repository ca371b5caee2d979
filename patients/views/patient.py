"""Pages for finding, registering and changing patients; the chart has its own module."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django import forms as forms_
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject, cached_property
from django.utils.translation import gettext_lazy as _

from healthcare.access import RoleView
from healthcare.compiled import Compiled
from healthcare.generic import ActionPage, Column, CreatePage, EditPage, FormPage, ListPage, OptionsView, PdfPage
from healthcare.generic.paging import COUNT_CAP, MAX_PAGE_SIZE, PAGING
from healthcare.pdf import qr_code
from healthcare.text import PhoneFormField
from patients import forms
from patients.duplicates import Person, likenesses
from patients.filters import PatientFilter
from patients.models import Patient, PatientSearchTerm

#: What may stand in the address and leaves no row out, a search aside.
NOT_NARROWING = frozenset({"q", "ordering", "inactive", "page_size", "export", *PAGING})

#: What the search's index can be ordered by, after the last name.
IN_INDEX = frozenset({"last_name", "first_name", "pk"})


class PatientList(ListPage):
    """All patients; what is shown of each depends on the role."""

    permission = "patients.view"
    create_permission = "patients.edit"
    create_label = _("Register patient")
    model = Patient
    filterset_class = PatientFilter
    ordering = ("last_name", "first_name")
    select_related = ("insurance_provider",)
    columns = (
        Column("full_name", _("Name"), ordering="last_name"),
        Column("patient_number", ordering="patient_number"),
        Column("date_of_birth", ordering="date_of_birth"),
        Column("gender"),
        Column("phone_shown", _("Phone"), permission="patients.phone"),
        Column("email", permission="patients.contact"),
        Column("insurance_provider", permission="patients.contact"),
    )

    def terms_suffice(self, order: Sequence[str]) -> bool:
        """Whether the page can be read from the search index: a search in the order of names, nothing filtered."""
        by_name = order[0].lstrip("-") == "last_name" and {part.lstrip("-") for part in order} <= IN_INDEX
        return bool(self.search_text()) and not self.narrowed() and by_name

    def narrowed(self) -> bool:
        """Whether anything but a search leaves rows out: the API takes any column."""
        return any(value for name, value in self.request.GET.items() if name not in NOT_NARROWING)

    @cached_property
    def found(self) -> tuple[Any, list[UUID], int]:
        """The terms that the search finds, the keys of the first of those patients in the order of the list, and how
        many were wanted: if there are fewer, these are all, and neither the page nor their number is asked for again.

        Of several words more are read, as each look goes through all patients with the rarest word.
        """
        terms, text = PatientSearchTerm.objects, self.search_text()
        wanted = COUNT_CAP + 1 if len(text.split()) > 1 else MAX_PAGE_SIZE + 1
        matching = terms.matching(text)
        if not (keys := self.keys_of(matching, wanted)):
            matching = terms.found(text)
            keys = self.keys_of(matching, wanted)
        return matching, keys, wanted

    def keys_of(self, terms: Any, count: int) -> list[UUID]:
        """The first patients of these terms in the order of the list."""
        return list(self.listed(terms).keys_by_name(self.total_ordering(), count))

    def listed(self, terms: Any) -> Any:
        """The terms of the patients who are listed."""
        return terms if self.inactive_shown() else terms.filter(is_active=True)

    def searched(self, rows: Any) -> Any:
        # Mostly nobody asks for them: a page is read, and its rows are counted, by the index alone.
        return SimpleLazyObject(lambda: rows.of_terms(PatientSearchTerm.objects.found(self.search_text())))

    def window(self, rows: Any, order: list[str], count: int, *, start: int = 0, cursor: Any = None) -> list[Any]:
        if not self.terms_suffice(order):
            narrowed = self.search_text() or self.narrowed() or self.inactive_shown()
            if start or cursor is not None or narrowed:
                return super().window(rows, order, count, start=start, cursor=cursor)
            return first_page(getattr(self.request.user, "role", ""), tuple(order), count)()
        terms, known, wanted = self.found
        places = {key: place for place, key in enumerate(known, 1)}
        first = places.get(cursor.pk) if cursor else start
        held = first is not None and (len(known) < wanted or first + count <= len(known))
        if held and order == self.total_ordering():
            keys = known[first:][:count]
        else:
            keys = self.listed(terms).keys_by_name(order, count, start=start, cursor=cursor)
        return self.visible().select_related(*self.select_related).in_order(keys)

    def capped_count(self, rows: Any) -> int:
        if not self.terms_suffice(self.order):
            return super().capped_count(rows)
        terms, known, wanted = self.found
        if len(known) < wanted or wanted > COUNT_CAP:
            return len(known)
        return self.listed(terms).capped_count(COUNT_CAP + 1)


@lru_cache(100)
def first_page(role: str, order: tuple[str, ...], count: int) -> Compiled:
    """The list as it opens for a role, in this order."""
    page, reader = PatientList(), SimpleNamespace(role=role)
    return Compiled(lambda: page.shown(Patient.objects.visible_to(reader).active()).order_by(*order)[:count])


class PatientOptions(OptionsView):
    """Patients to choose from, searched as one types."""

    permission = "patients.view"
    model = Patient

    def rows_for(self, text: str) -> Any:
        if not text:
            return super().rows_for(text)
        keys = PatientSearchTerm.objects.first_keys(text, self.limit)
        return self.get_queryset().visible_to(self.request.user).in_order(keys)

    def text_of(self, row: Patient) -> str:
        return row.search_label


class Typed(forms_.Form):
    """What stands in the form so far; what is no date or number yet is simply missing."""

    first_name = forms_.CharField(required=False, max_length=100)
    last_name = forms_.CharField(required=False, max_length=100)
    date_of_birth = forms_.DateField(required=False)
    phone = PhoneFormField(required=False)
    email = forms_.EmailField(required=False)
    gender = forms_.CharField(required=False, max_length=10)
    #: On an edit: who it is.
    patient = forms_.UUIDField(required=False)


class PatientDuplicates(RoleView):
    """Who may be registered already, while one types (htmx). Posted, as names have no place in an address."""

    permission = "patients.edit"

    def post(self, request: HttpRequest) -> HttpResponse:
        typed = Typed(request.POST)
        typed.is_valid()
        known = {name: value for name, value in typed.cleaned_data.items() if value}
        besides = known.pop("patient", None)
        found = likenesses(Person(**known), besides) if known.get("last_name") or len(known) > 1 else []
        return render(request, "patients/_duplicates.html", {"likenesses": found})


class PatientFormPage(FormPage):
    """Registering and editing: the form, with who may be the same person above it."""

    abstract = True
    template_name = "patients/patient_form.html"


class PatientCreate(PatientFormPage, CreatePage):
    """Register a patient."""

    permission = "patients.edit"
    drafted = True
    model = Patient
    form_class = forms.RegisterPatientForm
    page_title = _("Register patient")


class PatientSticker(PdfPage):
    """A sheet of stickers with name, number and QR code, for folders and sample tubes."""

    permission = "patients.edit"
    model = Patient
    template_name = "patients/pdf/sticker.html"
    COPIES = 10

    def document_context(self) -> dict[str, Any]:
        return {"number_qr": qr_code(self.object.patient_number), "copies": range(self.COPIES)}


class PatientEdit(PatientFormPage, EditPage):
    """Change a patient's data."""

    permission = "patients.edit"
    model = Patient
    form_class = forms.EditPatientForm


class PatientDeactivate(ActionPage):
    """Take a patient out of use."""

    permission = "patients.edit"
    model = Patient
    form_class = forms.DeactivatePatientForm


class PatientReactivate(ActionPage):
    """Take a patient into use again."""

    permission = "patients.edit"
    model = Patient
    form_class = forms.ReactivatePatientForm
