"""The log is structured, names the request, and holds no patient's data (OPS-3)."""

import json
import logging
import sys

import pytest
from django.db import connection
from django.urls import reverse

from healthcare.context import act
from healthcare.logs import JsonFormatter, LineFormatter, SlowQueries
from tests.factories import PatientFactory

pytestmark = pytest.mark.spec("OPS-3")


def entry(message="all well", exc_info=None):
    return logging.LogRecord("healthcare.x", logging.ERROR, __file__, 1, message, (), exc_info)


def test_lines_are_json_with_the_requests_id():
    with act(request_id="abc123"):
        line = JsonFormatter().format(entry("two\nlines"))
    found = json.loads(line)
    assert (found["request"], found["level"], found["logger"]) == ("abc123", "ERROR", "healthcare.x")
    assert found["message"] == "two\\nlines" and "\n" not in line


@pytest.mark.parametrize("formatter", [JsonFormatter, LineFormatter])
def test_of_an_error_the_place_is_logged_and_not_the_words(formatter):
    try:
        raise ValueError("Zebrafish, Maria: HIV positive")
    except ValueError:
        text = formatter().format(entry("failed", sys.exc_info()))
    assert "ValueError" in text and "test_logs.py" in text
    assert "Zebrafish" not in text


@pytest.mark.django_db
def test_a_request_is_logged_by_its_route(login, administrator, caplog):
    patient = PatientFactory(last_name="Zebrafish")
    with caplog.at_level(logging.INFO, logger="healthcare.requests"):
        response = login(administrator).get(reverse("patient_detail", args=[patient.pk]), {"q": "Zebrafish"})
    (line,) = [r.getMessage() for r in caplog.records if r.name == "healthcare.requests"]
    assert line.startswith("GET /patients/<uuid:pk>/ 200 ")
    assert "Zebrafish" not in line and str(patient.pk) not in line
    assert response["X-Request-ID"]


@pytest.mark.django_db
def test_slow_queries_are_logged_without_their_values(settings, caplog):
    settings.SLOW_QUERY_MS = 0.0001
    with connection.execute_wrapper(SlowQueries()), caplog.at_level(logging.WARNING):
        list(PatientFactory._meta.model.objects.filter(last_name="Zebrafish"))
    assert "patients" in caplog.text and "Zebrafish" not in caplog.text
