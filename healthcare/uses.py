"""What still uses a row that somebody is about to take out of use. Each room lists its own in `uses.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.urls import reverse
from django.utils.module_loading import import_string, module_has_submodule


@dataclass(frozen=True)
class Use:
    """Rows that belong to a row of `model`, in words, with the list that shows them."""

    model: str
    label: Any
    rows: Callable[[Any], Any]
    url_name: str = ""
    query: Callable[[Any], dict[str, Any]] = lambda row: {}

    def context(self, row: Any) -> dict[str, Any]:
        """As the template takes it."""
        url = f"{reverse(self.url_name)}?{urlencode(self.query(row))}" if self.url_name else ""
        return {"label": self.label, "count": self.rows(row).count(), "url": url}


@cache
def all_uses() -> dict[str, list[Use]]:
    """The uses of every room by model."""
    found: dict[str, list[Use]] = {}
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "uses") and config.name != "healthcare":
            for use in import_string(f"{config.name}.uses.USES"):
                found.setdefault(use.model, []).append(use)
    return found


def uses_of(row: Any) -> list[dict[str, Any]]:
    """What uses this row now, the empty left out."""
    contexts = (use.context(row) for use in all_uses().get(row._meta.label, ()))
    return [context for context in contexts if context["count"]]
