"""What one of the racing processes does: guess a password over and over, from an address of its own."""

from datetime import timedelta
from unittest.mock import patch

from django.test import Client

from departments import lockout
from departments.models import User
from tests.factories import PASSWORD, UserFactory


def seed():
    """Somebody whose password is guessed at."""
    return {"email": UserFactory(email="guessed@clinic.test", role="nurse").email}


def play(number, seeded, rounds, password="Wrong-guess-1"):
    """(answers, how many passwords were really looked at)."""
    client, looked = (
        Client(raise_request_exception=False, SERVER_NAME="localhost", REMOTE_ADDR=f"10.0.0.{number + 1}"),
        0,
    )
    check = User.check_password
    if password == PASSWORD:
        # A busy machine takes longer over a right password, which is no guessing.
        lockout.IN_HAND, lockout.PATIENCE = timedelta(seconds=30), 60.0

    def counting(self, raw):
        nonlocal looked
        looked += 1
        return check(self, raw)

    with patch.object(User, "check_password", counting):
        data = {"username": seeded["email"], "password": password}
        answers = [client.post("/login/", data).status_code for _ in range(rounds)]
    return {"answers": answers, "looked": looked}


def read(seeded):
    """Whether the right password opens the account now, and whether it is locked."""
    client = Client(SERVER_NAME="localhost", REMOTE_ADDR="10.9.9.9")
    right = client.post("/login/", {"username": seeded["email"], "password": PASSWORD})
    return {"opened": right.status_code == 302, "locked": lockout.locked_until("account", seeded["email"]) is not None}
