#!/usr/bin/env bash
# Serves the clinic: install, migrate, build the demo on first start, start the worker, serve.
# PORT (8000), HOST (127.0.0.1), DATABASE_URL (SQLite under var/), DEMO=0 (an empty clinic).
set -euo pipefail
cd "$(dirname "$0")/.."
export PORT="${PORT:-8000}" HOST="${HOST:-127.0.0.1}" DEMO="${DEMO:-1}"
say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

scripts/install.sh
mkdir -p var
say "Preparing the database"
.venv/bin/python manage.py migrate --verbosity 0
.venv/bin/python manage.py collectstatic --noinput --verbosity 0
if [ "$DEMO" != 0 ]; then .venv/bin/python manage.py demo --if-empty; fi

pids=()
stop() {
  trap - INT TERM EXIT
  # Each leader ends its own workers; what is left of its process group after ten seconds is killed.
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for _ in $(seq 50); do
    alive=""
    for pid in "${pids[@]}"; do kill -0 "$pid" 2>/dev/null && alive=yes; done
    [ -n "$alive" ] || break
    sleep 0.2
  done
  for pid in "${pids[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
}
trap 'stop; exit 0' INT TERM
trap stop EXIT

say "Starting the worker"
setsid .venv/bin/python manage.py qcluster >> var/worker.log 2>&1 &
pids+=($!)
say "Starting the web server"
setsid .venv/bin/gunicorn --config python:healthcare.server healthcare.wsgi:application &
pids+=($!)

# The trail's seals; a seal that is missing stops this process, which says so, and not the clinic.
setsid .venv/bin/python manage.py seal_audit >> var/seals.log 2>&1 &
pids+=($!)

for _ in $(seq 100); do
  if .venv/bin/python - "$HOST" "$PORT" <<'PY' 2>/dev/null
import sys, urllib.request
host = "127.0.0.1" if sys.argv[1] in ("0.0.0.0", "::") else sys.argv[1]
urllib.request.urlopen(f"http://{host}:{sys.argv[2]}/healthz", timeout=2)
PY
  then
    .venv/bin/python manage.py welcome
    break
  fi
  kill -0 "${pids[1]}" 2>/dev/null || { echo "The web server did not start; see the lines above."; exit 1; }
  sleep 0.2
done
# Ends when either process ends: half a clinic is worse than none.
wait -n "${pids[0]}" "${pids[1]}"
