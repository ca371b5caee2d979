"""The API's description: OpenAPI as JSON, and the two pages that show it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from healthcare.access import RoleView
from healthcare.api import OPERATIONS, api
from healthcare.api_examples import EXAMPLES
from healthcare.rest import openapi as description
from healthcare.roles import PUBLIC

#: ReDoc's own <style> elements: an empty one, which it fills by script, and one of fixed words. Nothing else
#: that is written into a page gets past them.
REDOC_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
)


@cache
def openapi() -> bytes:
    """OpenAPI 3.1, made once."""
    return json.dumps(description.openapi(api, OPERATIONS, "/api/v1/", EXAMPLES), default=str).encode()


@method_decorator(csrf_exempt, name="dispatch")  # so that another method is told 405, not a page about a token
class OpenApi(RoleView):
    """What there is, for programs. It holds no data."""

    permission = PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(openapi(), content_type="application/json")


class SwaggerPage(RoleView):
    """What there is, to be tried out."""

    permission = PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "api/docs.html", {"page_title": _("API")})


@method_decorator(csp_update({"style-src": [SELF, *REDOC_STYLES]}), name="dispatch")
class RedocPage(RoleView):
    """What there is, to be read."""

    permission = PUBLIC

    def get(self, request: HttpRequest, *args: Any) -> HttpResponse:
        return render(request, "api/redoc.html", {"page_title": _("API")})
