"""Laboratory: order, collect, process, enter results, review, cancel (WF-LAB)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import formset_factory
from django.utils.translation import gettext_lazy as _

from clinical import lab_catalogue
from clinical.forms.rows import MAX_ROWS, RowMixin, Rows
from clinical.models import Consultation, LabResultVersion, LabTest, LabTestStatus
from healthcare.clock import now
from healthcare.roles import may
from healthcare.workflow import TransitionForm, WorkflowForm, lock, refuse
from patients.forms.choice import active_patient
from patients.models import Patient


class LabTestNameInput(forms.TextInput):
    """Free text with the laboratory's catalogue as suggestions."""

    template_name = "clinical/test_name_input.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}_list"
        context["suggestions"] = lab_catalogue.suggestions()
        return context


class LabOrderFields(WorkflowForm):
    """What is ordered; unit, panel and reference range come from the catalogue, by the patient's sex."""

    permission = "lab_tests.order"

    class Meta:
        model = LabTest
        fields = ["test_name", "test_type", "notes"]
        widgets = {"test_name": LabTestNameInput, "notes": forms.Textarea(attrs={"rows": 2})}
        labels = {"notes": _("Question to the laboratory")}

    def order_set(self, patient: Patient) -> None:
        """`Set: CBC` orders each of its tests, in the set's order: this row, which is saved after them, the last."""
        *others, last = lab_catalogue.set_named(self.instance.test_name) or (self.instance.test_name,)
        self.instance.test_name = last
        fill(self.instance, patient)
        for name in others:
            test = LabTest(
                patient=patient,
                consultation_id=self.instance.consultation_id,
                ordered_by_doctor_id=self.instance.ordered_by_doctor_id,
                ordered_date=self.instance.ordered_date,
                test_name=name,
                notes=self.instance.notes,
            )
            fill(test, patient)
            test.save()


def fill(test: LabTest, patient: Patient) -> None:
    """Take over what the catalogue knows of the test for this patient; a name that it does not know stays."""
    known = lab_catalogue.find(test.test_name, patient.gender, patient.age)
    if known is not None:
        test.test_name = known.name
        test.test_type = test.test_type or known.panel
        test.result_unit, test.reference_range = known.unit, known.reference_range


