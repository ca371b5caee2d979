"""Log-in, passwords, headers, error pages, probes."""

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from audit.models import AuditLog
from departments.forms import ChangeOwnPasswordForm, CreateStaffForm, DeactivateStaffForm, StaffForm
from departments.models import User
from healthcare.workflow import submit
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.spec("AUTH-1", "AUD-1")
def test_log_in_whatever_the_case_of_the_email(client):
    user = UserFactory(email="nadia@clinic.test")
    response = client.post(reverse("login"), {"username": "Nadia@Clinic.Test", "password": PASSWORD})
    assert response.url == reverse("dashboard")
    assert AuditLog.objects.filter(action="login", user=user).count() == 1
    client.post(reverse("logout"))
    assert AuditLog.objects.filter(action="logout", user=user).count() == 1


@pytest.mark.spec("AUTH-1", "AUD-1")
def test_the_same_words_for_a_wrong_email_and_a_wrong_password(client):
    user = UserFactory()
    answers = [
        client.post(reverse("login"), {"username": email, "password": "wrong"}).context["form"].non_field_errors()
        for email in (user.email, "nobody@clinic.test")
    ]
    assert answers[0] == answers[1]
    assert answers[0]
    assert AuditLog.objects.filter(action="login_failed").count() == 2
    assert "wrong" not in str(list(AuditLog.objects.values_list("new_values", flat=True)))


@pytest.mark.spec("AUTH-1")
def test_passwords_are_hashed_with_argon2():
    from healthcare import settings as module

    source = open(module.__file__).read()  # noqa: PTH123, SIM115 - the tests themselves hash faster
    assert 'PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]' in source


@pytest.mark.spec("AUTH-1")
@pytest.mark.parametrize(
    "password",
    [
        *("Sh0rt!", "alllower1!", "ALLUPPER1!", "NoDigits!!", "NoSpecial11", "Zebrafish2026!"),
        *("Password1!", "P@ssw0rd!", "Welcome-2026!", "!!Dragon#12", "Qwerty123!", "Hospital-2026", "Doctors-2026!"),
    ],
)
def test_weak_passwords_are_refused(password):
    user = User(email="zebrafish@clinic.test", first_name="Zebrafish", last_name="Stripes")
    with pytest.raises(ValidationError):
        validate_password(password, user)


@pytest.mark.spec("AUTH-1")
def test_a_good_password_is_taken():
    validate_password("Quiet-harbour-7", User(email="a@clinic.test", first_name="Ana", last_name="Li"))


@pytest.mark.spec("AUTH-1", "AUD-1")
def test_a_new_account_gets_no_plain_password_into_the_trail(administrator):
    data = {
        "first_name": "Ana",
        "last_name": "Li",
        "email": "Ana.Li@Clinic.test",
        "role": "nurse",
        "password": "Quiet-harbour-7",
    }
    form = submit(CreateStaffForm, actor=administrator, data=data)
    assert form.is_valid(), form.errors
    assert form.instance.email == "ana.li@clinic.test"
    assert form.instance.check_password("Quiet-harbour-7")
    entry = AuditLog.objects.get(entity_type="user", entity_id=form.instance.pk, action="create")
    assert "password" not in entry.new_values
    assert form.instance.password not in str(entry.new_values)


@pytest.mark.spec("VAL-1")
def test_emails_are_unique_whatever_their_case(administrator):
    UserFactory(email="ana@clinic.test")
    data = {
        "first_name": "A",
        "last_name": "B",
        "email": "ANA@clinic.test",
        "role": "nurse",
        "password": "Quiet-harbour-7",
    }
    form = submit(CreateStaffForm, actor=administrator, data=data)
    assert "already an account" in str(form.errors["email"])


@pytest.mark.spec("AUTH-4")
@pytest.mark.parametrize("change", ["role", "deactivate"])
def test_a_changed_role_or_closed_account_ends_sessions_at_once(administrator, change):
    user = UserFactory(role="nurse")
    client = Client()
    client.force_login(user)
    assert client.get("/").status_code == 200
    if change == "role":
        data = {"first_name": "A", "last_name": "B", "email": user.email, "role": "receptionist"}
        assert submit(StaffForm, actor=administrator, instance=user, data=data).is_valid()
    else:
        assert submit(DeactivateStaffForm, actor=administrator, instance=user).is_valid()
    assert client.get("/").url.startswith("/login/")


