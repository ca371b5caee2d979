"""The yardstick for writes: what a payment asks of the database, by the plainest Django, without anything around it.

The same tables with their triggers, the same statements: the person, the invoice locked, the payment, the amounts, two
audit rows (into a table of the same shape, as they are not signed), one commit. No session, no token, no rules.
"""

from __future__ import annotations

from django import forms
from django.db import models, transaction
from django.http import HttpResponseBadRequest, HttpResponseRedirect
from django.utils import timezone
from uuid_utils.compat import uuid7

from scripts.bench.databases import BARE_TRAIL


class Row(models.Model):
    """What every table begins with."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        app_label = "bare"
        managed = False


class Person(Row):
    """Whoever takes the money."""

    email = models.CharField(max_length=254)
    role = models.CharField(max_length=20)

    class Meta(Row.Meta):
        db_table = "users"

    def __str__(self) -> str:
        return self.email


class Invoice(Row):
    """What is paid."""

    patient_id = models.UUIDField()
    total_amount = models.DecimalField(max_digits=12, decimal_places=2)
    amount_paid = models.DecimalField(max_digits=12, decimal_places=2)
    balance_due = models.DecimalField(max_digits=12, decimal_places=2)
    status = models.CharField(max_length=20)

    class Meta(Row.Meta):
        db_table = "invoices"

    def __str__(self) -> str:
        return str(self.pk)


class Payment(Row):
    """The money, with every column that may not be empty."""

    invoice = models.ForeignKey(Invoice, models.PROTECT)
    patient_id = models.UUIDField()
    processed_by_user = models.ForeignKey(Person, models.PROTECT)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    payment_method = models.CharField(max_length=20)
    payment_date = models.DateTimeField(default=timezone.now)
    transaction_reference = models.CharField(max_length=100, blank=True)
    notes = models.TextField(blank=True)
    void_reason = models.CharField(max_length=500, blank=True)
    document_number = models.CharField(max_length=20, blank=True)
    is_refunded = models.BooleanField(default=False)
    kind = models.CharField(max_length=12, default="received")

    class Meta(Row.Meta):
        db_table = "payments"

    def __str__(self) -> str:
        return str(self.amount)


class Audit(Row):
    """What was done."""

    action = models.CharField(max_length=32)
    entity_type = models.CharField(max_length=64)
    entity_id = models.UUIDField()
    patient_id = models.UUIDField()
    new_values = models.JSONField()
    user_agent = models.CharField(max_length=400)
    user = models.ForeignKey(Person, models.PROTECT)
    mac = models.CharField(max_length=64)

    class Meta(Row.Meta):
        db_table = BARE_TRAIL

    def __str__(self) -> str:
        return self.action


class PaymentForm(forms.ModelForm):
    """What is typed."""

    class Meta:
        model = Payment
        fields = ("amount", "payment_method", "transaction_reference", "notes")


def pay(request, pk):
    """Take the money."""
    person = Person.objects.get(email="billing@clinic.example")
    form = PaymentForm(request.POST)
    with transaction.atomic():
        invoice = Invoice.objects.select_for_update().get(pk=pk)
        if not form.is_valid():
            return HttpResponseBadRequest(form.errors.as_json())
        payment = form.save(commit=False)
        payment.invoice, payment.patient_id, payment.processed_by_user = invoice, invoice.patient_id, person
        payment.save(force_insert=True)
        invoice.amount_paid += payment.amount
        invoice.balance_due = invoice.total_amount - invoice.amount_paid
        invoice.status, invoice.updated_at = "partially_paid", timezone.now()
        invoice.save(update_fields=["amount_paid", "balance_due", "status", "updated_at"])
        about = {"patient_id": invoice.patient_id, "user": person, "user_agent": "Bench", "mac": "0" * 64}
        taken = {"amount": str(payment.amount), "payment_method": payment.payment_method, "invoice_id": str(invoice.pk)}
        now = {"amount_paid": str(invoice.amount_paid), "balance_due": str(invoice.balance_due)}
        Audit.objects.bulk_create(
            [
                Audit(action="pay", entity_type="payment", entity_id=payment.pk, new_values=taken, **about),
                Audit(action="update", entity_type="invoice", entity_id=invoice.pk, new_values=now, **about),
            ]
        )
    return HttpResponseRedirect("/page")
