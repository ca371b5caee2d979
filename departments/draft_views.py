"""Keeping and discarding drafts."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.urls import Resolver404, resolve

from departments.drafts import LONGEST, FormDraft
from healthcare.access import RoleView
from healthcare.clock import local
from healthcare.roles import may

#: Carried along by every form, and nothing that somebody typed.
MACHINERY = ("csrfmiddlewaretoken", "password")


def drafted_page(request: HttpRequest) -> str:
    """The page that the request is about: one that keeps drafts and that the person may use."""
    page = request.POST.get("page", "")
    try:
        view: Any = resolve(page.partition("?")[0]).func.view_class  # type: ignore[attr-defined]
    except (Resolver404, AttributeError) as error:
        raise Http404 from error
    if len(page) > 300 or "\x00" in page or not getattr(view, "drafted", False):
        raise Http404
    if not may(request.user, view.permission):
        raise PermissionDenied
    return page


class DraftSave(RoleView):
    """Keep what is typed. 409 while another window is typing into the same page, unless this one takes over."""

    permission = "signed_in"

    def post(self, request: HttpRequest) -> HttpResponse:
        page, window = drafted_page(request), request.POST.get("window", "")[:40].replace("\x00", "")
        data = request.POST.get("data", "")
        if len(data) > LONGEST or "\x00" in data:
            return JsonResponse({"error": "too long"}, status=400)
        typed = QueryDict(data, mutable=True)
        for name in MACHINERY:
            typed.pop(name, None)
        FormDraft.objects.filter(user=request.user).forgotten().delete()  # type: ignore[attr-defined]
        try:
            return self.keep(request, page, window, typed.urlencode())
        except IntegrityError:
            # A first draft from two sides at once (a page that is being left sends its own): now there is the row.
            return self.keep(request, page, window, typed.urlencode())

    def keep(self, request: HttpRequest, page: str, window: str, data: str) -> HttpResponse:
        """Write the draft, unless another window is at it."""
        with transaction.atomic():
            draft = FormDraft.objects.of(request.user, page).select_for_update().first()  # type: ignore[attr-defined]
            if draft is None:
                draft = FormDraft(user=request.user, page=page)
            elif draft.window != window and "take_over" not in request.POST and self.is_typed(draft):
                return JsonResponse({"typed_at": shown_time(draft)}, status=409)
            draft.window, draft.data = window, data
            draft.save()
        return JsonResponse({"saved_at": shown_time(draft)})

    @staticmethod
    def is_typed(draft: FormDraft) -> bool:
        """Whether the other window is still at it."""
        return bool(FormDraft.objects.filter(pk=draft.pk).being_typed().exists())  # type: ignore[attr-defined]


class DraftDiscard(RoleView):
    """Throw the draft away and show the page as it is saved."""

    permission = "signed_in"

    def post(self, request: HttpRequest) -> HttpResponse:
        page = drafted_page(request)
        FormDraft.objects.of(request.user, page).delete()  # type: ignore[attr-defined]
        return HttpResponseRedirect(page)


def shown_time(draft: FormDraft) -> str:
    """`14:05`, on the clinic's wall clock."""
    return f"{local(draft.updated_at):%H:%M}"
