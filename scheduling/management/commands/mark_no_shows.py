"""Mark visits of past days to which nobody came; run nightly, where the clinic wants it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from healthcare.clock import today
from healthcare.workflow import submit
from scheduling.forms import NoShowForm
from scheduling.models import Appointment, AppointmentStatus


class Command(BaseCommand):
    """Marks what was still expected before today, one short transaction each; safe to repeat and to interrupt."""

    help = "Mark the visits of past days that were neither checked in nor cancelled as no-shows."

    def handle(self, *args: Any, **options: Any) -> None:
        expected = (AppointmentStatus.SCHEDULED, AppointmentStatus.CONFIRMED)
        # All of them first: the rows change while we go through them.
        found = list(Appointment.objects.filter(status__in=expected, appointment_date__lt=today()).order_by("pk"))
        marked = sum(submit(NoShowForm, actor=None, instance=visit).is_valid() for visit in found)
        self.stdout.write(f"{marked} visits are marked as no-shows.")
