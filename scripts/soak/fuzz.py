"""Hostile values in every form field and query parameter of every route, as every role. JSON list of findings."""

from __future__ import annotations

import json
import logging
import random
import sys
import time
from collections import Counter

import django

PASSWORD = "Clinic-demo-2026!"
VALUES = [
    "", " ", "a" * 40_000, "NUL\x00byte", "bell\x07", "\ud83d", "👩‍⚕️🩺💊", "‮שלום مرحبا", "<script>alert(1)</script>",
    "=1+1", "' OR 1=1 --", "NaN", "Infinity", "-1", "0", "1e400", "99999999999999999999", "0.005", "2024-02-30",
    "2028-02-29", "0001-01-01", "9999-12-31", "10000-01-01", "25:61", "23:59:60",
    "00000000-0000-0000-0000-000000000000", "../../etc/passwd", "%", "_", "[]", "{}", "null", "true", "P-000001",
    "2026-11-29T00:00:00+99:00", "١٢٣",
]  # fmt: skip
PARAMETERS = [
    *(
        "q",
        "ordering",
        "page",
        "page_size",
        "after",
        "before",
        "inactive",
        "format",
        "next",
        "patient",
        "doctor",
        "date",
    ),
    *("day", "start", "end", "status", "appointment", "invoice", "consultation", "department", "service", "export"),
]
FINE = range(200, 500)


