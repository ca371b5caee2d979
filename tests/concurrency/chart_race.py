"""What two people do to one patient: the first has written and not yet committed when the second begins."""

import shutil
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from django.db import transaction

from billing.forms import CreateInvoiceForm
from billing.models import Invoice
from clinical.forms.prescriptions import PrescribeForm, RenewPrescriptionForm
from clinical.forms.vital_signs import RecordVitalSignsForm
from clinical.models import Prescription
from departments.models import User
from healthcare.clock import today
from healthcare.workflow import submit
from patients.forms import AddAllergyForm, DeactivatePatientForm
from patients.forms.merge import MergePatientsForm, UndoMergeForm, models_of_patients
from patients.models import Patient, PatientMerge
from scheduling.forms import BookAppointmentForm, RescheduleAppointmentForm
from scheduling.forms.waiting import WithdrawWaitingForm
from scheduling.models import Appointment, WaitingListEntry
from tests.factories import (
    AppointmentFactory,
    ConsultationFactory,
    PatientFactory,
    PrescriptionFactory,
    UserFactory,
    WaitingListEntryFactory,
)

#: Who writes first, and who meanwhile.
GAMES = (
    ("book", "merge"),
    ("vital_signs", "merge"),
    ("invoice", "merge"),
    ("renew", "merge"),
    ("merge_on", "undo_merge"),
    ("deactivate", "book"),
    ("allergy", "prescribe"),
    ("book", "book_elsewhere"),
    ("book", "move"),
    ("withdraw", "book"),
)
#: Seconds that the first one waits for the second, who mostly waits for the first.
HELD = 1.0


def seed():
    """People of their own for each game; a folder in which the two say how far they are."""
    staff = {role: str(UserFactory(role=role).pk) for role in ("administrator", "nurse", "receptionist")}
    staff["billing_officer"] = str(UserFactory(role="billing_officer").pk)
    return {"staff": staff, "games": [people(*game, staff) for game in GAMES], "folder": tempfile.mkdtemp()}


def people(first, second, staff):
    """A patient who was seen, with a twin, and one whose chart took over another one."""
    doctor, patient, third, old = UserFactory(role="doctor"), PatientFactory(), PatientFactory(), PatientFactory()
    visit = ConsultationFactory(patient=patient, doctor=doctor, completed=True)
    rows = {
        "doctor": doctor,
        "other": UserFactory(role="doctor"),
        "patient": patient,
        "twin": PatientFactory(),
        "third": third,
        "note": visit,
        "visit": visit.appointment,
        "prescription": PrescriptionFactory(consultation=visit),
        "wish": WaitingListEntryFactory(patient=patient),
        "theirs": AppointmentFactory(patient=old, appointment_date=today() + timedelta(days=3)),
    }
    if second == "move":
        rows["moved"] = AppointmentFactory(patient=patient, appointment_date=today() + timedelta(days=2))
    admin = User.objects.get(pk=staff["administrator"])
    rows["merge"] = submit(MergePatientsForm, actor=admin, data={"merged": old.pk, "reason": "Twice"}, kept=third)
    rows["merge"] = rows["merge"].instance
    return {name: str(row.pk) for name, row in rows.items()}


def play(number, seeded):
    """The first or the second step of each game: whether it was saved, and the codes of what was refused."""
    answers = []
    for game, rows in enumerate(seeded["games"]):
        written, over = (Path(seeded["folder"], f"{game}-{name}") for name in ("written", "over"))
        if number == 0:
            with transaction.atomic():
                answers.append(answer(GAMES[game][0], {**seeded["staff"], **rows}))
                written.touch()
                wait_for(over, HELD)
        else:
            wait_for(written, 60)
            answers.append(answer(GAMES[game][1], {**seeded["staff"], **rows}))
            over.touch()
    return answers


def wait_for(path, seconds):
    """Wait until the file is there, so long at most."""
    until = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.01)


def answer(kind, rows):
    """Take one step through the door that the pages use."""
    try:
        who, form_class, options = step(kind, rows)
        form = submit(form_class, actor=User.objects.get(pk=rows[who]), **options)
    except Exception as error:  # every answer counts, this one as a failure
        return [False, [f"{type(error).__name__}: {error}"]]
    return [form.is_valid(), sorted({e.code for errors in form.errors.as_data().values() for e in errors})]


