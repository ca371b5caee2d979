"""What a visit is likely to be invoiced for: the consultation fee, procedures, the completed lab tests."""

from __future__ import annotations

import re
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
_DONE_BY_HAND = (ServiceType.PROCEDURE, ServiceType.THERAPY, ServiceType.SURGERY, ServiceType.VACCINATION)
#: Shorter words say little about what was done.
_TELLING = 5
_WORD = re.compile(r"[^\W_]+")


def consultation_fee(appointment: Appointment) -> Service | None:
    """The active consultation service that fits best: by type, department, name, duration, then price.

    A visit for a procedure gets none: it is invoiced for what was done.
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


def words(text: str) -> str:
    """The text's words, with a blank at each end, so that whole words are found in it."""
    return f" {' '.join(_WORD.findall(fold(text)))} "


def names_of(service: Service) -> list[str]:
    """What it may be called: `Electrocardiogram (ECG)` by either name, `Infusion, first hour` by the first part."""
    first, *others = re.split(r"[,(]", service.name)
    return [words(part) for part in (first, *(others if "(" in service.name else ())) if len(words(part)) > 4]


def procedures_done(appointment: Appointment, consultation: Any) -> list[Service]:
    """Procedures that the visit's reason or the doctor's findings call by their name; no plans, they may lie ahead.

    A visit for a procedure that names none gets the one that its reason is most like. Nothing of
    these texts leaves here but the services' own names: they are clinical.
    """
    offered = list(Service.objects.priced().active().filter(service_type__in=_DONE_BY_HAND).order_by("name"))
    told = f"{words(appointment.reason)}/{words(consultation.examination_findings)}"
    named = [service for service in offered if any(name in told for name in names_of(service))]
    if named or appointment.appointment_type != T.PROCEDURE:
        return named
    reason = {word for word in words(appointment.reason).split() if len(word) >= _TELLING}
    fitting = {service: len(reason.intersection(words(service.name).split())) for service in offered}
    best = max(offered, key=lambda service: fitting[service], default=None)
    return [best] if best and fitting[best] else []


def suggested_lines(appointment: Appointment, *, with_fee: bool = True) -> list[dict[str, Any]]:
    """First values of an invoice's lines. A test that the price list does not know has no price yet."""
    fee = consultation_fee(appointment) if with_fee else None
    lines = [_line(fee, 1)] if fee else []
    consultation = getattr(appointment, "consultation", None)
    if consultation is None:
        return lines
    lines += [_line(service, 1) for service in procedures_done(appointment, consultation)]
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
