"""docs/security.md answers every requirement of ASVS 5.0, levels 1 and 2, and names tests that exist."""

import re
from pathlib import Path

from django.conf import settings

PAGE = Path(settings.BASE_DIR) / "docs" / "security.md"
#: Section -> how many of its requirements are of level 1 or 2: they are numbered from 1 on, level 3 comes last.
SECTIONS = {
    **{"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1},
    **{"3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4},
    **{"5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4},
    **{"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1},
    **{"9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3},
    **{"11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4},
    **{"13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7},
    **{"16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2},
}
NUMBERS = re.compile(r"\b(\d+\.\d+)\.(\d+)(?: to (\d+)\b)?")


def answered():
    """Requirement -> what the page's table says."""
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0][0].isdigit():
            assert len(cells) == 3 and all(cells), line
            for section, first, last in NUMBERS.findall(cells[0]):
                for number in range(int(first), int(last or first) + 1):
                    assert f"{section}.{number}" not in found, f"{section}.{number} is answered twice"
                    found[f"{section}.{number}"] = cells
    return found


def test_every_requirement_of_levels_1_and_2_is_answered():
    wanted = {f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)}
    assert len(wanted) == 253
    assert set(answered()) == wanted


def test_the_tests_that_it_names_exist():
    named = {name for cells in answered().values() for name in re.findall(r"`([\w/]+\.py)`", cells[2])}
    assert len(named) > 25
    assert [name for name in sorted(named) if not (PAGE.parents[1] / "tests" / name).exists()] == []
