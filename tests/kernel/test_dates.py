"""Dates are typed and shown as YYYY-MM-DD, whatever the browser's language (FND-4)."""

from datetime import date, datetime

import pytest
from django import forms
from django.urls import reverse

from healthcare.fields import use_native_inputs

pytestmark = pytest.mark.spec("FND-4")


class DayForm(forms.Form):
    day = forms.DateField()
    moment = forms.DateTimeField(required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        use_native_inputs(self.fields)


@pytest.mark.parametrize("typed", ["2026-11-22", "20261122", " 2026-11-22 ", "2026/11/22", "22.11.2026"])
def test_unambiguous_dates_are_taken(typed):
    form = DayForm({"day": typed})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["day"] == date(2026, 11, 22)


@pytest.mark.parametrize("typed", ["11/22/2026", "03/04/2026", "22.11.26", "2026115", "202611", "20261322", "tomorrow"])
def test_what_can_be_misread_is_refused(typed):
    assert "day" in DayForm({"day": typed}).errors


@pytest.mark.parametrize("typed", ["2026-11-22 09:30", "2026-11-22T09:30", "20261122 0930", "22.11.2026 09:30"])
def test_a_moment_is_a_day_and_a_time_of_the_24_hour_clock(typed):
    form = DayForm({"day": "2026-11-22", "moment": typed})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["moment"].replace(tzinfo=None) == datetime(2026, 11, 22, 9, 30)


def test_dates_are_text_with_their_form_named():
    page = str(DayForm(initial={"day": date(2026, 3, 4), "moment": datetime(2026, 3, 4, 14, 5)}))
    assert 'type="date"' not in page and "datetime-local" not in page
    assert 'value="2026-03-04"' in page and 'value="2026-03-04 14:05"' in page
    assert 'placeholder="YYYY-MM-DD"' in page


@pytest.mark.django_db
def test_pages_and_filters_hold_no_native_date(login, administrator):
    client = login(administrator)
    for name in ("patient_create", "patient_list", "appointment_create", "appointment_list", "audit_log_list"):
        page = client.get(reverse(name)).content.decode()
        assert "data-date=" in page, name
        assert 'type="date"' not in page, name
    day = "20261122"
    assert client.get(reverse("appointment_list"), {"appointment_date": day}).context["filter"].is_valid()
