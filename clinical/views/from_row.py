"""Pages that make a new row out of the one named in the URL: start, renew, add."""

from __future__ import annotations

from typing import Any, ClassVar

from healthcare.access import visible_or_denied
from healthcare.generic import ActionPage, CreatePage
from healthcare.generic.base import url_of


class FromRowPage(CreatePage):
    """The form takes the URL's row as `argument`; the page is about that row and its patient."""

    abstract = True
    source_model: ClassVar[Any]
    argument: ClassVar[str]
    source: Any = None

    def get_instance(self) -> Any:
        self.source = visible_or_denied(
            self.source_model.objects.select_related("patient"), self.request.user, pk=self.kwargs["pk"]
        )

    def get_form_kwargs(self) -> dict[str, Any]:
        return {self.argument: self.source}

    def get_patient(self) -> Any:
        return self.source.patient

    def get_cancel_url(self) -> str:
        return str(self.source.get_absolute_url())

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        list_name = self.source_model._meta.verbose_name_plural.capitalize()
        return [
            (list_name, url_of(self.source_model, "list")),
            (str(self.source), self.source.get_absolute_url()),
            (self.get_page_title(), ""),
        ]


class FromRowConfirmPage(FromRowPage):
    """The same as a question with one button."""

    abstract = True
    template_name = "generic/confirm.html"
    get_page_title = ActionPage.get_page_title

    def get_context_data(self, *, form: Any, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            form=form,
            question=str(form.question).format(object=self.source),
            consequence=str(form.consequence).format(object=self.source),
            **kwargs,
        )
