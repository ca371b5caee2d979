"""The soak's own doctors: the demo's are booked out around the present hour. Prints their addresses' first halves."""

from __future__ import annotations

import json
import sys
from datetime import time

import django


def main(count: int) -> list[str]:
    """So many doctors who are there all day, each day, with the demo's password."""
    from django.contrib.auth.hashers import make_password

    from departments.models import User
    from healthcare.demo.people import PASSWORD
    from healthcare.startup import DEMO_DOMAIN
    from scheduling.models import DoctorSchedule

    password, names = make_password(PASSWORD), [f"soak{number}" for number in range(count)]
    for name in names:
        person = {"email": f"{name}{DEMO_DOMAIN}", "first_name": "Sid", "last_name": name.title(), "role": "doctor"}
        doctor = User.objects.create(**person, password=password)
        for weekday in range(7):
            hours = {"weekday": weekday, "start_time": time(0), "end_time": time(23, 59)}
            DoctorSchedule.objects.create(doctor=doctor, **hours)
    return names


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main(int(sys.argv[1]))))
