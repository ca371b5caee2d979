"""Getting in: lock, second factor, one-time passwords, sessions, the lock over an idle page."""

import base64
import re
import time
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_otp.oath import totp

from audit.models import AuditLog
from departments import lockout, second_factor
from departments.forms import ClinicSettingsForm, CreateStaffForm, ResetPasswordForm
from departments.forms.access import EndSessionsForm, UnlockForm
from departments.models import ClinicSettings, LoginThrottle, SecondFactor, Session
from healthcare.clock import now
from healthcare.crypto import unseal
from healthcare.workflow import submit
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
WRONG = "Wrong-guess-1"
NEW = "Quiet-harbour-7"


def log_in(email, password=PASSWORD, client=None, **extra):
    client = client or Client(**extra)
    return client, client.post(reverse("login"), {"username": email, "password": password})


def is_in(client):
    return client.get(reverse("account")).status_code == 200


def code_of(secret, shift=0):
    return f"{totp(base64.b32decode(secret), t0=-shift):06}"


def with_factor(user):
    """The person with an authenticator app; (secret, recovery codes)."""
    secret, codes = second_factor.new_secret(), second_factor.new_recovery_codes()
    SecondFactor.objects.create(user=user, secret=secret, recovery_codes=second_factor.hashed(codes))
    return secret, codes


# -- lock ------------------------------------------------------------------------------------


@pytest.mark.spec("AUTH-2")
@pytest.mark.parametrize("email", ["guessed@clinic.test", "nobody@clinic.test"])
def test_five_failures_lock_an_account_that_exists_or_not_in_the_same_words(email):
    UserFactory(email="guessed@clinic.test")
    pages = [log_in(email, WRONG)[1] for _ in range(7)]
    words = {str(page.context["form"].non_field_errors()) for page in pages}
    assert len(words) == 1
    assert lockout.locked_until("account", email)
    assert log_in(email)[1].status_code == 200  # the right password does not open it now
    assert AuditLog.objects.filter(action="lock").count() == 1


@pytest.mark.spec("AUTH-2")
def test_a_lock_ends_by_itself_and_a_log_in_forgets_the_failures(nurse):
    for _ in range(5):
        log_in(nurse.email, WRONG)
    with time_machine.travel(now() + timedelta(seconds=settings.LOGIN_LOCK_SECONDS + 1), tick=False):
        for _ in range(4):
            log_in(nurse.email, WRONG)
        assert log_in(nurse.email)[1].status_code == 302
        for _ in range(4):
            log_in(nurse.email, WRONG)
        assert log_in(nurse.email)[1].status_code == 302


@pytest.mark.spec("AUTH-2")
def test_an_address_is_locked_for_all_accounts_but_not_by_colleagues_who_get_in(monkeypatch, nurse, doctor):
    monkeypatch.setattr(lockout, "ADDRESS_LIMIT", 6)
    for number in range(6):
        log_in(f"person{number}@guess.test", WRONG, REMOTE_ADDR="10.1.1.1")
    assert log_in(nurse.email, REMOTE_ADDR="10.1.1.1")[1].status_code == 200
    assert log_in(doctor.email, REMOTE_ADDR="10.1.1.2")[1].status_code == 302


@pytest.mark.spec("AUTH-2")
def test_the_slips_of_a_whole_day_do_not_lock_a_house_full_of_people(nurse):
    """They added up as long as no quarter of an hour passed without a log-in: the fiftieth locked everybody out."""
    start = now()
    for number in range(60):
        with time_machine.travel(start + timedelta(minutes=10 * number), tick=False):
            assert lockout.take("address", "10.1.1.1", lockout.ADDRESS_LIMIT)
            assert lockout.take("address", "10.1.1.1", lockout.ADDRESS_LIMIT)
            lockout.forgive("address", "10.1.1.1")
    with time_machine.travel(start + timedelta(hours=11), tick=False):
        assert sum(lockout.take("address", "10.1.1.1", lockout.ADDRESS_LIMIT) for _ in range(60)) == 50
    with time_machine.travel(start + timedelta(hours=11, seconds=settings.LOGIN_LOCK_SECONDS - 1), tick=False):
        assert not lockout.take("address", "10.1.1.1", lockout.ADDRESS_LIMIT)
        assert lockout.locked_until("address", "10.1.1.1", lockout.ADDRESS_LIMIT)


