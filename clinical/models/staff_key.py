"""How clinical rows refer to a member of staff."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


def user_key(verbose_name: Any, related_name: str, **options: Any) -> models.ForeignKey[Any, Any]:
    """A protected reference to a member of staff."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=verbose_name,
        on_delete=models.PROTECT,
        related_name=related_name,
        **options,
    )
