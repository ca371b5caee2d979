"""Staff from a file: look at what would be made, then make it, and hand out the passwords."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from departments.forms.staff_import import ImportStaffForm
from departments.models import User
from healthcare.dry_run import DryRunPage
from healthcare.workflow import submit


class UserImport(DryRunPage):
    """The dry run first; the one-time passwords are shown once."""

    permission = "users.edit"
    model = User
    form_class = ImportStaffForm
    page_title = gettext_lazy("Import staff")

    def apply(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = submit(self.form_class, actor=request.user, data=request.POST)
        if not form.is_valid():
            return self.render_form(form)
        if not form.todo:
            messages.info(request, _("Everybody in the file has an account already."))
            return HttpResponseRedirect(reverse("user_list"))
        made = [row for row, _data in form.todo]
        context = {"page_title": _("New accounts"), "breadcrumbs": self.get_breadcrumbs(), "made": made}
        return TemplateResponse(request, "departments/staff_imported.html", context)  # type: ignore[return-value]
