"""The generated parts of the documentation: what stands between two markers of a page is written by a script.

<!-- generated: NAME (make docs) -->
...
<!-- end of NAME -->
"""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def set_up() -> None:
    """Load the project, for scripts that run on their own."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")
    django.setup()


def filled(page: Path, parts: dict[str, str]) -> str:
    """The page's text with the named parts as they should be. KeyError for a marker that is missing."""
    text = page.read_text(encoding="utf-8")
    for name, content in parts.items():
        markers = re.compile(
            rf"(?P<begin><!-- generated: {name} [^>]*-->\n).*?(?P<end><!-- end of {name} -->)", re.DOTALL
        )
        if not markers.search(text):
            raise KeyError(f"{page.name} has no markers for {name}")
        text = markers.sub(lambda found, content=content: f"{found['begin']}\n{content}\n\n{found['end']}", text)
    return text


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [heads, tuple("---" for _head in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(page: Path, parts: dict[str, str]) -> None:
    """Bring the page up to date."""
    page.write_text(filled(page, parts), encoding="utf-8")
