"""The Django admin, for administrators, obeying the same forms as the pages.

A `ClinicAdmin` names the WorkflowForms that add and change its rows; without them it is read-only and
links to the clinic's own page. Nothing is ever deleted here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.contrib.contenttypes import views as contenttypes
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from healthcare.access import closed_chart
from healthcare.constraints import refusal_of
from healthcare.context import act
from healthcare.events import record
from healthcare.fields import RemoteSelect
from healthcare.models import BaseQuerySet
from healthcare.roles import may
from healthcare.workflow import WorkflowForm, submit


class ClinicAdminSite(admin.AdminSite):
    """The admin in the clinic's name; log-in, log-out and passwords are the clinic's own pages."""

    site_header = _("Healthcare Management System administration")
    site_title = _("Administration")
    index_title = _("All entities")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only entities with a ClinicAdmin: groups have no place beside roles, nor raw task tables."""
        if admin_class is not None and issubclass(admin_class, ClinicAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        """Django's way from a row to its page takes any words for keys, and fails on those that are none."""
        shortcut = path(
            "r/<int:content_type_id>/<uuid:object_id>/",
            self.admin_view(contenttypes.shortcut),
            name="view_on_site",
        )
        others = [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]
        return [shortcut, *others]

    def has_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "admin.use")

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            # Django would offer another log-in; somebody logged in without the role is refused instead.
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return inner(request, *args, **kwargs)

        return guarded

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect_to_login(request.GET.get("next", "/admin/"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return LogoutView.as_view()(request)  # type: ignore[return-value]

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("password_change")


class CappedPaginator(Paginator):
    """Counts no further than two hundred pages: whoever looks for more searches or filters."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: 200 * int(self.per_page)].count())


class ReadOnlyInline(admin.TabularInline):
    """Rows that belong to the row of the page, each with a link to its own."""

    extra = max_num = 0
    can_delete = False
    show_change_link = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "admin.use")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ClinicAdmin(admin.ModelAdmin):
    """One entity in the admin: searchable, filterable, changed only through its WorkflowForms."""

    #: The forms that make and change a row; None: not in the admin.
    add_form: ClassVar[type[WorkflowForm] | None] = None
    change_form: ClassVar[type[WorkflowForm] | None] = None
    #: Forms without fields that are offered for the rows ticked in the list, such as deactivating them.
    row_forms: ClassVar[tuple[type[WorkflowForm], ...]] = ()
    #: Columns that no page shows.
    hidden: ClassVar[frozenset[str]] = frozenset({"password"})
    list_per_page = 50
    paginator = CappedPaginator
    show_full_result_count = False
    list_max_show_all = 200

    def form_for(self, obj: Any) -> type[WorkflowForm] | None:
        """The WorkflowForm for this page."""
        return self.change_form if obj is not None else self.add_form

    # -- who may -----------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "admin.use")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.add_form is not None and may(request.user, self.add_form.permission)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        form = self.change_form
        if form is None or not may(request.user, form.permission):
            return False
        return obj is None or form.available(obj, request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # -- the form ----------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form_class = self.form_for(obj)
        if form_class is None or not (
            self.has_change_permission(request, obj) if obj is not None else self.has_add_permission(request)
        ):
            return super().get_form(request, obj, change=change, **kwargs)
        return admin_form(form_class, request.user, self.model, self.admin_site)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        form_class = self.form_for(obj)
        if form_class is None or (obj is not None and not self.has_change_permission(request, obj)):
            return [field.name for field in self.model._meta.fields if field.name not in self.hidden]
        return list(admin_form(form_class, request.user, self.model, self.admin_site).base_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field.name for field in self.model._meta.fields if not field.editable and field.name not in self.hidden]

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> Any:
        # Only looked at: what is posted holds nothing of them.
        return super().get_inline_instances(request, obj) if request.method == "GET" and obj is not None else []

    def get_queryset(self, request: HttpRequest) -> Any:
        queryset = super().get_queryset(request)
        # The row stays locked from reading it to writing it, as in healthcare.workflow.submit.
        changes = request.method == "POST" and transaction.get_connection().in_atomic_block
        return queryset.select_for_update(of=("self",)) if changes else queryset

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Years beyond the calendar and keys that are none: Django's own list takes them and fails."""
        try:
            return super().changelist_view(request, extra_context)
        except forms.ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(request.path)
        except (ValueError, OverflowError):
            if request.method != "GET" or not request.GET:
                raise
            return HttpResponseRedirect(request.path)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        text = search_term.replace("\x00", " ")
        if self.model.SEARCH_FIELDS or type(queryset).search is not BaseQuerySet.search:
            return (queryset.search(text) if text else queryset), False
        return super().get_search_results(request, queryset, text)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        with act(user=request.user, action=form.action, subject=form.instance):
            form.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The form's own `save` has done it all."""

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any) -> Any:
        row: Any = self.get_object(request, unquote(object_id)) if object_id else None
        if row is not None and (closed := closed_chart(request, patient_of(row))):
            return HttpResponseRedirect(closed)
        try:
            return super().changeform_view(request, object_id, *args, **kwargs)
        except IntegrityError as error:
            messages.error(request, refusal_of(error).message)
            return HttpResponseRedirect(request.get_full_path())

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None and request.method == "GET":
            record("view", obj)
        return super().render_change_form(request, context, *args, **kwargs)

    # -- the audit trail is the history; Django's own log would be a second one ----------------

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return redirect(f"{reverse('audit_log_list')}?{urlencode({'entity_id': unquote(object_id)})}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        allowed = [form for form in self.row_forms if may(request.user, form.permission)]
        return {form.__name__: (action_of(form), form.__name__, form.submit_label) for form in allowed}

    def get_list_select_related(self, request: HttpRequest) -> Any:
        return [
            name for name in self.get_list_display(request) if isinstance(name, str) and self.is_relation(name)
        ] or False

    def is_relation(self, name: str) -> bool:
        """Whether a list column is a foreign key."""
        return any(field.name == name and field.is_relation for field in self.model._meta.fields)

    def view_on_site(self, obj: Any) -> str:
        return str(obj.get_absolute_url())


def patient_of(row: Any) -> Any:
    """The patient whom a row is about, if any; the audit trail keeps the key alone."""
    key = row.patient_of_row()
    return apps.get_model("patients", "Patient")._default_manager.filter(pk=key).first() if key else None


def action_of(form_class: type[WorkflowForm]) -> Callable[[Any, HttpRequest, Any], None]:
    """An action of the list: the form for each row by the one door; what it refuses is said row by row."""

    def act_on(admin_page: Any, request: HttpRequest, rows: Any) -> None:
        done = 0
        for row in rows:
            form = submit(form_class, actor=request.user, instance=row)
            if form.is_valid():
                done += 1
                continue
            said = " ".join(str(message) for messages_of in form.errors.values() for message in messages_of)
            messages.error(request, f"{row}: {said}")
        if done:
            words = {"action": form_class.submit_label, "count": done}
            messages.success(request, _("%(action)s: %(count)s done.") % words)

    return act_on


class KeySelect(AutocompleteSelect):
    """The admin's own select; a key that is none chooses nothing, in an address as in a form."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        keys = []
        for text in value:
            with suppress(ValueError):
                keys.append(str(UUID(str(text))))
        return super().optgroups(name, keys, attr)


def admin_form(form_class: type[WorkflowForm], actor: Any, model: Any, site: Any) -> Any:
    """The WorkflowForm as the admin calls it: with the actor, the admin's own select, warnings as errors."""

    class AdminForm(form_class):  # type: ignore[valid-type]
        def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
            # By name, as the pages give them: a form may look at what was sent before it is made.
            super().__init__(data=data, files=files, actor=actor, **kwargs)
            for name, field in self.fields.items():
                if isinstance(field.widget, RemoteSelect):
                    choices = field.widget.choices
                    field.widget = KeySelect(model._meta.get_field(name), site)
                    field.widget.choices = choices

        def _check_acknowledged(self) -> None:
            super()._check_acknowledged()
            if self.errors:
                for warning in self.warnings:
                    self.add_error(None, forms.ValidationError(warning.message, code="safety_warning"))

        def save_m2m(self) -> None:
            """Called by the admin; there is nothing left to do."""

    AdminForm.__name__ = form_class.__name__
    return AdminForm
