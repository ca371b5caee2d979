"""Addresses of the price list, invoices and payments."""

from django.urls import path

from billing.views import invoices, payments, services

urlpatterns = [
    path("services/", services.ServiceList.as_view(), name="service_list"),
    path("services/new/", services.ServiceCreate.as_view(), name="service_create"),
    path("services/options/", services.ServiceOptions.as_view(), name="service_options"),
    path("services/<uuid:pk>/", services.ServiceDetail.as_view(), name="service_detail"),
    path("services/<uuid:pk>/edit/", services.ServiceEdit.as_view(), name="service_edit"),
    path("services/<uuid:pk>/delete/", services.ServiceDeactivate.as_view(), name="service_delete"),
    path("services/<uuid:pk>/reactivate/", services.ServiceReactivate.as_view(), name="service_reactivate"),
    path("invoices/", invoices.InvoiceList.as_view(), name="invoice_list"),
    path("invoices/new/", invoices.InvoiceCreate.as_view(), name="invoice_create"),
    path("invoices/unbilled/", invoices.UnbilledList.as_view(), name="invoice_unbilled"),
    path(
        "invoices/appointment-options/",
        invoices.BillableAppointmentOptions.as_view(),
        name="billable_appointment_options",
    ),
    path("invoices/options/", invoices.PayableInvoiceOptions.as_view(), name="payable_invoice_options"),
    path("invoices/<uuid:pk>/", invoices.InvoiceDetail.as_view(), name="invoice_detail"),
    path("invoices/<uuid:pk>/edit/", invoices.InvoiceEdit.as_view(), name="invoice_edit"),
    path("invoices/<uuid:pk>/issue/", invoices.InvoiceIssue.as_view(), name="invoice_issue"),
    path("invoices/<uuid:pk>/cancel/", invoices.InvoiceCancel.as_view(), name="invoice_cancel"),
    path("invoices/<uuid:pk>/delete/", invoices.InvoiceCancel.as_view(), name="invoice_delete"),
    path("invoices/<uuid:pk>/pay/", payments.InvoicePay.as_view(), name="invoice_pay"),
    path("invoices/<uuid:pk>/credit-note/", payments.InvoiceCreditNote.as_view(), name="invoice_credit_note"),
    path("invoices/<uuid:pk>/write-off/", payments.InvoiceWriteOff.as_view(), name="invoice_write_off"),
    path("invoices/<uuid:pk>/pdf/", invoices.InvoicePdf.as_view(), name="invoice_pdf"),
    path("payments/", payments.PaymentList.as_view(), name="payment_list"),
    path("payments/new/", payments.PaymentCreate.as_view(), name="payment_create"),
    path("payments/<uuid:pk>/", payments.PaymentDetail.as_view(), name="payment_detail"),
    path("payments/<uuid:pk>/void/", payments.PaymentVoid.as_view(), name="payment_void"),
    path("payments/<uuid:pk>/delete/", payments.PaymentVoid.as_view(), name="payment_delete"),
    path("payments/<uuid:pk>/refund/", payments.PaymentRefund.as_view(), name="payment_refund"),
    path("payments/<uuid:pk>/receipt/", payments.PaymentReceipt.as_view(), name="payment_receipt"),
    path("payments/<uuid:pk>/receipt/narrow/", payments.PaymentReceiptNarrow.as_view(), name="payment_receipt_narrow"),
]
