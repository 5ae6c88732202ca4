"""A network as an ONNX file that other runtimes answer with, written only when its answers are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import Dim

from trainwright.engine.learner import Batch
from trainwright.errors import EnvironmentProblem, TrainwrightError
from trainwright.quiet import without
from trainwright.store.files import write_whole

TOLERANCE = 1e-5
"""Largest difference between an answer of torch and of ONNX Runtime, relative to the largest answer where that is
above 1."""
OUTPUT = "output"


@dataclass(frozen=True)
class Exported:
    """An ONNX file whose answers were compared.

    Args:
        path: of the file.
        inputs: their names, in order.
        rows: compared.
        difference: the largest between two answers.
    """

    path: Path
    inputs: tuple[str, ...]
    rows: int
    difference: float


def to_onnx(
    module: nn.Module,
    example: Batch,
    path: Path,
    *,
    checks: Sequence[Batch] = (),
    tolerance: float = TOLERANCE,
) -> Exported:
    """Writes a network as ONNX; the file takes any number of rows.

    Args:
        module: called with the tensors of a batch by name; answers one tensor (rows, ...).
        example: a batch of at least two rows. The second dimension of whole numbers with two dimensions, such as the
            ids and mask of texts, may have any length, too, but the same in all inputs of this kind.
        path: of the file; its weights lie within it.
        checks: further batches to compare, of other numbers of rows and lengths; `example` always is.
        tolerance: see `TOLERANCE`.

    Raises:
        EnvironmentProblem: the libraries that write and run ONNX are not installed.
        TrainwrightError: the network does something that ONNX cannot say, or the answers differ; no file is left.
    """
    _require()
    was_training, places = module.training, {parameter.device for parameter in module.parameters()}
    module.eval()
    try:
        module.to("cpu")
        content = _written(module, _plain(example))
        difference = max(_difference(module, content, _plain(batch)) for batch in (example, *checks))
    finally:
        module.train(was_training)
        module.to(next(iter(places), torch.device("cpu")))
    if not difference <= tolerance:
        raise TrainwrightError(
            f"the ONNX form of the network answers differently: by up to {difference:.1e}, more than {tolerance:.0e}",
            remedy="use the package itself for predictions, or accept the difference with a larger tolerance",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    rows = sum(len(next(iter(batch.values()))) for batch in (example, *checks))
    return Exported(path, tuple(example), rows, difference)


def _written(module: nn.Module, example: dict[str, Tensor]) -> bytes:
    rows, length = Dim("rows"), Dim("length", min=1)
    free = {name: {0: rows, 1: length} if _is_tokens(tensor) else {0: rows} for name, tensor in example.items()}
    with without(Warning, "torch.onnx"):  # what the exporter refuses is raised
        try:
            program = torch.onnx.export(
                module,
                kwargs=example,
                dynamic_shapes=free,
                input_names=list(example),
                output_names=[OUTPUT],
                dynamo=True,
                verbose=False,
            )
        except Exception as error:  # whatever the exporter throws, the network cannot be said in ONNX
            raise TrainwrightError(
                f"the network cannot be written as ONNX: {str(error).strip().splitlines()[0]:.300}",
                remedy="use the package itself for predictions",
            ) from error
    assert program is not None
    return program.model_proto.SerializeToString()


def _difference(module: nn.Module, content: bytes, batch: dict[str, Tensor]) -> float:
    """The largest difference of the answers to a batch; infinite where one of them is no number."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run([OUTPUT], {name: tensor.numpy() for name, tensor in batch.items()})
    with torch.no_grad():
        expected = module(**batch).float()
    answers = torch.as_tensor(found).float()
    if answers.shape != expected.shape:
        return float("inf")
    if not expected.numel():
        return 0.0
    difference = float((answers - expected).abs().max() / expected.abs().max().clamp(min=1.0))
    return difference if difference == difference else float("inf")


def _plain(batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in batch.items()}


def _is_tokens(tensor: Tensor) -> bool:
    return tensor.ndim == 2 and not tensor.is_floating_point()


def _require() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise EnvironmentProblem(
            f"a network is written as ONNX with {' and '.join(missing)}, which is not installed",
            remedy='pip install "trainwright[neural,onnx]"',
        )
