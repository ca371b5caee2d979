"""The page of the first start."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from departments.forms.setup import SetUpForm
from departments.models import ClinicSettings, User
from departments.views.login import begin
from healthcare.generic import FormPage
from healthcare.roles import PUBLIC
from healthcare.workflow import submit


class SetUpPage(FormPage):
    """Leads through the first start; there is no such page as soon as there is an account."""

    permission = PUBLIC
    model = ClinicSettings
    form_class = SetUpForm
    template_name = "departments/setup.html"
    page_title = gettext_lazy("Set up your clinic")
    success_message = gettext_lazy("The clinic is set up.")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if User.objects.exists():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # Nobody acts: there is nobody yet.
        form = submit(SetUpForm, actor=None, data=request.POST, files=request.FILES)
        if not form.is_valid():
            return self.render_form(form)
        begin(request, form.administrator)
        return redirect("checklist")

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return []

    def get_cancel_url(self) -> str:
        return ""

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        # There is no clinic yet, and the settings' first name is the demo's.
        return super().get_context_data(form=form, clinic=None, **kwargs)
