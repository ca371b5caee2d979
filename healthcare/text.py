"""Text that people type: what is refused everywhere, and how names are folded for searching."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

#: Line breaks and tabs are text; every other control character (Unicode's Cc and Cs) is an accident or an attack.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
#: The longest free text of any field (a lab comment, a history); Excel cells hold no more than 32,767.
LONG_TEXT = 10_000


def no_control_characters(value: Any) -> None:
    """Refuse NUL, other control characters and lone surrogates, which PostgreSQL, Excel and PDF choke on."""
    if isinstance(value, str) and _CONTROLS.search(value):
        raise ValidationError(_("Remove the control characters from this text."), code="control_characters")


#: What ends a line or leaps on it (Unicode's LS and PS too).
_BREAKS = re.compile("[\t\n\r\u2028\u2029]")
#: What turns the reading direction of everything after it; the plain marks (LRM, RLM) only help one name.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def one_line(value: Any) -> None:
    """Refuse line breaks and tabs in a name: a program may send them, and no subject of a mail can hold them.

    And signs that turn the words beside the name around: "Deactivate ...?" would be read backwards.
    """
    if isinstance(value, str) and _BREAKS.search(value):
        raise ValidationError(_("Write this on one line, without tabs."), code="one_line")
    if isinstance(value, str) and _TURNS.search(value):
        raise ValidationError(_("Type this anew: it holds hidden signs that turn the text around."), code="one_line")


def separated(text: str) -> list[str]:
    """What semicolons separate: `a;b ;;c` is a, b and c."""
    return [part.strip() for part in text.split(";") if part.strip()]


#: Letters that no accent can be taken from, as people without that key type them.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})


def fold(text: str) -> str:
    """Case-folded text without accents, for searching: `Rentería` and `RENTERIA` are the same."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def normalise_phone(value: str) -> str:
    """A phone number in E.164 (`+12025550143`). ValidationError if it is no possible number.

    National numbers are read as of settings.PHONE_REGION.
    """
    try:
        number = phonenumbers.parse(value, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValidationError(_("Enter a phone number with its country code, such as +1 202 555 0143."), code="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)
def display_phone(value: str | None) -> str:
    """An E.164 number as people read it: `+1 202-555-0143`."""
    if not value:
        return ""
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


class PhoneFormField(forms.CharField):
    """A phone number in any usual format, kept as E.164."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        return normalise_phone(value) if value else value


class PhoneField(models.CharField):
    """A phone number column, E.164."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 32)
        super().__init__(*args, **kwargs)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": PhoneFormField, **kwargs})


class LongTextField(models.TextField):
    """Free text of up to LONG_TEXT characters, checked in forms."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LONG_TEXT)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)
