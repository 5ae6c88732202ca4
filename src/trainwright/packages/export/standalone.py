"""A folder with a model and a script that need no trainwright: NumPy, and the boosting library where there is one."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.schema import Kind
from trainwright.errors import TrainwrightError
from trainwright.models.storage import write_arrays, write_json
from trainwright.packages import needs
from trainwright.packages.export.int8 import timed
from trainwright.packages.export.pipeline import Pipeline
from trainwright.packages.export.steps import Step
from trainwright.packages.manifest import NAME
from trainwright.packages.verify import Checked

_HERE = Path(__file__).parent
_SUFFIXES = {"lightgbm": "txt", "xgboost": "ubj", "catboost": "cbm", "tokens": "json", "encoder": "onnx"}
# What language models need, which are not opened by the library that trained them.
TEXTS = {"tokens": {"tokenizers": ">=0.20,<1"}, "encoder": {"onnxruntime": ">=1.20,<2"}}
_SECONDS = 600

# What runs the script as a user would, on a machine where trainwright cannot be imported.
_ALONE = """
import runpy, sys
sys.modules["trainwright"] = None
script, table, out = sys.argv[1:]
sys.argv = [script, table, "-o", out]
runpy.run_path(script, run_name="__main__")
"""


def write_folder(folder: Path, pipeline: Pipeline, checked: Checked, label: str) -> dict[str, str]:
    """Writes the folder and returns what running it needs: library -> range.

    Args:
        folder: an empty folder.
        pipeline: the version's steps.
        checked: the version's package.
        label: how users call the version, such as "adult@v2".
    """
    arrays: dict[str, np.ndarray] = {}
    steps = [_stored(step, arrays, folder) for step in pipeline.steps]
    facts = {
        "format": 1,
        "version": label,
        "target": pipeline.target.column,
        "columns": list(pipeline.layout.names),
        **pipeline.answers(),
        "band": pipeline.band,
        "review_above": pipeline.review_above,
        "bounds": pipeline.bounds,
        "steps": steps,
        "output": pipeline.output,
    }
    write_json(folder / "model.json", facts)
    write_arrays(folder / "arrays.npz", **arrays)
    write_script(folder, "model")
    (folder / NAME).write_bytes((checked.folder / NAME).read_bytes())
    needed = {"numpy": needs.ALWAYS["numpy"]}
    for step in pipeline.steps:
        needed |= TEXTS.get(step.operation) or needs.BY_FAMILY.get(step.operation, {})
    lines = [f"{library}{range_}" for library, range_ in sorted(needed.items())]
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "README.md").write_text(_readme(pipeline, label, needed), "utf-8")
    return needed


def write_script(folder: Path, runtime: str) -> None:
    """Writes `predict.py` and `runtime/`, the code that it runs.

    Args:
        folder: beside the model.
        runtime: the module of `runtime/` whose `Model` is opened.
    """
    (folder / "runtime").mkdir()
    for source in sorted((_HERE / "folder").glob("*.py")):
        (folder / "runtime" / source.name).write_bytes(source.read_bytes())
    script = (_HERE / "folder_script.txt").read_text("utf-8").replace("RUNTIME", runtime)
    (folder / "predict.py").write_text(script, "utf-8")


def run_folder(folder: Path, pipeline: Pipeline, frame: pl.DataFrame) -> tuple[np.ndarray, list[Any] | None]:
    """What the script answers for rows with the types of the training table, in a fresh process without trainwright:
    predictions, for a number with bounds (n, 3) with low and high, and labels for classes.

    Raises:
        TrainwrightError: the script fails.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as place:
        table, out = Path(place) / "rows.csv", Path(place) / "out.json"
        _write_csv(table, frame, pipeline)
        command = [sys.executable, "-I", "-c", _ALONE, str(folder / "predict.py"), str(table), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode != 0 or not out.exists():
            raise TrainwrightError(f"the exported script failed with status {done.returncode}: {done.stderr[-2000:]}")
        rows = json.loads(out.read_text("utf-8"))
    for left in folder.rglob("__pycache__"):
        for path in left.iterdir():
            path.unlink()
        left.rmdir()
    if pipeline.target.task == "number" and pipeline.bounds is not None:
        return np.array([[row[name] for name in ("prediction", "low", "high")] for row in rows]), None
    if pipeline.target.task == "number":
        return np.array([row["prediction"] for row in rows], dtype=np.float64), None
    names = [f"probability_{name}" for name in pipeline.target.classes]
    return np.array([[row[name] for name in names] for row in rows]), [row["prediction"] for row in rows]


def timed_folder(folder: Path, pipeline: Pipeline, frame: pl.DataFrame) -> tuple[np.ndarray, float]:
    """What the folder predicts for rows with the types of the training table, and the seconds that it takes, reading
    included."""
    from trainwright.packages.export.folder.model import Model

    model = Model(folder)
    table = {name: _cells(frame[name], pipeline.schema[name].kind) for name in pipeline.layout.names}
    model.predict_raw({name: cells[:1] for name, cells in table.items()}, 1)  # opens what is slow to open
    found, seconds = timed(lambda: model.predict_raw(table, frame.height))
    return found[:, 0] if pipeline.target.task == "number" else found, seconds


def _stored(step: Step, arrays: dict[str, np.ndarray], folder: Path) -> dict[str, Any]:
    """A step as JSON; its arrays and a library's own model are put aside."""
    values: dict[str, Any] = {}
    for name, value in step.values.items():
        if isinstance(value, np.ndarray):
            key = f"a{len(arrays)}"
            arrays[key], value = value, {"array": key}
        elif isinstance(value, bytes):
            files = folder / "files"
            files.mkdir(exist_ok=True)
            path = files / f"{step.operation}-{step.output}.{_SUFFIXES[step.operation]}"
            path.write_bytes(value)
            value = {"file": path.relative_to(folder).as_posix()}
        values[name] = list(value) if isinstance(value, tuple) else value
    return {"operation": step.operation, "inputs": list(step.inputs), "output": step.output, "values": values}


def _write_csv(path: Path, frame: pl.DataFrame, pipeline: Pipeline) -> None:
    """The rows as a user's file: plain numbers, true and false, ISO moments, nothing for missing."""
    columns = [_cells(frame[name], pipeline.schema[name].kind) for name in pipeline.layout.names]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(pipeline.layout.names)
        writer.writerows(zip(*columns))


def _cells(column: pl.Series, kind: Kind) -> list[Any]:
    """A column as a user's file holds it."""
    if kind is Kind.BOOLEAN:
        column = column.cast(pl.Boolean)
    elif kind is Kind.NUMBER:
        column = column.cast(pl.Float64)
    cells = column.to_list()
    if kind is Kind.DATETIME:
        return [None if cell is None else cell.isoformat() for cell in cells]
    return cells


def opening(pipeline: Pipeline, label: str) -> list[str]:
    """How a README begins: what it predicts, and how to run it, in Markdown."""
    target = pipeline.target
    what = "the number" if target.task == "number" else f"one of the classes {', '.join(target.classes)}"
    return [
        f"# {label}",
        "",
        f"Predicts `{target.column}`: {what}. Written by trainwright, which is not needed to run it.",
        "",
        "```",
        "pip install -r requirements.txt",
        "python predict.py rows.csv -o predictions.csv     # or .json, .jsonl; - reads JSON lines",
        "```",
        "",
    ]


def _readme(pipeline: Pipeline, label: str, needed: dict[str, str]) -> str:
    """How to run it, in Markdown."""
    versions = []
    for library, range_ in sorted(needed.items()):
        try:
            versions.append(f"- {library} {range_} (compared with {metadata.version(library)})")
        except metadata.PackageNotFoundError:
            versions.append(f"- {library} {range_}")
    kinds = [f"| `{name}` | {pipeline.schema[name].kind.value} |" for name in pipeline.layout.names]
    return "\n".join(
        [
            *opening(pipeline, label),
            "```python",
            "from predict import load",
            "",
            "load().predict([{...}])                           # a list of rows, each a mapping from column to value",
            "```",
            "",
            "Needs Python 3.11 or newer and",
            "",
            *versions,
            "",
            "| column | kind |",
            "|---|---|",
            *kinds,
            "",
            *_answers(pipeline),
            *origins(pipeline),
            *left_out(pipeline),
            "Every column must be there; an empty cell is a missing value, a new category is no error.",
            "Numbers are written with a point, moments as 2024-01-31 or 2024-01-31T10:30:00 (UTC).",
            "`export.json` says how the folder was compared with the version. `model.json`, `arrays.npz` and `files/`",
            "are the model, `runtime/` the code that carries it out, `manifest.json` the record of its package.",
            "",
        ]
    )


def _answers(pipeline: Pipeline) -> list[str]:
    """What stands beside the prediction, in Markdown."""
    if pipeline.bounds is not None:
        level, claim = 100 * pipeline.bounds["level"], str(pipeline.bounds["claim"]).rstrip(".")
        said = [
            f"Beside each `prediction` stand `low` and `high`, made so that {level:g} of 100 true values lie between "
            "them; `width` is how far they are apart.",
            *([f"{claim[0].upper()}{claim[1:]}."] if claim else []),
        ]
        if pipeline.bounds["review"] is not None:
            said.append("`decision` says which rows a person should look at (`review`): those of too large a width.")
        return [*said, ""]
    if pipeline.review_above is not None:
        return [
            "`prediction` is the class of the least expected cost; where that lies above "
            f"{pipeline.review_above:.4g}, `decision` is `review`: a person decides there.",
            "",
        ]
    if pipeline.band is not None:
        low, high = pipeline.band
        positive = pipeline.target.classes[pipeline.target.positive_index]
        return [
            f"`decision` is `reject` where the probability of `{positive}` is {high:.4g} or more, `accept` where it is "
            f"below {low:.4g}, and `review` in between: a person decides there.",
            "",
        ]
    return []


def origins(pipeline: Pipeline) -> list[str]:
    """Which language models it contains, in Markdown."""
    names = dict.fromkeys(step.values["origin"] for step in pipeline.steps if step.operation == "encoder")
    return [f"It contains a language model ({'; '.join(names)}).", ""] if names else []


def left_out(pipeline: Pipeline) -> list[str]:
    """What the folder does not hold of the version, in Markdown."""
    if not pipeline.left_out:
        return []
    return ["What this folder leaves out:", "", *(f"- {words}" for words in pipeline.left_out), ""]
