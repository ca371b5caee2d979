"""What an invoice adds up to (RULE-INV-2): one function for the form, the importers and the tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from healthcare.money import ZERO, cents


@dataclass(frozen=True)
class Totals:
    """The money columns of an invoice."""

    subtotal: Decimal
    discount: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """What the patient owes."""
        return self.subtotal + self.tax - self.discount


def line_total(quantity: int, unit_price: Decimal) -> Decimal:
    """What a line comes to."""
    return cents(quantity * unit_price)


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """A percentage of an amount, rounded half-up to the cent."""
    return cents(amount * percent / 100)


def totals(
    line_totals: Iterable[Decimal],
    *,
    tax_free: Decimal = ZERO,
    discount: Decimal | None = None,
    discount_percent: Decimal | None = None,
    tax: Decimal | None = None,
    tax_rate: Decimal = ZERO,
) -> Totals:
    """The totals of an invoice.

    The discount is an amount, or a percentage of the subtotal. The tax is the one typed, or else
    the clinic's rate on what remains after the discount, rounded once for the whole invoice. Of that,
    `tax_free` (what the tax-free lines come to) bears none; the discount falls on all lines alike.
    """
    subtotal = cents(sum(line_totals, ZERO))
    if discount_percent is not None:
        discount = percent_of(subtotal, discount_percent)
    discount = cents(discount or ZERO)
    # A discount above the subtotal is refused by the form; no negative tax is shown meanwhile.
    remaining = max(subtotal - discount, ZERO)
    taxed = remaining * (subtotal - tax_free) / subtotal if subtotal else ZERO
    return Totals(subtotal, discount, percent_of(taxed, tax_rate) if tax is None else cents(tax))
