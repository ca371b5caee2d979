"""A PostgreSQL server of the soak's own, so that it can be killed without anybody else's losing theirs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path


def programs() -> Path | None:
    """Where `initdb` and `postgres` are; Debian keeps them out of the PATH."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


class Cluster:
    """One server in a folder; killed and started again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.data, self.log, self.bin = folder / "postgres", folder / "postgres.log", programs()
        # PostgreSQL refuses to run as root.
        self.become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
        self.data.mkdir(mode=0o700)
        if self.become:
            folder.chmod(0o755)
            shutil.chown(self.data, "postgres", "postgres")
        options = ["--username=soak", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        command = [*self.become, f"{self.bin}/initdb", "--pgdata", str(self.data), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.server: subprocess.Popen | None = None
        self.start()
        self.url = f"postgres://soak@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers: after a kill it first reads its log."""
        import psycopg

        options = ["-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        with self.log.open("ab") as log:
            command = [*self.become, f"{self.bin}/postgres", "-D", str(self.data), *options]
            self.server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd="/")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(psycopg.OperationalError):
                psycopg.connect(f"postgres://soak@127.0.0.1:{self.port}/postgres", connect_timeout=3).close()
                return
            if self.server.poll() is not None:
                self.server = None
                return self.start()
            time.sleep(0.2)
        raise SystemExit(f"PostgreSQL does not come back; see {self.log}")

    def children(self) -> list[int]:
        """Its processes: one for each connection, the writers, the checkpointer."""
        path = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children") if self.server else Path("/nowhere")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def kill(self) -> None:
        """kill -9 of all of it at once, as when the power fails; then the start."""
        pids = [*self.children(), self.server.pid] if self.server else []
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.server:
            self.server.wait()
        self.start()

    def stop(self) -> None:
        """Politely."""
        if self.server:
            self.server.send_signal(signal.SIGINT)
            self.server.wait(60)
