"""Two charts of one person become one, and can be parted again (BYD-8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, UniqueConstraint
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare.clock import now
from healthcare.fields import RemoteChoiceField
from healthcare.models import BaseModel
from healthcare.workflow import WorkflowForm, lock, refuse
from patients.forms.allergy import follow_allergies
from patients.models import AllergyStatus, MedicalRecord, Patient, PatientMerge
from patients.search import rebuild_search_terms

#: What the kept chart takes from the other one where it has nothing itself.
FILLED = (
    "phone",
    "email",
    "address",
    "city",
    "state",
    "postal_code",
    "country",
    "emergency_contact_name",
    "emergency_contact_phone",
    "emergency_contact_relationship",
    "insurance_provider_id",
    "insurance_policy_number",
)
#: Texts of the record, which are joined: nothing that a doctor wrote may be lost.
JOINED = (
    "allergies",
    "chronic_conditions",
    "family_medical_history",
    "surgical_history",
    "immunization_history",
    "notes",
)


def models_of_patients() -> Iterator[Any]:
    """Every table whose rows belong to a patient, the record apart: each has one of its own, which stays."""
    for relation in Patient._meta.related_objects:
        model = relation.related_model
        if issubclass(model, BaseModel) and model not in (MedicalRecord, PatientMerge):  # type: ignore[arg-type]
            yield model


def count_rows(patient: Patient) -> list[tuple[str, int]]:
    """How many rows of each kind a patient has: for the preview, which shows no contents."""
    counts = [(m._meta, m._default_manager.filter(patient=patient).count()) for m in models_of_patients()]
    return [
        (str(meta.verbose_name if count == 1 else meta.verbose_name_plural), count) for meta, count in counts if count
    ]


def stands_there(row: Any) -> bool:
    """Whether the row's patient has such a row, which may be there once only: the same problem."""
    for rule in row._meta.constraints:
        if isinstance(rule, UniqueConstraint) and "patient" in rule.fields:
            try:
                rule.validate(type(row), row)
            except ValidationError:
                return True
    return False


def pass_on(rows: Any, patient: Patient) -> list[str]:
    """Give the rows to the patient, but for those that stand there already; returns their keys."""
    keys = []
    for row in rows:
        row.patient = patient
        if stands_there(row):
            continue
        row.save(update_fields=["patient"])
        keys.append(str(row.pk))
    return keys


def part_of_what_is_theirs(model: Any, patient: Patient) -> Q:
    """The rows that belong to a row of this patient: a payment to its invoice, a lab test to its consultation."""
    tables = [other for other in models_of_patients() if other is not model]
    part = Q(pk__in=[])
    for field in model._meta.fields:
        if field.related_model in tables:
            part |= Q((f"{field.name}__patient", patient))
    return part