def test_changing_ones_password_needs_the_present_one(nurse):
    form = submit(
        ChangeOwnPasswordForm, actor=nurse, instance=nurse, data={"old_password": "no", "password": "Quiet-harbour-7"}
    )
    assert "present password" in str(form.errors["old_password"])
    form = submit(
        ChangeOwnPasswordForm,
        actor=nurse,
        instance=nurse,
        data={"old_password": PASSWORD, "password": "Quiet-harbour-7"},
    )
    assert form.is_valid()
    nurse.refresh_from_db()
    assert nurse.check_password("Quiet-harbour-7")


@pytest.mark.spec("AUTH-7")
def test_headers_and_cookies(login, receptionist):
    client = login(receptionist)
    response = client.get(reverse("patient_list"))
    assert response["Cache-Control"] == "no-store"
    assert response["X-Frame-Options"] == "DENY"
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    session = client.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


@pytest.mark.spec("AUTH-7")
def test_after_log_out_nothing_is_shown(login, receptionist):
    client = login(receptionist)
    client.post(reverse("logout"))
    assert client.get(reverse("patient_list")).url.startswith("/login/")


@pytest.mark.spec("AUTH-3")
def test_a_session_ends_after_thirty_idle_minutes(login, receptionist):
    client = login(receptionist)
    with time_machine.travel("2026-03-02 10:00:00", tick=False) as traveller:
        client.get("/")
        traveller.shift(29 * 60)
        assert client.get("/").status_code == 200
        traveller.shift(31 * 60)
        assert client.get("/").status_code == 302


@pytest.mark.spec("AUTH-3")
def test_a_session_that_is_never_idle_ends_after_a_day(receptionist):
    client = Client()
    with time_machine.travel("2026-03-02 08:00:00", tick=False) as traveller:
        client.post(reverse("login"), {"username": receptionist.email, "password": PASSWORD})
        for _n in range(48):
            traveller.shift(29 * 60)
            assert client.get(reverse("account")).status_code == 200
        traveller.shift(29 * 60)
        traveller.shift(29 * 60)
        assert client.get(reverse("account")).status_code == 302


@pytest.mark.spec("PAGE-8")
def test_error_pages_are_in_the_clinics_look(login, nurse):
    client = login(nurse)
    missing = client.get("/no-such-page/")
    assert missing.status_code == 404
    assert b"css/app" in missing.content
    refused = client.get(reverse("invoice_list"))
    assert refused.status_code == 403
    assert b"css/app" in refused.content


@pytest.mark.spec("PAGE-8", "AUD-6")
def test_an_error_is_audited_without_patient_data(login, administrator, monkeypatch):
    from healthcare import dashboard

    def broken(*_args, **_kwargs):
        raise RuntimeError("Zebrafish-Canary")

    monkeypatch.setattr(dashboard.Dashboard, "get", broken)
    client = login(administrator)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == 500
    assert b"Zebrafish" not in response.content
    entry = AuditLog.objects.get(action="error")
    assert entry.new_values["kind"] == "RuntimeError"
    assert "Zebrafish" not in str(entry.new_values)


@pytest.mark.spec("OPS-1")
def test_probes(client):
    from django_q.models import Task

    from healthcare.clock import now

    assert client.get("/healthz").json() == {"status": "ok"}
    response = client.get("/readyz")
    assert response.status_code == 503
    parts = {"ready": False, "database": True, "migrations": True, "worker": False, "disk": True}
    assert parts.items() <= response.json().items()
    Task.objects.create(id="1", name="sweep", func="reporting.worker.sweep", started=now(), stopped=now(), success=True)
    response = client.get("/readyz")
    assert response.status_code == 200, response.json()
    assert response.json()["worker"] is True


def test_the_next_page_after_log_in_stays_on_this_site(client):
    user = UserFactory()
    data = {"username": user.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post(reverse("login"), data).url == reverse("dashboard")


@pytest.mark.spec("API-2", "OPS-2")
@pytest.mark.parametrize("rate", ["30/m", "240/m"])
def test_calls_of_the_api_are_counted_in_all_processes_together(settings, rf, nurse, rate):
    from healthcare.rest.auth import PersonThrottle

    settings.API_RATE = rate
    processes = [type(f"Process{n}", (PersonThrottle,), {"seen": {}}) for n in range(3)]
    request, limit = rf.get("/api/v1/patients"), int(rate.split("/")[0])
    request.user = nurse
    with time_machine.travel("2026-03-02 10:00:20", tick=False) as clock:
        allowed = sum(processes[n % 3]().allow_request(request) for n in range(2 * limit))
        portion = limit // 60
        assert limit <= allowed <= limit + 3 * max(0, portion - 1)
        assert not processes[0]().allow_request(request) and processes[0]().wait() == 40
        clock.shift(40)
        assert processes[0]().allow_request(request)
