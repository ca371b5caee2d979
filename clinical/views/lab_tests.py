"""Pages for the laboratory."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from clinical.filters import LabTestFilter
from clinical.forms.lab_tests import (
    CancelLabTestForm,
    CollectSampleForm,
    CorrectResultForm,
    EditLabTestForm,
    EnterResultsForm,
    OrderLabTestForm,
    ReviewForm,
    StartProcessingForm,
)
from clinical.models import LabTest
from clinical.models.lab_tests import URGENCY
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, EditPage, ListPage, Related, Section
from healthcare.generic.base import url_of
from patients.views.asked import PatientAskedMixin

#: Hours after which an unreviewed result is shown in amber, and in red.
DUE, LATE = 24, 72
STEPS = (
    Action(_("Collect sample"), "lab_test_collect_sample", form=CollectSampleForm, style="primary"),
    Action(_("Start processing"), "lab_test_start_processing", form=StartProcessingForm, style="primary"),
    Action(_("Enter results"), "lab_test_enter_results", form=EnterResultsForm, style="primary"),
    Action(_("Review"), "lab_test_review", form=ReviewForm, style="primary", icon="check2"),
)


class LabTestList(ListPage):
    """The worklist; `?inbox=1` is the doctor's own unreviewed results, abnormal first."""

    permission = "lab_tests.view"
    create_permission = "lab_tests.order"
    create_label = _("Order test")
    model = LabTest
    filterset_class = LabTestFilter
    ordering = ("-ordered_date",)
    select_related = ("patient", "ordered_by_doctor")
    row_actions = STEPS
    template_name = "clinical/lab_test_list.html"
    columns = (
        Column("test_name"),
        Column("patient"),
        Column("ordered_by_doctor"),
        Column("ordered_date", ordering="ordered_date"),
        Column("status"),
        Column("result", _("Result"), permission="lab_tests.results"),
        Column("flag", _("Flag"), permission="lab_tests.results"),
        Column("waiting", _("Waiting"), permission="lab_tests.results", align="end"),
    )

    def get_queryset(self) -> Any:
        return LabTest.objects.annotate(urgency=URGENCY)

    def current_ordering(self) -> tuple[str, ...]:
        if self.request.GET.get("inbox") == "1" and "ordering" not in self.request.GET:
            # Critical, abnormal, not compared, normal; in each the one that has waited longest.
            return ("-urgency", "result_date")
        return super().current_ordering()

    def row_context(self, row: Any, heads: Any) -> dict[str, Any]:
        """A result that waits grows amber after a day and red after three; a critical one is red at once."""
        context = super().row_context(row, heads)
        if LabTest.results_visible_to(self.request.user) and row.waiting:
            overdue = row.is_critical or row.waiting_hours >= LATE
            context["tone"] = "red" if overdue else "amber" if row.waiting_hours >= DUE else ""
        return context


class LabTestDetail(DetailPage):
    """One test, from the order to the reviewed result."""

    permission = "lab_tests.view"
    model = LabTest
    status_field = "status"
    sections = (
        Section(
            _("Order"),
            (
                "test_name",
                "test_type",
                "ordered_by_doctor",
                "ordered_date",
                "sample_collected_date",
                ("notes", _("Question to the laboratory")),
                "cancellation_reason",
            ),
            wide=("notes",),
            sparse=("sample_collected_date", "notes", "cancellation_reason"),
        ),
        Section(
            _("Result"),
            (
                "result_value",
                "result_unit",
                "reference_range",
                ("flag", _("Flag")),
                "result_date",
                "reviewed_at",
                "reviewed_by_user",
                "review_comment",
            ),
            permission="lab_tests.results",
            sparse=("flag", "result_date", "reviewed_at", "reviewed_by_user", "review_comment"),
        ),
    )
    actions = (
        *STEPS,
        Action(_("Print requisition"), "lab_test_requisition", permission="lab_tests.view", icon="printer"),
        Action(_("Edit"), "lab_test_edit", form=EditLabTestForm, icon="pencil"),
        Action(_("Correct result"), "lab_test_correct", form=CorrectResultForm, icon="pencil"),
        Action(_("Cancel test"), "lab_test_cancel", form=CancelLabTestForm, style="danger"),
    )
    versions = Related(
        _("Earlier results"),
        lambda row, user: row.result_versions.select_related("corrected_by_user", "lab_test"),
        (
            Column("result_value"),
            Column("result_unit"),
            Column("reference_range"),
            Column("result_date"),
            Column("reason"),
            Column("corrected_by_user"),
            Column("created_at", _("Corrected at")),
        ),
        permission="lab_tests.results",
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if LabTest.results_visible_to(self.request.user):
            earlier = self.related_context(self.versions)
            context["related"] += [earlier] if earlier["rows"] else []
        return context

    def get_queryset(self) -> Any:
        return LabTest.objects.select_related("patient", "ordered_by_doctor", "reviewed_by_user", "consultation")


class LabTestCreate(PatientAskedMixin, CreatePage):
    """Order a test; `?patient=` chooses the patient."""

    permission = "lab_tests.order"
    model = LabTest
    form_class = OrderLabTestForm
    page_title = _("Order lab test")


class LabTestEdit(EditPage):
    """Correct an order."""

    permission = "lab_tests.order"
    model = LabTest
    form_class = EditLabTestForm


class LabTestStep(ActionPage):
    """A step of the test; who may no longer see it (a nurse, a completed test) goes back to the worklist."""

    abstract = True
    model = LabTest

    def get_queryset(self) -> Any:
        return LabTest.objects.select_related("patient")

    def get_success_url(self, form: Any) -> str:
        seen = self.visible().filter(pk=form.instance.pk).exists()
        return form.instance.get_absolute_url() if seen else url_of(LabTest, "list")


class LabTestCollectSample(LabTestStep):
    """The sample is taken."""

    permission = "lab_tests.process"
    form_class = CollectSampleForm


class LabTestStartProcessing(LabTestStep):
    """The laboratory works on it."""

    permission = "lab_tests.process"
    form_class = StartProcessingForm


class LabTestEnterResults(LabTestStep):
    """The result is there."""

    permission = "lab_tests.process"
    form_class = EnterResultsForm


class LabTestCorrect(LabTestStep):
    """A completed result was wrong."""

    permission = "lab_tests.correct"
    form_class = CorrectResultForm


class LabTestReview(LabTestStep):
    """A doctor has seen it."""

    permission = "lab_tests.review"
    form_class = ReviewForm


class LabTestCancel(LabTestStep):
    """The order is cancelled; also what "delete" means here."""

    permission = "lab_tests.order"
    form_class = CancelLabTestForm
