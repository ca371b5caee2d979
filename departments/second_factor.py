"""The second factor: codes of an authenticator app (RFC 6238) and recovery codes for when it is lost (AUTH-5)."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.contrib.auth.hashers import check_password, make_password
from django_otp.oath import TOTP

from departments.models import ClinicSettings, SecondFactor

STEP_SECONDS = 30
RECOVERY_CODES = 8
#: Without letters and digits that look alike.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_secret() -> str:
    """160 random bits as authenticator apps take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def new_recovery_codes() -> list[str]:
    """Codes of some 50 bits each, `k7m2x-9pq4r`."""
    return ["-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in "ab") for _ in range(RECOVERY_CODES)]


def hashed(codes: list[str]) -> list[str]:
    """As they are kept."""
    return [make_password(code.replace("-", "")) for code in codes]


def step_of(secret: str, code: str, *, after: int = 0) -> int | None:
    """The time step whose code this is, later than `after`; one step of clock difference is forgiven."""
    if not (secret and code.isascii() and code.isdigit() and len(code) == 6):
        return None
    totp = TOTP(base64.b32decode(secret), step=STEP_SECONDS)
    totp.time = time.time()
    if not totp.verify(int(code), tolerance=1, min_t=after + 1):
        return None
    return int(totp.t())


def factor_of(user: Any) -> SecondFactor | None:
    """The person's second factor, if it is on."""
    return SecondFactor.objects.filter(user=user, is_active=True).first()


def required_for(user: Any) -> bool:
    """Whether the clinic asks a second factor of this person's role."""
    return user.role in ClinicSettings.current().second_factor_roles


def use(factor: SecondFactor, code: str) -> bool:
    """Whether the code is right; it is spent by that (`factor` is locked and saved by the caller)."""
    code = "".join(code.split()).replace("-", "").lower()
    step = step_of(factor.secret, code, after=factor.last_step)
    if step is not None:
        factor.last_step = step
        return True
    if len(code) == 10:
        for kept in factor.recovery_codes:
            if check_password(code, kept):
                factor.recovery_codes = [other for other in factor.recovery_codes if other != kept]
                return True
    return False


def address_of(secret: str, user: Any) -> str:
    """What the app reads from the QR code."""
    issuer = ClinicSettings.current().name
    label = quote(f"{issuer}:{user.email}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"


def qr_of(address: str) -> str:
    """The QR code as an image's address."""
    return str(segno.make_qr(address).svg_data_uri(scale=5, border=4, dark="#000", light="#fff"))
