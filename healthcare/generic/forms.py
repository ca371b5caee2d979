"""Pages that change something: each shows a WorkflowForm and hands it to `submit`."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import HiddenInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from healthcare import drafts
from healthcare.generic.base import Page, url_of
from healthcare.models import new_id
from healthcare.roles import may
from healthcare.templatetags.display import money
from healthcare.uses import uses_of
from healthcare.workflow import TransitionForm, WorkflowForm, refuse, submit


class FormPage(Page):
    """Shows a form; on POST submits it and leads on, or shows it again with what was typed."""

    abstract = True
    template_name = "generic/form.html"
    form_class: ClassVar[type[WorkflowForm]]
    success_message: ClassVar[Any] = gettext_lazy("Saved.")
    object: Any = None
    #: Whether what is typed is kept on the server until it is saved (AUTH-3).
    drafted: ClassVar[bool] = False
    draft: Any = None
    #: Whether the key under which this page would save belongs to a row about somebody else.
    key_is_taken = False

    def draft_page(self) -> str:
        """The page under which its draft is kept."""
        return self.request.get_full_path()[:300]

    def restored(self) -> Any:
        """The form as it was being typed when something came between; None if nothing did."""
        user = self.request.user
        self.draft = drafts.find(user, self.draft_page(), self.model)
        if self.draft is None:
            return None
        posted = self.draft.posted
        if patient := self.get_patient():
            # Shown anew, under this banner: the chart may have been merged into another one since it was typed.
            posted["shown_patient"] = str(patient.pk)
        kwargs = {"actor": user, "data": posted, "instance": self.object, **self.get_form_kwargs()}
        form = drafts.without_complaints(self.form_class(**kwargs))
        if not drafts.differs(form):
            drafts.forget(user, self.draft_page())
            self.draft = None
        return form if self.draft else None

    def get_form_kwargs(self) -> dict[str, Any]:
        """More keyword arguments for the form, such as a parent row."""
        return {}

    def get_initial(self) -> dict[str, Any]:
        """First values of the form's fields."""
        return {}

    def get_instance(self) -> Any:
        """The row to change, or None to make one."""
        return None

    def get_success_url(self, form: Any) -> str:
        """Where to go after saving."""
        return form.instance.get_absolute_url() or url_of(self.model, "list")

    def get_cancel_url(self) -> str:
        """Where to go instead of saving."""
        return (self.object.get_absolute_url() if self.object else "") or url_of(self.model, "list")

    def get_success_message(self, form: Any) -> str:
        """The quiet word after saving."""
        return str(self.success_message)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # Role first: somebody without the role must not learn whether the row exists.
        if not may(request.user, self.permission):
            raise PermissionDenied
        self.object = self.get_instance()
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if closed := self.closed_chart():
            return HttpResponseRedirect(closed)
        if self.drafted and (form := self.restored()):
            return self.render_form(form)
        form = self.form_class(
            actor=request.user, initial=self.get_initial(), instance=self.object, **self.get_form_kwargs()
        )
        return self.render_form(form)

    def submission_id(self) -> UUID | None:
        """The id under which a new row will be saved, made when the page was shown."""
        if self.object is not None or self.key_is_taken:
            return None
        try:
            return UUID(self.request.POST.get("new_id", ""))
        except ValueError:
            return None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if closed := self.closed_chart():
            return HttpResponseRedirect(closed)
        form = submit(
            self.form_class,
            actor=request.user,
            data=request.POST,
            files=request.FILES,
            instance=self.object,
            new_id=self.submission_id(),
            **self.get_form_kwargs(),
        )
        if form.sent_again and form.sent_again.is_about_another(form.instance):
            return self.refuse_taken_key(form.sent_again, form.instance)
        if not form.is_valid():
            return self.render_form(form, status=409 if form.conflict else 200)
        if self.drafted:
            drafts.forget(request.user, self.draft_page())
        if form.already_saved:
            messages.info(request, _("This was saved already; here it is."))
        else:
            messages.success(request, self.get_success_message(form))
            for notice in form.notices:
                messages.warning(request, notice)
        return HttpResponseRedirect(self.get_success_url(form))

    def refuse_taken_key(self, form: Any, saved: Any) -> HttpResponse:
        """Two windows showed one draft, and the other one saved somebody else: this one is asked to save once more."""
        self.key_is_taken = True
        said = _("%(row)s was saved from another window of this page. This here is not saved yet: save it once more.")
        form.add_error(None, refuse(said, code="key_taken", row=str(saved)))
        return self.render_form(form)

    def show_patient(self, form: Any) -> None:
        """Whom the banner shows cannot be swapped, and the form says whom it showed (BYD-2)."""
        patient = self.get_patient()
        if patient is None:
            return
        form.initial.setdefault("shown_patient", patient.pk)
        if self.object is None and "patient" in form.fields:
            form.initial.setdefault("patient", patient.pk)
            form.fields["patient"].widget = HiddenInput()

    def render_form(self, form: Any, status: int = 200) -> HttpResponse:
        """The page with this form."""
        self.show_patient(form)
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        posted = (self.draft and self.draft.posted.get("new_id")) or self.submission_id()
        if self.drafted:
            kwargs.setdefault("draft_page", self.draft_page())
            kwargs.setdefault("draft", self.draft)
        return super().get_context_data(
            **{
                "form": form,
                "fieldsets": fieldsets_of(form),
                "conflict": form.conflict,
                "formsets": [
                    {
                        "name": name,
                        "title": getattr(formset, "title", name),
                        "formset": formset,
                        "add_label": getattr(formset, "add_label", _("Add a row")),
                    }
                    for name, formset in form.formsets.items()
                ],
                "submit_label": form.submit_label,
                "cancel_url": self.get_cancel_url(),
                "new_id": (posted or new_id()) if self.object is None else "",
                **kwargs,
            }
        )


