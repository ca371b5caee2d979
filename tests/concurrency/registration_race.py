"""What one of the racing processes does: register patients, a few with a number typed by hand, some refused."""

from departments.models import User
from healthcare.workflow import submit
from patients.forms import RegisterPatientForm
from patients.models import Patient
from tests.factories import UserFactory


def seed():
    """A receptionist."""
    return {"receptionist": str(UserFactory(role="receptionist").pk)}


def play(number, seeded, rounds):
    """Register so many; every fifth types the number that is about to be assigned, every seventh is refused."""
    actor = User.objects.get(pk=seeded["receptionist"])
    answers = []
    for turn in range(rounds):
        data = {
            "first_name": f"Turn{turn}",
            "last_name": f"Player{number}",
            "date_of_birth": "2999-01-01" if turn % 7 == 6 else "1990-01-02",
            "gender": "other",
            # All of them are alike on purpose.
            "acknowledge_warnings": "on",
            "override_reason": "A race",
        }
        if turn % 5 == 4:
            data["patient_number"] = f"P-{Patient.objects.count() + 3:06}"
        try:
            form = submit(RegisterPatientForm, actor=actor, data=data)
        except Exception as error:  # every answer counts, this one as a failure
            answers.append({"saved": False, "typed": False, "errors": f"{type(error).__name__}: {error}"})
            continue
        saved = form.is_valid()
        number_saved = form.instance.patient_number if saved else ""
        answers.append(
            {"saved": saved, "typed": "patient_number" in data, "number": number_saved, "errors": sorted(form.errors)}
        )
    return answers


def read(seeded):
    """All numbers, and how many records there are."""
    return {
        "numbers": sorted(Patient.objects.values_list("patient_number", flat=True)),
        "records": Patient.objects.filter(medical_record__isnull=False).count(),
    }
