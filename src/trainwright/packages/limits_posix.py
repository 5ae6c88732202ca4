"""The only module with POSIX calls for the limited child process: memory, processor time, file size, no
network.

Imports nothing but the standard library, so that the limits hold before anything else is loaded.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from dataclasses import dataclass
from typing import Any

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, clone(2)
_NEW_USER = 0x10000000  # CLONE_NEWUSER
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS
_SIGKILL = 9
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.kill",
    "os.truncate",
    "shutil.",
    "pickle.find_class",
    "webbrowser.",
    "urllib.",
)


@dataclass(frozen=True)
class Limits:
    """What the child process may use.

    Args:
        cpu_seconds: processor time.
        memory_bytes: address space.
        file_bytes: largest file it may write.
    """

    cpu_seconds: int = 300
    memory_bytes: int = 6 * 1024**3
    file_bytes: int = 2 * 1024**3


def available() -> bool:
    """Whether this system can limit a process (Linux, macOS; not Windows)."""
    return os.name == "posix"


def apply(limits: Limits) -> None:
    """Limits this process for good; called first thing in the child."""
    import resource

    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_AS: limits.memory_bytes,
    }
    for what, most in wanted.items():
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS knows RLIMIT_AS but may refuse to set it
            resource.setrlimit(what, (most, most))
    if sys.platform == "linux":
        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(_DIE_WITH_PARENT, _SIGKILL, 0, 0, 0)
        library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        # A network of its own without any device; where the kernel refuses that, `guard` still stops
        # Python sockets.
        if library.unshare(_NEW_NETWORK) != 0:
            library.unshare(_NEW_USER | _NEW_NETWORK)


def guard(writable: str) -> None:
    """From here on Python code in this process opens no socket, starts no process, unpickles no class and
    writes only below `writable`. Cannot be undone (`sys.addaudithook`)."""
    inside = os.path.realpath(writable) + os.sep
    in_hook = False

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal in_hook
        if event.startswith(_FORBIDDEN):
            raise PermissionError(f"{event} is not allowed while a package from elsewhere is open")
        if event == "open" and not in_hook:
            in_hook = True
            try:
                _check_open(args, inside)
            finally:
                in_hook = False

    sys.addaudithook(hook)


def _check_open(args: tuple[Any, ...], inside: str) -> None:
    path, mode, flags = args
    writes = (isinstance(mode, str) and any(c in mode for c in "wax+")) or (
        isinstance(flags, int) and flags & _WRITING != 0
    )
    if writes and not isinstance(path, int):
        real = os.path.realpath(os.fsdecode(path))
        if real != os.devnull and not real.startswith(inside):
            raise PermissionError(f"writing {real} is not allowed while a package from elsewhere is open")
