"""The audit trail: what was done, by whom, to what, from where. Append-only."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, reduce
from operator import or_
from typing import Any, Self
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from audit.digests import canonical, mac_of
from healthcare import written
from healthcare.clock import local
from healthcare.generic.base import url_of
from healthcare.models import BaseModel, BaseQuerySet, enum_constraint


class Action(models.TextChoices):
    """The closed vocabulary of verbs."""

    CREATE = "create", _("Create")
    UPDATE = "update", _("Update")
    DEACTIVATE = "deactivate", _("Deactivate")
    REACTIVATE = "reactivate", _("Reactivate")
    REMOVE = "remove", _("Remove draft line")
    CONFIRM = "confirm", _("Confirm")
    CHECK_IN = "check_in", _("Check in")
    UNDO = "undo", _("Undo")
    MERGE = "merge", _("Merge charts")
    START = "start", _("Start")
    COMPLETE = "complete", _("Complete")
    CANCEL = "cancel", _("Cancel")
    NO_SHOW = "no_show", _("No-show")
    ADDENDUM = "addendum", _("Addendum")
    OVERRIDE = "override", _("Override warning")
    DISCONTINUE = "discontinue", _("Discontinue")
    RENEW = "renew", _("Renew")
    COLLECT_SAMPLE = "collect_sample", _("Collect sample")
    START_PROCESSING = "start_processing", _("Start processing")
    ENTER_RESULTS = "enter_results", _("Enter results")
    REVIEW = "review", _("Review")
    ISSUE = "issue", _("Issue")
    PAY = "pay", _("Pay")
    VOID = "void", _("Void")
    REFUND = "refund", _("Refund")
    CREDIT = "credit", _("Credit note")
    WRITE_OFF = "write_off", _("Write off")
    COUNT = "count", _("Count cash")
    SIGN_OFF = "sign_off", _("Sign off")
    GENERATE = "generate", _("Generate")
    VIEW = "view", _("View")
    PRINT = "print", _("Print")
    EXPORT = "export", _("Export")
    DOWNLOAD = "download", _("Download")
    IMPORT = "import", _("Import")
    LOGIN = "login", _("Log in")
    LOGOUT = "logout", _("Log out")
    LOGIN_FAILED = "login_failed", _("Failed log-in")
    PASSWORD_CHANGE = "password_change", _("Password change")
    LOCK = "lock", _("Lock log-in")
    UNLOCK = "unlock", _("Unlock log-in")
    SECOND_FACTOR_ON = "second_factor_on", _("Second factor on")
    SECOND_FACTOR_OFF = "second_factor_off", _("Second factor off")
    END_SESSION = "end_session", _("End session")
    OPEN_CONFIDENTIAL = "open_confidential", _("Open confidential chart")
    DENIED = "denied", _("Denied")
    ERROR = "error", _("Error")


#: A name that so many bear is no use as a search.
MOST_PEOPLE, MOST_PATIENTS = 50, 200
#: So few patients are read one by one, each in the order of time; the rows of more together are few enough to sort.
FEW_PATIENTS = 20
#: What one change writes: a statement for each number of rows is kept ready.
FEW_ROWS = 5


class AuditLogQuerySet(BaseQuerySet):
    """The audit trail."""

    def refused(self) -> Self:
        """What somebody was not allowed: log-ins that failed, pages and steps that were denied."""
        return self.filter(action__in=(Action.LOGIN_FAILED, Action.DENIED))

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> Any:
        """Rows that are written together carry their codes too: only what goes round the clinic has none."""
        rows = list(objs)
        for row in rows:
            row.sign()
        if 0 < len(rows) <= FEW_ROWS and not args and not kwargs:
            with transaction.mark_for_rollback_on_error(self.db):
                if written.insert(rows, self.db):
                    return rows
        return super().bulk_create(rows, *args, **kwargs)

    def search(self, text: str) -> Self:
        """Rows by or about the people so named, or with this verb, entity or id."""
        return self.in_any(parts_of(text))

    def in_any(self, parts: list[Q]) -> Self:
        """The rows that any of these conditions finds."""
        return self.filter(reduce(or_, parts)) if parts else self.none()


def parts_of(text: str) -> list[Q]:
    """The search as conditions of which each is one stretch of an index: the page reads them one by one.

    The people are looked up first, so that the trail itself is read by its indexes alone.
    """
    with suppress(ValueError):
        key = UUID(text.strip())
        return [Q(entity_id=key), Q(patient_id=key)]
    word = text.strip().casefold().replace(" ", "_").replace("-", "_")
    parts = [Q(action=word)] if word in Action.values else []
    parts += [Q(entity_type=word)] if word in (*entities(), "page") else []
    people, patients = get_user_model().objects, apps.get_model("patients", "Patient").objects
    parts += [Q(user_id=key) for key in people.search(text).values_list("pk", flat=True)[:MOST_PEOPLE]]
    keys = list(patients.search(text).values_list("pk", flat=True)[:MOST_PATIENTS])
    if len(keys) > FEW_PATIENTS:
        return [*parts, Q(patient_id__in=keys)]
    return [*parts, *(Q(patient_id=key) for key in keys)]


class AuditLog(BaseModel):
    """One thing that somebody did."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    action = models.CharField(_("action"), max_length=32, choices=Action.choices)
    entity_type = models.CharField(_("entity type"), max_length=64)
    entity_id = models.UUIDField(_("entity"), null=True, blank=True)
    #: The patient concerned, so that "who looked at this chart" is one indexed query.
    patient_id = models.UUIDField(_("patient"), null=True, blank=True)
    old_values = models.JSONField(_("old values"), null=True, blank=True, encoder=DjangoJSONEncoder)
    new_values = models.JSONField(_("new values"), null=True, blank=True, encoder=DjangoJSONEncoder)
    ip_address = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True, default="")
    #: Made with a key that the database does not hold, so that nobody adds a row behind the clinic's back (AUD-3).
    mac = models.CharField(max_length=64, blank=True, default="", editable=False)

    objects = AuditLogQuerySet.as_manager()

    class Meta:
        db_table = "audit_logs"
        verbose_name = _("audit log entry")
        verbose_name_plural = _("audit log")
        constraints = [enum_constraint("action", Action, "audit_logs")]
        indexes = [
            models.Index(fields=["created_at", "id"], name="audit_logs_newest"),
            models.Index(fields=["user", "created_at"], name="audit_logs_by_user"),
            models.Index(fields=["entity_type", "created_at"], name="audit_logs_by_entity_type"),
            models.Index(fields=["entity_id", "created_at"], name="audit_logs_by_entity"),
            models.Index(fields=["patient_id", "created_at"], name="audit_logs_by_patient"),
            models.Index(fields=["action", "created_at"], name="audit_logs_by_action"),
            # Two filters at once, which may find nothing among millions of rows that either of them finds.
            models.Index(fields=["user", "action", "created_at"], name="audit_logs_by_user_action"),
            models.Index(fields=["user", "entity_type", "created_at"], name="audit_logs_by_user_entity"),
            models.Index(fields=["entity_type", "action", "created_at"], name="audit_logs_by_entity_action"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.entity_label}"

    def sign(self) -> None:
        """Set the code that vouches for what the row says."""
        self.mac = mac_of(canonical(self))

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self.sign()
        super().save(*args, **kwargs)

    @property
    def moment(self) -> str:
        """When it happened, to the second, on the clinic's clock."""
        return f"{local(self.created_at):%Y-%m-%d %H:%M:%S}"

    @property
    def entity_label(self) -> str:
        """The entity's name as people write it."""
        model = entities().get(self.entity_type)
        return capfirst(str(model._meta.verbose_name)) if model else capfirst(self.entity_type.replace("_", " "))

    @property
    def entity_url(self) -> str:
        """The page of the row concerned, where it has one."""
        model = entities().get(self.entity_type)
        return url_of(model, "detail", self.entity_id) if model and self.entity_id else ""

    def patient_of_row(self) -> Any:
        return self.patient_id


class AuditSeal(BaseModel):
    """A batch of rows that can no longer change unnoticed: each seal also vouches for the one before it (AUD-3)."""

    AUDITED = False

    number = models.BigIntegerField(_("number"), unique=True)
    #: Of each row its key and a digest, 16 bytes each.
    leaves = models.BinaryField()
    #: The Merkle root of the leaves.
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True, default="")
    #: Rows from before sealing began, or from an import, which carry no code of their own.
    adopted = models.BooleanField(default=False)
    mac = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_seals"
        verbose_name = _("audit seal")
        verbose_name_plural = _("audit seals")

    def __str__(self) -> str:
        return f"{self.number}"


@cache
def entities() -> dict[str, Any]:
    """The models of all entities that the trail tells of, by their name in it."""
    return {m.entity_name(): m for m in apps.get_models() if issubclass(m, BaseModel) and m.AUDITED}
