"""The price list."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from departments.models import Department
from healthcare.clock import today
from healthcare.models import BaseModel, BaseQuerySet, enum_constraint
from healthcare.money import MoneyField
from healthcare.text import LongTextField


class ServiceType(models.TextChoices):
    """As in the source specification."""

    CONSULTATION = "consultation", _("Consultation")
    PROCEDURE = "procedure", _("Procedure")
    LAB_TEST = "lab_test", _("Lab Test")
    IMAGING = "imaging", _("Imaging")
    THERAPY = "therapy", _("Therapy")
    SURGERY = "surgery", _("Surgery")
    VACCINATION = "vaccination", _("Vaccination")
    OTHER = "other", _("Other")


class ServiceQuerySet(BaseQuerySet):
    """The price list."""

    def priced(self, day: date | None = None) -> Self:
        """With the price that is valid on the day, whether or not the nightly step has run."""
        valid = ServicePrice.objects.filter(service=models.OuterRef("pk"), valid_from__lte=day or today())
        return self.annotate(price_valid=models.Subquery(valid.order_by("-valid_from").values("price")[:1]))


class Service(BaseModel):
    """Something that the clinic offers, with its price."""

    SEARCH_FIELDS = ("name", "description")

    name = models.CharField(_("name"), max_length=200)
    description = LongTextField(_("description"))
    service_type = models.CharField(_("type"), max_length=20, choices=ServiceType.choices)
    default_price = MoneyField(_("price"))
    default_duration_minutes = models.PositiveSmallIntegerField(_("duration (minutes)"), null=True, blank=True)
    department = models.ForeignKey(
        Department,
        verbose_name=_("department"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="services",
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        db_table = "services"
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["name"]
        constraints = [
            enum_constraint("service_type", ServiceType, "services"),
            models.CheckConstraint(
                condition=models.Q(default_price__gt=0),
                name="services_price_positive",
                violation_error_message=_("The price must be more than zero."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def price(self) -> Decimal:
        """The price that is valid now, of a row that was asked for with `priced()`."""
        valid: Decimal | None = getattr(self, "price_valid", None)
        return self.default_price if valid is None else valid


class ServicePrice(BaseModel):
    """A service's price from a day on; invoices keep the price that they were made with."""

    service = models.ForeignKey(
        Service, verbose_name=_("service"), on_delete=models.PROTECT, related_name="prices", db_index=False
    )
    valid_from = models.DateField(_("valid from"))
    price = MoneyField(_("price"))

    class Meta:
        db_table = "service_prices"
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price__gt=0),
                name="service_prices_price_positive",
                violation_error_message=_("The price must be more than zero."),
            ),
            models.UniqueConstraint(
                fields=["service", "valid_from"],
                name="service_prices_one_a_day",
                violation_error_message=_("There is a price from this day on already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.valid_from}"
