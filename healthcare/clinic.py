"""The clinic's own settings, for what lies below the room that keeps them."""

from typing import Any

from django.apps import apps


def clinic() -> Any:
    """The settings as every page shows them: read again every few seconds only, in each process."""
    return apps.get_model("departments", "ClinicSettings").shown()  # type: ignore[attr-defined]
