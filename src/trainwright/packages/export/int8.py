"""The networks of an export in eight bits: what it saves in size and time, and what it costs, measured.

A network for tables keeps whole numbers and a scale for each output (`engine.quantise`) and computes as before. An
encoder of texts computes its products of matrices in eight bits, too (ONNX Runtime's dynamic quantisation), with seven
bits for the weights: on processors without instructions of their own for it, sums of eight would overflow, and the
export would answer otherwise there than where it was measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.packages.export.pipeline import Pipeline
from trainwright.packages.export.steps import Step
from trainwright.quiet import without
from trainwright.tasks import task_for

TIMES, LONG_SECONDS = 3, 5.0


@dataclass(frozen=True)
class Short:
    """What eight bits changed.

    Args:
        rows: on which it was measured, of the data that the version was trained on.
        metric: its name.
        before, after: the figure in 32 and in eight bits.
        decided_otherwise: rows with another class; 0 for a number.
        difference: the largest of a probability, or of a number.
        bytes_before, bytes_after: of the export.
        seconds_before, seconds_after: for the same rows.
    """

    rows: int
    metric: str
    before: float
    after: float
    decided_otherwise: int
    difference: float
    bytes_before: int
    bytes_after: int
    seconds_before: float
    seconds_after: float

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return dict(vars(self))

    @property
    def text(self) -> str:
        """In a sentence.

        Example:
            >>> Short(500, "roc_auc", 0.912, 0.911, 3, 0.02, 9_000_000, 2_500_000, 1.0, 0.5).text.split("; ")[0]
            'in eight bits: 2.5 MB instead of 9.0'
        """
        decided = f", {self.decided_otherwise} of them decided otherwise" if self.decided_otherwise else ""
        return (
            f"in eight bits: {self.bytes_after / 1e6:.1f} MB instead of {self.bytes_before / 1e6:.1f}; "
            f"{self.metric} {self.before:.4f} -> {self.after:.4f} on {self.rows:,} rows of the data it was trained on"
            f"{decided}; largest difference {self.difference:.2g}; "
            f"{self.seconds_before / max(self.seconds_after, 1e-9):.1f}x as fast"
        )


def in_int8(pipeline: Pipeline) -> Pipeline:
    """The same with its networks in eight bits.

    Raises:
        UserError: it has no network with matrices that are large enough.
        EnvironmentProblem: a library is absent.
    """
    if find_spec("torch") is None:
        raise EnvironmentProblem("--int8 needs torch, not installed here", remedy='pip install "trainwright[neural]"')
    changed: list[str] = []

    def change(step: Step) -> Step:
        values = _CHANGES[step.operation](step.values) if step.operation in _CHANGES else step.values
        if values is not step.values:
            changed.append(step.output)
        return replace(step, values=values)

    steps = pipeline.steps.replaced(change)
    if not changed:
        raise UserError(
            f"--int8 shortens networks, and the version has none worth it: its families are "
            f"{', '.join(pipeline.families)}",
            remedy="leave --int8 out, or train with --families neural_network (for texts text_transformer)",
        )
    return replace(pipeline, steps=steps)


def measured(
    target: Target, threshold: float, y: np.ndarray, before: np.ndarray, after: np.ndarray, sizes: tuple[int, int],
    seconds: tuple[float, float],
) -> Short:  # fmt: skip
    """Compares the answers of the export before and after.

    Args:
        target: what is predicted.
        threshold: for two classes, of the positive class.
        y: (n,) class positions or numbers.
        before, after: (n, k) probabilities or (n,) numbers.
        sizes: of both exports, in bytes.
        seconds: that both took for the same rows.
    """
    task = task_for(target).at(threshold)
    metric = task.default_metric(y)
    otherwise = int((task.decide(before) != task.decide(after)).sum()) if target.task == "classes" else 0
    difference = float(np.abs(after - before).max(initial=0.0))
    return Short(len(y), metric.name, metric(y, before), metric(y, after), otherwise, difference, *sizes, *seconds)


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """What is answered, and the seconds that it takes: the median of three times, or of fewer where it is slow."""
    seconds: list[float] = []
    found = np.zeros(0)
    while len(seconds) < TIMES and sum(seconds) < LONG_SECONDS:
        before = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - before)
    return found, median(seconds)


def bytes_of(folder: Path) -> int:
    """What lies in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _network(values: dict[str, Any]) -> dict[str, Any]:
    """A network for tables with its large matrices in eight bits."""
    import torch

    from trainwright.engine.quantise import SCALE, quantised

    out = dict(values)
    for name, array in values.items():
        if not name.endswith("_weight") or array.ndim != 2:
            continue
        kept = quantised({"w": torch.from_numpy(np.ascontiguousarray(array.T))})  # rows are outputs there
        if "w" + SCALE in kept:
            out[name] = kept["w"].numpy().T.copy()
            out["scale_of_" + name] = kept["w" + SCALE].numpy().T.copy()
    return values if len(out) == len(values) else out


def _encoder(values: dict[str, Any]) -> dict[str, Any]:
    """An encoder of texts whose products of matrices are in eight bits."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # It advises steps, through the logger above all, that gain nothing here.
    with TemporaryDirectory() as folder, without(Warning, ""):
        given, made = Path(folder) / "given.onnx", Path(folder) / "made.onnx"
        given.write_bytes(values["encoder"])
        quantize_dynamic(given, made, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        return {**values, "encoder": made.read_bytes()}


_CHANGES = {"network": _network, "encoder": _encoder}
