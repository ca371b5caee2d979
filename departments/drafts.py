"""What somebody is typing into a long form, kept until it is saved (AUTH-3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from healthcare.clock import now
from healthcare.models import BaseModel

#: A page's text beyond this is no note that somebody typed.
LONGEST = 300_000
#: A draft that nobody came back for.
KEPT = timedelta(days=30)
#: Somebody who typed so recently is still there.
TYPING = timedelta(minutes=2)


class FormDraftQuerySet(models.QuerySet[Any]):
    """Drafts are scratch paper, so unlike rows they are thrown away."""

    def of(self, user: Any, page: str) -> Self:
        """The draft of this person for this page, if there is one."""
        return self.filter(user=user, page=page)

    def being_typed(self) -> Self:
        """Those that somebody is at right now."""
        return self.filter(updated_at__gt=now() - TYPING)

    def forgotten(self) -> Self:
        """Those that nobody came back for."""
        return self.filter(updated_at__lt=now() - KEPT)


class FormDraft(BaseModel):
    """One person's unsaved text for one page. It reaches neither the audit trail nor a log, and goes when saved."""

    AUDITED = False

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="form_drafts",
        db_index=False,
    )
    page = models.CharField(_("page"), max_length=300)
    #: The browser window that types, so that a second one does not overwrite the first.
    window = models.CharField(_("window"), max_length=40)
    data = models.TextField(_("what was typed"), max_length=LONGEST)

    objects = models.Manager.from_queryset(FormDraftQuerySet)()  # type: ignore[assignment]

    class Meta:
        db_table = "form_drafts"
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["user", "page"], name="form_drafts_one_per_page")]

    def __str__(self) -> str:
        return self.page

    @property
    def posted(self) -> QueryDict:
        """What was typed, as a form takes it."""
        return QueryDict(self.data, mutable=True)
