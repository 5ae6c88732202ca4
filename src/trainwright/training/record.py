"""What the reproducibility record is made of: the code, packages and hardware that a run is executed with."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from trainwright.evaluate.glossary import explain
from trainwright.tasks import Metric

# Libraries whose version can change a figure.
LIBRARIES = (
    *("numpy", "scipy", "polars", "scikit-learn", "lightgbm", "catboost", "trainwright"),
    *("interpret-core", "xgboost-cpu"),  # of the extras, where they are installed
)


def environment_record(threads: int, jobs: int) -> dict[str, Any]:
    """Code, packages and hardware, as plain data."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "threads": threads,
        "jobs": jobs,
        "packages": {name: found for name in LIBRARIES if (found := _version(name)) is not None},
        "source": source_hash(),
        "code": _git_commit(),
    }


@cache
def source_hash() -> str:
    """SHA-256 over the code of this package, which tells two states of one version apart; 16 hexadecimal digits.

    Example:
        >>> len(source_hash())
        16
    """
    folder = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()[:16]


def metric_definitions(metrics: Mapping[str, Metric]) -> dict[str, dict[str, Any]]:
    """What each metric measures, so that a figure can be read when its code is another one.

    Example:
        >>> from trainwright.data.schema import Target
        >>> from trainwright.tasks import task_for
        >>> metric_definitions(task_for(Target("y", "number")).metrics)["rmse"]["greater_is_better"]
        False
    """
    return {
        name: {
            "title": metric.title,
            "greater_is_better": metric.greater_is_better,
            "kind": metric.kind,
            "says": explain(name).text,
        }
        for name, metric in metrics.items()
    }


def peak_memory_mb() -> float | None:
    """The most memory this process has held, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024) if sys.platform == "darwin" else peak / 1024


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _git_commit() -> str | None:
    """The commit of the folder the command runs in, when it is a git checkout: the user's own code."""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=2, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
