"""How values look, everywhere the same: money, dates, times, statuses, icons, minutes waited."""

import datetime
import html
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from healthcare.clock import local
from healthcare.money import sign
from healthcare.text import display_phone

register = template.Library()

# value -> (tone, label). One tone per status wherever it is shown; the stylesheets know the tones.
STATUSES = {
    # appointments
    "scheduled": ("grey", _("Scheduled")),
    "confirmed": ("blue", _("Confirmed")),
    "checked_in": ("amber", _("Checked In")),
    "in_progress": ("violet", _("In Progress")),
    "completed": ("green", _("Completed")),
    "cancelled": ("struck", _("Cancelled")),
    "no_show": ("struck", _("No Show")),
    # waiting list
    "waiting": ("amber", _("Waiting")),
    "booked": ("green", _("Booked")),
    "withdrawn": ("struck", _("Withdrawn")),
    # lab tests
    "ordered": ("grey", _("Ordered")),
    "sample_collected": ("blue", _("Sample Collected")),
    "critical": ("red", _("Critical")),
    "abnormal": ("red", _("Abnormal")),
    "normal": ("green", _("Normal")),
    "not_compared": ("amber", _("Not Compared")),
    "unreviewed": ("amber", _("Not Reviewed")),
    "reviewed": ("green", _("Reviewed")),
    # invoices and payments
    "draft": ("grey", _("Draft")),
    "issued": ("blue", _("Issued")),
    "partially_paid": ("amber", _("Partially Paid")),
    "paid": ("green", _("Paid")),
    "overdue": ("red", _("Overdue")),
    "received": ("green", _("Received")),
    "voided": ("struck", _("Voided")),
    "counted": ("amber", _("Counted")),
    "signed_off": ("green", _("Signed off")),
    "rejected": ("struck", _("Rejected")),
    "refunded": ("struck", _("Refunded")),
    "credit_note": ("blue", _("Credit note")),
    "write_off": ("grey", _("Write-off")),
    # reports
    "generating": ("violet", _("Generating")),
    # imports
    "checking": ("violet", _("Checking")),
    "checked": ("amber", _("Checked")),
    "importing": ("violet", _("Importing")),
    "failed": ("red", _("Failed")),
    # anything that can be switched off
    "active": ("green", _("Active")),
    "inactive": ("grey", _("Inactive")),
    "current": ("green", _("Current")),
    "expired": ("grey", _("Expired")),
    "discontinued": ("struck", _("Discontinued")),
    "locked": ("grey", _("Locked")),
    "abandoned": ("struck", _("Abandoned")),
    "entered_in_error": ("struck", _("Entered in Error")),
    # how bad
    "severe": ("red", _("Severe")),
    "moderate": ("amber", _("Moderate")),
    "mild": ("grey", _("Mild")),
    "unknown": ("grey", _("Unknown")),
}


def nothing() -> SafeString:
    """A dash, and its meaning for those who hear the page."""
    return nothing_in(get_language())


@cache
def nothing_in(_language: Any) -> SafeString:
    """The dash in a language: a list shows it dozens of times."""
    return format_html('<span class="nothing">{}<span class="visually-hidden">{}</span></span>', "—", _("not given"))


def quantize(amount: Any) -> Any:
    """Two places, half up."""
    return Decimal(amount).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@register.filter
def money(value: Any) -> Any:
    """1234.5 -> $1,234.50, in the clinic's currency."""
    if value is None or value == "":
        return nothing()
    try:
        amount = quantize(value)
    except (InvalidOperation, TypeError, ValueError):
        return value
    return f"{'-' if amount < 0 else ''}{sign()}{abs(amount):,.2f}"


@register.filter
def number(value: Any) -> Any:
    """A Decimal that is not money (a temperature, a weight), without idle zeros: 70.50 -> 70.5."""
    if value is None or value == "":
        return nothing()
    if isinstance(value, Decimal) and value.is_finite():
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value


@register.filter
def phone(value: Any) -> str:
    """A phone number as people read it."""
    return display_phone(str(value or ""))


def _local(moment: Any) -> Any:
    return local(moment) if timezone.is_aware(moment) else moment


