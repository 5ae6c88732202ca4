"""Turns the manifest of an older package format into the current one, in memory; the package itself never
changes.

One function per step, format n to n + 1; `current` walks the steps. What each format was:

- **0**: no `calibration` and no `decision`; `threshold` stood at the top; `files` gave the bare SHA-256 of
  each file.
- **1**: the present one, see `manifest.Manifest`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainwright.errors import EnvironmentProblem
from trainwright.packages.manifest import FORMAT, NAME, VERSION, check_path
from trainwright.packages.plain_json import Reader


def from_0(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Format 0 to 1: sizes are read off the files, whose hashes are then checked as always."""
    top = Reader(data, NAME)
    old = top.mapping("files")
    files = {}
    for name, sha in old.items():
        path = folder / check_path(name)
        files[name] = {"sha256": sha, "size": path.lstat().st_size if path.exists() else 0}
    new = {key: value for key, value in data.items() if key not in ("threshold", "files")}
    return {
        **new,
        "format": 1,
        "calibration": {"kind": "identity"},
        "decision": {"threshold": data.get("threshold")},
        "files": files,
    }


STEPS: dict[int, Callable[[dict[str, Any], Path], dict[str, Any]]] = {0: from_0}


def current(data: Any, folder: Path) -> dict[str, Any]:
    """The manifest's data in the current format.

    Args:
        data: what manifest.json holds.
        folder: the package, for steps that look at its files.

    Raises:
        EnvironmentProblem: the package was written by a newer release in a format this one does not know.
        UserError: the format is no number that ever was.
    """
    top = Reader(data, NAME)
    number = top.integer("format", 0)
    if number > FORMAT:
        from trainwright.packages.needs import own_version

        writer = str(top.data.get("writer", ""))
        known = VERSION.fullmatch(writer) is not None
        raise EnvironmentProblem(
            f"the package {folder.name} has format {number}, written by "
            + (f"trainwright {writer}" if known else "a newer trainwright")
            + f"; this is trainwright {own_version()}, which reads formats 0 to {FORMAT}",
            remedy=f"pip install 'trainwright>={writer}'" if known else "pip install --upgrade trainwright",
        )
    out = top.data
    while number < FORMAT:
        out = STEPS[number](out, folder)
        number += 1
    return out
