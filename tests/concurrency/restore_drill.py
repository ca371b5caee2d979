"""The drill: one process backs up while the others register and take payments; then all is restored elsewhere."""

import io
import json
import time
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client, override_settings

from audit.sealing import Sealer, published
from billing.forms import RecordPaymentForm
from billing.models import Invoice, Payment
from departments.models import Counter, User
from healthcare.workflow import submit
from patients.forms import RegisterPatientForm
from patients.models import Patient
from tests.factories import InvoiceFactory, UserFactory

REPORT = "reports/kept.pdf"


def seed():
    """Two people, an invoice that never gets paid up, a file, and a trail whose sealing has begun."""
    numbered = {"invoice_number": f"INV-{Counter.next(Invoice.NUMBER_SEQUENCE):06}"}
    seeded = {
        "receptionist": str(UserFactory(role="receptionist").pk),
        "officer": str(UserFactory(role="billing_officer").pk),
        "invoice": str(InvoiceFactory(status="issued", lines=[("Operation", 1, "10000.00")], **numbered).pk),
    }
    default_storage.save(REPORT, ContentFile(b"a report"))
    Sealer().tick()
    return seeded


def register(seeded):
    """One more patient, as from the page."""
    data = {"first_name": "Ann", "last_name": "Other", "date_of_birth": "1990-01-02", "gender": "other"}
    data |= {"acknowledge_warnings": "on", "override_reason": "Drill"}
    return submit(RegisterPatientForm, actor=User.objects.get(pk=seeded["receptionist"]), data=data)


def pay(seeded):
    """One cent more."""
    data = {"invoice": seeded["invoice"], "amount": "0.01", "payment_method": "cash"}
    return submit(RecordPaymentForm, actor=User.objects.get(pk=seeded["officer"]), data=data)


def counts():
    """What is written all the time."""
    return [Patient.objects.count(), Payment.objects.count()]


def play(number, seeded, writers):
    """Process 0 backs up once everybody writes; the others write until it is done."""
    done = Path(settings.BACKUP_DIR) / "done"
    if number:
        written = 0
        while not done.exists() or not written:
            assert pay(seeded).is_valid() and register(seeded).is_valid()
            written += 1
        return written
    while Payment.objects.count() < writers:
        time.sleep(0.01)
    Sealer().tick()
    before = counts()
    call_command("backup", stdout=io.StringIO(), stderr=io.StringIO())
    after = counts()
    done.touch()
    return [before, after]


def read(seeded):
    """Restore into a new place; what stands there, and whether it works."""
    (file,) = Path(settings.BACKUP_DIR).glob("clinic-*")
    Sealer().tick()  # the old place goes on, so its head is ahead of the backup's
    found = {"encrypted": file.read_bytes()[:19].decode(errors="replace")}
    found["verified"] = said("verify_backup", str(file))
    found["not_over"] = said("restore", str(file))
    old = connection.settings_dict["NAME"]
    new = f"{old}_restored"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{new}"')
    connection.close()
    connection.settings_dict["NAME"] = new
    head = Path(settings.AUDIT_HEAD_FILE).with_name("restored.head")
    media = settings.MEDIA_ROOT.with_name("restored_media")
    try:
        with override_settings(AUDIT_HEAD_FILE=head, MEDIA_ROOT=media, ALLOWED_HOSTS=["testserver"]):
            look(file, seeded, found)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = old
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{new}" WITH (FORCE)')
    return json.loads(json.dumps(found))


def look(file, seeded, found):
    """Restore into the new place; does it hold what it should, and work?"""
    found["restored"] = said("restore", str(file))
    if found["restored"].startswith("refused"):
        return
    found["counts"] = counts()
    found["media"] = default_storage.open(REPORT).read().decode()
    found["head"] = (published() or {}).get("number")
    numbers = set(Patient.objects.values_list("patient_number", flat=True))
    found["guard"] = refused()
    found["numbers_go_on"] = register(seeded).instance.patient_number not in numbers
    found["pages"] = [Client().get(path).status_code for path in ("/login/", "/healthz")]
    file.write_bytes(file.read_bytes()[:-100])
    found["cut_off"] = said("verify_backup", str(file))


def said(*command):
    """The last line of a command, or its complaint."""
    out = io.StringIO()
    try:
        call_command(*command, stdout=out, stderr=out)
    except CommandError as error:
        return f"refused: {error}"
    return out.getvalue().strip().splitlines()[-1]


def refused():
    """Whether the guards came along."""
    try:
        with transaction.atomic():
            Invoice.objects.update(total_amount=1)
    except IntegrityError:
        return True
    return False
