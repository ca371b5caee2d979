"""The log-in form: one sentence for every failure."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


class LogInForm(AuthenticationForm):
    """E-mail and password. Wrong e-mail, wrong password, closed and locked accounts read the same (AUTH-2)."""

    wrong = _(
        "E-mail and password do not fit, or log-in is locked after too many tries. "
        "It opens again after a while, or at once by an administrator."
    )
    error_messages = {"invalid_login": wrong, "inactive": wrong}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail")
        self.fields["username"].widget.input_type = "email"
        self.fields["password"].max_length = 128
        self.fields["password"].widget.attrs["maxlength"] = 128
