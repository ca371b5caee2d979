"""Columns whose text the database alone cannot tell: their key is made of SECRET_KEY, which stands outside it."""

from __future__ import annotations

import base64
import logging
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

logger = logging.getLogger("healthcare.crypto")


def box() -> MultiFernet:
    """Seals with SECRET_KEY, and still opens what was sealed with one of SECRET_KEY_FALLBACKS."""
    return MultiFernet(
        Fernet(base64.urlsafe_b64encode(salted_hmac("healthcare.crypto", "", secret=key, algorithm="sha256").digest()))
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )


def seal(text: str) -> str:
    """The text as the database may hold it; nothing stays nothing."""
    return box().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The text again; nothing where no key fits, so that a lost key closes and never opens."""
    try:
        return box().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        logger.error("A sealed column cannot be read: SECRET_KEY was changed without SECRET_KEY_FALLBACKS")
        return ""


class SealedField(models.CharField):
    """Short text that is sealed on its way into the database."""

    def get_prep_value(self, value: Any) -> Any:
        return seal(str(value or ""))

    def from_db_value(self, value: Any, *_args: Any) -> Any:
        return unseal(value or "")
