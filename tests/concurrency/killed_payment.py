"""Takes payments until it is killed; each is told on standard output before it begins."""

import os
import sys

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    django.setup()

    from billing.forms import RecordPaymentForm
    from departments.models import User
    from healthcare.workflow import submit

    actor = User.objects.get(pk=sys.argv[1])
    data = {"invoice": sys.argv[2], "amount": "0.01", "payment_method": "cash"}
    for number in range(100_000):
        print(number, flush=True)
        submit(RecordPaymentForm, actor=actor, data=data)
