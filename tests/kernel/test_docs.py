"""The documentation says what the code says: generated parts are up to date, links and settings exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from scripts import docs_diagrams, docs_permissions
from scripts.docs_sections import filled

ROOT = Path(settings.BASE_DIR)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<path>[^)#\s]*)(?:#(?P<heading>[^)\s]+))?\)")


@pytest.mark.spec("ROLE-2")
@pytest.mark.parametrize("source", [docs_diagrams, docs_permissions], ids=lambda source: source.PAGE.name)
def test_generated_parts_are_up_to_date(source):
    assert filled(source.PAGE, source.parts()) == source.PAGE.read_text(), "run `make docs`"


@pytest.mark.spec("ROLE-2")
def test_a_change_of_the_matrix_shows(monkeypatch):
    from healthcare import roles

    changed = {**roles.PERMISSIONS, "payments.edit": frozenset({roles.Role.NURSE})}
    monkeypatch.setattr(roles, "PERMISSIONS", changed)
    assert filled(docs_permissions.PAGE, docs_permissions.parts()) != docs_permissions.PAGE.read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page):
    broken = []
    for found in LINK.finditer(page.read_text()):
        target = (page.parent / found["path"]).resolve() if found["path"] else page
        if not target.exists() or (found["heading"] and found["heading"] not in headings(target)):
            broken.append(found[0])
    assert broken == []


def headings(page):
    """The anchors of a page's headings, as forges make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_the_readme_names_exactly_the_settings_that_are_read():
    source = (ROOT / "healthcare" / "settings.py").read_text()
    read = set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)\"""", source)) | {"ALLOWED_HOSTS", "SECRET_KEY"}
    settings_table, scripts_table = (ROOT / "README.md").read_text().split("| variable |")[1:]
    assert names(settings_table) == read - {"HOST"}  # HOST stands with what the scripts read
    assert {"PORT", "HOST", "DEMO", "WEB_WORKERS"} <= names(scripts_table)


def names(table):
    """The variables in a table's first column."""
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
