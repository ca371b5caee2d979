#!/usr/bin/env bash
# All checks: lint, types, import contracts, templates, migrations, the suite on SQLite and on PostgreSQL, Chromium.
# TEST_POSTGRES_URL names the PostgreSQL server; without one that answers, that part is left out and says so,
# except under CI=true, where it must be there.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\n\033[1m==>\033[0m %s\n' "$*"; }
started=$SECONDS

scripts/install.sh --dev
bin=.venv/bin
export DJANGO_SETTINGS_MODULE=healthcare.settings SPEC_RESULTS=1
unset DATABASE_URL
rm -f .spec-results.json

say "Lint";              $bin/ruff check . && $bin/ruff format --check --quiet .
say "Templates";         $bin/djlint templates --lint --quiet
say "Import contracts";  $bin/lint-imports
say "Types";             $bin/mypy .
say "Checks, migrations"
$bin/python manage.py check
$bin/python manage.py makemigrations --check --dry-run
DEBUG=0 SECRET_KEY="$(head -c 40 /dev/urandom | base64)" ALLOWED_HOSTS=clinic.example.org \
  $bin/python manage.py check --deploy --fail-level WARNING

jobs=$(nproc)
say "Suite on SQLite"
$bin/python -m pytest -n "$jobs" -m "not e2e" "$@"

postgres="${TEST_POSTGRES_URL:-postgres://root@127.0.0.1:5432/postgres}"
if $bin/python -c "import psycopg, sys; psycopg.connect(sys.argv[1], connect_timeout=3).close()" "$postgres" 2>/dev/null; then
  say "Suite on PostgreSQL"
  # What touches no database ran a moment ago. A test database need not survive a power cut.
  DATABASE_URL="$postgres" PGOPTIONS="-c synchronous_commit=off" \
    $bin/python -m pytest -n "$jobs" -m "not e2e" --only-database "$@"
elif [ "${CI:-}" = true ]; then
  echo "PostgreSQL does not answer at TEST_POSTGRES_URL, and CI must test on it."; exit 1
else
  say "PostgreSQL does not answer: its half of the suite was LEFT OUT (set TEST_POSTGRES_URL)"
fi

say "End to end, in Chromium"
# Each process has a clinic and a browser of its own; a file's tests stay together.
if command -v chromium >/dev/null; then $bin/python -m pytest -n "$jobs" --dist loadfile -m e2e
elif [ "${CI:-}" = true ]; then echo "Chromium is missing, and CI must test with it."; exit 1
else say "Chromium is missing: the end-to-end tests were LEFT OUT"; fi

say "All green in $((SECONDS - started)) s"
