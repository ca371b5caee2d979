"""The consultation: start, write, complete, add to (WF-CONS)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from clinical.diagnosis_codes import CodesField
from clinical.forms.lab_tests import LabTestRows
from clinical.forms.prescriptions import PrescriptionRows
from clinical.models import Consultation, ConsultationAddendum, Problem
from clinical.prescribing import PatientSafety
from healthcare.clock import date_of, now, today
from healthcare.context import act
from healthcare.events import record
from healthcare.roles import may
from healthcare.text import LONG_TEXT
from healthcare.workflow import WorkflowForm, lock, refuse
from patients.models import MedicalRecord
from scheduling.models import Appointment, AppointmentStatus


class StartConsultationForm(WorkflowForm):
    """Begin the consultation of a checked-in patient; another doctor than the booked one takes it over."""

    permission = "appointments.start"
    submit_label = _("Start consultation")
    question = _("Start the consultation of {object}?")
    consequence = _("The visit becomes in progress and you write its note.")

    class Meta:
        model = Consultation
        fields = ["appointment"]

    def __init__(self, *args: Any, appointment: Appointment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["appointment"]
        field.required = True
        field.queryset = Appointment.objects.select_related("patient", "doctor").order_by("appointment_time")  # type: ignore[attr-defined]
        if appointment is not None:
            field.initial = self.initial["appointment"] = appointment
            field.disabled = True
            field.widget = forms.HiddenInput()
        elif not self.is_bound:
            field.queryset = field.queryset.filter(  # type: ignore[attr-defined]
                status=AppointmentStatus.CHECKED_IN, appointment_date=today()
            )

    def clean_appointment(self) -> Appointment:
        """Checked in, of today, without a consultation, with vital signs (RULE-CONS-1, 2, 3)."""
        appointment = lock(self.cleaned_data["appointment"])
        if Consultation.objects.filter(appointment=appointment).exists():
            raise refuse(_("This appointment has a consultation already."), code="exists")
        if appointment.status != AppointmentStatus.CHECKED_IN:
            raise refuse(
                _("The patient must be checked in first; this appointment is %(status)s."),
                code="transition",
                status=appointment.get_status_display().lower(),
            )
        if appointment.appointment_date != today():
            raise refuse(
                _("The appointment is on %(day)s; a consultation is held on its appointment's day."),
                code="date",
                day=appointment.appointment_date,
            )
        if not Appointment.objects.ready().filter(pk=appointment.pk).exists():
            raise refuse(_("Vital signs must be recorded before the consultation begins."), code="vital_signs")
        # Here and not on saving: the guard against the wrong patient compares with it (BYD-2).
        self.instance.patient = appointment.patient
        return appointment

    def save(self, commit: bool = True) -> Any:
        appointment = self.cleaned_data["appointment"]
        self.instance.doctor = self.actor
        self.instance.consultation_date = now()
        saved = super().save(commit)
        appointment.status = AppointmentStatus.IN_PROGRESS
        appointment.started_at = now()
        with act(action="start", subject=appointment):
            appointment.save(update_fields=["status", "started_at"])
        if appointment.doctor_id != self.actor.pk:
            record("start", appointment, values={"taken_over_from_doctor_id": str(appointment.doctor_id)})
        return saved


class ConsultationForm(WorkflowForm):
    """Write the note, with new prescriptions, lab orders and additions to the medical record."""

    permission = "consultations.edit"
    submit_label = _("Save")

    add_chronic_conditions = forms.CharField(
        label=_("Add to the chronic conditions"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    add_record_notes = forms.CharField(
        label=_("Add to the record's notes"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    diagnosis_codes = CodesField(label=_("ICD-10 codes"), required=False)
    add_problems = forms.BooleanField(label=_("Add these codes to the problem list"), required=False)

    class Meta:
        model = Consultation
        fields = [
            "chief_complaint",
            "present_illness",
            "examination_findings",
            "diagnosis",
            "diagnosis_codes",
            "treatment_plan",
            "notes",
            "follow_up_required",
            "follow_up_date",
        ]
        widgets = {
            name: forms.Textarea(attrs={"rows": 2, "data-grows": "", "data-templates": ""})
            for name in fields
            if not name.startswith("follow_up") and name != "diagnosis_codes"
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance, actor = kwargs["instance"], kwargs["actor"]
        if instance.doctor_id != actor.pk:
            raise PermissionDenied
        super().__init__(*args, **kwargs)

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        mine = may(actor, cls.permission) and instance.doctor_id == actor.pk
        return mine and not instance.locked() and not instance.is_abandoned

    def build_formsets(self) -> dict[str, Any]:
        consultation = self.instance
        shared = {"actor": self.actor, "consultation": consultation}
        return {
            "prescriptions": PrescriptionRows(
                form_kwargs={**shared, "safety": PatientSafety(consultation.patient)},
                **self.formset_arguments("prescriptions"),
            ),
            "lab_tests": LabTestRows(form_kwargs=shared, **self.formset_arguments("lab_tests")),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        refuse_if_locked(self.instance)
        refuse_if_abandoned(self.instance)
        day = date_of(self.instance.consultation_date)
        follow_up = cleaned.get("follow_up_date")
        if follow_up is not None and follow_up <= day:
            self.add_error(
                "follow_up_date", refuse(_("The follow-up must be after the consultation (%(day)s)."), day=day)
            )
        if cleaned.get("follow_up_date") and not cleaned.get("follow_up_required"):
            # A day alone asks for the visit too, as the printed summary says it; with the tick taken away both go.
            cleaned["follow_up_required"] = "follow_up_required" not in self.changed_data
            cleaned["follow_up_date"] = follow_up if cleaned["follow_up_required"] else None
        if cleaned.get("follow_up_required") and follow_up is None and "follow_up_date" not in self.errors:
            self.add_error("follow_up_date", refuse(_("Give the date of the follow-up."), code="required"))
        if self.instance.is_completed:
            self.require_diagnosis(cleaned)
        self.check_record(cleaned)
        return cleaned

    def require_diagnosis(self, cleaned: dict[str, Any]) -> None:
        """RULE-CONS-4; also while a completed consultation is being corrected."""
        if not cleaned.get("diagnosis", "").strip() and "diagnosis" not in self.errors:
            self.add_error("diagnosis", refuse(_("A completed consultation needs a diagnosis."), code="required"))

    def check_record(self, cleaned: dict[str, Any]) -> None:
        """Lock the medical record and see that the additions fit into it."""
        self.record: MedicalRecord | None = None
        if not cleaned.get("add_chronic_conditions") and not cleaned.get("add_record_notes"):
            return
        found, _made = MedicalRecord.objects.get_or_create(patient_id=self.instance.patient_id)
        self.record = lock(found)
        self.record.chronic_conditions = self.appended("add_chronic_conditions", self.record.chronic_conditions)
        self.record.notes = self.appended("add_record_notes", self.record.notes)

    def appended(self, field: str, text: str) -> str:
        """The record's text with the dated addition of this field below it."""
        addition = self.cleaned_data.get(field, "").strip()
        if not addition:
            return text
        grown = f"{text.rstrip()}\n{today()}: {addition}".lstrip()
        if len(grown) > LONG_TEXT:
            self.add_error(field, refuse(_("The record's text would become too long; shorten it first.")))
        return grown

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit)
        for formset in self.formsets.values():
            for row in formset.filled():
                row.save()
                self.notices += [notice for notice in row.notices if notice not in self.notices]
        if self.record is not None:
            self.record.save()
        if self.cleaned_data.get("add_problems"):
            self.note_problems()
        return saved

    def note_problems(self) -> None:
        """The codes that are not among the patient's problems yet."""
        known = set(self.instance.patient.problems.current().values_list("code", flat=True))
        for entry in self.instance.diagnosis_codes:
            if entry["code"] not in known:
                Problem(
                    patient_id=self.instance.patient_id,
                    code=entry["code"],
                    title=entry["title"][:300],
                    noted_by_user=self.actor,
                ).save()


