"""Confidential charts, read through the API."""

from __future__ import annotations

from typing import Any

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
