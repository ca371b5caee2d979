"""Charts on paper: every bar has its name."""

from __future__ import annotations

import re
from html import unescape

import pytest

from reporting.charts import MOST_BARS, svg


@pytest.mark.spec("RPT-1")
@pytest.mark.parametrize("kind", MOST_BARS)
def test_every_bar_on_paper_has_its_name(kind):
    labels = [f"Dr. <{number}> Ng" for number in range(9)]
    series = [["Median", [0.1 * number for number in range(9)]], ["Late", [0.5] * 9]]
    drawn = svg({"title": "Waits", "kind": kind, "labels": labels, "series": series})
    written = {unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)</text>", drawn)}
    assert set(labels) <= written
    assert {"Median", "Late"} <= written
    assert any(re.fullmatch(r"0\.[1-9]", text) for text in written), "small numbers at an axis are no row of noughts"
