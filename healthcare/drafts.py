"""Drafts of long forms, for the pages that keep them; the table is `departments.drafts.FormDraft`."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.forms.utils import ErrorDict, ErrorList

from healthcare.compiled import Compiled


def drafts() -> Any:
    """All drafts."""
    return apps.get_model("departments", "FormDraft").objects


@Compiled
def drafts_of(user: Any, page: Any) -> Any:
    """The draft of a person for a page, if there is one."""
    return drafts().of(user, page)


def find(user: Any, page: str, model: Any) -> Any:
    """The draft of this person for this page, unless its row was saved meanwhile by a double submit."""
    draft = drafts_of.first(user.pk, page)
    new_id = draft.posted.get("new_id") if draft else None
    if new_id and model._default_manager.filter(pk=new_id).exists():
        forget(user, page)
        return None
    return draft


def forget(user: Any, page: str) -> None:
    """What was typed is saved now, or given up."""
    drafts().of(user, page).delete()


def without_complaints(form: Any) -> Any:
    """A form filled from a draft shows what was typed; nobody has asked yet whether it is right."""
    form._errors = ErrorDict()
    for formset in form.formsets.values():
        for row in formset.forms:
            row._errors = ErrorDict()
        formset._errors = [row._errors for row in formset.forms]
        formset._non_form_errors = ErrorList()
    return form


def differs(form: Any) -> bool:
    """Whether the draft says anything that is not saved."""
    service = set(form.SERVICE_FIELDS)
    if set(form.changed_data) - service:
        return True
    return any(row.has_changed() for formset in form.formsets.values() for row in formset.forms)
