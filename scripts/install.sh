#!/usr/bin/env bash
# Installs what the product needs (with --dev: what its tests need too) into .venv. Safe to repeat.
set -euo pipefail
cd "$(dirname "$0")/.."
dev=no; [ "${1:-}" = "--dev" ] && dev=yes
say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

# The system's own build first: pages take a fifth less time than with one that pyenv compiled (docs/bench.md).
python=""
for candidate in /usr/bin/python3 python3.13 python3.12 python3.11 python3; do
  if command -v "$candidate" >/dev/null && "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate; break
  fi
done
[ -n "$python" ] || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }

if [ ! -x .venv/bin/python ]; then
  say "Making .venv"
  "$python" -m venv .venv || { echo "Install the venv module first: apt-get install python3-venv"; exit 1; }
fi
[ -x .venv/bin/uv ] || { say "Installing uv"; .venv/bin/python -m pip install --quiet uv; }

wanted="$(cat uv.lock pyproject.toml | cksum) $dev"
if [ "$(cat .venv/.installed 2>/dev/null)" != "$wanted" ]; then
  say "Installing packages from uv.lock"
  # --inexact: uv itself lives in the same environment.
  if [ "$dev" = yes ]; then .venv/bin/uv sync --frozen --inexact --quiet
  else .venv/bin/uv sync --frozen --inexact --quiet --no-dev; fi
  echo "$wanted" > .venv/.installed
fi

# System libraries: WeasyPrint draws PDFs with Pango; the tests drive Chromium.
packages=""
if ! .venv/bin/python -c "import weasyprint" >/dev/null 2>&1; then packages="libpangoft2-1.0-0 libharfbuzz-subset0"; fi
# Fonts for names in scripts that the base fonts lack.
if command -v fc-list >/dev/null; then
  # Read whole before searching: a pipe that grep closes early counts as failed under pipefail.
  fonts=$(fc-list 2>/dev/null)
  grep -qi "NotoSans-" <<<"$fonts" || packages="$packages fonts-noto-core"
  grep -qi "CJK" <<<"$fonts" || packages="$packages fonts-noto-cjk"
else
  packages="$packages fontconfig fonts-noto-core fonts-noto-cjk"
fi
# docs/api.md is walked through with curl.
for tool in chromium curl; do
  [ "$dev" = no ] || command -v $tool >/dev/null || packages="$packages $tool"
done
# The program that steers Chromium brings everything with it but this.
if [ "$dev" = yes ] && ! .venv/bin/python -m playwright --version >/dev/null 2>&1; then packages="$packages libatomic1"; fi
# Backups of PostgreSQL are made by pg_dump; its tests make some too.
if [ "$dev" = yes ] || [[ "${DATABASE_URL:-$(grep -s ^DATABASE_URL= .env || true)}" == *postgres* ]]; then
  command -v pg_dump >/dev/null || packages="$packages postgresql-client"
fi
if [ -n "$packages" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing system packages:$packages"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages >/dev/null
  else
    say "Please install these system packages (PDFs, backups and tests need them), then run this again:"
    echo "    sudo apt-get install -y $packages"
    if ! .venv/bin/python -c "import weasyprint" >/dev/null 2>&1; then exit 1; fi
  fi
fi
