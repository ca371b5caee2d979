"""System checks: a route without declared roles does not start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from healthcare.access import RoleView
from healthcare.roles import PERMISSIONS, PUBLIC

#: Namespaces that guard themselves: the Django admin asks `has_permission` of its site.
SELF_GUARDED = frozenset({"admin"})


def routes(resolver: Any = None, prefix: str = "", namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, Any]]:
    """(path pattern, URLPattern, namespaces) of every route."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from routes(entry, prefix + str(entry.pattern), inner)
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry, namespaces


def declares_roles(callback: Any) -> bool:
    """Whether the view is a RoleView, or tells a permission for each of its methods (healthcare.rest)."""
    if issubclass(getattr(callback, "view_class", object), RoleView):
        return True
    permissions = getattr(callback, "permissions", {})
    return bool(permissions) and all(name in PERMISSIONS or name == PUBLIC for name in permissions.values())


@register()
def every_route_declares_roles(**_kwargs: Any) -> list[Error]:
    """Error for each route that declares no roles."""
    return [
        Error(f"{path} declares no roles: its view must be a RoleView.", id="healthcare.E001")
        for path, pattern, namespaces in routes()
        if not SELF_GUARDED & set(namespaces) and not declares_roles(pattern.callback)
    ]
