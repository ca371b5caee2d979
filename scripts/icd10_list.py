"""Complete clinical/data/icd10cm.csv: `uv run --no-project --with simple-icd-10-cm==1.5.0 scripts/icd10_list.py`.

Every code that can be billed is in the file itself or under a heading that is; external causes (V to Y) are left out,
as they are no diagnosis. Rows that are there, with their everyday names and marks, stay as they are.
"""

from __future__ import annotations

import csv
from pathlib import Path

import simple_icd_10_cm as cm  # type: ignore[import-not-found]

FILE = Path(__file__).resolve().parents[1] / "clinical" / "data" / "icd10cm.csv"
COLUMNS = ("code", "title", "also", "common")


def main() -> None:
    """Write the file anew, in the order of the classification."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    order = cm.get_all_codes(True)
    for code in order:
        known = code in rows or any(heading in rows for heading in cm.get_ancestors(code))
        if cm.is_leaf(code) and code[0] not in "VWXY" and not known:
            also = "; ".join(cm.get_inclusion_term(code))
            rows[code] = dict(zip(COLUMNS, (code, cm.get_description(code), also, ""), strict=True))
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[code] for code in order if code in rows)


if __name__ == "__main__":
    main()
