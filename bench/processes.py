"""Runs a command and measures it from outside: wall time, and the memory of its whole tree of processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE_S = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True)
class Measured:
    """A command that has ended.

    Args:
        code: its exit status.
        wall_s: seconds from its start to its end.
        peak_mb: the most memory (resident) that its largest process held.
        together_mb: the most that its processes held at one moment, sampled; shared pages count in each.
        output, errors: what it wrote.
    """

    code: int
    wall_s: float
    peak_mb: float
    together_mb: float
    output: str
    errors: str

    def json(self) -> Any:
        """Its standard output as JSON.

        Raises:
            RuntimeError: it failed; the message holds what it said.
        """
        if self.code != 0:
            raise RuntimeError(f"the command ended with status {self.code}: {self.errors.strip()[-2000:]}")
        return json.loads(self.output)


def run(command: list[str], *, cwd: Path, environment: dict[str, str] | None = None) -> Measured:
    """Runs a command to its end.

    Args:
        command: program and arguments.
        cwd: a folder for it and for what it writes.
        environment: further variables.

    The largest process is read from the kernel's own account of the tree (wait4), so none is missed between samples.
    That account of a process begins with the memory of whoever started it, so a small process of its own starts it.
    """
    account = cwd / "account.json"
    launcher = [sys.executable, __file__, str(account), *command]
    with (cwd / "stdout").open("wb") as out, (cwd / "stderr").open("wb") as err:
        variables = {**os.environ, **(environment or {})}
        child = subprocess.Popen(launcher, cwd=cwd, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=variables)
        sampler = _Sampler(child.pid)
        sampler.start()
        child.wait()
        sampler.stop()
    text = [(cwd / name).read_text("utf-8", errors="replace") for name in ("stdout", "stderr")]
    if child.returncode != 0:
        raise RuntimeError(f"{command[0]} could not be started: {text[1][-2000:]}")
    found = json.loads(account.read_text("utf-8"))
    return Measured(found["code"], found["wall_s"], found["peak_mb"], sampler.most_mb, *text)


def trainwright(*arguments: str) -> list[str]:
    """The command line of the installed `trainwright`, as a user calls it."""
    return [str(Path(sys.executable).parent / "trainwright"), *arguments]


def train(
    table: Path,
    target: str,
    *,
    workspace: Path,
    limit: float | None = None,
    more: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
) -> tuple[Measured, dict[str, Any]]:
    """`trainwright train TABLE --target ... --json`, measured, with its result document."""
    workspace.parent.mkdir(parents=True, exist_ok=True)
    limits = () if limit is None else ("--time-limit", f"{limit:g}s")
    command = trainwright(
        "train", str(table), "--target", target, "--workspace", str(workspace), "--json", *limits, *more
    )
    measured = run(command, cwd=workspace.parent, environment=environment)
    return measured, measured.json()


def launch(account: str, *command: str) -> None:
    """Starts a command, waits for it, and writes its account as JSON; run as a script by `run`."""
    before = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - before
    code = os.waitstatus_to_exitcode(status)
    found = {"code": code, "wall_s": wall, "peak_mb": usage.ru_maxrss / 1024}
    Path(account).write_text(json.dumps(found), "utf-8")


class _Sampler(threading.Thread):
    """Adds up the resident memory of a process and all its descendants, ten times a second (Linux)."""

    def __init__(self, root: int):
        super().__init__(daemon=True)
        self.most_mb = 0.0
        self._root, self._over = root, threading.Event()

    def run(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self.most_mb = max(self.most_mb, _tree_bytes(self._root) / 2**20)

    def stop(self) -> None:
        """Ends the sampling."""
        self._over.set()
        self.join()


def _tree_bytes(root: int) -> int:
    """Resident bytes of a process and its descendants; 0 where /proc does not exist."""
    children, resident = defaultdict(list), {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        pid = int(folder.name)
        children[int(fields[1])].append(pid)
        resident[pid] = int(fields[21]) * PAGE
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        total += resident.get(pid, 0)
        todo += children[pid]
    return total


if __name__ == "__main__":
    launch(*sys.argv[1:])