class MergePatientsForm(WorkflowForm):
    """The other chart's rows pass to this one, which keeps its number; the other number finds it from now on."""

    permission = "patients.merge"
    action = "merge"
    submit_label = gettext_lazy("Merge")
    question = gettext_lazy("Is this the same person?")

    merged = RemoteChoiceField(
        Patient.objects.filter(is_active=True),
        url_name="patient_options",
        label=gettext_lazy("Other chart"),
        error_messages={"invalid_choice": gettext_lazy("Choose an active patient.")},
    )

    class Meta:
        model = PatientMerge
        fields: ClassVar = ["merged", "reason"]

    def __init__(self, *args: Any, kept: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept, self.patient_id = kept, kept.pk
        self.fields["reason"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        merged = cleaned.get("merged")
        if merged is None:
            return cleaned
        if merged.pk == self.kept.pk:
            raise refuse(_("This is the same chart already."), code="same")
        # In the order of their keys, so that two who merge the same two do not wait for each other.
        locked = {one.pk: lock(one) for one in sorted((self.kept, merged), key=lambda one: one.pk)}
        for patient in locked.values():
            if not patient.is_active:
                raise refuse(_("%(patient)s is inactive."), code="inactive", patient=str(patient))
        cleaned["merged"] = locked[merged.pk]
        return cleaned

    def save(self, commit: bool = True) -> Any:
        merge, kept, merged = self.instance, lock(self.kept), self.cleaned_data["merged"]
        merge.kept, merge.merged_by_user, merge.moving = kept, self.actor, True
        super().save(commit)
        moved = {
            model._meta.label: pass_on(model._default_manager.filter(patient=merged).order_by("pk"), kept)
            for model in models_of_patients()
        }
        filled = {name: getattr(merged, name) for name in FILLED if getattr(merged, name) and not getattr(kept, name)}
        for name, value in filled.items():
            setattr(kept, name, value)
        merge.undo_data = {
            "moved": {label: keys for label, keys in moved.items() if keys},
            "filled": {name: str(value) for name, value in filled.items()},
            "record": self.join_records(kept, merged),
            "marked": merged.is_confidential and not kept.is_confidential,
        }
        kept.is_confidential = kept.is_confidential or merged.is_confidential
        merged.is_active = False
        merged.save(update_fields=["is_active"])
        merge.moving = False
        merge.save(update_fields=["moving", "undo_data"])
        kept.save()
        rebuild_search_terms([kept, merged])
        return merge

    @staticmethod
    def join_records(kept: Patient, merged: Patient) -> dict[str, list[str]]:
        """Write the other record's texts under this one's; returns for each changed field what it was and became."""
        mine, theirs = (MedicalRecord.objects.filter(patient=patient).first() for patient in (kept, merged))
        if mine is None or theirs is None:
            return {}
        changed: dict[str, list[str]] = {}
        for name in JOINED:
            before, more = getattr(mine, name), getattr(theirs, name).strip()
            if more and more not in before:
                heading = _("From %(number)s:") % {"number": merged.patient_number}
                joined = f"{before.rstrip()}\n{heading} {more}".strip()
                changed[name] = [before, joined]
        before = mine.allergy_status
        if AllergyStatus.LISTED in (theirs.allergy_status, before):
            after: str = AllergyStatus.LISTED
        else:
            after = theirs.allergy_status if before == AllergyStatus.NOT_ASKED else before
        if after != before:
            changed["allergy_status"] = [before, after]
        if not mine.blood_type and theirs.blood_type:
            changed["blood_type"] = ["", theirs.blood_type]
        for name, (_before, value) in changed.items():
            setattr(mine, name, value)
        if changed:
            mine.save()
        return changed


class UndoMergeForm(WorkflowForm):
    """They were two people: everything that came from the other chart goes back there."""

    permission = "patients.merge"
    action = "undo"
    submit_label = gettext_lazy("Undo the merge")
    question = gettext_lazy("Undo the merge {object}?")
    consequence = gettext_lazy(
        "What came from the other chart goes back, with what was entered for it since, such as the payment of an "
        "invoice. Everything else that was entered since stays here."
    )
    danger = True

    undo_reason = forms.CharField(label=gettext_lazy("Why are they two people?"), max_length=500)

    class Meta:
        model = PatientMerge
        fields: ClassVar = ["undo_reason"]

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.undone_at is None

    def clean(self) -> dict[str, Any]:
        if self.instance.undone_at is not None:
            raise refuse(_("This merge is undone already."), code="transition")
        # Locked before it is looked at: the kept chart may be merged into a third one at this moment.
        charts = sorted((self.instance.kept, self.instance.merged), key=lambda one: one.pk)
        if not {one.pk: lock(one) for one in charts}[self.instance.kept_id].is_active:
            raise refuse(_("Undo the later merge of this chart first."), code="order")
        return super().clean() or self.cleaned_data

    def save(self, commit: bool = True) -> Any:
        merge = self.instance
        kept, merged = lock(merge.kept), lock(merge.merged)
        merge.moving = True
        merge.save(update_fields=["moving"])
        for model in models_of_patients():
            keys = merge.undo_data["moved"].get(model._meta.label, [])
            pass_on(model._default_manager.filter(pk__in=keys, patient=kept).order_by("pk"), merged)
        self.pass_on_what_followed(kept, merged)
        for name, value in merge.undo_data["filled"].items():
            if str(getattr(kept, name)) == value:
                setattr(kept, name, None if name.endswith("_id") else "")
        self.part_records(kept)
        for chart in (kept, merged):
            follow_allergies(chart)  # allergies were listed or withdrawn since
        kept.is_confidential = kept.is_confidential and not merge.undo_data.get("marked")
        merged.is_active = True
        merged.save(update_fields=["is_active"])
        merge.moving, merge.undone_at = False, now()
        saved = super().save(commit)
        kept.save()
        rebuild_search_terms([kept, merged])
        return saved

    @staticmethod
    def pass_on_what_followed(kept: Patient, merged: Patient) -> None:
        """What was entered since goes back with the row that it belongs to, step by step down to the last one."""
        found = True
        while found:
            found = False
            for model in models_of_patients():
                rows = model._default_manager.filter(part_of_what_is_theirs(model, merged), patient=kept)
                found = bool(pass_on(rows.order_by("pk"), merged)) or found

    def part_records(self, kept: Patient) -> None:
        """Take the joined texts back, where nobody has written in them since."""
        record = MedicalRecord.objects.filter(patient=kept).first()
        for name, (before, joined) in self.instance.undo_data["record"].items():
            if getattr(record, name) == joined:
                setattr(record, name, before)
            else:
                self.notices.append(_("The medical record was changed since the merge: a doctor must look through it."))
        if record is not None and self.instance.undo_data["record"]:
            record.save()