@pytest.mark.spec("AUTH-2")
def test_an_administrator_unlocks(login, administrator, nurse):
    for _ in range(5):
        log_in(nurse.email, WRONG)
    page = login(administrator).get(nurse.get_absolute_url()).content.decode()
    assert "Log-in is locked until" in page and reverse("user_unlock", args=[nurse.pk]) in page
    assert submit(UnlockForm, actor=administrator, instance=nurse).is_valid()
    assert log_in(nurse.email)[1].status_code == 302
    assert AuditLog.objects.get(action="unlock").entity_id == nurse.pk


@pytest.mark.spec("AUTH-2")
def test_an_administrator_of_the_same_house_unlocks_its_address(monkeypatch, login, administrator, nurse):
    monkeypatch.setattr(lockout, "ADDRESS_LIMIT", 6)
    for number in range(6):
        log_in(f"person{number}@guess.test", WRONG, REMOTE_ADDR="127.0.0.1")
    assert log_in(nurse.email, REMOTE_ADDR="127.0.0.1")[1].status_code == 200
    client, unlock = login(administrator), reverse("user_unlock", args=[nurse.pk])
    assert "Log-in is locked until" in client.get(nurse.get_absolute_url()).content.decode()
    assert "address that you work from" in client.get(unlock).content.decode()
    assert client.post(unlock).status_code == 302
    assert log_in(nurse.email, REMOTE_ADDR="127.0.0.1")[1].status_code == 302


@pytest.mark.spec("AUTH-2")
def test_a_locked_try_hashes_too_so_that_it_takes_as_long(monkeypatch, nurse):
    hashed = []
    monkeypatch.setattr("departments.models.User.set_password", lambda self, raw: hashed.append(raw))
    for _ in range(5):
        log_in(nurse.email, WRONG)
    assert hashed == []  # a known account: its own hash was computed
    log_in(nurse.email, WRONG)
    log_in("nobody@clinic.test", WRONG)
    assert hashed == [WRONG, WRONG]


@pytest.mark.spec("AUTH-2")
def test_what_was_typed_is_not_kept_with_the_failures(nurse):
    log_in("My-secret-password-1", WRONG)
    assert not LoginThrottle.objects.filter(key__icontains="secret").exists()
    with time_machine.travel(now() + timedelta(days=1), tick=False):
        lockout.tidy()
    assert not LoginThrottle.objects.exists()


# -- sessions --------------------------------------------------------------------------------


@pytest.mark.spec("AUTH-7")
def test_a_planted_session_is_not_the_one_that_is_logged_in(nurse):
    client = Client()
    client.get(reverse("login"))
    planted = client.session
    planted["x"] = 1
    planted.save()
    client.cookies["sessionid"] = planted.session_key
    log_in(nurse.email, client=client)
    assert client.cookies["sessionid"].value != planted.session_key
    thief = Client()
    thief.cookies["sessionid"] = planted.session_key
    assert not is_in(thief)


@pytest.mark.spec("AUTH-7")
def test_a_session_cannot_be_replayed_after_log_out(nurse):
    client, _ = log_in(nurse.email)
    stolen = client.cookies["sessionid"].value
    client.post(reverse("logout"))
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert not is_in(thief)
    assert not Session.objects.filter(session_key=stolen).exists()


@pytest.mark.spec("AUTH-4")
def test_sessions_are_listed_with_their_place_and_ended(login, administrator, nurse):
    phone, _ = log_in(nurse.email, HTTP_USER_AGENT="Mozilla/5.0 (iPhone) Safari/1", REMOTE_ADDR="10.2.2.2")
    desk, _ = log_in(nurse.email, HTTP_USER_AGENT="Mozilla/5.0 (Windows) Firefox/1", REMOTE_ADDR="10.3.3.3")
    page = desk.get(reverse("account")).content.decode()
    for words in ("Safari on iPhone", "10.2.2.2", "Firefox on Windows", "This browser"):
        assert words in page
    assert "Safari on iPhone" in login(administrator).get(nurse.get_absolute_url()).content.decode()
    desk.post(reverse("account_end_sessions"))
    assert is_in(desk) and not is_in(phone)
    assert submit(EndSessionsForm, actor=administrator, instance=nurse).is_valid()
    assert not is_in(desk)
    assert AuditLog.objects.filter(action="end_session", entity_id=nurse.pk).count() == 2


@pytest.mark.spec("AUTH-4")
def test_one_session_is_ended_and_never_somebody_elses(administrator, nurse, doctor):
    one, _ = log_in(nurse.email)
    other, _ = log_in(doctor.email)
    target = Session.objects.get(user=doctor).public_id
    one.post(reverse("account_end_sessions"), {"session": str(target)})
    assert is_in(other)
    submit(EndSessionsForm, actor=administrator, instance=doctor, data={"session": str(target)})
    assert not is_in(other)