class OrderLabTestForm(LabOrderFields):
    """Order a test, within one's own consultation or without one."""

    submit_label = _("Order")
    IDENTITY = ("patient",)

    patient = active_patient()

    class Meta(LabOrderFields.Meta):
        fields = ["patient", "consultation", *LabOrderFields.Meta.fields]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["consultation"].queryset = (  # type: ignore[attr-defined]
            Consultation.objects.editable_by(self.actor).select_related("patient").order_by("-consultation_date")
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        consultation, patient = cleaned.get("consultation"), cleaned.get("patient")
        if consultation is not None:
            if lock(consultation).locked():
                self.add_error("consultation", refuse(_("This consultation can no longer be changed."), code="locked"))
            elif patient is not None and consultation.patient_id != patient.pk:
                self.add_error("consultation", refuse(_("This consultation is another patient's."), code="patient"))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.ordered_by_doctor = self.actor
        self.order_set(self.instance.patient)
        return super().save(commit)


class LabTestRowForm(RowMixin, LabOrderFields):
    """One row of the consultation's page."""

    def __init__(self, *args: Any, consultation: Consultation, **kwargs: Any) -> None:
        self.consultation = consultation
        super().__init__(*args, **kwargs)
        self.fields["notes"].widget = forms.TextInput(attrs={"maxlength": 500})

    def save(self, commit: bool = True) -> Any:
        self.instance.consultation = self.consultation
        self.instance.patient_id = self.consultation.patient_id
        self.instance.ordered_by_doctor = self.actor
        self.order_set(self.consultation.patient)
        return super().save(commit)


class EditLabTestForm(LabOrderFields):
    """Correct an order before its sample is taken."""

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        locked = instance.consultation is not None and instance.consultation.locked()
        return may(actor, cls.permission) and instance.status == LabTestStatus.ORDERED and not locked

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.consultation is not None and lock(self.instance.consultation).locked():
            raise refuse(
                _("24 hours have passed since the consultation was completed: cancel this order and order anew."),
                code="locked",
            )
        if self.instance.status != LabTestStatus.ORDERED:
            raise refuse(_("The sample is taken: cancel this order and order anew."), code="transition")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        if "test_name" in self.changed_data:
            self.instance.result_unit = self.instance.reference_range = ""
            if "test_type" not in self.changed_data:  # it is that of the test before
                self.instance.test_type = ""
            self.order_set(self.instance.patient)
        return super().save(commit)


class CollectSampleForm(TransitionForm):
    """The sample is taken."""

    permission = "lab_tests.process"
    action = "collect_sample"
    to = LabTestStatus.SAMPLE_COLLECTED
    submit_label = _("Collect sample")
    question = _("Sample taken for {object}?")
    consequence = _("The time is noted as now.")

    class Meta:
        model = LabTest
        fields: list[str] = []

    def before_save(self) -> None:
        self.instance.sample_collected_date = now()


class StartProcessingForm(TransitionForm):
    """The laboratory works on the sample."""

    permission = "lab_tests.process"
    action = "start_processing"
    to = LabTestStatus.IN_PROGRESS
    submit_label = _("Start processing")
    question = _("Start processing {object}?")

    class Meta:
        model = LabTest
        fields: list[str] = []


def critical_word(test: LabTest) -> list[str]:
    """Whom to tell at once, for whoever enters a critical result: they may be the only one who sees it today."""
    if not test.is_critical:
        return []
    doctor = test.ordered_by_doctor
    words = {"test": test, "result": test.result, "patient": test.patient.search_label, "doctor": doctor}
    if doctor.practises:
        return [str(_("Critical: %(test)s %(result)s, %(patient)s. Tell %(doctor)s at once.") % words)]
    gone = _("Critical: %(test)s %(result)s, %(patient)s. Tell a doctor at once; %(doctor)s is here no more.")
    return [str(gone % words)]


class EnterResultsForm(TransitionForm):
    """Enter the result; the test is completed and the ordering doctor asked to review it."""

    permission = "lab_tests.process"
    action = "enter_results"
    to = LabTestStatus.COMPLETED
    submit_label = _("Enter results")
    question = _("Result of {object}")
    consequence = _("The test is completed and goes to the ordering doctor for review.")

    class Meta:
        model = LabTest
        fields = ["result_value", "result_unit", "reference_range"]
        help_texts = {"reference_range": _("Such as 3.5-5.1, <200, >=60 or negative.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["result_value"].required = True
        self.fields["result_value"].widget.attrs |= {"autofocus": True, "autocomplete": "off"}

    def before_save(self) -> None:
        test = self.instance
        test.result_date = now()
        test.judge()
        self.notices += critical_word(test)


class ReviewForm(WorkflowForm):
    """A doctor has seen the result: the one who ordered it, or another."""

    permission = "lab_tests.review"
    action = "review"
    submit_label = _("Review")
    # The result as it is now: who left this page open would sign what a correction has replaced.
    question = _("Result of {object} seen: {object.finding}?")
    consequence = _("It leaves the inbox of the doctor who ordered it.")

    class Meta:
        model = LabTest
        fields = ["review_comment"]
        widgets = {"review_comment": forms.Textarea(attrs={"rows": 3})}

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return may(actor, cls.permission) and reviewable(instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not reviewable(self.instance):
            raise refuse(_("Only a completed result that nobody has reviewed can be reviewed."), code="transition")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.reviewed_at = now()
        self.instance.reviewed_by_user = self.actor
        return super().save(commit)


def reviewable(test: LabTest) -> bool:
    """Whether a result is there that no doctor has seen."""
    return test.status == LabTestStatus.COMPLETED and test.reviewed_at is None


class CorrectResultForm(WorkflowForm):
    """Correct a completed result: the old one is kept as a version, and the new one is to be reviewed again."""

    permission = "lab_tests.correct"
    action = "enter_results"
    submit_label = _("Correct result")
    question = _("Correct the result of {object}")
    consequence = _("The old result stays on record with your reason. The ordering doctor reviews the new one.")

    correction_reason = forms.CharField(label=_("Reason for the correction"), max_length=500)

    class Meta:
        model = LabTest
        fields = ["result_value", "result_unit", "reference_range"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["result_value"].required = True
        self.replaced = {name: getattr(self.instance, name) for name in (*LabTest.RESULT, *LabTest.REVIEW)}

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return may(actor, cls.permission) and instance.status == LabTestStatus.COMPLETED

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.status != LabTestStatus.COMPLETED:
            raise refuse(_("Only a completed result can be corrected."), code="transition")
        if not self.errors and all(cleaned[name] == self.replaced[name] for name in self.Meta.fields):
            raise refuse(_("Nothing differs from the result on record."), code="unchanged")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        test = self.instance
        LabResultVersion(
            lab_test=test, corrected_by_user=self.actor, reason=self.cleaned_data["correction_reason"], **self.replaced
        ).save()
        test.result_date = now()
        test.judge()
        test.reviewed_at = test.reviewed_by_user = None
        test.review_comment = ""
        self.notices += critical_word(test)
        return super().save(commit)


class CancelLabTestForm(TransitionForm):
    """Cancel an order that is not completed, with a reason."""

    permission = "lab_tests.order"
    action = "cancel"
    to = LabTestStatus.CANCELLED
    submit_label = _("Cancel test")
    question = _("Cancel {object}?")
    consequence = _("It leaves the worklist. It stays in the patient's history.")
    danger = True

    class Meta:
        model = LabTest
        fields = ["cancellation_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cancellation_reason"].required = True


class OrderRows(Rows):
    """The laboratory orders of a consultation."""

    title = _("Lab tests")
    add_label = _("Add a test")


LabTestRows = formset_factory(
    LabTestRowForm, formset=OrderRows, extra=1, max_num=MAX_ROWS, absolute_max=MAX_ROWS, validate_max=True
)
