"""Confidential charts, read through the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _

from healthcare.events import record
from healthcare.rest.answers import ApiError


def open_chart(request: HttpRequest, row: Any) -> None:
    """A confidential patient's rows are read with a reason in the header `X-Access-Reason`, which is audited."""
    patient = row if hasattr(row, "banner_for") else getattr(row, "patient", None)
    if not getattr(patient, "is_confidential", False):
        return
    reason = request.headers.get("X-Access-Reason", "").strip()[:300]
    if len(reason) < 5 or not reason.isprintable():
        raise ApiError(403, "reason_required", _("This chart is confidential: send the reason in X-Access-Reason."))
    record("open_confidential", patient, values={"reason": reason})


def patient_column(model: Any) -> str:
    """The column with the patient's key; empty where rows are about no patient."""
    if hasattr(model, "banner_for"):
        return "id"
    names = {field.name for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)}
    return "patient_id" if "patient" in names else ""


def closed_columns(model: Any, list_page: Any) -> frozenset[str]:
    """What a list leaves out of a closed chart: the texts that the page's list does not show either."""
    if not patient_column(model):
        return frozenset()
    shown = {column.name for column in list_page.columns} | set(model.NAMED_BY)
    texts = (models.CharField, models.TextField, models.JSONField)
    return frozenset(
        field.attname
        for field in model._meta.concrete_fields
        if isinstance(field, texts) and not field.choices and field.name not in shown
    )


def patient_asked(request: HttpRequest, list_page: Any) -> UUID | None:
    """Whose rows alone the query asks for, if it names somebody."""
    known = list_page.filterset_class.base_filters if list_page.filterset_class else ()
    names = ("patient_id", "patient") if "patient" in known else ("patient_id",)
    try:
        return UUID(next((request.GET[name] for name in names if request.GET.get(name)), ""))
    except ValueError:
        return None


def closed_charts(request: HttpRequest, resource: Any, rows: list[Any], asked: UUID | None) -> frozenset[Any]:
    """The confidential patients of these rows; not the one who is asked for, if the reason is given."""
    column, model = resource.patient_column, resource.model
    if not column or not rows:
        return frozenset()
    patients = model if column == "id" else model._meta.get_field("patient").related_model
    keys = {getattr(row, column) for row in rows}
    found = {each.pk: each for each in patients._default_manager.filter(pk__in=keys, is_confidential=True)}
    if asked in found and "X-Access-Reason" in request.headers:
        open_chart(request, found[asked])
        del found[asked]
    return frozenset(found)
