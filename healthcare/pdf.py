"""HTML to PDF with WeasyPrint: tagged (PDF/UA), and nothing is fetched from the network."""

from __future__ import annotations

import base64
import logging
import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import segno
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from healthcare.clock import now
from healthcare.context import acting
from healthcare.storage import out_of_reach

logger = logging.getLogger(__name__)

#: Documents pretend to live here (RFC 2606: no such host), so that `/static/...` has a base.
BASE_URL = "http://document.invalid"


def static_file(url: str) -> Path | None:
    """The file behind a static URL of ours, hashed name or plain."""
    prefix = f"{BASE_URL}{settings.STATIC_URL}"
    if not url.startswith(prefix):
        return None
    name = unquote(urlsplit(url).path).removeprefix(settings.STATIC_URL)
    collected = (Path(settings.STATIC_ROOT) / name).resolve()
    if collected.is_relative_to(Path(settings.STATIC_ROOT).resolve()) and collected.is_file():
        return collected
    found = finders.find(name)
    return Path(found) if found else None


def url_fetcher() -> Any:
    """A WeasyPrint fetcher that knows data: URLs and our static files, nothing else."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class ClinicFetcher(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if urlsplit(url).scheme == "data":
                return super().fetch(url, headers)
            if path := static_file(url):
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})
            raise ValueError("A document may fetch nothing but its own static files.")

    return ClinicFetcher(allowed_protocols={"data"})


def qr_code(text: str) -> str:
    """A QR code as a data URI; `make_qr`, because phones cannot read a Micro QR."""
    return segno.make_qr(text, error="m").svg_data_uri(scale=3, border=2)


def logo_uri(clinic: Any) -> str:
    """The clinic's logo as a data URI, or an empty string."""
    if not clinic.logo:
        return ""
    kind = mimetypes.guess_type(clinic.logo.name)[0] or "image/png"
    try:
        with clinic.logo.open("rb") as file:
            return f"data:{kind};base64,{base64.b64encode(file.read()).decode()}"
    except Exception as error:
        if not (isinstance(error, OSError) or out_of_reach(error)):
            raise
        # A prescription without the logo is better than none.
        logger.warning("The logo cannot be read: %s", type(error).__name__)
        return ""


def render_html(template: str, context: dict[str, Any]) -> str:
    """The document's HTML, with the clinic's letterhead data."""
    clinic = apps.get_model("departments", "ClinicSettings").current()  # type: ignore[attr-defined]
    number = context.get("document_number", "")
    return render_to_string(
        template,
        {
            # By its plain name: a document is read once, so it needs no hash, and no `collectstatic` before it.
            "stylesheet": f"{BASE_URL}{settings.STATIC_URL}css/pdf.css",
            "clinic": clinic,
            "logo": logo_uri(clinic),
            "paper": clinic.paper.lower(),
            "printed_at": now(),
            "printed_by": getattr(acting().user, "full_name", ""),
            "qr": qr_code(str(number)) if number else "",
            **context,
        },
    )


def render_pdf(template: str, context: dict[str, Any]) -> bytes:
    """The document as PDF/UA bytes. Never call inside a transaction: it takes a few hundred ms."""
    from weasyprint import HTML  # imported late: it needs system libraries that a check explains

    html = render_html(template, context)
    document = HTML(string=html, base_url=f"{BASE_URL}/", url_fetcher=url_fetcher())
    return bytes(document.write_pdf(pdf_variant="pdf/ua-1"))
