"""How values look."""

import datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.safestring import mark_safe

from departments.models import ClinicSettings
from healthcare.templatetags import display as shown

UTC = datetime.UTC


def render(source, **context):
    return Template("{% load display %}" + source).render(Context(context))


@pytest.mark.spec("FND-4")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234.5"), "$1,234.50"),
        (Decimal(0), "$0.00"),
        (Decimal("0.005"), "$0.01"),
        (Decimal("-12.345"), "-$12.35"),
        (datetime.date(2026, 11, 22), "2026-11-22"),
        (datetime.time(14, 5, 59), "14:05"),
        (True, "Yes"),
        (False, "No"),
        (0, "0"),
        ("checked", "checked"),
        (["a", Decimal(2)], "a, $2.00"),
    ],
)
def test_display(value, text):
    assert str(shown.display(value)) == text


@pytest.mark.spec("FND-4")
def test_display_shows_the_clinics_time(monkeypatch, in_utc):
    moment = datetime.datetime(2026, 11, 22, 20, 5, tzinfo=UTC)
    assert shown.display(moment) == "2026-11-22 20:05"
    monkeypatch.setattr(ClinicSettings, "_shown", ClinicSettings(time_zone="America/Chicago"))
    assert shown.display(moment) == "2026-11-22 14:05"


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_display_marks_what_is_missing(value):
    assert "—" in shown.display(value)
    assert "not given" in shown.display(value)


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("source", ["{{ v|display }}", "{{ v|cell }}", "{{ v|pill }}", "{{ v|money }}", "{% icon v %}"])
def test_everything_is_escaped(source):
    assert "<script>" not in render(source, v="<script>alert(1)</script>")


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("value", [["<b>"], {"<i>": "<b>"}])
def test_nested_values_are_escaped(value):
    assert "<b>" not in render("{{ v|display }}", v=value)
    assert "<i>" not in render("{{ v|display }}", v=value)


def test_display_leaves_ready_html_alone():
    assert render("{{ v|display }}", v=mark_safe("<b>x</b>")) == "<b>x</b>"


@pytest.mark.parametrize(
    ("value", "tone", "word"),
    [
        ("scheduled", "grey", "Scheduled"),
        ("confirmed", "blue", "Confirmed"),
        ("checked_in", "amber", "Checked In"),
        ("in_progress", "violet", "In Progress"),
        ("completed", "green", "Completed"),
        ("cancelled", "struck", "Cancelled"),
        ("no_show", "struck", "No Show"),
        ("draft", "grey", "Draft"),
        ("issued", "blue", "Issued"),
        ("partially_paid", "amber", "Partially Paid"),
        ("paid", "green", "Paid"),
        ("overdue", "red", "Overdue"),
        ("something_new", "grey", "Something New"),
        (True, "green", "Active"),
        (False, "grey", "Inactive"),
    ],
)
def test_pill_has_one_colour_and_always_the_word(value, tone, word):
    expected = f'<span class="pill pill-{tone}">{word}</span>'
    assert render("{{ v|pill }}", v=value) == expected
    assert render("{% pill v %}", v=value) == expected


@pytest.mark.parametrize(
    ("minutes", "words", "state"), [(3, "3 min", "quiet"), (15, "15 min", "amber"), (65, "1 h 5 min", "red")]
)
def test_minutes_since(minutes, words, state):
    html = render("{% minutes_since v %}", v=timezone.now() - datetime.timedelta(minutes=minutes, seconds=5))
    assert f">{words}<" in html
    assert f"since-{state}" in html


def test_minutes_since_never_is_nothing():
    assert render("{% minutes_since v %}", v=None) == ""


@pytest.mark.parametrize(("value", "text"), [(Decimal("70.50"), "70.5"), (Decimal(36), "36"), (12, "12")])
def test_number_is_no_money(value, text):
    assert str(shown.number(value)) == text


def test_a_date_in_a_table_is_not_broken():
    assert shown.cell(datetime.date(2026, 11, 22)) == '<span class="unbroken">2026-11-22</span>'
    # A very long word may be broken; what is escaped stays escaped.
    assert shown.cell("Wolfeschlegelsteinhausen & Co") == "Wolfeschle<wbr>gelsteinhausen &amp; Co"
    assert shown.cell("Dr. Maria Lopez-Garcia of Cardiology") == "Dr. Maria Lopez-Garcia of Cardiology"
    assert shown.cell("Dr. Ingrid Halvorsen") == "Dr. Ingrid Halvorsen"
