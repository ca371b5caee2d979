"""What a visit is likely to be invoiced for: the consultation fee and the completed lab tests."""

from __future__ import annotations

from collections import Counter
from typing import Any

from billing.models import Service, ServiceType
from clinical.models import LabTestStatus
from healthcare.text import fold
from scheduling.models import Appointment, AppointmentType

T = AppointmentType
#: Words in a service's name that fit a type of visit whatever the department.
_TYPE_WORDS = {
    T.FOLLOW_UP: ("follow-up", "follow up"),
    T.EMERGENCY: ("urgent", "emergency"),
    T.ROUTINE_CHECKUP: ("physical examination", "checkup", "check-up"),
}
#: Words that decide between services of the same department, the best last.
_GENERAL_WORDS = ("consultation", "new patient visit")


def consultation_fee(appointment: Appointment) -> Service | None:
    """The active consultation service that fits best: by type, department, name, duration, then price.

    A procedure gets none: which one was done only the doctor's note knows.
    """
    if appointment.appointment_type == T.PROCEDURE:
        return None
    department = appointment.department_id or appointment.doctor.department_id
    words = _TYPE_WORDS.get(T(appointment.appointment_type), ())

    def fitness(service: Service) -> tuple[Any, ...]:
        name = fold(service.name)
        return (
            any(word in name for word in words),
            department is not None and service.department_id == department,
            max((rank for rank, word in enumerate(_GENERAL_WORDS, 1) if word in name), default=0),
            -abs((service.default_duration_minutes or 0) - appointment.duration_minutes),
            -service.default_price,
        )

    return max(
        Service.objects.priced().active().filter(service_type=ServiceType.CONSULTATION), key=fitness, default=None
    )


def suggested_lines(appointment: Appointment) -> list[dict[str, Any]]:
    """First values of an invoice's lines. A test that the price list does not know has no price yet."""
    fee = consultation_fee(appointment)
    lines = [_line(fee, 1)] if fee else []
    consultation = getattr(appointment, "consultation", None)
    if consultation is None:
        return lines
    done = consultation.lab_tests.filter(status=LabTestStatus.COMPLETED).order_by("id")
    tests = Counter(done.values_list("test_name", flat=True))
    priced = Service.objects.priced().active().filter(service_type__in=(ServiceType.LAB_TEST, ServiceType.IMAGING))
    by_name = {fold(service.name): service for service in priced} if tests else {}
    for name, count in tests.items():
        service = by_name.get(fold(name))
        lines.append(_line(service, count) if service else {"description": name, "quantity": count})
    return lines


def _line(service: Service, quantity: int) -> dict[str, Any]:
    return {
        "service": service.pk,
        "description": service.name,
        "quantity": quantity,
        "unit_price": service.price,
    }
