"""What a doctor leaves unfinished."""

from django.utils.translation import gettext_lazy as _

from clinical.models import Consultation, LabTest
from healthcare.uses import Use

USES = [
    Use(
        "departments.User",
        _("consultations not completed"),
        lambda user: Consultation.objects.open().filter(doctor=user),
        "consultation_list",
        lambda user: {"doctor": user.pk, "open": "true"},
    ),
    Use(
        "departments.User",
        _("lab results not reviewed"),
        lambda user: LabTest.objects.unreviewed().filter(ordered_by_doctor=user),
        "lab_test_list",
        lambda user: {"ordered_by_doctor": user.pk, "status": "completed"},
    ),
]
