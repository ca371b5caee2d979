"""Every route of the project, with a row to open it on; shared by the generated tests."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from audit.models import AuditLog
from billing.forms import RefundPaymentForm
from billing.models import Invoice, Payment, Service
from clinical.models import Consultation
from departments.models import ClinicSettings
from healthcare.access import RoleView
from healthcare.checks import routes
from healthcare.clock import now
from healthcare.roles import Role
from healthcare.workflow import submit
from patients.models import Patient
from scheduling.models import Appointment
from tests import factories

#: In every refused or anonymous answer this must be absent.
CANARY = "Zebrafish-Canary"


def page_routes():
    """(name, view class, takes a key) of every route of ours, the admin's own apart."""
    found = []
    for _path, pattern, namespaces in routes():
        view = getattr(pattern.callback, "view_class", None)
        if view is not None and issubclass(view, RoleView) and not namespaces:
            found.append((pattern.name, view, sorted(pattern.pattern.converters)))
    return found


ROUTES = page_routes()
NAMES = list(dict.fromkeys(name for name, _view, _keys in ROUTES))
VIEWS = {name: view for name, view, _keys in ROUTES}
KEYS = {name: keys for name, _view, keys in ROUTES}


#: Routes whose key is that of another entity than the one that the page makes.
PARENTS = {
    "patient_allergy_create": Patient,
    "appointment_start": Appointment,
    "patient_merge": Patient,
    "consultation_addendum": Consultation,
    "invoice_pay": Invoice,
    "service_price": Service,
    "invoice_credit_note": Invoice,
    "invoice_write_off": Invoice,
    "payment_refund": Payment,
}
#: What is about nobody, and may be made without further ado.
PLAIN = {"Department", "User", "InsuranceProvider", "Service", "Medication", "DoctorSchedule", "DoctorAbsence"}


def sample(model, user):
    """A row of the model that every role which may see such rows at all may see, about the canary patient."""
    name = model.__name__
    if name in PLAIN:
        return getattr(factories, f"{name}Factory")()
    return MAKERS[name](user)


def consultation_of(user, **traits):
    """A visit of the canary patient to this user, or to some doctor."""
    doctor = user if user.role == Role.DOCTOR else factories.UserFactory(role=Role.DOCTOR)
    return factories.ConsultationFactory(patient=canary_patient(), doctor=doctor, **traits)


def refund_of(payment):
    """Half of the payment, given back by the form."""
    data = {"payment": payment.pk, "amount": payment.amount / 2, "payment_method": "cash", "reason": "Not done"}
    return submit(RefundPaymentForm, actor=factories.UserFactory(role=Role.BILLING_OFFICER), data=data).instance


MAKERS = {
    "ClinicSettings": lambda user: ClinicSettings.objects.first() or ClinicSettings.objects.create(),
    "AuditLog": lambda user: AuditLog.objects.create(action="view", entity_type="patient", new_values={"name": CANARY}),
    "Report": lambda user: report_of(user),
    "ReportSchedule": lambda user: schedule_of(user),
    "Patient": lambda user: canary_patient(),
    "PatientImport": lambda user: factories.PatientImportFactory(created_by_user=user, file_name=CANARY),
    "MedicalRecord": lambda user: canary_patient().medical_record,
    "PatientAllergy": lambda user: factories.PatientAllergyFactory(patient=canary_patient()),
    "VitalSign": lambda user: factories.VitalSignFactory(patient=canary_patient(), recorded_by_user=user),
    "Appointment": lambda user: consultation_of(user, completed=True).appointment,
    "PatientMerge": lambda user: factories.PatientMergeFactory(kept=canary_patient()),
    "WaitingListEntry": lambda user: factories.WaitingListEntryFactory(patient=canary_patient()),
    "Problem": lambda user: factories.ProblemFactory(patient=canary_patient()),
    "TextTemplate": lambda user: factories.TextTemplateFactory(owner=user),
    "Consultation": lambda user: consultation_of(user, completed=True),
    "Prescription": lambda user: factories.PrescriptionFactory(consultation=consultation_of(user)),
    "LabTest": lambda user: factories.LabTestFactory(consultation=consultation_of(user)),
    "Invoice": lambda user: invoice_of(canary_patient()),
    "CashClose": lambda user: factories.CashCloseFactory(officer__last_name=CANARY),
    "UnbilledVisit": lambda user: consultation_of(user, completed=True).unbilled_visit,
    "Refund": lambda user: refund_of(factories.PaymentFactory(invoice=invoice_of(canary_patient()))),
    "Payment": lambda user: factories.PaymentFactory(invoice=invoice_of(canary_patient())),
}


def report_of(user):
    """A report of this user, of a type that the role may ask for."""
    kind = "revenue" if user.role == Role.BILLING_OFFICER else "appointment_summary"
    chosen = {"doctor_id": str(user.pk)} if user.role == Role.DOCTOR else {}
    return factories.ReportFactory(generated_by_user=user, report_name=CANARY, report_type=kind, parameters=chosen)


def schedule_of(user):
    """A schedule of this user, of a type that the role may ask for."""
    kind = "revenue" if user.role == Role.BILLING_OFFICER else "appointment_summary"
    return factories.ReportScheduleFactory(generated_by_user=user, report_name=CANARY, report_type=kind)


def canary_patient() -> Patient:
    """A patient whose name shows where it must not."""
    return factories.PatientFactory(last_name=CANARY, first_name=CANARY, email="zebrafish-canary@mail.test")


def invoice_of(patient):
    """An issued invoice with one line."""
    invoice = factories.InvoiceFactory(patient=patient)
    factories.InvoiceLineItemFactory(invoice=invoice)
    invoice.subtotal = invoice.total_amount = invoice.balance_due = 120
    invoice.status, invoice.issued_at = "issued", now() - timedelta(minutes=1)
    invoice.save()
    return invoice


def url_for(name, user):
    """The route's URL, on a sample row where it takes a key."""
    keys = KEYS[name]
    if not keys:
        return reverse(name)
    model = PARENTS.get(name) or VIEWS[name].model
    return reverse(name, args=[sample(model, user).pk])
