"""Pages of confidential charts: asking for the reason, setting and taking the mark."""

from __future__ import annotations

from typing import Any

from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from healthcare.generic import ActionPage
from patients.forms import confidential as forms
from patients.models import Patient


class PatientOpen(ActionPage):
    """Asks why a confidential chart is opened; it stays open for this log-in."""

    permission = "patients.view"
    model = Patient
    form_class = forms.OpenConfidentialForm
    page_title = _("Confidential chart")
    success_message = _("Your reason was written down.")

    def get_patient(self) -> Any:
        return None  # the banner would show what the reason is asked for

    def get_cancel_url(self) -> str:
        return "/"

    def get_success_url(self, form: Any) -> str:
        opened = set(self.request.session.get("opened_charts", []))
        self.request.session["opened_charts"] = sorted(opened | {str(self.object.pk)})
        target = self.request.GET.get("next", "")
        allowed = {self.request.get_host()}
        safe = url_has_allowed_host_and_scheme(target, allowed_hosts=allowed, require_https=self.request.is_secure())
        return target if safe else str(self.object.get_absolute_url())


class PatientMark(ActionPage):
    """Marks a chart."""

    permission = "patients.confidential"
    model = Patient
    form_class = forms.MarkConfidentialForm


class PatientUnmark(ActionPage):
    """Takes the mark off."""

    permission = "patients.confidential"
    model = Patient
    form_class = forms.UnmarkConfidentialForm
