"""The end of a run in words and numbers for other programs: candidates, settings, predictions, samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainwright.store.files import artifact_path
from trainwright.store.runs import Run
from trainwright.store.workspace import Workspace
from trainwright.track.words import flat

SAMPLES, LONGEST = 10, 300
MOST_CLASSES = 30  # of a confusion matrix as text


def leaderboard_text(result: Mapping[str, Any]) -> str:
    """The candidates as a Markdown table, best first; empty where there are none."""
    rows = result.get("leaderboard") or []
    if not rows:
        return ""
    metrics = list(rows[0].get("metrics") or {})
    lines = [_line(["candidate", *metrics]), _line(["---"] * (1 + len(metrics)))]
    for row in rows:
        found = row.get("metrics") or {}
        lines.append(_line([row["name"], *(_number(found.get(metric)) for metric in metrics)]))
    return "\n".join(lines)


def settings_text(run: Run) -> str:
    """What was set, as a Markdown table."""
    found = flat(run.settings or {})
    return "\n".join([_line(["setting", "value"]), _line(["---", "---"]), *(_line([k, v]) for k, v in found.items())])


def samples_text(result: Mapping[str, Any]) -> str:
    """The rows that the model was most wrong about, as a Markdown table; empty where none are kept."""
    worst = result.get("worst_errors") or {}
    rows, columns = (worst.get("rows") or [])[:SAMPLES], worst.get("columns") or []
    if not rows:
        return ""
    lines = [_line(["row", "truth", "predicted", *columns]), _line(["---"] * (3 + len(columns)))]
    lines += [_line([row["row"], row["truth"], row["predicted"], *(row.get("values") or [])]) for row in rows]
    return "\n".join(lines)


def confusion_text(confusion: Mapping[str, Any]) -> str:
    """A confusion matrix as a Markdown table, a line for each true class; empty with too many classes to be read."""
    classes = confusion["classes"]
    if len(classes) > MOST_CLASSES:
        return ""
    lines = [_line(["truth, and what was said", *classes]), _line(["---"] * (1 + len(classes)))]
    return "\n".join([*lines, *(_line([name, *row]) for name, row in zip(classes, confusion["matrix"]))])


def predictions_of(workspace: Workspace, run: Run) -> dict[str, np.ndarray]:
    """What the chosen candidate predicted for rows it did not learn from, by the name of the histogram; empty where
    that is not kept."""
    sha, target = (run.record or {}).get("held_out"), (run.result or {}).get("target") or {}
    path = artifact_path(workspace, "held-out", sha) / "predictions.npz" if sha else None
    if path is None or not path.exists():
        return {}
    with np.load(path) as arrays:
        predictions = arrays["prediction"]
    classes = target.get("classes") or []
    if predictions.ndim == 2 and predictions.shape[1] == len(classes):
        return {f"Predictions/{name}": predictions[:, i] for i, name in enumerate(classes)}
    return {"Predictions": predictions}


def _line(cells: list[Any]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return text.replace("|", "\\|").replace("\r", " ").replace("\n", " ")


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else ""
