"""`kill -9` in the middle of a payment leaves all of it or nothing: entry, invoice and audit row."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.concurrency import arena

pytestmark = [pytest.mark.concurrency, pytest.mark.spec("RULE-INV-5", "RULE-PAY-3", "AUD-5")]
KILLS = 4
SEED = """
import json, django; django.setup()
from tests.factories import InvoiceFactory, UserFactory
officer = UserFactory(role="billing_officer")
invoice = InvoiceFactory(status="issued", lines=[("A", 1, "5000.00")])
print(json.dumps([str(officer.pk), str(invoice.pk)]))
"""
READ = """
import json, sys, django; django.setup()
from audit.models import AuditLog
from billing.models import Invoice
from billing.reconcile import differences
invoice = Invoice.objects.get(pk=sys.argv[1])
print(json.dumps([
    str(invoice.amount_paid), str(invoice.payments.live().total()), invoice.payments.count(),
    AuditLog.objects.filter(entity_type="payment", action="pay").count(),
    [str(d) for d in differences() if "number" not in str(d)],
]))
"""


@pytest.mark.parametrize("engine", arena.ENGINES)
def test_a_killed_payment_leaves_all_or_nothing(engine, tmp_path):
    with arena.database(engine, tmp_path) as url:
        env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "healthcare.settings"}

        def run(code, *args):
            done = subprocess.run(
                [sys.executable, "-c", code, *args],
                cwd=arena.ROOT,
                env=env,
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout.splitlines()[-1])

        officer, invoice = run(SEED)
        command = [sys.executable, "-m", "tests.concurrency.killed_payment", officer, invoice]
        for kill in range(KILLS):
            with subprocess.Popen(command, cwd=arena.ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
                for _ in range(5):
                    process.stdout.readline()
                time.sleep(0.003 * kill)  # somewhere within the payment
                process.send_signal(signal.SIGKILL)
        paid, summed, entries, told, differing = run(READ, invoice)
        assert paid == summed and entries == told >= KILLS * 4
        assert differing == []
