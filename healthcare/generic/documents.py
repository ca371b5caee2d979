"""Printables: a template becomes a PDF; every print is audited."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from healthcare.events import record
from healthcare.generic.base import Page
from healthcare.pdf import render_pdf


class PdfPage(Page):
    """A row as a PDF, from `template_name` with `document_context()`."""

    abstract = True

    def document_context(self) -> dict[str, Any]:
        """What the template shows, beside `object`, `patient` and `clinic`."""
        return {}

    def document_name(self) -> str:
        """The file's name; it must hold no patient data."""
        return f"{self.model.entity_name()}-{str(self.object.pk)[-12:]}.pdf"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        if closed := self.closed_chart():
            return HttpResponseRedirect(closed)
        record("print", self.object)
        pdf = render_pdf(
            self.get_template_names()[0],
            {"object": self.object, "patient": self.get_patient(), **self.document_context()},
        )
        return pdf_response(pdf, self.document_name())


def pdf_response(pdf: bytes, name: str) -> HttpResponse:
    """A PDF to be shown in the browser."""
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )
