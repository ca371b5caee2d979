"""Every page, whoever asks: nothing cached, no frame, no foreign or inline script (AUTH-7)."""

import pytest
from django.test import Client

from healthcare.roles import Role
from tests import factories
from tests.kernel.routes import NAMES, VIEWS, url_for

pytestmark = [pytest.mark.django_db, pytest.mark.spec("AUTH-7")]


@pytest.mark.parametrize("known", [True, False], ids=["logged in", "anonymous"])
def test_headers_on_every_page(known):
    clients = {role: Client(raise_request_exception=False) for role in Role}
    users = {role: factories.UserFactory(role=role) for role in Role}
    for role, client in clients.items():
        if known:
            client.force_login(users[role])
    wrong = []
    for name in NAMES:
        role = next((role for role in Role if role in VIEWS[name].allowed_roles()), Role.ADMINISTRATOR)
        response = clients[role].get(url_for(name, users[role]))
        policy = response.headers.get("Content-Security-Policy", "")
        fine = (
            response.status_code != 500
            and "no-store" in response.headers.get("Cache-Control", "")
            and response.headers.get("X-Frame-Options") == "DENY"
            and response.headers.get("X-Content-Type-Options") == "nosniff"
            and response.headers.get("X-Request-ID")
            and ("default-src" in policy and "unsafe" not in policy)
            and "object-src 'none'" in policy
            and "base-uri 'none'" in policy
            and "frame-ancestors 'none'" in policy
            and response.headers.get("Referrer-Policy") == "same-origin"
        )
        if not fine:
            wrong.append((name, response.status_code, dict(response.headers)))
    assert not wrong, wrong
