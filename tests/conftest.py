"""Fixtures that every test may use."""

from __future__ import annotations

import gc

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import client
from django.utils import timezone
from factory.random import reseed_random

from departments.models import ClinicSettings
from healthcare.roles import Role
from tests import factories

PASSWORD = "Clinic-test-2026!"


def pytest_addoption(parser):
    parser.addoption(
        "--only-database", action="store_true", help="leave out what touches no database: one engine's run did it"
    )


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--only-database"):
        return
    signs = {"db", "transactional_db", "django_db_setup"}
    kept, rest = [], []
    for item in items:
        marked = item.get_closest_marker("django_db") or item.get_closest_marker("concurrency")
        (kept if marked or signs & set(item.fixturenames) else rest).append(item)
    config.hook.pytest_deselected(items=rest)
    items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def _collector():
    """As in healthcare/wsgi.py: the collector need not look at the loaded code again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def _contexts():
    """`response.context` is that of the page itself: the client would copy those of its hundred parts, too."""
    keep = client.store_rendered_templates

    def keep_first(store, *args, **kwargs):
        if "context" not in store:
            keep(store, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "store_rendered_templates", keep_first)
        yield


@pytest.fixture(autouse=True)
def _names(request):
    """The factories' people have the same names each time that a test runs: none is found by chance."""
    reseed_random(request.node.nodeid)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _clinic_as_shipped(monkeypatch):
    """The clinic's settings are their defaults until a test saves others; no test leaves its clock, or what it has
    drawn, to the next."""
    monkeypatch.setattr(ClinicSettings, "_shown", ClinicSettings())
    monkeypatch.setattr(ClinicSettings, "_shown_at", float("inf"))
    caches["template_fragments"].clear()
    yield
    timezone.deactivate()


@pytest.fixture
def staff(db):
    """One active member of staff per role, by role value: staff["doctor"]."""
    return {role.value: factories.UserFactory(role=role) for role in Role}


@pytest.fixture
def administrator(staff):
    return staff["administrator"]


@pytest.fixture
def doctor(staff):
    return staff["doctor"]


@pytest.fixture
def nurse(staff):
    return staff["nurse"]


@pytest.fixture
def receptionist(staff):
    return staff["receptionist"]


@pytest.fixture
def billing_officer(staff):
    return staff["billing_officer"]


@pytest.fixture
def no_statistics(db):
    """What SQLite's connection has seen of tables in tests before this one, although it was rolled back, is gone."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA writable_schema = RESET")  # the schema is read anew


@pytest.fixture
def login(client):
    """login(user) -> a test client logged in as that user."""

    def _login(user):
        client.force_login(user)
        return client

    return _login


@pytest.fixture
def in_utc(settings):
    """The clinic lies where its wall clock shows UTC, as the figures that such a test expects."""
    settings.TIME_ZONE = settings.CLINIC_TIME_ZONE = "UTC"


@pytest.fixture
def time_machine_at():
    """with time_machine_at(moment): the clock stands at that moment."""
    import time_machine

    return lambda moment: time_machine.travel(moment, tick=False)
