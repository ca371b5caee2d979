"""Clients that speak JSON."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from django.test import Client

from departments.models import ApiSession


class Api:
    """A person's client: `api.post("/patients", {...})` -> the response, its JSON as `.body`."""

    def __init__(self, user=None, **headers):
        self.client = Client()
        self.headers = headers
        if user is not None:
            session = ApiSession.objects.begin(user)
            session.new_refresh()
            self.headers["Authorization"] = f"Bearer {session.new_access()}"

    def send(self, method, path, body=None, **headers):
        data = body if isinstance(body, str | bytes) else json.dumps(body) if body is not None else ""
        response = self.client.generic(
            method, f"/api/v1{path}", data, content_type="application/json", headers={**self.headers, **headers}
        )
        kind = response.headers.get("Content-Type", "")
        response.body = response.json() if kind.startswith("application/json") and response.content else None
        return response

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.send("POST", path, body, **headers)

    def put(self, path, body=None, **headers):
        return self.send("PUT", path, body, **headers)

    def patch(self, path, body=None, **headers):
        return self.send("PATCH", path, body, **headers)

    def delete(self, path, body=None, **headers):
        return self.send("DELETE", path, body, **headers)

    def data(self, method, path, body=None, status=200, **headers):
        """The data of an answer that must have this status."""
        response = self.send(method, path, body, **headers)
        assert response.status_code == status, (method, path, response.status_code, response.content[:2000])
        assert response.body["status"] == "success" and response.body["error"] is None
        return response.body["data"]


@pytest.fixture(autouse=True)
def _no_throttle():
    cache.clear()


@pytest.fixture
def api_of(staff):
    """api_of("doctor") -> the API as the doctor."""
    return lambda role: Api(staff[role])
