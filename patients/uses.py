"""Who is insured with an insurer."""

from django.utils.translation import gettext_lazy as _

from healthcare.uses import Use
from patients.models import Patient

USES = [
    Use(
        "patients.InsuranceProvider",
        _("patients insured there"),
        lambda insurer: Patient.objects.active().filter(insurance_provider=insurer),
        "patient_list",
        lambda insurer: {"insurance_provider": insurer.pk},
    ),
]
