"""What goes wrong in a soak beside kills of our own processes: the database, the disk and the clock."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from scripts.soak.cluster import Cluster
from scripts.soak.processes import Clinic


class Disk:
    """A small disk of the soak's own, where the machine allows a mount."""

    SIZE = "1500m"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.SIZE},mode=755", "tmpfs", str(folder)]
        self.mounted = os.getuid() == 0 and not subprocess.run(command, capture_output=True).returncode

    def fill(self, seconds: float) -> None:
        """Not a byte is left for a while."""
        ballast = self.folder / "ballast"
        with suppress(OSError), ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(self.folder).free - 1))
        until = time.monotonic() + seconds
        with suppress(OSError), (self.folder / "ballast2").open("wb", buffering=0) as file:
            while time.monotonic() < until:
                # What somebody gives back in the meantime is taken too.
                with suppress(OSError):
                    file.write(b"x" * 4096)
                time.sleep(0.001)
        for path in self.folder.glob("ballast*"):
            path.unlink()

    def unmount(self) -> None:
        """Give it back."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class Faults:
    """Does one thing after another, and knows which the machine allows."""

    def __init__(self, clinic: Clinic, disk: Disk, cluster: Cluster | None, dice: random.Random) -> None:
        self.clinic, self.disk, self.cluster, self.dice = clinic, disk, cluster, dice
        self.done: dict[str, int] = {}
        self.possible: dict[str, Callable[[], None]] = {"stall": self.stall}
        if cluster:
            self.possible |= {"database killed": cluster.kill, "connection killed": self.kill_connection}
        if disk.mounted:
            self.possible["full disk"] = self.fill
        if clinic.has_clock:
            self.possible["clock step"] = self.step_clock

    #: While these last, and until all is well again, an error may be shown; the others are to pass unnoticed.
    BREAKING = frozenset({"database killed", "connection killed", "full disk"})

    def choose(self) -> str:
        """Some fault's name; all of them come in turn."""
        fewest = min(self.done.get(name, 0) for name in self.possible)
        return self.dice.choice([name for name in self.possible if self.done.get(name, 0) == fewest])

    def do(self, name: str) -> None:
        """Let it happen."""
        self.possible[name]()
        self.done[name] = self.done.get(name, 0) + 1

    def step_clock(self) -> None:
        """The wall clock jumps by four minutes, and is set right again: less than a session may be idle."""
        self.clinic.set_clock(self.dice.choice((-240, 240)))
        time.sleep(8)
        self.clinic.set_clock(0)

    def stall(self) -> None:
        """Everything that writes stands still for two seconds, as when a disk does not answer."""
        head = self.clinic.running["web"].pid
        pids = self.cluster.children() if self.cluster else self.clinic.children(head)
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number == signal.SIGSTOP:
                time.sleep(2)

    def fill(self) -> None:
        """The disk is full for three seconds; a PostgreSQL that gave up for it is started again."""
        self.disk.fill(3)
        if self.cluster and self.cluster.server and self.cluster.server.poll() is not None:
            self.cluster.start()

    def kill_connection(self) -> None:
        """kill -9 of one of the database's processes: PostgreSQL drops all connections and recovers."""
        if self.cluster and (pids := self.cluster.children()):
            with suppress(ProcessLookupError):
                os.kill(self.dice.choice(pids), signal.SIGKILL)
