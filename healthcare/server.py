"""Gunicorn's settings, the same under `make run`, systemd and Docker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 10
# A searched name stands in the address: no access log. The product logs requests by their route.
accesslog = None
loglevel = "warning"
# Nobody steers a running server through a socket, which would need a folder to write in.
control_socket_disable = True
# Its heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - gunicorn makes the name


def on_starting(_server: Any) -> None:
    """Counting begins anew: forget what the processes of the last run counted."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR") or str(Path(__file__).resolve().parent.parent / "var/metrics")
    for path in Path(folder).glob("*.db"):
        path.unlink(missing_ok=True)