# -- one-time passwords ----------------------------------------------------------------------


@pytest.mark.spec("AUTH-6")
def test_a_new_account_gets_a_password_shown_once_and_changed_first(login, administrator):
    data = {"first_name": "Ana", "last_name": "Li", "email": "ana@clinic.test", "role": "nurse"}
    response = login(administrator).post(reverse("user_create"), data)
    password = re.search(r"<code>([\w-]+)</code>", response.content.decode()).group(1)
    assert response["Cache-Control"] == "no-store"
    assert password not in str(list(AuditLog.objects.values_list("new_values", flat=True)))
    client, _ = log_in("ana@clinic.test", password)
    assert client.get(reverse("patient_list")).url == reverse("password_change")
    assert client.get(reverse("password_change")).status_code == 200
    client.post(reverse("password_change"), {"old_password": password, "password": NEW})
    assert client.get(reverse("patient_list")).status_code == 200
    assert log_in("ana@clinic.test", password)[1].status_code == 200


@pytest.mark.spec("AUTH-6", "AUTH-4")
def test_a_reset_ends_sessions_and_ends_by_itself(administrator, nurse):
    client, _ = log_in(nurse.email)
    form = submit(ResetPasswordForm, actor=administrator, instance=nurse)
    assert form.one_time_password
    assert not is_in(client)
    with time_machine.travel(now() + timedelta(hours=73), tick=False):
        assert log_in(nurse.email, form.one_time_password)[1].status_code == 200
    assert log_in(nurse.email, form.one_time_password)[1].status_code == 302


@pytest.mark.spec("AUTH-6")
def test_the_new_password_is_another_one(login, nurse):
    data = {"old_password": PASSWORD, "password": PASSWORD}
    assert login(nurse).post(reverse("password_change"), data).context["form"].errors["password"]


@pytest.mark.spec("AUTH-6")
def test_guessing_the_present_password_in_an_open_session_is_stopped(login, nurse):
    client = login(nurse)
    for _ in range(5):
        client.post(reverse("password_change"), {"old_password": WRONG, "password": NEW})
    response = client.post(reverse("password_change"), {"old_password": PASSWORD, "password": NEW})
    assert response.context["form"].errors["old_password"]


@pytest.mark.spec("AUTH-1")
def test_made_passwords_keep_the_rules(administrator):
    from django.contrib.auth.password_validation import validate_password

    from departments.passwords import new_password

    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        validate_password(password)
    assert CreateStaffForm.permission == "users.edit"


# -- second factor ---------------------------------------------------------------------------


@pytest.mark.spec("AUTH-5")
def test_setting_up_and_logging_in_with_a_code(login, nurse):
    client = login(nurse)
    page = client.get(reverse("second_factor_on"))
    assert "data:image/svg+xml" in page.context["qr"]
    secret = unseal(client.session["second_factor_secret"])
    assert client.post(reverse("second_factor_on"), {"code": "000000"}).context["form"].errors["code"]
    shown = client.post(reverse("second_factor_on"), {"code": code_of(secret)}).content.decode()
    recovery = re.findall(r"<code>(\w{5}-\w{5})</code>", shown)
    assert len(recovery) == second_factor.RECOVERY_CODES
    entry = AuditLog.objects.get(action="second_factor_on")
    assert secret not in str(entry.new_values) and "recovery_codes" not in entry.new_values

    fresh, response = log_in(nurse.email)
    assert response.url == reverse("login_code")
    assert not is_in(fresh)
    assert fresh.post(reverse("login_code"), {"code": "123456"}).context["form"].errors["code"]
    with time_machine.travel(time.time() + 60, tick=False):
        code = code_of(secret)
        assert fresh.post(reverse("login_code"), {"code": code}).status_code == 302
        assert is_in(fresh)
        again, _ = log_in(nurse.email)
        assert again.post(reverse("login_code"), {"code": code}).status_code == 200  # no code twice
    lost, _ = log_in(nurse.email)
    assert lost.post(reverse("login_code"), {"code": recovery[0].upper()}).status_code == 302
    lost, _ = log_in(nurse.email)
    assert lost.post(reverse("login_code"), {"code": recovery[0]}).status_code == 200


