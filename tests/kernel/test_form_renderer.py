"""What ClinicRenderer draws is what Django's own templates draw."""

import re

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting

from healthcare.form_renderer import DRAWN, ClinicRenderer

HOSTILE = "\"><script>&'é\n"
GROUPED = [("", "none"), ("Group & co", [(1, "one <b>"), ("2", HOSTILE)]), (True, "yes")]
WIDGETS = [
    forms.TextInput({"class": "form-control", "maxlength": 5, "required": True, "disabled": False, "title": HOSTILE}),
    forms.NumberInput({"step": "0.01"}),
    forms.EmailInput(),
    forms.URLInput(),
    forms.PasswordInput(),
    forms.HiddenInput(),
    forms.DateInput(format="%Y-%m-%d"),
    forms.DateTimeInput(),
    forms.TimeInput(),
    forms.CheckboxInput(),
    forms.Textarea({"rows": 3}),
    forms.Select(choices=GROUPED),
    forms.Select({"size": 3, "data-x": HOSTILE}, choices=GROUPED),
    forms.NullBooleanSelect(),
]


def squeezed(html):
    """Without the line breaks between tags, which the templates leave."""
    return re.sub(r"(?<=>)\s+(?=<)", "", html).strip()


@pytest.mark.spec("VAL-5")
@pytest.mark.parametrize("widget", WIDGETS, ids=lambda w: type(w).__name__)
@pytest.mark.parametrize("value", [None, "", "2", 2, True, HOSTILE, "\nfirst line"])
def test_drawn_as_django_draws_it(widget, value):
    assert widget.template_name in DRAWN
    ours = widget.render("field & name", value, {"id": "id_x"}, ClinicRenderer())
    assert squeezed(ours) == squeezed(widget.render("field & name", value, {"id": "id_x"}, TemplatesSetting()))
    assert "<script>" not in ours


def test_other_widgets_keep_their_templates():
    widget = forms.RadioSelect(choices=[("a", "A")])
    ours = widget.render("name", "a", None, ClinicRenderer())
    assert ours == widget.render("name", "a", None, TemplatesSetting())
    assert 'type="radio"' in ours
