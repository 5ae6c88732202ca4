"""Versions in other forms: do they answer as ours do, how large are they, and how long does one row take?

    python bench/exports.py --data DATA

Trains on each table under a limit, with the default families and once with every family that an ensemble may hold, then
exports the version as ONNX, folder and MLflow model. Each export compares itself with the version on 1,000 rows (a
quarter made up); the largest difference is shown beside the size of the file and the median time of one row, given as a
mapping or as columns of one value, in this process. About 10 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import numpy as np
import processes
import results
import tables

RUNS = (
    ("adult", 40.0, ()),
    ("credit_default", 40.0, ()),
    ("telco_churn", 30.0, ()),
    ("steel_plates", 30.0, ()),
    ("california_housing", 30.0, ()),
    ("concrete", 20.0, ("--families", "linear,forest,hist_gradient_boosting,adaboost,svm,lightgbm,catboost,xgboost")),
)
FORMATS = ("onnx", "folder", "mlflow")
ONE_BY_ONE = 200  # rows timed alone


def main() -> None:
    options = _options()
    result = results.Result("exports", options)
    for name, limit, words in RUNS:
        if not options.tables or name in options.tables:
            result.measured(name, measure, name, options.data, limit * options.scale, words)


def measure(name: str, data: Path | None, limit: float, words: tuple[str, ...]) -> dict[str, Any]:
    """Trains, exports in every format and times single rows."""
    from trainwright.api import export, load
    from trainwright.errors import TrainwrightError

    with TemporaryDirectory() as folder:
        place = Path(folder) / "workspace"
        table = tables.write(name, data, Path(folder))
        _, document = processes.train(table, tables.TABLES[name].target, workspace=place, limit=limit, more=words)
        predictor = load(document["project"], workspace=place)
        found: dict[str, Any] = {
            "selected": document["selected"],
            "members": len(predictor.manifest.members),
            "package_mb": document["package"]["size_mb"],
            "ours_ms": None,
        }
        for form in FORMATS:
            to = Path(folder) / form
            before = time.perf_counter()
            try:
                made = export(document["project"], form, to, workspace=place)
            except TrainwrightError as error:
                found[form] = {"refused": str(error)}
                continue
            took = time.perf_counter() - before
            found[form] = {"worst": made["parity"]["worst"], "size_mb": made["size_mb"], "export_s": took}
        rows = _rows(predictor, place, document)
        found["ours_ms"] = _median(predictor.predict_row, rows)
        if "refused" not in found["onnx"]:
            found["onnx"]["row_ms"] = _median(*_onnx(Path(folder) / "onnx" / "model.onnx", predictor, rows))
        if "refused" not in found["folder"]:
            found["folder"]["row_ms"] = _median(*_script(Path(folder) / "folder", rows))
    return found


def _rows(predictor: Any, place: Path, document: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows to time: those that the exports were compared on."""
    from trainwright.packages.export.trial_rows import trial_rows
    from trainwright.packages.verify import check_package

    checked = check_package(Path(document["package"]["path"]))
    return trial_rows(None, checked.layout, checked.manifest.schema, checked.reference, n=ONE_BY_ONE).to_dicts()


def _onnx(path: Path, predictor: Any, rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    texts = {one.name for one in session.get_inputs() if "string" in one.type}
    ready = [
        {
            name: np.array([["" if value is None else str(value)]], dtype=object)
            if name in texts
            else np.array([[np.nan if value is None else _number(value)]], dtype=np.float64)
            for name, value in row.items()
        }
        for row in rows
    ]
    return lambda feeds: session.run(None, feeds), ready


def _number(value: Any) -> float:
    return float(value.timestamp() if hasattr(value, "timestamp") else value)


def _script(folder: Path, rows: list[dict[str, Any]]) -> tuple[Callable[[Any], Any], list[Any]]:
    sys.path.insert(0, str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] in ("predict", "runtime")]:
        del sys.modules[name]
    from predict import load

    model = load()
    sys.path.remove(str(folder))
    return model.predict, [[row] for row in rows]


def _median(answer: Callable[[Any], Any], rows: list[Any]) -> float:
    """Median milliseconds of one call."""
    for row in rows[:5]:
        answer(row)
    taken = []
    for row in rows:
        before = time.perf_counter()
        answer(row)
        taken.append((time.perf_counter() - before) * 1e3)
    return float(np.median(taken))


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = result["rows"]
    compared = [row[form]["worst"] for row in rows.values() for form in FORMATS if "refused" not in row[form]]
    table = markdown.table(
        [
            "table", "selected", "members", "difference ONNX", "folder", "MLflow", "package MB", "ONNX MB", "folder MB",
            "one row ours ms", "ONNX ms", "folder ms",
        ],
        [
            [
                name, row["selected"], row["members"],
                *(f"{row[form]['worst']:.0e}" if "refused" not in row[form] else "refused" for form in FORMATS),
                row["package_mb"], row["onnx"].get("size_mb"), row["folder"].get("size_mb"),
                row["ours_ms"], row["onnx"].get("row_ms"), row["folder"].get("row_ms"),
            ]
            for name, row in rows.items()
        ],
    )  # fmt: skip
    refused = [f"{n} as {f}: {row[f]['refused']}" for n, row in rows.items() for f in FORMATS if "refused" in row[f]]
    return f"""## Exports

{len(compared)} of {len(rows) * len(FORMATS)} exports were published; the largest difference from the version on any of
1,000 rows each was {max(compared, default=float("nan")):.1e} of a probability, or of a number as a share of its size.
{" ".join(refused)}

{table}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=[], help="of the six (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on every limit")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
