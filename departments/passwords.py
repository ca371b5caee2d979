"""What a password must contain (AUTH-1), beside Django's own validators."""

from __future__ import annotations

import secrets
import string
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from departments import lockout
from healthcare.clinic import clinic


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


#: Letters that people write as digits and signs.
_LEET = str.maketrans("01345$@7!", "oieassati")


#: Tried first by whoever knows where they are, as is the clinic's name.
WORDS_OF_THE_TRADE = frozenset(
    {
        *("administrator", "billing", "clinic", "doctor", "doctors", "health", "healthcare", "hospital", "medical"),
        *("medicine", "nurse", "nurses", "patient", "patients", "practice", "receptionist"),
    }
)


class CommonCoreValidator(CommonPasswordValidator):
    """No common password, and none with a few digits and signs around it: `P@ssword-2026!` is guessed early."""

    def validate(self, password: str, user: Any = None) -> None:
        """ValidationError if the password, or what is left without its trimmings, is in the list."""
        word = password.lower().strip()
        trade = WORDS_OF_THE_TRADE | set(clinic().name.lower().split())
        for core in {word, word.strip(string.digits + string.punctuation + " ")}:
            for common in (core, core.translate(_LEET)):
                if common in trade:
                    raise ValidationError(_("This password is easy to guess in this clinic."), code="trade")
                if len(common) > 3:
                    super().validate(common, user)

    def get_help_text(self) -> str:
        """The rule in words."""
        return _("Not a common password, nor one with digits and signs around it.")


#: Without letters and digits that look alike on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz"


def new_password() -> str:
    """A one-time password of some 70 bits that can be read out: `Wkq7-mtrhx-pdn4c-vyg`."""
    parts = ["".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3)]
    return f"{parts[0].capitalize()}{secrets.randbelow(90) + 10}-{parts[1]}-{parts[2]}"


def is_present_password(user: Any, password: str) -> bool:
    """Whether this is the person's password; guessing it in somebody's open session is stopped like at the log-in."""
    if not lockout.take("password", str(user.pk)) or not user.check_password(password):
        return False
    return lockout.forgive("password", str(user.pk), all_of_them=True)
