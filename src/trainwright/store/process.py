"""Says which process owns something and whether it still lives; a reused process number is not mistaken for
it.
"""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process: its machine, number and start.

    Args:
        host: the machine's name.
        pid: the process number.
        started: clock ticks from the machine's start to the process's, or 0 where the system does not say.
    """

    host: str
    pid: int
    started: int

    def __str__(self) -> str:
        return f"{self.host}-{self.pid}-{self.started}"

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """The owner from its text (anything may follow), or None when the text names none."""
        match = re.match(r"^([\w.]+)-(\d+)-(\d+)(?:$|-)", text)
        return None if match is None else cls(match[1], int(match[2]), int(match[3]))


def current_owner() -> Owner:
    """This process."""
    host = re.sub(r"[^\w.]", "_", platform.node() or "unknown")
    return Owner(host, os.getpid(), _started(os.getpid()) or 0)


def is_alive(owner: Owner) -> bool | None:
    """True or False when this machine can tell, None when it cannot (another machine, or a system without
    /proc).
    """
    here = current_owner()
    if owner.host != here.host or here.started == 0:
        return None
    return _started(owner.pid) == owner.started


def _started(pid: int) -> int | None:
    # Linux only: field 22 of /proc/PID/stat, counted after the command's closing bracket (proc(5)).
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    if fields[0] in ("Z", "X"):
        return None  # it has ended, and nobody has taken note of that (a container without an init process)
    return int(fields[19])
