"""A select in which nothing is chosen says so in words."""

from django import forms

from healthcare.fields import ChoosingField, RemoteChoiceField
from patients.models import Patient


class KindForm(forms.Form):
    """One select of each kind."""

    bound_field_class = ChoosingField

    department = forms.ModelChoiceField(Patient.objects.none(), label="Department")
    code = forms.ChoiceField(label="ICD code", choices=[("", "---------"), ("a", "A")], required=False)
    oxygen = forms.NullBooleanField(label="Oxygen")
    patient = RemoteChoiceField(Patient.objects.none(), url_name="patient_options", label="Patient")


def test_an_empty_choice_says_what_to_choose():
    form = KindForm()
    assert "Choose the department" in str(form["department"])
    assert "Choose the patient" in str(form["patient"])
    assert "Not chosen" in str(form["code"])
    # What a form decides afterwards counts.
    form.fields["code"].required = True
    form.fields["department"].required = False
    assert "Choose the ICD code" in str(form["code"])
    assert "Not chosen" in str(form["department"])
    assert "---" not in str(form)
