"""JSON options for selects that are searched as one types."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse

from healthcare.access import RoleView
from healthcare.roles import may


class OptionsView(RoleView):
    """JSON for a search-as-you-type select: `?q=` -> `{"results": [{"id", "text", ...}]}`."""

    abstract = True
    model: ClassVar[Any] = None
    limit: ClassVar[int] = 20

    def get_queryset(self) -> Any:
        """The rows that may be chosen."""
        return self.model._default_manager.all().active()

    def rows_for(self, text: str) -> Any:
        """The first rows that the text finds; without a text, the first of all."""
        rows = self.get_queryset().visible_to(self.request.user)
        return (rows.search(text) if text else rows)[: self.limit]

    def text_of(self, row: Any) -> str:
        """What the person chooses from."""
        return str(row)

    def details_of(self, row: Any) -> dict[str, Any]:
        """What the page may want beside it: `detail` is shown smaller, the rest is for scripts."""
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may(request.user, self.permission):
            raise PermissionDenied
        query = request.GET.get("q", "").replace("\x00", " ").strip()[:100]
        results = [
            {"id": str(row.pk), "text": self.text_of(row), **self.details_of(row)} for row in self.rows_for(query)
        ]
        return JsonResponse({"results": results})
