"""Web servers for a while, each on a port of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scripts.bench.databases import FOLDER, ROOT, environment
from scripts.processes import stop

WORKERS, THREADS = 2, 4


@contextmanager
def served(application: str, url: str, probe: str) -> Iterator[int]:
    """Serve a WSGI application as `make run` does; gives its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    log = FOLDER / "server.log"
    command = [
        *(sys.executable, "-m", "gunicorn", application, "--config", "python:healthcare.server"),
        *("--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads", str(THREADS)),
        *("--timeout", "120", "--keep-alive", "60"),
    ]
    with log.open("a") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment(url), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        wait_for(server, port, probe)
        yield port
    finally:
        stop(server)


def wait_for(server: subprocess.Popen, port: int, probe: str) -> None:
    """Until it answers."""
    from urllib.request import urlopen

    until = time.monotonic() + 90
    while time.monotonic() < until:
        if server.poll() is not None:
            raise SystemExit(f"The web server ended at once; see {FOLDER / 'server.log'}.")
        with suppress(OSError):
            urlopen(f"http://127.0.0.1:{port}{probe}", timeout=10).close()
            return
        time.sleep(0.1)
    raise SystemExit(f"The web server does not answer; see {FOLDER / 'server.log'}.")
