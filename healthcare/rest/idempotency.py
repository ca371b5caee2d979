"""A POST that is sent twice makes one row (API-5)."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.utils.translation import gettext as _

from healthcare.rest.answers import ApiError

LONGEST_KEY = 200


def key_of(request: HttpRequest, body: dict[str, Any]) -> UUID | None:
    """The id of the row that this request makes, the same whenever its Idempotency-Key is sent again.

    The key leads to the id, and `submit(new_id=...)` finds the row that has it: no answer is kept, so no second
    copy of a patient's data, and a key whose first request failed may be used again.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not key.isprintable() or not 0 < len(key) <= LONGEST_KEY:
        raise ApiError(400, "idempotency_key", _("An Idempotency-Key has 1 to 200 printable characters."))
    text = json.dumps([request.path, body], cls=DjangoJSONEncoder, sort_keys=True)
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    found = apps.get_model("departments", "IdempotencyKey").objects.claim(request.user, key, digest)
    if found is None:
        raise ApiError(409, "idempotency_key", _("This Idempotency-Key was used for another request."))
    return found
