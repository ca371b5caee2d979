"""The price list."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from departments.models import Department
from healthcare.models import BaseModel, enum_constraint
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
