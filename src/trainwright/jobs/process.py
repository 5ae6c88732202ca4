"""Starts and watches child processes; the only module with calls that differ between systems."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import IO, Any

# An attempt that no longer hears from its parent ends itself, so that no orphan works on unseen.
ORPHAN = 17
# What to do where memory did not suffice.
LESS_MEMORY = "free memory, use fewer rows (--sample 20%) or one fit at a time (--jobs 1)"

NO_MORE: Mapping[str, str] = MappingProxyType({})


def own_group(flags: int = 0) -> dict[str, Any]:
    """What `subprocess.Popen` is told so that a child has a process group of its own.

    Args:
        flags: more creation flags, for Windows alone.
    """
    return {"creationflags": 0x00000200 | flags} if os.name == "nt" else {"start_new_session": True}


def spawn(module: str, *arguments: str, more: Mapping[str, str] = NO_MORE) -> subprocess.Popen[bytes]:
    """Starts `python -m module ...` in a process group of its own, with a pipe that tells it when we die.

    Numerical libraries start with one thread each, because sums over several threads differ in their last bits from
    run to run; a fit takes its threads by its own setting.

    Args:
        more: environment variables besides ours.
    """
    environment = dict(os.environ) | {"OMP_WAIT_POLICY": "PASSIVE"} | dict(more)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = "1"
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        **own_group(),
    )


def spawn_apart(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Starts `python -m module ...` on its own: it outlives us, hears nothing from us, and says nothing to anybody."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ) | {"OMP_NUM_THREADS": "1"},
        **own_group(0x00004000),  # below normal priority
    )


def yield_to_others() -> None:
    """Lets every other process go first, where the system knows that."""
    if hasattr(os, "nice"):
        os.nice(19)


def watch_parent(on_word: Callable[[str], None]) -> None:
    """In a child: ends this process when the parent is gone, and hands on the words it sends ("stop")."""

    def loop() -> None:
        # Not `sys.stdin`: a thread that waits in it holds a lock which the interpreter wants when it ends.
        pending = b""
        while chunk := os.read(0, 4096):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                on_word(line.decode().strip())
        os._exit(ORPHAN)

    threading.Thread(target=loop, name="parent", daemon=True).start()


def drain(stream: IO[bytes] | None) -> Callable[[], bytes]:
    """Reads all of a child's output as it comes, since a child whose pipe is full stands still (see also `Output`).

    Args:
        stream: standard output or error of the child.

    Returns:
        A function that waits for the end of the output and gives it.
    """
    if stream is None:
        return lambda: b""
    held = bytearray()

    def loop() -> None:
        while chunk := os.read(stream.fileno(), 65_536):
            held.extend(chunk)

    thread = threading.Thread(target=loop, name="output", daemon=True)
    thread.start()

    def end() -> bytes:
        thread.join()
        return bytes(held)

    return end


def tell(process: subprocess.Popen[bytes], word: str) -> None:
    """In a parent: sends a word to the child; a child that is gone is no error."""
    with contextlib.suppress(BrokenPipeError, ValueError):
        assert process.stdin is not None
        process.stdin.write(f"{word}\n".encode())
        process.stdin.flush()


def close_pipes(process: subprocess.Popen[bytes]) -> None:
    """Closes what is open to and from a child that has ended."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        # What the child did not read any more is still in the buffer, and closing would send it.
        with contextlib.suppress(BrokenPipeError):
            if pipe is not None:
                pipe.close()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a child that has not been seen to end, and whatever it started; one that is gone is no error."""
    if process.returncode is not None:
        return  # its number may be another's by now
    if os.name == "nt":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()


def poll_group(process: subprocess.Popen[bytes]) -> int | None:
    """The exit status of a child, None while it works; when it has ended, whatever it started is ended too."""
    if os.name != "nt" and process.returncode is None:
        # Looks without taking the status, so that the number still is the child's when its group is killed.
        try:
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                kill_group(process)
        except ChildProcessError:  # taken by somebody else; poll says what is known
            pass
    return process.poll()


def ending(returncode: int, memory_kills: int | None = None) -> tuple[str, str, str]:
    """What the end of a process without a result means: (cause, sentence, what to do).

    Causes are "memory", "killed", "data" and "crash".

    Args:
        returncode: the exit status; negative for a signal.
        memory_kills: processes that the system killed for want of memory meanwhile; None where that is not known.

    Example:
        >>> ending(-9)[0], ending(-9, 1)[0], ending(-9, 0)[0]
        ('memory', 'memory', 'killed')
    """
    if returncode in (-9, 137) and memory_kills == 0:
        return (
            "killed",
            "the training process was killed (signal 9); the system counts no kill for want of memory meanwhile",
            "somebody, a container or a limit on processes ended it",
        )
    if returncode in (-9, 137):
        return (
            "memory",
            "the training process was killed by the system (signal 9), most likely because memory ran out",
            LESS_MEMORY,
        )
    if returncode < 0:
        return (
            "killed",
            f"the training process was ended by signal {-returncode}",
            "if it happens again, a library crashed: see the log",
        )
    if returncode == 2:
        return "data", "the training process found a mistake in what it was given", "see the log"
    return (
        "crash",
        f"the training process ended with status {returncode} and no result",
        "see the log",
    )
