"""The laboratory's worklists: collect, process, enter, many in a row by the keyboard."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinical import trends
from clinical.forms.lab_tests import CollectSampleForm, EnterResultsForm, StartProcessingForm
from clinical.models import LabTest, LabTestStatus
from clinical.views.vital_signs import VitalSignTrends
from healthcare.access import closed_chart
from healthcare.generic.base import Page
from healthcare.workflow import refuse, submit

#: So many rows on one page; the oldest first.
ROWS = 50


class Worklist(Page):
    """Tests that wait for one step. Each is its own change: one that is refused stays, with the reason."""

    abstract = True
    permission = "lab_tests.process"
    model = LabTest
    template_name = "clinical/worklist.html"
    form_class: ClassVar[Any]
    waiting_in: ClassVar[str]
    button: ClassVar[Any]
    empty: ClassVar[Any] = gettext_lazy("Nothing waits here.")
    #: What is typed in each row; nothing where a tick is enough.
    inputs: ClassVar[tuple[str, ...]] = ()

    def rows(self) -> list[LabTest]:
        """What waits, the oldest order first."""
        found = LabTest.objects.filter(status=self.waiting_in).select_related("patient", "ordered_by_doctor")
        return list(found.order_by("ordered_date", "pk")[:ROWS])

    def form_of(self, test: LabTest, data: Any = None) -> Any:
        """The row's form, for showing."""
        return self.form_class(actor=self.request.user, instance=test, prefix=str(test.pk), data=data)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.shown([(test, self.form_of(test)) for test in self.rows()])

    def shown(self, rows: list[tuple[LabTest, Any]], status: int = 200) -> HttpResponse:
        """The page with these rows."""
        counts = {name: LabTest.objects.filter(status=view.waiting_in).count() for name, view in WORKLISTS.items()}
        tabs = [
            {
                "label": view.page_title,
                "url": reverse(name),
                "count": counts[name],
                "current": isinstance(self, view),
            }
            for name, view in WORKLISTS.items()
        ]
        lines = [{"test": test, "form": form, "fields": [form[name] for name in self.inputs]} for test, form in rows]
        words = {"inputs": self.inputs, "button": self.button, "empty": self.empty}
        waiting = next(tab["count"] for tab in tabs if tab["current"])
        more = {"more": max(0, waiting - ROWS), "status": self.waiting_in}
        return self.render_to_response(self.get_context_data(lines=lines, tabs=tabs, **words, **more), status=status)

    def asked_for(self, test: LabTest) -> bool:
        """Whether the row was filled in, or ticked."""
        name = self.inputs[0] if self.inputs else "do"
        return bool(self.request.POST.get(f"{test.pk}-{name}", "").strip())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        done, refused = 0, {}
        for test in LabTest.objects.filter(pk__in=self.posted()).select_related("patient"):
            if not self.asked_for(test):
                continue
            form = self.refused_by_chart(test) or submit(
                self.form_class, actor=request.user, data=request.POST, instance=test, prefix=str(test.pk)
            )
            if form.is_valid():
                done += 1
                for notice in form.notices:
                    messages.warning(request, notice)
            else:
                refused[test.pk] = form
        if done:
            messages.success(request, ngettext("%(count)s test done.", "%(count)s tests done.", done) % {"count": done})
        if not refused:
            return HttpResponseRedirect(request.path)
        lines = [(test, refused.pop(test.pk, None) or self.form_of(test)) for test in self.rows()]
        for form in refused.values():
            messages.warning(request, self.left_word(form))
        if any(form.is_bound for _test, form in lines):
            messages.warning(request, _("Some could not be done; the reasons stand beside them."))
        return self.shown(lines)

    def refused_by_chart(self, test: LabTest) -> Any:
        """The row's form, refused, where the chart is confidential and was not opened; its own pages ask why."""
        if not closed_chart(self.request, test.patient):
            return None
        form = self.form_of(test, self.request.POST)
        said = _("This chart is confidential. Open the test by its name and say why, then save it here.")
        form.add_error(None, refuse(said, code="reason_required"))
        return form

    def left_word(self, form: Any) -> str:
        """Of a row that a colleague was faster with: whose it is, why it is refused, and what would be lost unsaid."""
        test, why = form.instance, " ".join(error for errors in form.errors.values() for error in errors)
        words = {"test": test, "patient": test.patient.search_label, "why": why}
        if not self.inputs:
            return _("%(test)s, %(patient)s: %(why)s") % words
        words["typed"] = form[self.inputs[0]].value()
        return _("%(test)s, %(patient)s: %(why)s You typed: %(typed)s.") % words

    def posted(self) -> set[UUID]:
        """The tests whose rows were on the page."""
        found = set()
        for name in self.request.POST.getlist("test")[:ROWS]:
            try:
                found.add(UUID(name))
            except ValueError:
                continue
        return found


class CollectWorklist(Worklist):
    """Samples to take."""

    form_class = CollectSampleForm
    waiting_in = LabTestStatus.ORDERED
    page_title = gettext_lazy("To collect")
    button = gettext_lazy("Samples taken")


class ProcessWorklist(Worklist):
    """Samples that wait for the laboratory."""

    form_class = StartProcessingForm
    waiting_in = LabTestStatus.SAMPLE_COLLECTED
    page_title = gettext_lazy("To process")
    button = gettext_lazy("Start processing")


class EnterWorklist(Worklist):
    """Results to enter: Enter leads to the next row's value, Tab through the row; empty rows stay."""

    form_class = EnterResultsForm
    waiting_in = LabTestStatus.IN_PROGRESS
    page_title = gettext_lazy("To enter")
    button = gettext_lazy("Save the results")
    inputs = ("result_value", "result_unit", "reference_range")


WORKLISTS: dict[str, type[Worklist]] = {
    "lab_worklist_collect": CollectWorklist,
    "lab_worklist_process": ProcessWorklist,
    "lab_worklist_enter": EnterWorklist,
}


class LabTestTrends(VitalSignTrends):
    """A patient's results over time: a chart for each test and unit."""

    permission = "lab_tests.results"
    page_title = gettext_lazy("Results over time")

    def charts(self) -> list[dict[str, Any]]:
        return trends.lab_charts(self.object)
