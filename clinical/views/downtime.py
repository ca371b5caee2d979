"""The downtime pack in the browser: asked for here, made by a worker, fetched here."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clinical import downtime
from healthcare.access import RoleView
from healthcare.clock import today
from healthcare.events import record
from healthcare.fields import use_native_inputs
from healthcare.generic.base import Page
from healthcare.generic.lists import list_url


class Day(forms.Form):
    """Which day; what is none means tomorrow."""

    day = forms.DateField(label=_("Day"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use_native_inputs(self.fields)


def day_of(query: Any) -> date:
    """The day that an address asks for."""
    form = Day(query)
    return (form.is_valid() and form.cleaned_data["day"]) or today() + timedelta(days=1)


class DowntimePack(Page):
    """Whether the pack of a day (`?day=`, or tomorrow) is there, when it was made, and the button that has it made."""

    permission = "downtime.print"
    template_name = "clinical/downtime.html"
    page_title = _("Downtime pack")

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return []

    def get_template_names(self) -> list[str]:
        return ["clinical/_downtime.html"] if "HX-Request" in self.request.headers else [self.template_name]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render_to_response(self.get_context_data())

    def post(self, request: HttpRequest) -> HttpResponse:
        day = day_of(request.POST)
        downtime.ask(day)
        return HttpResponseRedirect(list_url("downtime_pack", day=day))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        day = day_of(self.request.GET)
        return super().get_context_data(
            form=Day(initial={"day": day}),
            day=day,
            made_at=downtime.made_at(day),
            being_made=downtime.being_made(day),
            refresh_url=list_url("downtime_pack", day=day),
            file_url=f"{reverse('downtime_pack_file')}?day={day}",
            **kwargs,
        )


class DowntimePackFile(RoleView):
    """The pack of a day as it was made last; 404 if it was not."""

    permission = "downtime.print"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        day = day_of(request.GET)
        try:
            file = default_storage.open(downtime.path_of(day))
        except FileNotFoundError as error:
            raise Http404 from error
        record("download", entity_type="downtime_pack", values={"day": day.isoformat()})
        return FileResponse(file, filename=f"downtime-{day}.pdf", content_type="application/pdf")
