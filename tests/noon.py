"""The suite's clinic lies where it is noon, so that no test's today ends, or is over, while it runs.

Loaded by pytest before the settings are (addopts in pyproject.toml). A test about the night or another zone says so.
"""

import os
from datetime import datetime
from zoneinfo import ZoneInfo

#: One for each whole hour from UTC, none with summer time.
PLACES = (
    *("Pacific/Pago_Pago", "Pacific/Honolulu", "Pacific/Gambier", "Pacific/Pitcairn", "America/Phoenix"),
    *("America/Costa_Rica", "America/Bogota", "America/Puerto_Rico", "America/Sao_Paulo", "America/Noronha"),
    *("Atlantic/Cape_Verde", "UTC", "Africa/Lagos", "Africa/Johannesburg", "Africa/Nairobi", "Asia/Dubai"),
    *("Asia/Karachi", "Asia/Dhaka", "Asia/Bangkok", "Asia/Singapore", "Asia/Tokyo", "Australia/Brisbane"),
    *("Pacific/Guadalcanal", "Pacific/Tarawa"),
)

os.environ.setdefault("CLINIC_TIME_ZONE", next(name for name in PLACES if datetime.now(ZoneInfo(name)).hour == 12))
