"""How many rows a list has, at a price that does not grow with it (API-2)."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet

from healthcare.generic.paging import OFFSET_CAP

#: So many rows are counted each time; it is also how far pages go by number.
COUNTED_EACH_TIME = OFFSET_CAP
#: A larger count is kept for so many times as long as it took: a hundredth of the time goes into counting.
KEPT_TIMES = 100
LONGEST_SECONDS = 15 * 60


def total_of(rows: Any) -> int:
    """Exact up to COUNTED_EACH_TIME; beyond, as it was when it was last counted.

    The key is made of the query with its values, so of the role's visibility too, and tells nobody what was asked.
    """
    rows = rows.order_by()
    try:
        asked = repr(rows.query.sql_with_params())
    except EmptyResultSet:
        return 0
    key = f"total-{hashlib.sha256(asked.encode(errors='replace')).hexdigest()}"
    total = cache.get(key)
    if total is None:
        total = rows[: COUNTED_EACH_TIME + 1].count()
        if total > COUNTED_EACH_TIME:
            began = time.perf_counter()
            total = rows.count()
            cache.set(key, total, min((time.perf_counter() - began) * KEPT_TIMES, LONGEST_SECONDS))
    return int(total)
