"""The processes of a clinic under test: web, worker and sealer, and how they are killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from scripts.bench.databases import ROOT
from scripts.processes import stop


class Clinic:
    """One database and folder, and everything that runs on them."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder, self.kills = folder, 0
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "healthcare.settings",
            "MEDIA_ROOT": str(folder / "media"),
            "AUDIT_HEAD_FILE": str(folder / "audit.head"),
            "AUDIT_KEY": "soak",
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
            "API_RATE": "1000000/m",
            "API_LOGIN_RATE": "1000000/m",
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
        }
        self.running: dict[str, subprocess.Popen] = {}
        self.clock = folder / "clock"
        self.has_clock = self.make_clock()

    def make_clock(self) -> bool:
        """A wall clock of the clinic's own processes, where there is a C compiler."""
        compiler = shutil.which("cc")
        source, library = Path(__file__).with_name("clock.c"), self.folder / "clock.so"
        command = [compiler or "", "-shared", "-fPIC", "-O2", "-o", str(library), str(source)]
        if not compiler or subprocess.run(command, capture_output=True).returncode:
            return False
        self.set_clock(0)
        self.environment |= {"LD_PRELOAD": str(library), "SOAK_CLOCK": str(self.clock)}
        return True

    def set_clock(self, seconds: int) -> None:
        """Off by so much from now on. In place: the processes look at these very bytes."""
        with self.clock.open("r+b" if self.clock.exists() else "wb") as file:
            file.write(struct.pack("l", seconds))

    def manage(self, *command: str) -> None:
        """A command of the clinic; SystemExit if it fails."""
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=self.environment, check=True)

    def python(self, module: str, *args: str) -> str:
        """What one of our modules prints."""
        done = subprocess.run(
            [sys.executable, "-m", module, *args], cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise SystemExit(f"{module} failed")
        return done.stdout

    COMMANDS = {
        "web": ["-m", "gunicorn", "--config", "python:healthcare.server", "healthcare.wsgi:application"],
        "worker": ["manage.py", "qcluster"],
        "sealer": ["manage.py", "seal_audit"],
    }

    def start(self) -> None:
        """Everything, and wait until it answers."""
        for name in self.COMMANDS:
            self.begin(name)
        self.wait()

    def begin(self, name: str) -> None:
        """One of them, as the head of its own process group."""
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, *self.COMMANDS[name]]
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Until the web process answers."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return
            time.sleep(0.2)
        raise SystemExit(f"The web server does not answer; see {self.folder / 'web.log'}.")

    def kill_something(self, dice: random.Random) -> None:
        """kill -9: mostly one web process, at times a worker's, the sealer, or the web server with all that it has."""
        what = dice.choice(["child", "child", "child", "worker", "sealer", "web"])
        name = "web" if what == "child" else what
        head = self.running[name].pid
        children = self.children(head)
        with suppress(ProcessLookupError):
            if what == "child" and children:
                os.kill(dice.choice(children), signal.SIGKILL)
            else:
                os.killpg(head, signal.SIGKILL)
                self.running[name].wait()
                self.begin(name)
        self.kills += 1

    def children(self, head: int) -> list[int]:
        """The processes that one has started."""
        path = Path(f"/proc/{head}/task/{head}/children")
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def stop(self) -> None:
        """Everything, politely; then not."""
        stop(*self.running.values())
