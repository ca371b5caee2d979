"""`/metrics` for Prometheus: requests as all web processes counted them, and the state of the clinic's machinery."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from healthcare import health
from healthcare.access import RoleView
from healthcare.clock import now
from healthcare.roles import PUBLIC

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
requests = Counter("clinic_requests_total", "Requests answered.", ["method", "route", "status"])
latency = Histogram("clinic_request_seconds", "Time from request to answer.", ["route"], buckets=SECONDS)


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Called by the middleware for every request. Routes are patterns, so they hold no patient's data."""
    # Whatever a stranger sends as a method must not become a new time series each.
    known = method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
    requests.labels(known, route, str(status)).inc()
    latency.labels(route).observe(seconds)


class Machinery(Collector):
    """Read when somebody asks: what the probes look at, as numbers."""

    def collect(self) -> Iterator[Any]:
        """One gauge each; what is not known is left out."""
        yield gauge("clinic_disk_free_bytes", "Free space of the clinic's files.", health.free_bytes())
        yield gauge("clinic_database_up", "Whether a query works.", health.database_answers())
        yield gauge("clinic_worker_seen_seconds", "Since a worker finished a task.", age(self.worker_seen()))
        yield gauge("clinic_backup_age_seconds", "Since the last backup.", age(health.last_backup()))
        lag = health.seal_lag()
        yield gauge("clinic_seal_lag_seconds", "Newest audit row without a seal.", lag.total_seconds() if lag else 0)
        yield gauge("clinic_queue_length", "Tasks that wait for a worker.", self.number("OrmQ"))
        yield gauge("clinic_tasks_failed", "Tasks of the last thousand that failed.", self.number("Failure"))

    def worker_seen(self) -> datetime | None:
        """When a worker last finished something."""
        return health.moment_of("django_q", "Task", "stopped")

    def number(self, model: str) -> int | None:
        """Rows of one of the queue's tables."""
        try:
            return int(apps.get_model("django_q", model)._default_manager.count())
        except DatabaseError:
            return None


def gauge(name: str, text: str, value: Any) -> GaugeMetricFamily:
    """A gauge, without a sample where there is no value."""
    family = GaugeMetricFamily(name, text)
    if value is not None:
        family.add_metric([], float(value))
    return family


def age(moment: datetime | None) -> float | None:
    """Seconds since then."""
    return (now() - moment).total_seconds() if moment else None


class Metrics(RoleView):
    """For the machine itself, and for those whom METRICS_ALLOW or METRICS_TOKEN lets in."""

    permission = PUBLIC

    def get(self, request: HttpRequest) -> HttpResponse:
        if not may_read(request):
            raise PermissionDenied
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        registry.register(Machinery())
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """By token, or by address; a caller that a proxy speaks for is never taken for the machine itself."""
    from healthcare.middleware import client_address  # which counts requests here

    token = settings.METRICS_TOKEN
    if token and hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return True
    if "X-Forwarded-For" in request.headers and not settings.TRUSTED_PROXIES:
        return False
    address = client_address(request)
    return address is not None and any(ip_address(address) in ip_network(net) for net in settings.METRICS_ALLOW)
