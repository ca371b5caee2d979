"""The downtime pack in the browser."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.http import HttpRequest, HttpResponse

from clinical import downtime
from healthcare.access import RoleView
from healthcare.clock import today


class Day(forms.Form):
    """Which day; what is none means tomorrow."""

    day = forms.DateField(required=False)


class DowntimePack(RoleView):
    """A day's lists and blank forms as one PDF, `?day=` or tomorrow's."""

    permission = "downtime.print"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = Day(request.GET)
        day: date = (form.is_valid() and form.cleaned_data["day"]) or today() + timedelta(days=1)
        headers = {"Content-Disposition": f'inline; filename="downtime-{day}.pdf"'}
        return HttpResponse(downtime.make(day), content_type="application/pdf", headers=headers)
