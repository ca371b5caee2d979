"""Every view declares who it serves; one that does not fails at import."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import View

from healthcare.compiled import Compiled
from healthcare.roles import PERMISSIONS, PUBLIC, Role, may


class RoleView(View):
    """A view for the roles that hold `permission`; `abstract = True` marks a base class."""

    permission: ClassVar[str] = ""
    abstract: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.__dict__.get("abstract", False):
            cls.abstract = False
            if cls.permission != PUBLIC and cls.permission not in PERMISSIONS:
                raise ImproperlyConfigured(
                    f"{cls.__module__}.{cls.__name__} must declare a permission of healthcare.roles, "
                    f"not {cls.permission!r}."
                )

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        return login_not_required(view) if cls.permission == PUBLIC else view

    @classmethod
    def allowed_roles(cls) -> frozenset[Role]:
        """The roles served; all of them for a public view."""
        return frozenset(Role) if cls.permission == PUBLIC else PERMISSIONS[cls.permission]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may(request.user, self.permission):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


def closed_chart(request: HttpRequest, patient: Any) -> str:
    """Where the reason is asked, if this patient is confidential and the person did not open the chart yet."""
    if not getattr(patient, "is_confidential", False) or str(patient.pk) in request.session.get("opened_charts", []):
        return ""
    return f"{reverse('patient_open', args=[patient.pk])}?{urlencode({'next': request.get_full_path()})}"


def visible_or_denied(queryset: Any, user: Any, **lookup: Any) -> Any:
    """The row, if this user may see it. Http404 if there is none, PermissionDenied if it is not theirs."""
    from django.http import Http404

    found = queryset.visible_to(user).filter(**lookup).first()
    if found is None:
        if queryset.model._default_manager.filter(**lookup).exists():
            # Mostly by somebody who saw it a minute ago: a nurse whose colleague entered the result.
            raise PermissionDenied(_("Your role does not see this, or not any more: it may be finished by now."))
        raise Http404
    return found


@cache
def finder(rows: Callable[[], Any], role: str) -> Compiled | None:
    """Finds a row by its key, in what `rows` gives, for everybody of this role; None where each sees other rows."""
    if rows().personal:
        return None
    return Compiled(lambda key: rows().visible_to(SimpleNamespace(role=role)).filter(pk=key))


def visible_row(rows: Callable[[], Any], user: Any, key: Any) -> Any:
    """As `visible_or_denied`, faster; `rows` gives the same rows to everybody, at any time."""
    find = finder(rows, user.role)
    found = find.first(key) if find else None
    return found or visible_or_denied(rows(), user, pk=key)