@register.filter
def display(value: Any) -> Any:
    """Any value of a row or a page as the reader expects it; ready HTML passes, everything else is escaped."""
    if isinstance(value, str):  # most are
        return escape(value) if value or isinstance(value, SafeString) else nothing()
    if value is None:
        return nothing()
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, datetime.datetime):
        return _local(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    if isinstance(value, dict):
        pairs = ((key, display(item)) for key, item in value.items())
        return format_html_join(", ", "{}: {}", pairs) if value else nothing()
    if isinstance(value, (list, tuple, set, frozenset)):
        return format_html_join(", ", "{}", ((display(item),) for item in value)) if value else nothing()
    return escape(value)


def escape(value: Any) -> Any:
    """As `conditional_escape`, which asks at each of a page's hundreds of calls whether its text is a lazy one."""
    return value.__html__() if hasattr(value, "__html__") else SafeString(html.escape(str(value)))


#: A word that would be wider than its column, such as some surnames.
LONG_WORD = re.compile(r"(\w{10})(?=\w{6})")


@register.filter
def cell(value: Any) -> Any:
    """As display, for a table: a number, date, phone or other single short word is not broken at its hyphens, and a
    very long one may be broken anywhere."""
    shown = display(value)
    if isinstance(shown, SafeString) and "<" in shown:
        return shown
    text = str(shown)
    if isinstance(value, (datetime.date, datetime.time, Decimal)) or (
        len(text) <= 18 and (" " not in text or text.startswith("+"))
    ):
        return SafeString(f'<span class="unbroken">{escape(shown)}</span>')
    return SafeString(LONG_WORD.sub(r"\1<wbr>", escape(shown))) if len(text) > 24 else shown


#: An arrow, and words for whoever hears the page.
SIDES = {"high": ("↑", _("above normal")), "low": ("↓", _("below normal"))}


@register.filter
def flagged(value: Any, side: str) -> Any:
    """{{ row.pulse_rate|flagged:"high" }}: a value outside what is normal, told by more than its colour."""
    if side not in SIDES:
        return value
    arrow, words = SIDES[side]
    marked = '<span class="beyond"><span aria-hidden="true">{}</span> {}<span class="visually-hidden"> {}</span></span>'
    return format_html(marked, arrow, display(value), words)


def status_tone(value: Any) -> Any:
    """The tone of a status, for stripes and calendars."""
    return STATUSES.get(str(value), ("grey", ""))[0]


def status_label(value: Any) -> Any:
    """The word of a status, for lists in PDF and Excel too."""
    text = str(value)
    return STATUSES[text][1] if text in STATUSES else text.replace("_", " ").title()


def _pill(value: Any, label: Any = None) -> Any:
    if isinstance(value, bool):
        value = "active" if value else "inactive"
    if value is None or value == "":
        return nothing()
    return drawn_pill(value, label) if label else pill_in(get_language(), str(value))


@lru_cache(500)
def pill_in(_language: Any, status: str) -> SafeString:
    """The pill of a status in a language: every row of a list has one."""
    return drawn_pill(status, status_label(status))


def drawn_pill(value: Any, label: Any) -> SafeString:
    """A status's colour with a word in it."""
    return format_html('<span class="pill pill-{}">{}</span>', status_tone(value), label)


@register.filter(name="pill")
def pill_filter(value: Any) -> Any:
    """{{ appointment.status|pill }}"""
    return _pill(value)


@register.simple_tag(name="pill")
def pill_tag(value: Any, label: Any = None) -> Any:
    """{% pill "checked_in" %}, or with words of one's own: {% pill "severe" "Penicillin" %}"""
    return _pill(value, label)


@register.filter
def tone(value: Any) -> Any:
    """{{ appointment.status|tone }} -> amber"""
    return status_tone(value)


@register.filter
def word(value: Any) -> Any:
    """{{ allergy.severity|word }} -> Severe, without the pill."""
    return status_label(value)


@register.simple_tag
@cache
def icon(name: Any) -> Any:
    """{% icon "search" %}: decorative, so that words always stand beside it."""
    return format_html('<i class="bi bi-{}" aria-hidden="true"></i>', name) if name else ""


@register.simple_tag
def minutes_since(moment: Any, amber: Any = 15, red: Any = 30) -> Any:
    """How long somebody waits, with the time itself as tooltip: 3 min, 1 h 5 min."""
    if not moment:
        return ""
    minutes = max(0, int((timezone.now() - moment).total_seconds() // 60))
    if minutes < 60:
        words = ngettext("%(minutes)d min", "%(minutes)d min", minutes) % {"minutes": minutes}
    else:
        words = _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}
    state = "red" if minutes >= red else "amber" if minutes >= amber else "quiet"
    return format_html(
        '<time class="since since-{}" datetime="{}" title="{}">{}</time>',
        state,
        moment.isoformat(),
        display(moment),
        words,
    )


@register.filter
def initials(name: Any) -> Any:
    """Maria Lopez -> ML"""
    words = str(name).split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


#: In this order: each pretends to be those after it.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac", "macOS"))


@register.filter
def browser(agent: Any) -> str:
    """A user agent in two words: `Firefox on Windows`; as it is where nothing is known about it."""
    name = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "Linux" if "Linux" in agent else "")
    return str(_("%(browser)s on %(system)s") % {"browser": name, "system": system}) if name and system else agent[:40]
