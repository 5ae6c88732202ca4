"""What the machine lends this process: cores and memory, counted as the control groups of a container limit them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def usable_cores(root: Path = ROOT) -> int:
    """Cores that this process may use: those it may run on, and no more than a container's share of time pays for.

    A share of one core and a half counts as one: two threads would be stopped for part of every tenth of a second.

    Args:
        root: of the file system that tells of control groups.

    Example:
        >>> usable_cores() >= 1
        True
    """
    return max(1, min([allowed_cores(), *(int(share) for share in core_shares(root))]))


def allowed_cores() -> int:
    """Cores that the system lets this process run on, whatever share of their time it gets."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def core_shares(root: Path = ROOT) -> list[float]:
    """The cores' worth of time that each control group above this process is limited to, in versions 2 and 1."""
    found = []
    for folder, second in _groups("cpu", root):
        try:
            if second:
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text()
                period = (folder / "cpu.cfs_period_us").read_text()
            limit, every = int(quota), int(period)
        except (OSError, ValueError):  # no such group, or "max"
            continue
        if limit > 0 and every > 0:  # -1: no limit
            found.append(limit / every)
    return found


def free_memory(root: Path = ROOT) -> int | None:
    """Bytes that this process may still take, or None where that is not known: the least of what the system says is
    available and what its control groups leave.
    """
    found = [value for value in (_of_system("MemAvailable", root), *_left(root)) if value is not None]
    return min(found) if found else None


def whole_memory(root: Path = ROOT) -> int | None:
    """Bytes of memory of the machine, or of the smallest control group around this process; None where not known."""
    found = [value for value in (_of_system("MemTotal", root), *(most for most, *_ in _limits(root))) if value]
    return min(found) if found else None


def memory_kills(root: Path = ROOT) -> int | None:
    """How many processes were killed for want of memory since the machine started, as far as this process can know of
    it; None where nothing tells. Two counts are compared: the number itself means little.
    """
    found: list[int] = []
    for folder, second in _groups("memory", root):
        found += _counted(folder / ("memory.events" if second else "memory.oom_control"), "oom_kill")
    found += _counted(root / "proc/vmstat", "oom_kill")
    return sum(found) if found else None


def _counted(path: Path, key: str) -> list[int]:
    """The number behind a key in a file of `key number` lines; nothing where there is none."""
    try:
        words = [line.split() for line in path.read_text().splitlines()]
        return [int(line[1]) for line in words if len(line) == 2 and line[0] == key]
    except (OSError, ValueError):
        return []


def _of_system(key: str, root: Path) -> int | None:
    try:
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return None
    return None


def _left(root: Path) -> list[int]:
    # Files cached on behalf of the group are given up when memory is wanted.
    return [max(most - now + cached, 0) for most, now, cached in _limits(root)]


def _limits(root: Path) -> list[tuple[int, int, int]]:
    """Of each control group with a limit: the limit, what is used, and what of that is cached files."""
    found = []
    for folder, second in _groups("memory", root):
        limit, used = ("memory.max", "memory.current") if second else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        cache = "inactive_file" if second else "total_inactive_file"
        try:
            most, now = int((folder / limit).read_text()), int((folder / used).read_text())
            stat = (folder / "memory.stat").read_text().split()
        except (OSError, ValueError):  # no such group, or "max"
            continue
        found.append((most, now, int(stat[stat.index(cache) + 1]) if cache in stat else 0))
    return found


def _groups(controller: str, root: Path) -> Iterator[tuple[Path, bool]]:
    """The folders of the control groups around this process, and whether they are of version 2 (cgroups(7))."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, names, path = line.split(":", 2)
        inside = Path(path.lstrip("/"))
        for part in (inside, *inside.parents):
            if not names:
                yield root / "sys/fs/cgroup" / part, True
            elif controller in names.split(","):
                yield root / "sys/fs/cgroup" / controller / part, False
