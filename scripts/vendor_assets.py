#!/usr/bin/env python3
"""Fetch the pinned front-end packages from the npm registry into static/vendor.

Needs `npm` (only `npm pack` is used: nothing is installed, no script of a package runs).
Only the files named below are kept; source-map comments go, because the manifest
static storage would look for maps that we do not ship.

    python scripts/vendor_assets.py
"""

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"


def paper_font(folder, package, version, family, what):
    """A typeface for PDFs: whole .ttf files, as unpacking sliced .woff2 takes longer than the page itself."""
    cuts = ("400Regular", "600SemiBold")
    files = {f"{cut}/{family}_{cut}.ttf": f"{family}-{cut[:3]}.ttf" for cut in cuts}
    return (folder, f"@expo-google-fonts/{package}", version, "OFL-1.1", what, {**files, "LICENSE_FONT": "LICENSE"})


# (folder, npm package, version, licence, what for, {file in the package: file here})
PACKAGES = [
    (
        "tabler",
        "@tabler/core",
        "1.6.1",
        "MIT",
        "page layout and components; contains Bootstrap 5.3",
        {"dist/css/tabler.min.css": "tabler.min.css", "dist/js/tabler.min.js": "tabler.min.js"},
    ),
    (
        "bootstrap-icons",
        "bootstrap-icons",
        "1.13.2",
        "MIT",
        "icons",
        {
            "font/bootstrap-icons.min.css": "bootstrap-icons.min.css",
            "font/fonts/bootstrap-icons.woff": "fonts/bootstrap-icons.woff",
            "font/fonts/bootstrap-icons.woff2": "fonts/bootstrap-icons.woff2",
            "LICENSE": "LICENSE",
        },
    ),
    (
        "inter",
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        "text on screen; sliced by script, a browser loads what a page needs",
        {
            "wght.css": "inter.css",
            **{
                f"files/inter-{script}-wght-normal.woff2": f"files/inter-{script}-wght-normal.woff2"
                for script in ("latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "greek-ext", "vietnamese")
            },
            "LICENSE": "LICENSE",
        },
    ),
    (
        "htmx",
        "htmx.org",
        "2.0.11",
        "0BSD",
        "partial page updates",
        {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE"},
    ),
    (
        "tom-select",
        "tom-select",
        "2.6.2",
        "Apache-2.0",
        "searchable selects",
        {
            "dist/css/tom-select.bootstrap5.min.css": "tom-select.bootstrap5.min.css",
            "dist/js/tom-select.popular.min.js": "tom-select.popular.min.js",
            "LICENSE": "LICENSE",
        },
    ),
    (
        "chartjs",
        "chart.js",
        "4.6.1",
        "MIT",
        "charts on screen",
        {"dist/chart.umd.min.js": "chart.umd.min.js", "LICENSE.md": "LICENSE.md"},
    ),
    (
        "event-calendar",
        "@event-calendar/build",
        "5.10.1",
        "MIT",
        "the calendar: days and weeks with doctors as columns",
        {
            "dist/event-calendar.min.css": "event-calendar.min.css",
            "dist/event-calendar.min.js": "event-calendar.min.js",
        },
    ),
    (
        "swagger-ui",
        "swagger-ui-dist",
        "5.35.0",
        "Apache-2.0",
        "the API's pages: /docs",
        {
            "swagger-ui.css": "swagger-ui.css",
            "swagger-ui-bundle.js": "swagger-ui-bundle.js",
            "LICENSE": "LICENSE",
            "NOTICE": "NOTICE",
        },
    ),
    (
        "redoc",
        "redoc",
        "2.5.1",
        "MIT",
        "the API's pages: /redoc",
        {
            "bundles/redoc.standalone.js": "redoc.standalone.js",
            "bundles/redoc.standalone.js.LICENSE.txt": "LICENSE-of-parts.txt",
            "LICENSE": "LICENSE",
        },
    ),
    paper_font("paper-inter", "inter", "0.4.2", "Inter", "PDFs: Latin, Greek, Cyrillic"),
    paper_font("paper-arabic", "noto-sans-arabic", "0.4.3", "NotoSansArabic", "PDFs: Arabic"),
    paper_font("paper-devanagari", "noto-sans-devanagari", "0.4.1", "NotoSansDevanagari", "PDFs: Devanagari"),
    paper_font("paper-hebrew", "noto-sans-hebrew", "0.4.1", "NotoSansHebrew", "PDFs: Hebrew"),
]

# At the end of a line alone: ReDoc has such words within its own texts too.
SOURCE_MAP = re.compile(
    rb"\s*(?://[#@]\s*sourceMappingURL=\S+|/\*[#@]\s*sourceMappingURL=[^*\n]*\*/)\s*$", re.MULTILINE
)


def fetch(package, version, into):
    """Return the path of the package's tarball."""
    done = subprocess.run(
        ["npm", "pack", "--silent", f"{package}@{version}"],
        cwd=into,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return Path(into) / done.stdout.strip().splitlines()[-1]


def unpack(tarball, files, target):
    """Copy the wanted files out of the tarball and return their (name, sha256) pairs."""
    written = []
    with tarfile.open(tarball) as archive:
        for inside, here in files.items():
            data = archive.extractfile(f"package/{inside}").read()
            if here.endswith((".css", ".js")):
                data = SOURCE_MAP.sub(b"\n", data).strip() + b"\n"
            path = target / here
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            written.append((path.relative_to(VENDOR), hashlib.sha256(data).hexdigest()))
    return written


def main():
    VENDOR.mkdir(parents=True, exist_ok=True)
    for old in VENDOR.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    lines = [
        "# Vendored front-end files",
        "",
        "Written by `scripts/vendor_assets.py`; change versions there, not here. Source-map comments are",
        "removed; otherwise the files are as published on the npm registry.",
        "",
        "| package | version | licence | what for |",
        "|---|---|---|---|",
    ]
    sums = []
    with tempfile.TemporaryDirectory() as scratch:
        for folder, package, version, licence, purpose, files in PACKAGES:
            print(f"{package} {version}")
            sums += unpack(fetch(package, version, scratch), files, VENDOR / f"{folder}-{version}")
            lines.append(f"| {package} | {version} | {licence} | {purpose} |")
    lines += ["", "Check with `sha256sum -c` inside `static/vendor`:", "", "```"]
    lines += [f"{digest}  {path}" for path, digest in sums]
    lines += ["```", ""]
    (VENDOR / "README.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
