"""Runs the command line as a user does, in this process or in one of its own, and looks at what it says."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.cli.app import main

# Few and fast fits: the simple families on two folds. No clock decides anything on a busy machine.
QUICK = ("--families", "linear", "--folds", "2", "--repeats", "1", "--time-limit", "60s")


@dataclass(frozen=True)
class Said:
    """What a command answered: its exit status, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; anything else there fails."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Shop:
    """A project named "shop" with two versions.

    Args:
        workspace: its workspace.
        table: the file it was trained on.
        document: what `train --json` said for v1.
        screen: what `train` said to people for v2.
    """

    workspace: Path
    table: Path
    document: dict[str, Any]
    screen: str


def run(*words: str | Path) -> Said:
    """A command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(word) for word in words])
        except SystemExit as leaving:
            code = leaving.code
    assert isinstance(code, int)
    return Said(code, out.getvalue(), err.getvalue())


def start(*words: str | Path, cwd: Path | None = None) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key != "TRAINWRIGHT_WORKSPACE"}
    command = [sys.executable, "-m", "trainwright", *map(str, words)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=cwd, env=environment)


def finish(process: subprocess.Popen[str]) -> Said:
    """What a started command answered."""
    out, err = process.communicate(timeout=300)
    return Said(process.returncode, out, err)


def assert_refused(said: Said, code: int, *words: str) -> None:
    """One message on standard error that holds every word, the right status, no traceback."""
    assert said.code == code, (said.code, said.out[-2000:], said.err[-2000:])
    assert said.err.startswith("error: ") and said.err.count("\n") == 1, said.err
    assert "Traceback" not in said.err + said.out
    for word in words:
        assert word in said.err, (word, said.err)


def rows(n: int = 160, seed: int = 0) -> list[dict[str, Any]]:
    """n rows of a shop's customers; whether they buy depends on age and job."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n)
    job = rng.choice(["clerk", "cook", "nurse"], n)
    noise = rng.normal(size=n)
    return [
        {
            "age": int(a),
            "job": str(j),
            "spent": round(float(x), 3),
            "bought": "yes" if (a - 45) / 15 + (j == "nurse") + e > 0 else "no",
        }
        for a, j, x, e in zip(age, job, rng.normal(10, 3, n), noise)
    ]


def write_csv(path: Path, table: list[dict[str, Any]]) -> Path:
    """The rows as a CSV file; values are quoted where CSV needs it."""
    import csv

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder with its content's hash; the database by its rows, because reading may touch it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("trainwright.db"):
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    if (folder / "trainwright.db").exists():
        found["rows"] = hashlib.sha256("\n".join(_dump(folder / "trainwright.db")).encode()).hexdigest()
    return found


def _dump(path: Path) -> list[str]:
    import sqlite3

    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())
