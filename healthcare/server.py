"""Gunicorn's settings, the same under `make run`, systemd and Docker."""

from __future__ import annotations

import gc
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
# Its heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes the name


def on_starting(_server: Any) -> None:
    """Counting begins anew: forget what the processes of the last run counted."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR") or str(Path(__file__).resolve().parent.parent / "var/metrics")
    for path in Path(folder).glob("*.db"):
        path.unlink(missing_ok=True)


def post_worker_init(_worker: Any) -> None:
    """What is loaded by now stays: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    # By default a few hundred new objects start a collection: several in each request, a tenth of its time.
    gc.set_threshold(50_000, 20, 50)
