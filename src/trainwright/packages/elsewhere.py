"""Runs a package from elsewhere: every call in a fresh, limited child process that can crash without harm.

What comes back is one array of the expected shape and a short JSON; nothing else of the child is believed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Columns
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.packages.disk import disk_problems
from trainwright.packages.ensemble import Pushes, weighted
from trainwright.packages.limits_posix import Limits, available
from trainwright.packages.verify import Checked

_HEADER = 4096  # most bytes before the values in a .npy file of ours
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")  # no secrets, no proxies


class RemoteEnsemble:
    """The same verbs as `ensemble.Ensemble`, each run in a child process of its own (about a second to
    start).

    Args:
        checked: a package that passed `verify.check_package`.
        limits: what each child may use.
        seconds: wall time after which a child is killed.

    Raises:
        EnvironmentProblem: this system cannot limit a process.
        UserError: the package cannot be loaded within the limits.
    """

    def __init__(self, checked: Checked, limits: Limits | None = None, seconds: float = 600):
        if not available():
            raise EnvironmentProblem(
                "a package from elsewhere is opened only where a process can be limited (Linux, macOS)",
                remedy="open it there, or train it again here",
            )
        self.checked = checked
        self.limits = limits or Limits()
        self.seconds = seconds
        self._run("open", None, None)

    def predict(self, columns: Columns) -> np.ndarray:
        """(n, k) calibrated probabilities, or (n,) numbers."""
        target = self.checked.manifest.target
        shape = (len(columns),) if target.task == "number" else (len(columns), target.n_outputs)
        values, _ = self._run("predict", columns, shape)
        return values

    def parts(self, columns: Columns) -> np.ndarray:
        """(n, m) what each member predicts, for a number."""
        values, _ = self._run("parts", columns, (len(columns), len(self.checked.manifest.members)))
        return values

    def combine(self, parts: np.ndarray) -> np.ndarray:
        """(n,) what `predict` gives, from `parts`."""
        shares = [member.weight for member in self.checked.manifest.members]
        return weighted(parts, [share / sum(shares) for share in shares])

    def pushes(self, columns: Columns) -> Pushes:
        """What each feature pushed for each row."""
        names = columns.layout.names
        values, answer = self._run("pushes", columns, (len(columns), len(names) + 1))
        towards = values[:, -1].astype(np.int64)
        if len(towards) and not -1 <= towards.min() <= towards.max() < self.checked.manifest.target.n_outputs:
            raise UserError("the package from elsewhere gave reasons for a class that it does not have")
        return Pushes(names, values[:, :-1], towards, exact=answer.get("exact") is True)

    def _run(
        self, what: str, columns: Columns | None, shape: tuple[int, ...] | None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        with tempfile.TemporaryDirectory(prefix="trainwright-") as name:
            folder = Path(name)
            with disk_problems(folder):
                self._write_job(folder, what, columns)
            self._start(folder)
            answer = _read_answer(folder)
            if "problem" in answer:
                kind = EnvironmentProblem if answer.get("error") == "EnvironmentProblem" else UserError
                remedy = answer.get("remedy")
                raise kind(_clean(answer["problem"]), remedy=None if remedy is None else _clean(remedy))
            values = np.empty(0) if shape is None else _read_result(folder / "result.npy", shape)
            return values, answer

    def _write_job(self, folder: Path, what: str, columns: Columns | None) -> None:
        job = {
            "what": what,
            "package": str(self.checked.folder.resolve()),
            "sha": self.checked.sha,
            "limits": asdict(self.limits),
        }
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        if columns is not None:
            for name in ("numbers", "codes", "times"):
                np.save(folder / f"{name}.npy", getattr(columns, name), allow_pickle=False)
            (folder / "texts.json").write_text(json.dumps(columns.texts.tolist()), "utf-8")

    def _start(self, folder: Path) -> None:
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
        environment |= {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "POLARS_MAX_THREADS": "1",
        }
        command = [sys.executable, "-P", "-m", "trainwright.packages.sandbox", str(folder)]
        with (folder / "stderr").open("wb") as errors:
            try:
                done = subprocess.run(  # a fresh process without our open files
                    command,
                    env=environment,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    timeout=self.seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise UserError(
                    f"the package from elsewhere did not finish within {self.seconds:.0f} s and was stopped"
                ) from error
        if done.returncode < 0:
            raise UserError(
                f"the package from elsewhere broke the process that opened it ({_signal(-done.returncode)}); "
                "it is damaged, needs more than its limits, or was made to do harm",
                remedy="do not use it",
            )
        if done.returncode != 0:
            with (folder / "stderr").open("rb") as errors:
                errors.seek(max(0, (folder / "stderr").stat().st_size - 600))
                tail = _clean(errors.read().decode("utf-8", "replace").strip().rpartition("\n")[2])
            raise UserError(f"the package from elsewhere could not be opened: {tail}", remedy="do not use it")


def _read_answer(folder: Path) -> dict[str, Any]:
    path = folder / "answer.json"
    if not path.is_file() or path.is_symlink() or path.stat().st_size > 100_000:
        raise UserError("the package from elsewhere gave no answer", remedy="do not use it")
    try:
        answer = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError("the package from elsewhere gave no readable answer", remedy="do not use it") from error
    return answer if isinstance(answer, dict) else {}


def _read_result(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The array if it is exactly of this shape, float64 and finite."""
    expected = int(np.prod(shape)) * 8
    if not path.is_file() or path.is_symlink() or not expected <= path.stat().st_size <= expected + _HEADER:
        raise UserError("the package from elsewhere gave an answer of the wrong size", remedy="do not use it")
    try:
        values = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise UserError("the package from elsewhere gave an unreadable answer", remedy="do not use it") from error
    if values.shape != shape or values.dtype != np.float64 or not np.isfinite(values).all():
        raise UserError(
            f"the package from elsewhere gave {values.dtype} values of shape {values.shape}, "
            f"expected finite float64 of shape {shape}",
            remedy="do not use it",
        )
    return values


def _clean(text: Any) -> str:
    """A message from the child without control characters, cut to a line."""
    return "".join(c if c.isprintable() else " " for c in str(text))[:500]


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
