"""What a password must contain (AUTH-1), beside Django's own validators."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class ComplexityValidator:
    """Lower and upper case letters, a digit and a special character."""

    def validate(self, password: str, user: Any = None) -> None:
        """ValidationError naming all that is missing."""
        missing = []
        if not any(char.islower() for char in password):
            missing.append(_("a lower-case letter"))
        if not any(char.isupper() for char in password):
            missing.append(_("an upper-case letter"))
        if not any(char.isdigit() for char in password):
            missing.append(_("a digit"))
        if all(char.isalnum() or char.isspace() for char in password):
            missing.append(_("a special character"))
        if missing:
            raise ValidationError(
                _("The password also needs: %(missing)s.") % {"missing": ", ".join(missing)},
                code="password_complexity",
            )

    def get_help_text(self) -> str:
        """The rule in words."""
        return _("Upper and lower case letters, a digit and a special character.")
