"""How much processor time a process and all that it started have used: what tells a long fit from one that hangs."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

# The system's name of a thread whose time is no sign of work (at most 15 characters).
UNCOUNTED = "tw-uncounted"
PROC = Path("/proc")


def used_by(pid: int, proc: Path = PROC) -> float | None:
    """Seconds of processor time used so far by a process, its group and their descendants, without the threads that
    said `leave_out`; None where the system does not tell (it does on Linux).

    Args:
        pid: of the process, which leads its process group.
        proc: the folder in which the system tells of its processes.

    Example:
        >>> used_by(-1) is None
        True
    """
    processes = _processes(proc)
    if pid not in processes:
        return None
    family = {one for one, (_, group, _) in processes.items() if one == pid or group == pid}
    new = family
    while new:
        new = {one for one, (parent, _, _) in processes.items() if parent in new} - family
        family |= new
    ticks = sum(processes[one][2] for one in family) - _uncounted(proc / str(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def leave_out() -> None:
    """In a child: what this thread does from now on is no sign that the work goes on."""
    with suppress(OSError):  # no such system
        (PROC / f"self/task/{threading.get_native_id()}/comm").write_text(UNCOUNTED)


def _processes(proc: Path) -> dict[int, tuple[int, int, int]]:
    """Of each process: its parent, its group, and the clock ticks that it and its ended children used (proc(5))."""
    found = {}
    for folder in proc.glob("[0-9]*"):
        fields = _stat(folder / "stat")
        if len(fields) > 14:
            found[int(folder.name)] = (int(fields[1]), int(fields[2]), sum(map(int, fields[11:15])))
    return found


def _uncounted(process: Path) -> int:
    """Clock ticks of the threads of a process that are no sign of work."""
    threads = [folder for folder in process.glob("task/[0-9]*") if _name(folder) == UNCOUNTED]
    return sum(sum(map(int, _stat(folder / "stat")[11:13])) for folder in threads)


def _name(thread: Path) -> str:
    try:
        return (thread / "comm").read_text().strip()
    except OSError:  # it ended meanwhile
        return ""


def _stat(path: Path) -> list[str]:
    """The fields from the third on; the second is a name that may hold blanks and brackets."""
    try:
        return path.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        return []
