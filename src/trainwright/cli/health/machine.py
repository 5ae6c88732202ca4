"""Python, cores, memory, disk: what a training runs on."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from trainwright.cli.health.line import Line
from trainwright.machine import ROOT, allowed_cores, core_shares, free_memory, usable_cores, whole_memory

GB = 1e9
# A training of a small table holds its libraries (0.4 GB) and little more; a network or a large table wants much more.
MEMORY_NEEDED, MEMORY_ROOMY = 0.5 * GB, 2 * GB
# A version of a small table takes a few megabytes; fold models of a large one take hundreds.
DISK_NEEDED, DISK_ROOMY = 0.05 * GB, 2 * GB


def python() -> Line:
    """The interpreter and the system it runs on."""
    found = f"Python {platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"
    if sys.maxsize < 2**32:
        return Line("python", "problem", f"{found}, 32 bit", "install a 64-bit Python 3.11 or newer")
    if platform.system() != "Linux":
        return Line("python", "note", f"{found}; trainwright is tested on Linux", "tell us what does not work here")
    return Line("python", "ok", found)


def cores(root: Path = ROOT) -> Line:
    """How many cores a training takes, and what limits them."""
    here, usable = os.cpu_count() or 1, usable_cores(root)
    allowed, shares = allowed_cores(), core_shares(root)
    found = f"{usable} usable"
    if shares and min(shares) < allowed:
        found += f" of {here}: the container gives this process the time of {min(shares):g}"
    elif allowed < here:
        found += f" of {here}: this process may run on no more"
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdigit() and 0 < int(told) < usable:
        found += f"; OMP_NUM_THREADS={told} limits what some libraries take"
        return Line("cores", "note", found, "unset OMP_NUM_THREADS, unless other programs need the cores")
    return Line("cores", "ok", found)


def memory(root: Path = ROOT) -> Line:
    """Memory that is there and free, within the limits of a container."""
    free, whole = free_memory(root), whole_memory(root)
    if free is None:
        return Line("memory", "note", "this system does not say how much is free", "watch it during the first training")
    found = f"{free / GB:.1f} GB free" + ("" if whole is None else f" of {whole / GB:.1f} GB")
    if free < MEMORY_NEEDED:
        return Line(
            "memory", "problem", found, "close other programs or raise the container's limit: 0.5 GB are needed"
        )
    if free < MEMORY_ROOMY:
        words = "enough for small tables; close other programs or use a larger machine for large tables and networks"
        return Line("memory", "note", found, words)
    return Line("memory", "ok", found)


def disk(folder: Path, name: str = "disk") -> Line:
    """Room where a folder is, or would be made."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Line(name, "problem", f"{there} cannot be asked: {error.strerror}", "check the disk that holds it")
    found = f"{free / GB:.1f} GB free at {there}"
    if free < DISK_NEEDED:
        return Line(name, "problem", found, "make room, or name a workspace elsewhere with --workspace")
    if free < DISK_ROOMY:
        return Line(name, "note", found, "enough for small tables; make room before a large one")
    return Line(name, "ok", found)


def temporary() -> Line:
    """A place for temporary files, tried."""
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"trainwright")
            file.flush()
            place = Path(file.name).parent
    except OSError as error:
        return Line("temporary files", "problem", str(error), "name a folder that can be written with TMPDIR")
    return disk(place, "temporary files")