class Fuzz:
    """Asks and remembers what broke."""

    def __init__(self, seed: int) -> None:
        from django.conf import settings
        from django.test import Client
        from django.test.utils import setup_test_environment

        from departments.models import User
        from healthcare.roles import Role

        setup_test_environment()  # a test client sees the forms that a page shows
        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
        self.dice, self.found, self.asked = random.Random(seed), Counter(), 0
        self.clients = {}
        for role in Role:
            client = Client(raise_request_exception=False)
            user = User.objects.filter(role=role, is_active=True).order_by("email").first()
            client.force_login(user)
            self.clients[role.value] = client

    def routes(self):
        """(path pattern with converters, names of its keys) of every route that is ours, and the admin's."""
        from healthcare.checks import routes

        return [
            (path, pattern) for path, pattern, _ns in routes() if "logout" not in path and "end-sessions" not in path
        ]

    def address(self, path: str, pattern) -> str:
        """A path with keys of rows that are there, mostly."""
        import re

        def key(match):
            view = getattr(pattern.callback, "view_class", None)
            model = getattr(view, "model", None)
            if model is not None and self.dice.random() < 0.9:
                keys = self.keys_of(model)
                if keys:
                    return str(self.dice.choice(keys))
            return self.dice.choice(["00000000-0000-0000-0000-000000000000", "x", "1"])

        plain = re.sub(r"<[^>]+>|\(\?P<[^)]*\)", key, path).replace("^", "").replace("$", "").replace("\\", "")
        return "/" + plain

    def keys_of(self, model):
        """Some rows' keys."""
        cache = self.__dict__.setdefault("_keys", {})
        if model not in cache:
            cache[model] = list(model._default_manager.values_list("pk", flat=True)[:40])
        return cache[model]

    def ask(self, role: str, method: str, url: str, data=None, **kwargs):
        """One request; anything from 500 on is a finding."""
        self.asked += 1
        client = self.clients[role]
        try:
            response = getattr(client, method)(url, data, **kwargs)
        except UnicodeEncodeError:
            return None  # no client can send it
        # A clinic without a worker is not ready, and says so.
        if response.status_code >= 500 and not url.startswith("/readyz"):
            match = response.resolver_match
            kind = getattr(response, "exc_info", None) or (None, None)
            where = f"{method.upper()} /{match.route if match else url[:80]}"
            words = f"{where} as {role}: {response.status_code} {type(kind[1]).__name__}: {str(kind[1])[:160]!r}"
            if words not in self.found:
                sys.stderr.write(f"{words}\n   {url[:200]!r} {str(data)[:300]}\n")
            self.found[words] += 1
        return response

    def run(self, most: int) -> list[str]:
        """Round after round over all routes and roles until so many were asked."""
        started, routes = time.monotonic(), self.routes()
        while self.asked < most:
            self.dice.shuffle(routes)
            for path, pattern in routes:
                role = self.dice.choice(list(self.clients))
                self.one_route(role, self.address(path, pattern))
                if self.asked >= most:
                    break
        sys.stderr.write(f"fuzz: {self.asked:,} requests in {time.monotonic() - started:.0f} s\n")
        return [f"{words} (x {count})" for words, count in self.found.items()]

    def one_route(self, role: str, url: str) -> None:
        """Parameters, then the form's fields if there is one, then a body for the API."""
        value = self.dice.choice(VALUES)
        names = self.dice.sample(PARAMETERS, 3)
        self.ask(role, "get", url, dict.fromkeys(names, value[:3000]))
        page = self.ask(role, "get", url)
        if page is None or page.status_code == 403:
            return
        if "/api/v1/" in url:
            self.api(role, url)
            return
        context = getattr(page, "context", None)
        form = context.get("form") if context and hasattr(context, "get") else None
        filters = context.get("filter") if context and hasattr(context, "get") else None
        if filters is not None and hasattr(filters, "form"):
            name = self.dice.choice(list(filters.form.fields) or ["q"])
            self.ask(role, "get", url, {name: self.dice.choice(VALUES)[:3000]})
        if form is not None and hasattr(form, "fields"):
            self.form(role, url, form)

    def form(self, role: str, url: str, form) -> None:
        """The form as shown, with one field after another turned hostile; then all of them."""
        inputs = {form.add_prefix(name): as_text(form[name].value()) for name in form.fields}
        for formset in getattr(form, "formsets", {}).values():
            inputs |= {f"{formset.prefix}-TOTAL_FORMS": "1", f"{formset.prefix}-INITIAL_FORMS": "0"}
            inputs |= {f"{formset.prefix}-0-{name}": "" for name in formset.empty_form.fields}
        for name in self.dice.sample(sorted(inputs), min(4, len(inputs))):
            self.ask(role, "post", url, {**inputs, name: self.dice.choice(VALUES)})
        self.ask(role, "post", url, dict.fromkeys(inputs, self.dice.choice(VALUES)))

    def api(self, role: str, url: str) -> None:
        """Bodies that are no bodies, and fields of every kind."""
        bodies = ["", "{", "[]", "null", '"x"', "1e999", '{"a": NaN}']
        body = self.dice.choice([*bodies, self.body(), self.body(), self.body()])
        for method in ("post", "patch"):
            self.ask(role, method, url, body, content_type="application/json")

    def body(self) -> str:
        """A JSON object with likely names and unlikely values."""
        names = [
            *("first_name", "last_name", "date_of_birth", "patient_id", "doctor_id", "appointment_date", "reason"),
            *(
                "appointment_time",
                "amount",
                "invoice_id",
                "line_items",
                "prescriptions",
                "lab_tests",
                "gender",
                "email",
            ),
            *("quantity", "unit_price", "report_type", "start_date", "result_value", "diagnosis", "override_reason"),
        ]
        odd = [*VALUES, 0, -1, 1.5, 10**30, None, True, [], {}, [[]], [None], {"a": {}}, [{"description": 1}]]
        body = {name: self.dice.choice(odd) for name in self.dice.sample(names, 6)}
        return json.dumps(body)


def as_text(value) -> str:
    """A field's present value as a browser would send it."""
    if value is None or isinstance(value, list | tuple | dict):
        return ""
    return str(getattr(value, "pk", value))


if __name__ == "__main__":
    django.setup()
    logging.disable(logging.CRITICAL)
    print(json.dumps(Fuzz(int(sys.argv[2])).run(int(sys.argv[1]))))