class CompleteConsultationForm(ConsultationForm):
    """Complete: note, prescriptions, lab orders, record and appointment, all or nothing (RULE-CONS-4)."""

    action = "complete"
    submit_label = _("Complete consultation")
    appointment: Appointment | None = None

    class Meta(ConsultationForm.Meta):
        pass

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and not instance.is_completed

    def clean(self) -> dict[str, Any]:
        if self.instance.is_completed:
            raise refuse(_("This consultation is completed already."), code="transition")
        cleaned = super().clean()
        self.require_diagnosis(cleaned)
        if self.instance.appointment_id:
            self.appointment = lock(self.instance.appointment)
            if self.appointment.status != AppointmentStatus.IN_PROGRESS:
                raise refuse(
                    _("The appointment is %(status)s, not in progress."),
                    code="transition",
                    status=self.appointment.get_status_display().lower(),
                )
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.completed_at = now()
        saved = super().save(commit)
        if self.appointment is not None:
            self.appointment.status = AppointmentStatus.COMPLETED
            self.appointment.completed_at = self.instance.completed_at
            with act(action="complete", subject=self.appointment):
                self.appointment.save(update_fields=["status", "completed_at"])
        return saved


class AbandonConsultationForm(WorkflowForm):
    """Take back a consultation that was started by mistake: the patient waits again, the note stays, out of force."""

    permission = "consultations.edit"
    action = "undo"
    submit_label = _("Abandon")
    question = _("Was the consultation of {object} started by mistake?")
    consequence = _("The patient waits again, and a new consultation can be started. What was written stays on record.")
    danger = True

    class Meta:
        model = Consultation
        fields = ["abandoned_reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.doctor_id != self.actor.pk:
            raise PermissionDenied
        self.fields["abandoned_reason"].required = True

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return may(actor, cls.permission) and instance.doctor_id == actor.pk and instance.state == "in_progress"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        refuse_if_abandoned(self.instance)
        if self.instance.is_completed:
            raise refuse(_("A completed consultation cannot be abandoned; write an addendum."), code="transition")
        if self.instance.prescriptions.exists() or self.instance.lab_tests.exists():
            raise refuse(_("Something was prescribed or ordered in it, so it stays: complete it."), code="orders")
        self.appointment = lock(self.instance.appointment) if self.instance.appointment_id else None
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.abandoned_at = now()
        self.instance.abandoned_appointment, self.instance.appointment = self.appointment, None
        saved = super().save(commit)
        if self.appointment is not None and self.appointment.status == AppointmentStatus.IN_PROGRESS:
            self.appointment.status = AppointmentStatus.CHECKED_IN
            self.appointment.started_at = None
            with act(action="undo", subject=self.appointment):
                self.appointment.save(update_fields=["status", "started_at"])
        return saved


class TakeOverConsultationForm(WorkflowForm):
    """Go on with the open consultation of somebody who is no doctor here any more: nobody else could complete it."""

    permission = "consultations.edit"
    submit_label = _("Take over")
    question = _("Take over the consultation of {object}?")
    consequence = _(
        "{object.doctor} is here no more. You go on with the note and complete it; "
        "the audit trail says who began it, and what was prescribed and ordered keeps its name."
    )

    class Meta:
        model = Consultation
        fields: list[str] = []

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return may(actor, cls.permission) and instance.state == "in_progress" and not instance.doctor.practises

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        refuse_if_abandoned(self.instance)
        if self.instance.is_completed:
            raise refuse(_("This consultation is completed already."), code="transition")
        if self.instance.doctor.practises:
            raise refuse(_("%(doctor)s goes on with this consultation."), code="practises", doctor=self.instance.doctor)
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.doctor = self.actor
        return super().save(commit)


class AddAddendumForm(WorkflowForm):
    """Add a dated, signed text to one's own completed consultation; the only way after 24 hours (RULE-CONS-5)."""

    permission = "consultations.edit"
    action = "addendum"
    submit_label = _("Sign and add")

    class Meta:
        model = ConsultationAddendum
        fields = ["text"]

    def __init__(self, *args: Any, consultation: Consultation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if consultation.doctor_id != self.actor.pk:
            raise PermissionDenied
        self.consultation = self.instance.consultation = consultation

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        """For a consultation (not an addendum): completed, and one's own."""
        return may(actor, cls.permission) and instance.doctor_id == actor.pk and instance.is_completed

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not lock(self.consultation).is_completed:
            raise refuse(_("The consultation is still open: write it into the note."), code="transition")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.author = self.actor
        return super().save(commit)


def refuse_if_locked(consultation: Consultation) -> None:
    """Raise once 24 hours have passed since completion (RULE-CONS-5)."""
    if consultation.locked():
        raise refuse(
            _("24 hours have passed since this consultation was completed. Write an addendum instead."), code="locked"
        )


def refuse_if_abandoned(consultation: Consultation) -> None:
    """Raise for a note that was started by mistake."""
    if consultation.is_abandoned:
        raise refuse(_("This consultation was started by mistake and is closed."), code="abandoned")
