"""Counting the day's money, and looking at the count with other eyes (BYD-6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from billing.models import CashClose, CashCloseStatus, PaymentMethod
from billing.takings import DENOMINATIONS, built_upon, open_since, takings
from departments.models import User
from healthcare.clock import now, today
from healthcare.money import LARGEST, ZERO, CountField, MoneyFormField
from healthcare.templatetags.display import money
from healthcare.workflow import TransitionForm, WorkflowForm, lock, refuse

MOST_PIECES = 100_000


class CountCashForm(WorkflowForm):
    """Count what was taken since the last close: notes and coins, and the sums of the other methods."""

    permission = "cash_closes.count"
    checked_by_model = False
    action = "count"
    submit_label = _("Close")

    opening_float = MoneyFormField(
        label=_("Cash float"), min_value=ZERO, required=False, help_text=_("Change that was there to begin with.")
    )

    class Meta:
        model = CashClose
        fields = ["opening_float", "explanation"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for value in DENOMINATIONS:
            self.fields[f"pieces_{value}"] = CountField(
                label=money(value), min_value=0, max_value=MOST_PIECES, required=False
            )
        for method, label in PaymentMethod.choices:
            if method != PaymentMethod.CASH:
                self.fields[f"counted_{method}"] = MoneyFormField(label=label, required=False)
        self.fields["explanation"].widget.attrs["rows"] = 2
        self.counted: dict[str, Decimal] = {}
        self.reckon()

    def reckon(self) -> None:
        """What is expected as of now."""
        self.starts_at, self.ends_at = open_since(self.actor), now()
        self.expected = takings(self.actor, self.starts_at, self.ends_at)

    @property
    def pieces(self) -> list[Any]:
        """The fields for notes and coins."""
        return [self[f"pieces_{value}"] for value in DENOMINATIONS]

    @property
    def methods(self) -> list[dict[str, Any]]:
        """Each method with what is expected, counted and the difference; without those of which there is nothing."""
        rows = []
        for method, label in PaymentMethod.choices:
            expected, counted = self.expected.get(method, ZERO), self.counted.get(method, ZERO)
            field = self[f"counted_{method}"] if f"counted_{method}" in self.fields else None
            row = {"label": label, "expected": expected, "counted": counted, "variance": counted - expected}
            rows.append({**row, "field": field})
        return rows

    @property
    def expected_total(self) -> Decimal:
        """What should be there."""
        return sum(self.expected.values(), ZERO)

    @property
    def counted_total(self) -> Decimal:
        """What is there."""
        return sum(self.counted.values(), ZERO)

    @property
    def variance(self) -> Decimal:
        """More (or less) than expected."""
        return self.counted_total - self.expected_total

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if transaction.get_connection().in_atomic_block:
            # Whoever enters money for this officer waits until the close stands, and then belongs to the next one.
            User.objects.select_for_update().get(pk=self.actor.pk)
            self.reckon()
        cleaned["opening_float"] = cleaned.get("opening_float") or ZERO
        cash = sum((value * (cleaned.get(f"pieces_{value}") or 0) for value in DENOMINATIONS), ZERO)
        self.counted = {PaymentMethod.CASH.value: cash - cleaned["opening_float"]}
        for method in PaymentMethod.values:
            if cleaned.get(f"counted_{method}"):
                self.counted[method] = cleaned[f"counted_{method}"]
        if abs(self.counted_total) > LARGEST:
            raise refuse(_("This is more than can be counted."), code="too_large")
        # Each method for itself: what lacks in cash is not made good by too much on the cards.
        differs = any(row["variance"] for row in self.methods)
        if differs and not cleaned.get("explanation") and not self.errors:
            self.add_error("explanation", refuse(_("Explain the difference."), code="variance"))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        close = self.instance
        close.officer, close.business_date = self.actor, today()
        close.starts_at, close.ends_at = self.starts_at, self.ends_at
        close.expected = {method: str(amount) for method, amount in self.expected.items()}
        close.counted = {method: str(amount) for method, amount in self.counted.items() if amount}
        pieces = {str(value): self.cleaned_data.get(f"pieces_{value}") for value in DENOMINATIONS}
        close.denominations = {value: count for value, count in pieces.items() if count}
        close.expected_total, close.counted_total, close.variance = (
            self.expected_total,
            self.counted_total,
            self.variance,
        )
        return super().save(commit)


class SecondLookForm(TransitionForm):
    """What somebody else than the officer decides about a count."""

    permission = "cash_closes.sign_off"
    own_count: ClassVar[Any] = _("Somebody else than the officer signs off.")

    class Meta:
        model = CashClose
        fields = ["review_note"]

    @classmethod
    def available(cls, instance: Any, actor: Any) -> bool:
        return super().available(instance, actor) and instance.officer_id != actor.pk

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.officer_id == self.actor.pk:
            raise refuse(self.own_count, code="same_person")
        return cleaned

    def before_save(self) -> None:
        self.instance.second_person, self.instance.reviewed_at = self.actor, now()


class SignOffCashCloseForm(SecondLookForm):
    """The second person has seen the money: from now on nothing changes."""

    action = "sign_off"
    submit_label = _("Sign off")
    to = CashCloseStatus.SIGNED_OFF
    question = _("Sign off the close of {object}?")
    consequence = _("It is locked from then on. You confirm that you have seen the money that was counted.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # A count that others were signed off upon could no longer be sent back.
        before = CashClose.objects.filter(officer=self.instance.officer_id, ends_at__lte=self.instance.starts_at)
        if first := before.filter(status=CashCloseStatus.COUNTED).order_by("ends_at").first():
            text = _("Sign off or send back the count of %(day)s first.")
            raise refuse(text, code="order", day=first.business_date)
        return cleaned


class RejectCashCloseForm(SecondLookForm):
    """The count is wrong: the officer counts again."""

    action = "cancel"
    submit_label = _("Send back")
    to = CashCloseStatus.REJECTED
    question = _("Send back the close of {object}?")
    consequence = _("It stays in the list as rejected, and the officer counts the same takings again.")
    danger = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["review_note"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # Nobody counts meanwhile. The next count begins where the last one ends: behind that one, nobody would
        # ever count these takings again.
        lock(self.instance.officer)
        if later := built_upon(self.instance).select_related("officer").order_by("-ends_at").first():
            text = _("The count of %(officer)s of %(day)s goes on from this one: send that one back first.")
            raise refuse(text, code="order", officer=later.officer.full_name, day=later.business_date)
        return cleaned
