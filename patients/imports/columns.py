"""Which column of a file is which field of the registration form, and how its values are written there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from healthcare.text import fold
from patients.forms.patient import RegisterPatientForm

#: The fields that a column can fill, with what they are called in other systems' exports.
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "last_name": ("surname", "family name", "last", "lastname", "name last", "family"),
    "first_name": ("given name", "forename", "first", "firstname", "name first", "given"),
    "date_of_birth": ("dob", "birth date", "birthdate", "born", "birthday", "date birth"),
    "gender": ("sex", "administrative gender", "m f"),
    "age_if_unknown": ("age",),
    "patient_number": ("mrn", "patient id", "patient no", "chart number", "record number", "file number", "number"),
    "phone": ("telephone", "mobile", "phone number", "cell", "mobile phone", "home phone", "tel"),
    "email": ("e mail", "mail", "email address"),
    "address": ("street", "street address", "address line 1", "address 1", "street 1"),
    "city": ("town", "place"),
    "state": ("province", "region", "county"),
    "postal_code": ("zip", "zip code", "postcode", "zipcode"),
    "country": ("nation",),
    "emergency_contact_name": ("emergency contact", "next of kin", "contact name", "nok"),
    "emergency_contact_phone": ("emergency phone", "next of kin phone", "contact phone", "nok phone"),
    "emergency_contact_relationship": ("relationship", "relation", "kinship"),
    "insurance_provider": ("insurance", "insurer", "payer", "insurance company", "insurance name", "plan"),
    "insurance_policy_number": ("policy number", "policy", "member id", "insurance number", "insurance id"),
}
GENDERS = {
    **dict.fromkeys(("m", "male", "man", "boy"), "male"),
    **dict.fromkeys(("f", "female", "woman", "girl", "w"), "female"),
    **dict.fromkeys(("o", "x", "other", "nonbinary", "non-binary", "diverse", "d"), "other"),
}
DATE_ORDERS = [
    ("ymd", _("Year, month, day (1984-03-05)")),
    ("mdy", _("Month, day, year (03/05/1984)")),
    ("dmy", _("Day, month, year (05.03.1984)")),
]
_NUMBERS = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})$")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})$")


def plain(heading: str) -> str:
    """A heading without case, accents and signs: `E-Mail *` is `e mail`."""
    return " ".join(re.findall(r"\w+", fold(heading).replace("_", " ")))


def matched(headings: Iterable[str]) -> dict[str, int]:
    """Field -> column, as far as the headings say; a column fills one field only."""
    words = [plain(heading) for heading in headings]
    found: dict[str, int] = {}
    # Exact names of all fields first, so that "contact phone" is not taken for "phone" by whoever comes first.
    for field, others in OTHER_NAMES.items():
        label = plain(str(RegisterPatientForm.base_fields[field].label or ""))
        for name in (plain(field), label, *others):
            if name in words and words.index(name) not in found.values():
                found[field] = words.index(name)
                break
    return found


def date_order_of(values: Iterable[str]) -> str:
    """How the file writes its dates, told by one that can be read in one way only; else as the country does."""
    for value in values:
        if match := _NUMBERS.match(value.strip()):
            first, second = int(match[1]), int(match[2])
            if len(match[1]) == 4:
                return "ymd"
            if first > 12 or "." in value:  # no country writes the month first and points between
                return "dmy"
            if second > 12:
                return "mdy"
    return "mdy" if settings.PHONE_REGION == "US" else "dmy"


def date_text(value: str, order: str) -> str:
    """The date as YYYY-MM-DD; what is none stays as it is, for the form to complain about."""
    text = value.strip()
    if match := _COMPACT.match(text):
        parts = [int(part) for part in match.groups()]
    elif match := _NUMBERS.match(text.split("T")[0]):
        numbers = dict(zip("ymd" if len(match[1]) == 4 else order, map(int, match.groups()), strict=True))
        parts = [numbers["y"], numbers["m"], numbers["d"]]
    else:
        return text
    try:
        return date(*parts).isoformat() if parts[0] > 99 else text
    except ValueError:
        return text