@pytest.mark.spec("AUTH-5")
def test_the_database_alone_does_not_tell_a_secret(settings, nurse):
    secret, _codes = with_factor(nurse)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM second_factors")
        kept = cursor.fetchone()[0]
        assert secret not in kept and unseal(kept) == secret
        # What an older version kept is sealed by the migration, once.
        cursor.execute("UPDATE second_factors SET secret = %s", [secret])
        migration = import_module("departments.migrations.0005_seal_second_factor_secrets")
        for _ in range(2):
            migration.seal_all(None, SimpleNamespace(connection=connection))
        assert factor_secret(nurse) == secret
        migration.unseal_all(None, SimpleNamespace(connection=connection))
        cursor.execute("SELECT secret FROM second_factors")
        assert cursor.fetchone()[0] == secret
        migration.seal_all(None, SimpleNamespace(connection=connection))
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-key-" * 5
    # A lost key opens nothing, not with the codes of an empty secret either; the recovery codes still do.
    assert factor_secret(nurse) == ""
    assert second_factor.step_of("", code_of("")) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert factor_secret(nurse) == secret


@pytest.mark.spec("AUTH-5")
def test_a_browser_is_remembered_only_where_the_clinic_allows_it_and_never_longer(settings, nurse):
    def second_step(client, code, **data):
        page = client.get(reverse("login_code")).content.decode()
        client.post(reverse("login_code"), {"code": code, **data})
        return page

    _secret, codes = with_factor(nurse)
    plain, _ = log_in(nurse.email)
    assert "remember" not in second_step(plain, codes[0], remember="on")  # off by default, whatever is posted
    assert "remembered" not in plain.cookies

    settings.SECOND_FACTOR_REMEMBER_DAYS = 7
    client, _ = log_in(nurse.email)
    assert "for 7 days" in second_step(client, codes[1])
    assert "remembered" not in client.cookies  # not ticked
    client, _ = log_in(nurse.email)
    second_step(client, codes[2], remember="on")
    cookie = client.cookies["remembered"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict"

    def asks(user=nurse, password=PASSWORD):
        browser = Client()
        browser.cookies["remembered"] = cookie.value
        return log_in(user.email, password, browser)[1].url == reverse("login_code")

    assert not asks()
    other = UserFactory()
    with_factor(other)
    assert asks(other)  # somebody else's mark
    with time_machine.travel(now() + timedelta(days=7, seconds=5), tick=False):
        assert asks()
    settings.SECOND_FACTOR_REMEMBER_DAYS = 0
    assert asks()
    settings.SECOND_FACTOR_REMEMBER_DAYS = 7
    nurse.set_password(NEW)
    nurse.save()
    assert asks(password=NEW)


def factor_secret(user):
    return SecondFactor.objects.get(user=user).secret


@pytest.mark.spec("AUTH-5", "AUTH-2")
def test_codes_cannot_be_guessed(administrator, nurse):
    secret, _codes = with_factor(nurse)
    client, _ = log_in(nurse.email)
    for _ in range(5):
        client.post(reverse("login_code"), {"code": "000000"})
    assert client.post(reverse("login_code"), {"code": code_of(secret)}).status_code == 200
    assert AuditLog.objects.filter(action="login_failed", entity_id=nurse.pk).count() == 6
    submit(UnlockForm, actor=administrator, instance=nurse)
    assert client.post(reverse("login_code"), {"code": code_of(secret)}).status_code == 302


@pytest.mark.spec("AUTH-5")
def test_the_second_step_alone_or_late_leads_back(nurse):
    assert Client().get(reverse("login_code")).url == reverse("login")
    assert Client().post(reverse("login_code"), {"code": "123456"}).url == reverse("login")
    secret, _codes = with_factor(nurse)
    client, _ = log_in(nurse.email)
    with time_machine.travel(time.time() + 301, tick=False):
        assert client.post(reverse("login_code"), {"code": code_of(secret)}).url == reverse("login")


@pytest.mark.spec("AUTH-5")
def test_required_for_a_role_it_is_set_up_before_anything_else(administrator, doctor):
    data = {"name": "Clinic", "tax_rate": "0", "paper": "A4", "currency": "USD", "second_factor_roles": ["doctor"]}
    form = submit(ClinicSettingsForm, actor=administrator, instance=ClinicSettings.objects.create(), data=data)
    assert form.is_valid(), form.errors
    client, _ = log_in(doctor.email)
    assert client.get(reverse("patient_list")).url == reverse("second_factor_on")
    client.get(reverse("second_factor_on"))
    client.post(reverse("second_factor_on"), {"code": code_of(unseal(client.session["second_factor_secret"]))})
    assert client.get(reverse("patient_list")).status_code == 200
    off = client.post(reverse("second_factor_off"), {"password": PASSWORD})
    assert "requires a second factor" in off.content.decode()


@pytest.mark.spec("AUTH-5")
def test_set_up_in_one_browser_another_that_the_password_opened_asks_for_the_code(doctor):
    """It was sent from the account to the second factor's page and back without end."""
    ClinicSettings.objects.create(second_factor_roles=["doctor"])
    (first, _page), (second, _page), (third, _page) = (log_in(doctor.email) for _ in range(3))
    first.get(reverse("second_factor_on"))
    secret = unseal(first.session["second_factor_secret"])
    first.post(reverse("second_factor_on"), {"code": code_of(secret)})
    assert is_in(first)
    last = second.get(reverse("patient_list"), follow=True)
    assert last.redirect_chain[-1][0].startswith(reverse("login"))
    # Over an open page the person logs in again in the same session, now with a code.
    data = {"username": doctor.email, "password": PASSWORD, "code": code_of(secret, 30)}
    assert third.post(reverse("login_again"), data).status_code == 200
    assert is_in(third)


@pytest.mark.spec("AUTH-5")
def test_it_is_switched_off_by_oneself_with_the_password_or_by_an_administrator(login, administrator, nurse, doctor):
    with_factor(nurse)
    client = login(nurse)
    assert client.post(reverse("second_factor_off"), {"password": WRONG}).status_code == 200
    assert client.post(reverse("second_factor_off"), {"password": PASSWORD}).status_code == 302
    assert second_factor.factor_of(nurse) is None
    with_factor(doctor)
    login(administrator).post(reverse("user_remove_second_factor", args=[doctor.pk]))
    assert second_factor.factor_of(doctor) is None
    assert SecondFactor.objects.get(user=doctor).secret == ""
    assert AuditLog.objects.filter(action="second_factor_off").count() == 2


# -- the lock over an idle page --------------------------------------------------------------


@pytest.mark.spec("AUTH-3")
def test_logging_in_again_over_a_page_gives_its_forms_a_new_token(nurse):
    client = Client(enforce_csrf_checks=True)
    page = client.get(reverse("login"))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode()).group(1)
    data = {"username": nurse.email, "csrfmiddlewaretoken": token}
    refused = client.post(reverse("login_again"), {**data, "password": WRONG})
    assert refused.status_code == 400 and refused.json()["error"]
    answer = client.post(reverse("login_again"), {**data, "password": PASSWORD})
    assert answer.json()["csrf"]
    assert is_in(client)
    posted = client.post(reverse("logout"), {"csrfmiddlewaretoken": answer.json()["csrf"]})
    assert posted.status_code == 302


