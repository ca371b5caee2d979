"""Processes that lead groups of their own: how they are ended."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress


def stop(*leaders: subprocess.Popen, patience: float = 20) -> None:
    """Each leader ends its own processes, as in scripts/run.sh; what is left after so many seconds is killed.

    SIGTERM to a whole group at once would let the worker wait for its own processes until it is killed.
    """
    for leader in leaders:
        leader.terminate()
    for leader in leaders:
        with suppress(subprocess.TimeoutExpired):
            leader.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()
