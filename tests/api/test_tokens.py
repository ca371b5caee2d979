"""Tokens: short, rotating, revocable, ended by whatever ends a session (API-3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from audit.models import AuditLog
from departments.forms.access import EndSessionsForm
from departments.models import ApiSession, IdempotencyKey
from departments.tokens import tidy
from healthcare.clock import now
from healthcare.workflow import submit
from tests import factories
from tests.api.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.spec("API-3")]


@pytest.fixture
def pair(receptionist):
    return Api().data("POST", "/auth/token", {"email": receptionist.email.upper(), "password": factories.PASSWORD})


def as_bearer(access):
    return Api(None, Authorization=f"Bearer {access}")


def test_log_in_use_refresh_and_revoke(pair, receptionist):
    assert pair["expires_in"] == 900 and pair["token_type"] == "Bearer"
    assert as_bearer(pair["access"]).get("/patients").status_code == 200
    entry = AuditLog.objects.get(action="login")
    assert entry.user_id == receptionist.pk and entry.new_values == {"by": "api"}
    session = ApiSession.objects.get()
    assert pair["refresh"] not in session.digest and len(session.digest) == 64
    newer = Api().data("POST", "/auth/refresh", {"refresh": pair["refresh"]})
    assert newer["refresh"] != pair["refresh"]
    assert Api().data("POST", "/auth/revoke", {"refresh": newer["refresh"]}) == {"revoked": True}
    assert Api().data("POST", "/auth/revoke", {"refresh": newer["refresh"]}) == {"revoked": False}
    assert as_bearer(newer["access"]).get("/patients").status_code == 401
    assert Api().post("/auth/refresh", {"refresh": newer["refresh"]}).body["error"]["code"] == "invalid_token"
    assert AuditLog.objects.filter(action="logout").exists()


def test_a_refresh_token_used_twice_ends_the_log_in(pair):
    newer = Api().data("POST", "/auth/refresh", {"refresh": pair["refresh"]})
    assert Api().post("/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401
    assert Api().post("/auth/refresh", {"refresh": newer["refresh"]}).status_code == 401
    assert as_bearer(newer["access"]).get("/patients").status_code == 401
    assert AuditLog.objects.filter(action="denied", entity_type="api_session").count() == 1


@pytest.mark.spec("AUTH-4")
@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "nurse"}, {"password": "x"}])
def test_what_ends_a_session_ends_tokens_for_good(pair, receptionist, change):
    before = {name: getattr(receptionist, name) for name in change}
    for values in (change, before):  # given back, the old tokens open nothing all the same
        for name, value in values.items():
            setattr(receptionist, name, value)
        receptionist.save()
        assert as_bearer(pair["access"]).get("/patients").status_code == 401
        assert Api().post("/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401


@pytest.mark.spec("AUTH-4")
def test_ending_somebodys_sessions_ends_their_tokens(pair, receptionist, administrator):
    assert submit(EndSessionsForm, actor=administrator, instance=receptionist).is_valid()
    assert as_bearer(pair["access"]).get("/patients").status_code == 401
    assert Api().post("/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401


def test_an_access_token_lives_fifteen_minutes_and_a_refresh_token_two_weeks(pair, time_machine_at):
    with time_machine_at(now() + timedelta(minutes=14)):
        assert as_bearer(pair["access"]).get("/patients").status_code == 200
    with time_machine_at(now() + timedelta(minutes=16)):
        assert as_bearer(pair["access"]).get("/patients").status_code == 401
    with time_machine_at(now() + timedelta(days=15)):
        assert Api().post("/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "Zm9v:1:2"])
def test_nonsense_is_no_token(token, db):
    assert as_bearer(token).get("/patients").status_code == 401
    assert Api(None, Authorization=token).get("/patients").status_code == 401
    assert Api().post("/auth/refresh", {"refresh": token}).status_code == 401
    assert Api().post("/auth/revoke", {"refresh": token}).body["data"] == {"revoked": False}


def test_a_refresh_token_is_no_access_token(pair):
    assert as_bearer(pair["refresh"]).get("/patients").status_code == 401
    assert Api().post("/auth/refresh", {"refresh": pair["access"]}).status_code == 401


@pytest.mark.spec("AUTH-2")
def test_guessing_is_locked_with_the_same_words(receptionist):
    def attempt(password):
        return Api().post("/auth/token", {"email": receptionist.email, "password": password})

    words = {attempt("wrong").body["error"]["message"] for _number in range(5)}
    locked = attempt(factories.PASSWORD)
    assert locked.status_code == 401 and words == {locked.body["error"]["message"]}
    unknown = Api().post("/auth/token", {"email": "nobody@clinic.test", "password": "x"})
    assert unknown.body["error"] == locked.body["error"]
    assert AuditLog.objects.filter(action="login_failed").count() >= 5
    assert Api().post("/auth/token", {"email": 1}).status_code == 400


@pytest.mark.spec("AUTH-5")
def test_the_second_factor_holds_here_too(receptionist):
    import time

    from django_otp.oath import TOTP

    from departments.models import SecondFactor
    from departments.second_factor import STEP_SECONDS, new_secret

    secret = new_secret()
    SecondFactor.objects.create(user=receptionist, secret=secret, is_active=True)
    body = {"email": receptionist.email, "password": factories.PASSWORD}
    for nothing in (body, {**body, "otp": ""}, {**body, "otp": None}):
        assert Api().post("/auth/token", nothing).body["error"]["code"] == "otp_required"
    assert Api().post("/auth/token", {**body, "otp": "000000"}).body["error"]["code"] == "otp_invalid"
    import base64

    totp = TOTP(base64.b32decode(secret), step=STEP_SECONDS)
    totp.time = time.time()
    code = f"{totp.token():06}"
    assert Api().data("POST", "/auth/token", {**body, "otp": code})["access"]
    assert Api().post("/auth/token", {**body, "otp": code}).body["error"]["code"] == "otp_invalid"


@pytest.mark.spec("AUTH-6")
def test_a_handed_out_password_must_be_replaced_first(receptionist):
    receptionist.one_time_until = now() + timedelta(days=1)
    receptionist.save()
    response = Api().post("/auth/token", {"email": receptionist.email, "password": factories.PASSWORD})
    assert response.status_code == 403 and response.body["error"]["code"] == "password_change_required"
    browser = Client()
    browser.force_login(receptionist)
    response = browser.get("/api/v1/patients")
    assert response.status_code == 403 and response.json()["error"]["code"] == "password_change_required"


def test_old_rows_are_forgotten(pair, receptionist):
    IdempotencyKey.objects.claim(receptionist, "k", "d")
    tidy()
    assert ApiSession.objects.count() == IdempotencyKey.objects.count() == 1
    ApiSession.objects.update(expires_at=now() - timedelta(days=60))
    IdempotencyKey.objects.update(created_at=now() - timedelta(days=3))
    tidy()
    assert ApiSession.objects.count() == IdempotencyKey.objects.count() == 0
