"""docs/workflows.md: state diagrams from the models' TRANSITIONS, and who may take each step from the forms.

python -m scripts.docs_diagrams
"""

from __future__ import annotations

from typing import Any

from scripts.docs_sections import DOCS, set_up, table, write

PAGE = DOCS / "workflows.md"


def parts() -> dict[str, str]:
    """The generated parts of the page, by name."""
    from billing.models import LIVE_STATUSES, Invoice
    from clinical.forms import consultations, lab_tests  # noqa: F401 - their forms are found as subclasses
    from clinical.models import LabTest
    from reporting import forms  # noqa: F401
    from reporting.models import Report
    from scheduling.models import Appointment
    from scheduling.models import AppointmentStatus as S

    return {
        # Clinical's form moves the visit when it makes the consultation.
        "appointments": section(
            Appointment,
            more=((S.CHECKED_IN, S.IN_PROGRESS, "Start consultation", consultations.StartConsultationForm),),
        ),
        "lab_tests": section(LabTest),
        "invoices": section(Invoice, by_itself=frozenset(LIVE_STATUSES), cause="by its amounts"),
        "reports": section(Report, cause="worker"),
    }


def section(model: Any, *, by_itself: frozenset[str] = frozenset(), cause: str = "", more: tuple[Any, ...] = ()) -> str:
    """A model's diagram and its table of steps; `more` are steps that other forms take on the way.

    `by_itself` are statuses among which no person chooses, drawn as one box in which any may follow any
    other; `cause` names what moves a row where no form does.
    """
    steps = [*steps_of(model, by_itself), *more, *undoing(model)]
    label_of = {(source, target): label for source, target, label, _form in steps}
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first_status(model)}"]
    if by_itself:
        inner = [status.value for status in model.TRANSITIONS if status in by_itself]
        lines += [f'    state "{cause}" as box {{', *(f"        {status}" for status in inner), "    }"]
    for source, targets in model.TRANSITIONS.items():
        if source in by_itself and not by_itself - {source} <= set(targets):
            raise ValueError(f"{source.value} cannot become all the others of its box.")
        start = "box" if source in by_itself else source.value
        for target in targets:
            if not {source, target} <= by_itself:
                lines.append(f"    {start} --> {target.value}: {label_of.pop((source, target), cause)}")
        if not targets:
            lines.append(f"    {source.value} --> [*]")
    # What leads back, and stands in another table than the way forward.
    lines += [f"    {source.value} --> {target.value}: {label}" for (source, target), label in label_of.items()]
    drawn = "\n".join(dict.fromkeys(lines))  # a way out of the box once
    return f"{drawn}\n```\n\n{table(('step', 'from', 'to', 'who', 'form'), rows_of(steps))}"


def first_status(model: Any) -> str:
    """The status in which a row is made."""
    return str(model._meta.get_field("status").default.value)


def steps_of(model: Any, by_itself: frozenset[str]) -> list[tuple[Any, Any, str, Any]]:
    """(from, to, words on the button, form) of every step that the status table and a form allow."""
    from healthcare.workflow import TransitionForm

    found = []
    forms = [f for f in offspring(TransitionForm) if f.to and f._meta.model is model and in_product(f)]
    for source, targets in model.TRANSITIONS.items():
        for form in forms:
            if form.to in targets and not {source, form.to} <= by_itself:
                target = next(target for target in targets if target == form.to)
                found.append((source, target, str(form.submit_label), form))
    return found


def undoing(model: Any) -> list[tuple[Any, Any, str, Any]]:
    """The same of the steps that take one back."""
    from scheduling.forms.steps import UndoForm

    back = getattr(model, "UNDO", {})
    forms = {form.undone: form for form in offspring(UndoForm)} if back else {}
    return [
        (source, target, str(forms[source].submit_label), forms[source])
        for source, targets in back.items()
        for target in targets
    ]


def offspring(form: Any) -> list[Any]:
    """All classes below, in the order of their definition."""
    return [found for child in form.__subclasses__() for found in (child, *offspring(child))]


def in_product(form: Any) -> bool:
    """Not a form that a test or an importer of the past has made."""
    return not form.__module__.startswith(("tests.", "healthcare.synthea."))


def rows_of(steps: list[tuple[Any, Any, str, Any]]) -> list[tuple[str, ...]]:
    """One line for each form: where it leads from and to, and who may use it."""
    from healthcare.roles import Role, roles_with

    sources: dict[Any, list[str]] = {}
    for source, _target, _label, form in steps:
        sources.setdefault(form, []).append(source.value)
    lines = []
    for _source, target, label, form in steps:
        if form not in sources:
            continue
        who = ", ".join(str(role.label).lower() for role in Role if role in roles_with(form.permission))
        name = f"`{form.__module__}.{form.__name__}`"
        lines.append((label, ", ".join(sources.pop(form)), target.value, who, name))
    return lines


if __name__ == "__main__":
    set_up()
    write(PAGE, parts())
