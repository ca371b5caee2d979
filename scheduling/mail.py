"""E-mails to patients about their visits, sent by the worker."""

from __future__ import annotations

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from departments.models import ClinicSettings
from scheduling.models import Appointment, AppointmentStatus


def send_confirmation(appointment_id: str) -> None:
    """Tell the patient when to come. What went wrong is raised: the worker logs it and tries again."""
    rows = Appointment.objects.select_related("patient", "doctor", "department")
    appointment = rows.filter(
        pk=appointment_id, status__in=(AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED)
    ).first()
    # Cancelled meanwhile, or the address was taken away: nothing to tell.
    if appointment is None or not appointment.patient.email:
        return
    send_mail(
        subject=_("Your appointment on %(when)s") % {"when": f"{appointment.start:%Y-%m-%d %H:%M}"},
        message=render_to_string(
            "scheduling/mail/confirmation.txt", {"appointment": appointment, "clinic": ClinicSettings.current()}
        ),
        from_email=None,
        recipient_list=[appointment.patient.email],
    )
