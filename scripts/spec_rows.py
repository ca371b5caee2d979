"""Prints the rows of the specification that no passing test of the last `make test` names."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Print the uncovered rows, then one line with the counts."""
    lines = (ROOT / "tests" / "spec_rows.txt").read_text().splitlines()
    rows = [line for line in lines if line and not line.startswith("#")]
    results = ROOT / ".spec-results.json"
    if not results.exists():
        print("No results yet: run `make test` first.", file=sys.stderr)
        return 2
    passed = json.loads(results.read_text())
    uncovered = [row for row in rows if row not in passed]
    print("\n".join(uncovered))
    print(f"# {len(rows) - len(uncovered)} of {len(rows)} rows are named by a passing test", file=sys.stderr)
    unknown = sorted(set(passed) - set(rows))
    if unknown:
        print(f"# named by tests but not rows of the specification: {', '.join(unknown)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
