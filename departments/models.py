"""Departments, staff, the clinic's own settings, and the counters behind gapless numbers."""

from __future__ import annotations

from datetime import tzinfo
from time import monotonic
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import DatabaseError, connection, models, transaction
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext_lazy as _

from departments.sessions import end_tokens
from healthcare.clock import now
from healthcare.crypto import SealedField
from healthcare.models import BaseModel, BaseQuerySet, enum_constraint, range_constraint
from healthcare.money import Currency
from healthcare.roles import Role, may
from healthcare.tasks import keep_daily_times
from healthcare.text import LongTextField, PhoneField, display_phone

#: How the names of places' time zones begin; others are old spellings or mere offsets.
CONTINENTS = frozenset(
    {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
)


class Department(BaseModel):
    """An organisational unit of the clinic."""

    SEARCH_FIELDS = ("name", "description")
    NAMED_BY = ("name",)

    name = models.CharField(_("name"), max_length=100)
    description = LongTextField(_("description"))
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "departments"
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="departments_name_unique",
                violation_error_message=_("There is already a department with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class UserQuerySet(BaseQuerySet):
    """Staff."""

    def doctors(self) -> Self:
        """Active doctors, who alone may be booked and may prescribe."""
        return self.filter(is_active=True, role=Role.DOCTOR)

    def gone(self) -> Self:
        """All but the active doctors: whoever was one and has patients still, left or has another role now."""
        return self.exclude(is_active=True, role=Role.DOCTOR)

    def doctors_by_name(self) -> Self:
        """All doctors with no more than their names, for a list's filter: 125 whole rows took 3 ms."""
        return self.filter(role=Role.DOCTOR).only("first_name", "last_name", "role").order_by("last_name", "first_name")


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Finds people by e-mail, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> Any:
        return self.get(email=(username or "").strip().lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a member of staff; the e-mail is kept in lower case."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make an administrator (for `manage.py createsuperuser`)."""
        return self.create_user(email, password, **{**fields, "role": Role.ADMINISTRATOR})


class User(AbstractBaseUser, BaseModel):
    """A member of staff who logs in, with exactly one role."""

    SEARCH_FIELDS = ("first_name", "last_name", "email")
    NAMED_BY = ("first_name", "last_name", "role")
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["first_name", "last_name"]
    AUDIT_EXCLUDED = ("last_login",)

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    password = models.CharField(_("password"), max_length=255, db_column="password_hash")
    first_name = models.CharField(_("first name"), max_length=100)
    last_name = models.CharField(_("last name"), max_length=100)
    role = models.CharField(_("role"), max_length=32, choices=Role.choices)
    phone = PhoneField(_("phone"), blank=True, default="")
    department = models.ForeignKey(
        Department,
        verbose_name=_("department"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="users",
    )
    is_active = models.BooleanField(_("active"), default=True)
    #: Set while the password is one that an administrator handed out: until then it must be changed (AUTH-6).
    one_time_until = models.DateTimeField(_("one-time password valid until"), null=True, blank=True, editable=False)

    objects = UserManager()

    class Meta:
        db_table = "users"
        verbose_name = _("user")
        verbose_name_plural = _("staff")
        ordering = ["last_name", "first_name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="users_email_unique",
                violation_error_message=_("There is already an account with this e-mail."),
            ),
            enum_constraint("role", Role, "users"),
        ]
        indexes = [models.Index(fields=["role", "is_active", "last_name"], name="users_by_role")]

    def __str__(self) -> str:
        return self.full_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        old, _new = self.changed_values(kwargs.get("update_fields"))
        with transaction.atomic():
            super().save(*args, **kwargs)
            # For good: whoever gets the old role or the account back logs in again (AUTH-4).
            if old.keys() & {"password", "role", "is_active"}:
                end_tokens(self)

    @property
    def phone_shown(self) -> str:
        """The phone number as people read it."""
        return display_phone(self.phone)

    @property
    def full_name(self) -> str:
        """First and last name; doctors with their title."""
        name = f"{self.first_name} {self.last_name}"
        return f"Dr. {name}" if self.role == Role.DOCTOR else name

    @property
    def practises(self) -> bool:
        """Whether this is one of the active `doctors`."""
        return self.is_active and self.role == Role.DOCTOR

    @property
    def must_change_password(self) -> bool:
        """Whether the present password was handed out and has not been replaced yet."""
        return self.one_time_until is not None

    @property
    def is_staff(self) -> bool:
        """Whether the Django admin opens for this person."""
        return may(self, "admin.use")

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """For the Django admin, which only administrators reach; its site refuses deletes itself."""
        return may(self, "admin.use")

    def has_module_perms(self, app_label: str) -> bool:
        """As `has_perm`."""
        return may(self, "admin.use")

    def get_session_auth_hash(self) -> str:
        """Sessions end at once when the password, the role or the active flag changes (AUTH-4)."""
        state = f"{self.password}|{self.role}|{self.is_active}"
        return salted_hmac("departments.User.session", state, algorithm="sha256").hexdigest()

    def get_session_auth_fallback_hash(self) -> Any:
        """No older secret keys are accepted."""
        return iter(())


class SecondFactor(BaseModel):
    """A person's authenticator app (TOTP) and recovery codes."""

    AUDIT_EXCLUDED = ("secret", "last_step", "recovery_codes")

    user = models.OneToOneField(User, verbose_name=_("user"), on_delete=models.PROTECT, related_name="second_factor")
    secret = SealedField(_("secret"), max_length=255, blank=True, default="")
    #: The time step of the last accepted code: none is accepted twice.
    last_step = models.BigIntegerField(default=0)
    #: Hashes of the codes not used yet.
    recovery_codes = models.JSONField(default=list, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "second_factors"
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")

    def __str__(self) -> str:
        return str(self.user)


class LoginThrottle(BaseModel):
    """How often something happened lately, under a key that does not name whose: failed log-ins, calls of the API."""

    AUDITED = False

    key = models.CharField(max_length=64, unique=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(default=now)

    class Meta:
        db_table = "login_throttles"

    def __str__(self) -> str:
        return f"{self.failures}"


class SessionManager(BaseSessionManager):
    """Sessions with their person."""

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("user")


class Session(AbstractBaseSession):
    """A browser's session; beside Django's columns it says whose and from where, so that it can be listed and ended."""

    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    public_id = models.UUIDField(db_index=True)  # not unique: a session that gets a new key is twice there meanwhile
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("user agent"), max_length=400, default="")
    began_at = models.DateTimeField(_("since"), null=True)
    seen_at = models.DateTimeField(_("last seen"), default=now)

    objects = SessionManager()

    class Meta(AbstractBaseSession.Meta):
        abstract = False
        db_table = "sessions"


def time_zones() -> list[tuple[str, Any]]:
    """The zones to choose from: the environment's, then those that are named for a place."""
    here = _("As this server is set: %(zone)s") % {"zone": settings.CLINIC_TIME_ZONE}
    places = (name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)
    return [("", here), ("UTC", "UTC"), *((name, name.replace("_", " ")) for name in sorted(places))]


class ClinicSettings(BaseModel):
    """The clinic's letterhead, clock, currency and tax: one row."""

    _shown: ClassVar[ClinicSettings | None] = None
    _shown_at: ClassVar[float] = 0.0

    name = models.CharField(_("clinic name"), max_length=200, default="Riverside Family Clinic")
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    phone = PhoneField(_("phone"), blank=True, default="")
    email = models.EmailField(_("e-mail"), blank=True, default="")
    logo = models.ImageField(_("logo"), upload_to="clinic/", blank=True)
    tax_rate = models.DecimalField(
        _("tax rate (%)"),
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=40,
        blank=True,
        default="",
        choices=time_zones,
        help_text=_("The clinic's wall clock: what day it is, and when visits begin."),
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        choices=[(one.value, f"{one.value} {one.label}" if one.label != one.value else one.value) for one in Currency],
        default="USD",
        help_text=_("How amounts are shown. It stays as it is once an invoice was issued."),
    )
    paper = models.CharField(_("paper"), max_length=6, choices=[("A4", "A4"), ("Letter", _("Letter"))], default="A4")
    second_factor_roles = models.JSONField(
        _("second factor required for"),
        default=list,
        blank=True,
        help_text=_("People of these roles set up an authenticator app when they next log in."),
    )

    class Meta:
        db_table = "clinic_settings"
        verbose_name = _("clinic settings")
        verbose_name_plural = _("clinic settings")
        constraints = [
            range_constraint("tax_rate", "clinic_settings", low=0, high=100),
            enum_constraint("currency", Currency, "clinic_settings"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> ClinicSettings:
        """The clinic's settings; the defaults where none were saved yet."""
        return cls.objects.order_by("id").first() or cls()

    @classmethod
    def shown(cls) -> ClinicSettings:
        """The settings as pages show them: read again every few seconds only, for every page needs them."""
        if cls._shown is None or monotonic() - cls._shown_at >= settings.CLINIC_SHOWN_SECONDS:
            cls._shown_at = monotonic()
            try:
                cls._shown = cls.current()
            except DatabaseError:  # away, or not migrated yet: whoever needs more of it than the clock will say so
                cls._shown = cls._shown or cls()
        return cls._shown

    def save(self, *args: Any, **kwargs: Any) -> None:
        before = ClinicSettings.current().zone
        super().save(*args, **kwargs)
        ClinicSettings._shown = None
        if self.zone != before:
            keep_daily_times(before, self.zone)

    @property
    def logo_url(self) -> str:
        """The logo's address, or an empty string."""
        return reverse("clinic_logo") if self.logo else ""

    @property
    def zone(self) -> tzinfo:
        """The time zone; the environment's (CLINIC_TIME_ZONE) where none was chosen."""
        return ZoneInfo(self.time_zone) if self.time_zone else get_default_timezone()


class Counter(BaseModel):
    """The last number given out of a sequence.

    The row is incremented in the transaction of the row that takes the number, so a rolled-back
    transaction gives its number back and concurrent writers queue: gapless by construction.
    """

    AUDITED = False

    name = models.CharField(max_length=50, unique=True)
    value = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "counters"

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"

    @classmethod
    def next(cls, name: str, count: int = 1) -> int:
        """The next number of the sequence (with `count`, the first of so many). Call in a transaction."""
        # One statement: whoever asks next waits for this row until the transaction ends.
        statement = "UPDATE counters SET value = value + %s WHERE name = %s RETURNING value"
        with connection.cursor() as cursor:
            cursor.execute(statement, [count, name])
            found = cursor.fetchone()
            if found is None:
                # Two first users of a sequence: the unique name lets one of them insert it.
                cls.objects.bulk_create([cls(name=name, value=0)], ignore_conflicts=True)
                cursor.execute(statement, [count, name])
                found = cursor.fetchone()
        return int(found[0]) - count + 1


from departments.drafts import FormDraft  # noqa: E402, F401 - a table of this app, kept in a file of its own
from departments.tokens import ApiSession, IdempotencyKey  # noqa: E402, F401
