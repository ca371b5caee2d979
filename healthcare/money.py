"""Money: Decimal with two places, rounded half-up, never float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from healthcare.clinic import clinic

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
#: The largest amount that any field takes; 10^12 and more is refused.
LARGEST = Decimal("9999999999.99")

#: Commas stand between thousands only: whoever types `12,50` does not mean 1250.
_PLAIN = re.compile(r"[+-]?(\d{1,18}|\d{1,3}(,\d{3}){1,5})(\.\d{0,12})?|[+-]?\.\d{1,12}", re.ASCII)


class Currency(models.TextChoices):
    """The currencies to choose from, all of two decimals, each with its sign."""

    USD = "USD", "$"
    EUR = "EUR", "€"
    GBP = "GBP", "£"
    CHF = "CHF", "CHF"
    CAD = "CAD", "CA$"
    AUD = "AUD", "A$"
    NZD = "NZD", "NZ$"
    SGD = "SGD", "S$"
    INR = "INR", "₹"
    BRL = "BRL", "R$"
    MXN = "MXN", "MX$"
    ZAR = "ZAR", "R"


def sign() -> str:
    """What stands before amounts in the clinic's currency; letters keep their distance."""
    shown = str(Currency(clinic().currency).label)
    return f"{shown} " if shown.isalpha() else shown


def cents(amount: Decimal | int | str) -> Decimal:
    """The amount at two places, half-up."""
    return Decimal(amount).quantize(CENT, rounding=ROUND_HALF_UP)


class AsTypedInput(forms.TextInput):
    """A number as text: a browser's number input forgets `1e400`, `NaN` or `1,250.00`, and what was refused is gone."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})


class MoneyFormField(forms.DecimalField):
    """Takes plain amounts such as `1234.50`; refuses NaN, Infinity, exponents and a third decimal."""

    widget = AsTypedInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 12)
        kwargs.setdefault("decimal_places", 2)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """`165.00`, as amounts are shown; what somebody typed, as they typed it."""
        return f"{value:.{self.decimal_places}f}" if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Decimal | None:
        if value in self.empty_values:
            return None
        text = str(value).strip().removeprefix(sign().strip()).strip()
        if not _PLAIN.fullmatch(text):
            raise ValidationError(_("Enter an amount such as 125.00."), code="invalid")
        return super().to_python(text.replace(",", ""))


class CountField(forms.IntegerField):
    """How many pieces; what was typed stays to be seen, as with amounts."""

    widget = AsTypedInput({"inputmode": "numeric"})


class MoneyField(models.DecimalField):
    """A column for an amount in the clinic's currency: 12 digits, two of them decimals."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 12)
        kwargs.setdefault("decimal_places", 2)
        super().__init__(*args, **kwargs)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": MoneyFormField, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if value is not None and not hasattr(value, "resolve_expression"):
            value = cents(value)
            setattr(model_instance, self.attname, value)
        return value