def fieldsets_of(form: Any) -> list[dict[str, Any]]:
    """The form's own fields in its declared groups; what no group names comes last."""
    own = [f for f in form if f.name not in form.SERVICE_FIELDS and not f.is_hidden]
    groups, named = [], set()
    for entry in form.fieldsets:
        title, names = entry[0], entry[1]
        fields = [form[name] for name in names if name in form.fields and not form[name].is_hidden]
        named |= {field.name for field in fields}
        if fields:
            groups.append({"title": title, "description": "", "fields": fields})
    rest = [field for field in own if field.name not in named]
    if rest:
        groups.append({"title": "", "description": "", "fields": rest})
    return groups


class CreatePage(FormPage):
    """Makes a new row."""

    abstract = True

    def get_page_title(self) -> Any:
        return self.page_title or _("New %(entity)s") % {"entity": self.model._meta.verbose_name}


class EditPage(FormPage):
    """Changes a row; a stale page is shown both versions (FND-7)."""

    abstract = True

    def get_instance(self) -> Any:
        return self.get_object()

    def get_page_title(self) -> Any:
        return self.page_title or _("Edit %(entity)s") % {"entity": self.model._meta.verbose_name}


class Amounts:
    """A row's amounts in the clinic's currency, for words: `{amounts.total_amount}`."""

    def __init__(self, row: Any) -> None:
        self.row = row

    def __getattr__(self, name: str) -> Any:
        return money(getattr(self.row, name))


class ActionPage(FormPage):
    """One step: GET asks, POST does it, then back to the row."""

    abstract = True
    template_name = "generic/confirm.html"

    def get_instance(self) -> Any:
        return self.get_object()

    def get_page_title(self) -> Any:
        return self.page_title or capfirst(str(self.form_class.submit_label))

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        question = getattr(form, "question", "") or _("%(action)s?") % {"action": form.submit_label}
        told = {"object": self.object, "amounts": Amounts(self.object)}
        return super().get_context_data(
            **{
                "form": form,
                "object": self.object,
                "question": str(question).format(**told),
                "consequence": str(getattr(form, "consequence", "")).format(**told),
                "danger": getattr(form, "danger", False),
                "uses": uses_of(self.object) if getattr(form, "tells_uses", False) else [],
                **kwargs,
            }
        )


__all__ = ["ActionPage", "CreatePage", "EditPage", "FormPage", "TransitionForm", "fieldsets_of"]
