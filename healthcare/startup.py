"""What must hold before the first request is answered."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

#: Every demo account's address ends so; no real one can, as `.example` is reserved (RFC 2606).
DEMO_DOMAIN = "@clinic.example"


def refuse_demo_accounts_in_production() -> None:
    """ImproperlyConfigured when DEBUG is off and the database holds demo accounts (FND-3)."""
    if settings.DEVELOPMENT:
        return
    try:
        found = get_user_model().objects.filter(email__endswith=DEMO_DOMAIN).exists()
    except DatabaseError:
        return  # not migrated yet: /readyz says so
    if found:
        raise ImproperlyConfigured(
            "This database holds demo accounts, whose password everybody knows. "
            "Use an empty database in production, or set DEBUG=1 for a demo."
        )
