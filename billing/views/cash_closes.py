"""Pages for the daily cash close: count, look at it with other eyes, print; and the house's day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import django_filters
from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.forms import DateField, Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from billing import forms
from billing.models import CashClose, CashCloseStatus, Payment, PaymentMethod
from billing.takings import open_since_of, takings_of
from departments.models import User
from healthcare.clock import now, today
from healthcare.events import record
from healthcare.fields import use_native_inputs
from healthcare.filters import FilterSet
from healthcare.generic import Action, ActionPage, Column, CreatePage, DetailPage, ListPage, PdfPage, Section
from healthcare.generic.base import Page
from healthcare.generic.documents import pdf_response
from healthcare.money import ZERO
from healthcare.pdf import render_pdf
from healthcare.roles import roles_with


class CashCloseFilter(FilterSet):
    """Closes by status and days."""

    status = django_filters.ChoiceFilter(choices=CashCloseStatus.choices, label=_("Status"))
    date_from = django_filters.DateFilter(field_name="business_date", lookup_expr="gte", label=_("From"))
    date_to = django_filters.DateFilter(field_name="business_date", lookup_expr="lte", label=_("To"))

    class Meta:
        model = CashClose
        fields = ["status", "date_from", "date_to"]


class CashCloseList(ListPage):
    """All closes; above them, what each officer has taken since the last one."""

    permission = "cash_closes.view"
    create_permission = "cash_closes.count"
    create_label = _("Count my cash")
    template_name = "billing/cash_close_list.html"
    model = CashClose
    filterset_class = CashCloseFilter
    ordering = ("-business_date",)
    select_related = ("officer", "second_person")
    page_subtitle = _("Counted by the officer, signed off by somebody else, then locked.")
    columns = (
        Column("business_date", ordering="business_date"),
        Column("officer"),
        Column("expected_total", align="end"),
        Column("counted_total", align="end"),
        Column("variance", align="end"),
        Column("second_person"),
        Column("status", _("Status")),
    )

    def get_context_data(self, *, rows: Any, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(rows=rows, house=house_now(), **kwargs)


def house_now() -> list[dict[str, Any]]:
    """What each officer holds that is not counted yet; the house in the last row."""
    rows: list[dict[str, Any]] = []
    may_take = Q(is_active=True, role__in=roles_with("payments.edit"))
    # Who left, or has another role now, may have gone with money that nobody counted.
    took_once = Exists(Payment.objects.filter(processed_by_user=OuterRef("pk")))
    officers = list(User.objects.filter(may_take | took_once).order_by("last_name", "pk"))
    since = open_since_of(officers)
    held = takings_of(since, now())
    total: dict[str, Decimal] = {}
    for officer in officers:
        sums = held.get(officer.pk, {})
        for method, amount in sums.items():
            total[method] = total.get(method, ZERO) + amount
        if sums:
            rows.append({"name": officer.full_name, "since": since[officer.pk], "sums": sums})
    if rows:
        rows.append({"name": _("The house"), "since": None, "sums": total})
    labels = dict(PaymentMethod.choices)
    for row in rows:
        row["total"] = sum(row["sums"].values(), ZERO)
        row["methods"] = [(labels[method], amount) for method, amount in row.pop("sums").items()]  # type: ignore[index]
    return rows


def by_method(close: CashClose) -> list[dict[str, Any]]:
    """The rows of a close: expected, counted and the difference by method."""
    rows = []
    for method, label in PaymentMethod.choices:
        expected, counted = Decimal(close.expected.get(method, "0")), Decimal(close.counted.get(method, "0"))
        if expected or counted:
            rows.append({"label": label, "expected": expected, "counted": counted, "variance": counted - expected})
    return rows


def notes_and_coins(close: CashClose) -> list[dict[str, Any]]:
    """The pieces counted, with what they come to."""
    return [
        {"value": Decimal(value), "pieces": pieces, "amount": Decimal(value) * pieces}
        for value, pieces in sorted(close.denominations.items(), key=lambda item: -Decimal(item[0]))
    ]


class CashCloseDetail(DetailPage):
    """One close."""

    permission = "cash_closes.view"
    template_name = "billing/cash_close_detail.html"
    model = CashClose
    status_field = "status"
    sections = (
        Section(
            "",
            (
                *("officer", "business_date", "starts_at", "ends_at", "opening_float"),
                *("second_person", "reviewed_at", "review_note", "explanation"),
            ),
            wide=("explanation",),
            sparse=("second_person", "reviewed_at", "review_note", "explanation"),
        ),
    )
    actions = (
        Action(_("Sign off"), "cash_close_sign_off", form=forms.SignOffCashCloseForm, style="primary", icon="check2"),
        Action(_("Print"), "cash_close_pdf", permission="cash_closes.view", icon="printer"),
        Action(_("Send back"), "cash_close_reject", form=forms.RejectCashCloseForm, style="danger"),
    )

    def get_queryset(self) -> Any:
        return CashClose.objects.select_related("officer", "second_person")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        close = self.object
        return super().get_context_data(methods=by_method(close), pieces=notes_and_coins(close), **kwargs)


class CashCloseCreate(CreatePage):
    """Count one's own cash."""

    permission = "cash_closes.count"
    template_name = "billing/cash_close_form.html"
    model = CashClose
    form_class = forms.CountCashForm
    page_title = _("Count my cash")
    success_message = _("Counted. Somebody else signs it off.")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "preview" not in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.form_class(actor=request.user, data=request.POST)
        form.is_valid()
        return TemplateResponse(request, "billing/_cash_close_totals.html", {"form": form})