def step(kind, rows):
    """Who takes a step, its form, and what they enter."""
    row = {name: Patient.objects.get(pk=rows[name]) for name in ("patient", "twin", "third")}
    tomorrow = {
        "appointment_date": (today() + timedelta(days=1)).isoformat(),
        "appointment_time": "10:00",
        "appointment_type": "consultation",
    }
    medicine = {"medication_name": "Amoxicillin 500 mg", "dosage": "1", "frequency": "bid", "duration": "5 days"}
    line = {"description": "Visit", "quantity": "1", "unit_price": "80"}
    lines = {"line_items-TOTAL_FORMS": "1", "line_items-INITIAL_FORMS": "0"}
    lines |= {f"line_items-0-{name}": value for name, value in line.items()}

    def merge(other, kept):
        return "administrator", MergePatientsForm, {"data": {"merged": other, "reason": "Twice"}, "kept": kept}

    def book(doctor):
        data = {**tomorrow, "patient": rows["patient"], "doctor": rows[doctor]}
        return "receptionist", BookAppointmentForm, {"data": data}

    steps = {
        "merge": lambda: merge(rows["patient"], row["twin"]),
        "merge_on": lambda: merge(rows["third"], row["twin"]),
        "undo_merge": lambda: (
            "administrator",
            UndoMergeForm,
            {"instance": PatientMerge.objects.get(pk=rows["merge"]), "data": {"undo_reason": "Two people"}},
        ),
        "book": lambda: book("doctor"),
        "book_elsewhere": lambda: book("other"),
        "move": lambda: (
            "receptionist",
            RescheduleAppointmentForm,
            {
                "instance": Appointment.objects.get(pk=rows["moved"]),
                "data": {**tomorrow, "doctor": rows["other"]},
            },
        ),
        "vital_signs": lambda: (
            "nurse",
            RecordVitalSignsForm,
            {"data": {"patient": rows["patient"], "pulse_rate": "80", "recorded_at": f"{today()} 00:00"}},
        ),
        "invoice": lambda: ("billing_officer", CreateInvoiceForm, {"data": {"appointment": rows["visit"], **lines}}),
        "renew": lambda: (
            "other",
            RenewPrescriptionForm,
            {"source": Prescription.objects.get(pk=rows["prescription"]), "data": {"at_once": "1"}},
        ),
        "deactivate": lambda: ("receptionist", DeactivatePatientForm, {"instance": row["patient"]}),
        "allergy": lambda: (
            "nurse",
            AddAllergyForm,
            {"patient": row["patient"], "data": {"substance": "Penicillin", "severity": "severe"}},
        ),
        "prescribe": lambda: ("doctor", PrescribeForm, {"data": {"consultation": rows["note"], **medicine}}),
        "withdraw": lambda: (
            "receptionist",
            WithdrawWaitingForm,
            {"instance": WaitingListEntry.objects.get(pk=rows["wish"])},
        ),
    }
    return steps[kind]()


def read(seeded):
    """Of each game: what lies in a chart that was merged into another one, and the rows that a test looks at."""
    shutil.rmtree(seeded["folder"])
    found = []
    for rows in seeded["games"]:
        merged = PatientMerge.objects.in_force().values("merged")
        mine = [rows["patient"], rows["third"]]
        left = [
            model.__name__
            for model in models_of_patients()
            if model._default_manager.filter(patient__in=mine).filter(patient__in=merged).exists()
        ]
        merge = PatientMerge.objects.get(pk=rows["merge"])
        invoice = Invoice.objects.filter(appointment=rows["visit"]).first()
        found.append(
            {
                "left": left,
                "undone_without_rows": bool(merge.undone_at)
                and str(Appointment.objects.get(pk=rows["theirs"]).patient_id) != str(merge.merged_id),
                "invoiced_for_another": bool(invoice) and invoice.patient_id != invoice.appointment.patient_id,
                "wish": WaitingListEntry.objects.get(pk=rows["wish"]).status,
            }
        )
    return found
