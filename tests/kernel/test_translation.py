"""Every text that a person sees goes through gettext (FND-9): under another language nothing stays English."""

import re
from html.parser import HTMLParser
from zoneinfo import available_timezones

import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.db import models
from django.test import Client
from django.utils import translation

from departments.models import ClinicSettings
from healthcare.filters import FilterSet
from healthcare.money import Currency
from healthcare.roles import Role
from healthcare.templatetags import display
from tests import factories
from tests.kernel.access_table import TABLE
from tests.kernel.routes import NAMES, url_for

pytestmark = [pytest.mark.django_db, pytest.mark.spec("FND-9")]

LETTERS = dict(zip("ADNRB", Role, strict=True))

#: Signs, units, formats, and the names of time zones and currencies are the same everywhere.
UNTRANSLATED = ("YYYY-MM-DD HH:MM", "mmHg", *available_timezones(), *Currency.values)


def foreign(text):
    """A text in a language of digits and signs; what is filled in stays."""
    parts = re.split(r"(%%\(\w+\)[sd]|%\(\w+\)[sd]|%[sd]|\{[^}]*\}|<[^>]*>|&\w+;|%%)", str(text))
    return "".join(part if place % 2 else re.sub(r"[^\W\d_]", "¤", part) for place, part in enumerate(parts))


@pytest.fixture
def abroad(monkeypatch):
    """Everything that was marked for translation comes out in that language."""
    monkeypatch.setattr(translation._trans, "gettext", foreign)
    monkeypatch.setattr(translation._trans, "pgettext", lambda context, text: foreign(text))
    monkeypatch.setattr(translation._trans, "ngettext", lambda one, many, number: foreign(one if number == 1 else many))
    forget()
    yield
    forget()


def forget():
    """Menus, pills, dashes and the forms of filters are kept in memory."""
    for name in settings.CACHES:
        caches[name].clear()
    display.nothing_in.cache_clear()
    display.pill_in.cache_clear()
    FilterSet.form_classes.clear()


class Words(HTMLParser):
    """The words of a page that a person sees or hears."""

    def __init__(self):
        super().__init__()
        self.open, self.found = [], []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag not in ("meta", "link", "input", "img", "br", "hr", "path", "use", "col", "circle", "line"):
            self.open.append(tag)
        self.found += [values[name] for name in ("aria-label", "title", "placeholder", "alt") if values.get(name)]

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if not {"script", "style", "bdi", "code", "kbd", "template"} & set(self.open):
            self.found.append(data)


def kept_texts():
    """What stands in the database: names, notes and prices are nobody's to translate."""
    for model in apps.get_models():
        names = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField)
        ]
        for row in model._default_manager.values_list(*names) if names else ():
            yield from (str(value) for value in row if value)


def test_every_word_of_every_page_is_translated(abroad):
    ClinicSettings(name="Riverside Family Clinic").save()
    staff = {letter: factories.UserFactory(role=role) for letter, role in LETTERS.items()}
    clients = {letter: Client() for letter in staff}
    for letter, client in clients.items():
        client.force_login(staff[letter])
    seen = {}
    for name in NAMES:
        if TABLE[name] == "public":
            continue
        letter = TABLE[name][0]
        page = clients[letter].get(url_for(name, staff[letter]))
        if page.status_code == 200 and page.headers["Content-Type"].startswith("text/html"):
            words = Words()
            words.feed(page.content.decode())
            for text in words.found:
                for word in re.findall(r"[A-Za-z]{3,}", text):
                    seen.setdefault(word, (name, " ".join(text.split())[:80]))
    assert len(seen) > 20  # names are left
    known = set(re.findall(r"[A-Za-z]{3,}", " ".join([*kept_texts(), *UNTRANSLATED])))
    left = {word: where for word, where in seen.items() if word not in known}
    assert left == {}, "\n".join(f"{word}: {where}" for word, where in left.items())