class SecondLook(ActionPage):
    """A step for somebody else than the officer, who is told so instead of being asked."""

    abstract = True
    model = CashClose

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.object.officer_id == request.user.pk:
            messages.warning(request, forms.SignOffCashCloseForm.own_count)
            return redirect(self.object)
        return super().get(request, *args, **kwargs)


class CashCloseSignOff(SecondLook):
    """Sign off somebody else's count."""

    permission = "cash_closes.sign_off"
    form_class = forms.SignOffCashCloseForm
    success_message = _("Signed off and locked.")


class CashCloseReject(SecondLook):
    """Send back somebody else's count; also what `delete/` means."""

    permission = "cash_closes.sign_off"
    form_class = forms.RejectCashCloseForm
    success_message = _("Sent back: the officer counts again.")


class CashClosePdf(PdfPage):
    """The printed close, with room for two signatures."""

    permission = "cash_closes.view"
    model = CashClose
    template_name = "billing/pdf/cash_close.html"

    def get_queryset(self) -> Any:
        return CashClose.objects.select_related("officer", "second_person")

    def document_context(self) -> dict[str, Any]:
        close = self.object
        return {
            "close": close,
            "document_title": _("Cash close"),
            "document_number": f"{close.business_date:%Y-%m-%d}",
            "methods": by_method(close),
            "pieces": notes_and_coins(close),
        }


class DayForm(Form):
    """A day to look at."""

    date = DateField(label=_("Day"))


class HouseDay(Page):
    """All closes of one day, added up; today also what is not counted yet."""

    permission = "cash_closes.view"
    template_name = "billing/house_day.html"
    model = CashClose
    page_title = _("The house's day")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = DayForm(request.GET or None, initial={"date": today()})
        use_native_inputs(form.fields)
        day = (form.cleaned_data["date"] if form.is_bound and form.is_valid() else None) or today()
        return self.answer(house_day(day) | {"form": form})

    def answer(self, found: dict[str, Any]) -> HttpResponse:
        """The day as a page."""
        return self.render_to_response(self.get_context_data(**found))


class HouseDayPdf(HouseDay):
    """The same on paper, with room for two signatures; audited."""

    permission = "cash_closes.view"

    def answer(self, found: dict[str, Any]) -> HttpResponse:
        day = found["day"].isoformat()
        record("print", entity_type=CashClose.entity_name(), values={"date": day})
        context = {**found, "document_title": self.page_title, "document_number": day}
        return pdf_response(render_pdf("billing/pdf/house_day.html", context), f"cash-{day}.pdf")


def house_day(day: date) -> dict[str, Any]:
    """What was counted on the day, by method and by officer."""
    closes = CashClose.objects.filter(business_date=day).exclude(status=CashCloseStatus.REJECTED)
    found = list(closes.select_related("officer", "second_person").order_by("officer__last_name", "starts_at"))
    sums: dict[str, dict[str, Any]] = {}
    for close in found:
        for row in by_method(close):
            total = sums.setdefault(row["label"], {"label": row["label"], "expected": ZERO, "counted": ZERO})
            total["expected"] += row["expected"]
            total["counted"] += row["counted"]
    uncounted = house_now()[:-1] if day == today() else []
    signed = all(close.status == CashCloseStatus.SIGNED_OFF for close in found)
    return {
        "day": day,
        "closes": found,
        "methods": [{**row, "variance": row["counted"] - row["expected"]} for row in sums.values()],
        "totals": {
            name: sum((getattr(close, name) for close in found), ZERO)
            for name in ("expected_total", "counted_total", "variance")
        },
        "uncounted": uncounted,
        "all_signed": bool(found) and signed and not uncounted,
    }
