"""System check: without its safety data the system does not start."""

from __future__ import annotations

from typing import Any

from django.core.checks import Error, register

from clinical.safety import verify_data


@register()
def safety_data_is_whole(**_kwargs: Any) -> list[Error]:
    """An error if the data behind the prescription checks is missing or broken."""
    return [
        Error(f"The safety check's data cannot be used: {problem}", id="clinical.E001") for problem in verify_data()
    ]
