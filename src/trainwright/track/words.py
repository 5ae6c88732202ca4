"""What a run is called and described by in other programs: names, settings as flat text, tags."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from trainwright.store.projects import Project
from trainwright.store.runs import Run


def identity(project: Project, run: Run) -> str:
    """What a run is found again by: the same for a workspace that was moved, another for every run there is."""
    text = f"{project.name}/{project.created!r}/{run.id}/{run.created!r}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def folder_name(project: Project, run: Run) -> str:
    """The name of a run's folder, safe on every system.

    Example:
        >>> from types import SimpleNamespace as Row
        >>> folder_name(Row(name="adult"), Row(id=3))
        'adult-3'
    """
    return f"{safe(project.name)}-{run.id}"


def safe(name: str) -> str:
    """A name with nothing in it that a path or MLflow would refuse; two names that differ stay apart.

    Example:
        >>> safe("Accuracy/validation"), safe("F1/déjà vu/validation")
        ('Accuracy/validation', 'F1/d_j_ vu/validation-2a3a1d1c')
    """
    parts = [re.sub(r"[^A-Za-z0-9_. -]", "_", part).strip() for part in name.split("/")]
    found = "/".join("_" if part.strip(".") == "" else part for part in parts)
    if found == name and len(name) <= 200:
        return name
    return f"{found[:191]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def flat(document: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Nested settings as names with dots and text; what is not set is left out.

    Example:
        >>> flat({"training": {"seed": 0, "epochs": None, "families": ["linear"]}})
        {'training.seed': '0', 'training.families': '["linear"]'}
    """
    found: dict[str, str] = {}
    for key, value in document.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{name}.")
        elif value is not None and value != []:
            found[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return found


def tags(project: Project, run: Run) -> dict[str, str]:
    """What else is said of a run: where it comes from, its data, seed, libraries, machine and commit."""
    record, result = run.record or {}, run.result or {}
    environment = dict(record.get("environment") or {})
    packages = environment.pop("packages", None)
    commit = environment.pop("code", None)
    data = record.get("data") or {}
    found = {
        "trainwright.id": identity(project, run),
        "trainwright.project": project.name,
        "trainwright.run": run.id,
        "trainwright.kind": run.kind,
        "trainwright.state": run.state,
        "trainwright.version": result.get("version"),
        "trainwright.selected": result.get("selected"),
        "trainwright.data_version": data.get("version"),
        "trainwright.dataset": result.get("dataset"),
        "trainwright.seed": record.get("seed"),
        "trainwright.packages": packages,
        "trainwright.hardware": environment or None,
        "trainwright.package": record.get("package"),
        "trainwright.error": (run.error or {}).get("message"),
        "mlflow.source.git.commit": commit,
        "mlflow.source.name": "trainwright",
        "mlflow.source.type": "JOB",
        "mlflow.note.content": result.get("verdict"),
    }
    return {
        key: (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:5000]
        for key, value in found.items()
        if value is not None
    }


def figures(result: Mapping[str, Any]) -> dict[str, float]:
    """The figures of a run with their bounds, by "validation/roc_auc", "test/roc_auc_low", ...

    Example:
        >>> figures({"test": {"roc_auc": {"value": 0.9, "low": 0.8, "high": None}}})
        {'test/roc_auc': 0.9, 'test/roc_auc_low': 0.8}
    """
    found: dict[str, float] = {}
    for part in ("validation", "test"):
        for metric, estimate in (result.get(part) or {}).items():
            if not isinstance(estimate, Mapping):
                continue
            for ending, key in (("", "value"), ("_low", "low"), ("_high", "high")):
                if isinstance(estimate.get(key), int | float):
                    found[f"{part}/{metric}{ending}"] = float(estimate[key])
    return found
