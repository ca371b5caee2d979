"""System checks: routes without declared roles, settings that cannot be, a database that cannot hold every name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.db import connections
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


@register()
def every_setting_can_be(**_kwargs: Any) -> list[Error]:
    """Error for each setting that would only show while the clinic works: at a backup, on /metrics, in the trail."""
    found = []
    if settings.TRUSTED_PROXIES < 0:
        found.append("TRUSTED_PROXIES is how many proxies stand in front: 0 or more.")
    if len(settings.BACKUP_KEEP) != 3 or min(settings.BACKUP_KEEP) < 0:
        found.append("BACKUP_KEEP is three counts, of days, weeks and months: 7,5,12.")
    for net in settings.METRICS_ALLOW:
        try:
            ip_network(net)
        except ValueError:
            found.append(f"METRICS_ALLOW holds {net}, which is no address and no network such as 10.0.0.0/8.")
    if not settings.DEVELOPMENT and settings.SECRET_KEY.startswith(settings.DEMO_KEY):
        found.append("SECRET_KEY is the demo's, which everybody knows: make one with `openssl rand -hex 40`.")
    return [Error(words, id="healthcare.E003") for words in found]


@register(Tags.database)
def every_name_can_be_written(databases: Iterable[str] | None = None, **_kwargs: Any) -> list[Error]:
    """Error for a PostgreSQL database whose text is not UTF-8: it would refuse the first Zoë. Asked by `migrate`."""
    return [
        Error(
            f'The database "{connections[alias].settings_dict["NAME"]}" keeps text as {encoding}, not UTF8.',
            hint="Make it anew with `createdb --encoding UTF8 --template template0`.",
            id="healthcare.E002",
        )
        for alias in databases or ()
        if connections[alias].vendor == "postgresql" and (encoding := encoding_of(alias)) != "UTF8"
    ]


def encoding_of(alias: str) -> str:
    """How a PostgreSQL database keeps text."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        return str(cursor.fetchone()[0])