@pytest.mark.spec("AUTH-3", "AUTH-5")
def test_logging_in_again_asks_for_the_code_too(nurse):
    secret, _codes = with_factor(nurse)
    client, data = Client(), {"username": nurse.email, "password": PASSWORD}
    assert client.post(reverse("login_again"), data).json()["code"] is True
    assert client.post(reverse("login_again"), {**data, "code": "000000"}).status_code == 400
    assert not is_in(client)
    assert client.post(reverse("login_again"), {**data, "code": code_of(secret)}).status_code == 200
    assert is_in(client)


@pytest.mark.spec("AUTH-3")
def test_a_page_that_asks_keeps_its_session_alive(login, nurse):
    client = login(nurse)
    with time_machine.travel("2026-03-02 10:00:00", tick=False) as clock:
        client.get("/")
        for _ in range(4):
            clock.shift(20 * 60)
            assert client.get(reverse("alive")).json()["seconds"] == 1800
        clock.shift(31 * 60)
        assert client.get(reverse("alive")).status_code == 302


@pytest.mark.spec("AUTH-7")
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_log_in_leads_off_the_site(nurse, target):
    data = {"username": nurse.email, "password": PASSWORD, "next": target}
    assert Client().post(reverse("login"), data).url == reverse("dashboard")
    secret, _codes = with_factor(nurse)
    client = Client()
    client.post(reverse("login"), data)
    assert client.post(reverse("login_code"), {"code": code_of(secret)}).url == reverse("dashboard")


@pytest.mark.spec("AUTH-4")
def test_session_and_person_are_read_together_and_on_every_page():
    user = UserFactory(role="nurse")
    client, _answer = log_in(user.email)
    with CaptureQueriesContext(connection) as queries:
        assert is_in(client)
    assert not [query["sql"] for query in queries if 'WHERE "users"."id"' in query["sql"]]
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert not is_in(client)
