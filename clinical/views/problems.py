"""Pages for the problem list, the doctors' text templates, and the search of codes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinical import diagnosis_codes
from clinical.forms.problems import (
    AddProblemForm,
    ChangeProblemForm,
    DeactivateTextTemplateForm,
    ProblemEnteredInErrorForm,
    TextTemplateForm,
)
from clinical.models import Problem, TextTemplate
from healthcare.access import RoleView
from healthcare.generic import ActionPage, Column, CreatePage, EditPage, ListPage
from healthcare.roles import may
from patients.views.asked import PatientAskedMixin


class DiagnosisCodeOptions(RoleView):
    """JSON for the search-as-you-type select of codes."""

    permission = "medical_records.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        if not may(request.user, self.permission):
            raise PermissionDenied
        found = diagnosis_codes.search(request.GET.get("q", "").replace("\x00", " ")[:100])
        return JsonResponse({"results": [{"id": c.code, "text": str(c), "detail": c.also[:80]} for c in found]})


class ProblemPage:
    """Back to the chart, where problems are listed."""

    def get_success_url(self, form: Any) -> str:
        """The chart's record."""
        return chart_of(form.instance)

    def get_cancel_url(self) -> str:
        """The chart of whom the page is about."""
        patient = self.get_patient()  # type: ignore[attr-defined]
        return f"{patient.get_absolute_url()}?tab=record" if patient else reverse("patient_list")

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        """From the patient down."""
        patient = self.get_patient()  # type: ignore[attr-defined]
        crumbs = [(str(patient), f"{patient.get_absolute_url()}?tab=record")] if patient else []
        return [*crumbs, (self.get_page_title(), "")]  # type: ignore[attr-defined]


def chart_of(problem: Problem) -> str:
    """Where a problem is listed."""
    return f"{reverse('patient_detail', args=[problem.patient_id])}?tab=record"


class ProblemCreate(ProblemPage, PatientAskedMixin, CreatePage):
    """Note a problem; `?patient=` chooses the patient."""

    permission = "medical_records.edit"
    model = Problem
    form_class = AddProblemForm
    page_title = _("Add problem")


class ProblemEdit(ProblemPage, EditPage):
    """Change or resolve a problem."""

    permission = "medical_records.edit"
    model = Problem
    form_class = ChangeProblemForm


class ProblemEnteredInError(ProblemPage, ActionPage):
    """It was never true; also what "delete" means here."""

    permission = "medical_records.edit"
    model = Problem
    form_class = ProblemEnteredInErrorForm


class TextTemplateList(ListPage):
    """One's own templates."""

    permission = "consultations.edit"
    create_permission = "consultations.edit"
    model = TextTemplate
    page_subtitle = _("Type .name and a space into the note, and the text stands there.")
    ordering = ("name",)
    columns = (Column("name", ordering="name"), Column("text"))

    def row_url(self, row: Any) -> str:
        return reverse("text_template_edit", args=[row.pk])


class TextTemplateCreate(CreatePage):
    """A new template."""

    permission = "consultations.edit"
    model = TextTemplate
    form_class = TextTemplateForm

    def get_success_url(self, form: Any) -> str:
        return reverse("text_template_list")


class TextTemplateEdit(EditPage):
    """Change a template."""

    permission = "consultations.edit"
    model = TextTemplate
    form_class = TextTemplateForm

    def get_success_url(self, form: Any) -> str:
        return reverse("text_template_list")


class TextTemplateDeactivate(ActionPage):
    """Throw a template away."""

    permission = "consultations.edit"
    model = TextTemplate
    form_class = DeactivateTextTemplateForm

    def get_success_url(self, form: Any) -> str:
        return reverse("text_template_list")


class TextTemplateMine(RoleView):
    """JSON for the note: one's own templates by name."""

    permission = "consultations.edit"

    def get(self, request: HttpRequest) -> HttpResponse:
        if not may(request.user, self.permission):
            raise PermissionDenied
        rows = TextTemplate.objects.visible_to(request.user).active().values_list("name", "text")
        return JsonResponse({"templates": dict(rows)})
