"""Weights in eight bits: a quarter of the size, and what that costs in accuracy, measured before anyone relies on it.

Each row i of a weight matrix W (outputs, inputs) is kept as whole numbers q and one scale s, W[i] = s[i] * q[i] with
s[i] = max |W[i]| / 127 (symmetric, per channel: Krishnamoorthi 2018, sections 2.2 and 3.1). Vectors, norms and small
matrices stay as they are. The file is plain safetensors: `name` in int8 and `name.scale` in fp32.
"""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from trainwright.engine.learner import Batch
from trainwright.errors import UserError
from trainwright.store.files import write_whole

SCALE = ".scale"
LEVELS = 127
# Matrices of fewer numbers are not worth their loss: all of them together are a small part of any network.
FROM_NUMBERS = 4_096
FORMAT = {"format": "trainwright-int8", "version": "1"}
REPEATS = 7


@dataclass(frozen=True)
class Cost:
    """What eight bits changed.

    Args:
        bytes_before, bytes_after: of the weights on disk.
        metrics_before, metrics_after: the task's figures on the same rows.
        difference: the largest between two answers.
        seconds_before, seconds_after: for these rows, the median of several runs; weights as numbers again.
        seconds_dynamic: with products of matrices in eight bits (torch's dynamic quantisation), or None where this
            build of torch has none.
        metrics_dynamic: the figures with it.
    """

    bytes_before: int
    bytes_after: int
    metrics_before: dict[str, float]
    metrics_after: dict[str, float]
    difference: float
    seconds_before: float
    seconds_after: float
    seconds_dynamic: float | None
    metrics_dynamic: dict[str, float] | None

    @property
    def text(self) -> str:
        """In words.

        Example:
            >>> Cost(400, 100, {"accuracy": 0.9}, {"accuracy": 0.89}, 0.01, 1.0, 1.0, 0.5, {"accuracy": 0.88}).text
            'weights take 25 % of their size; accuracy 0.9 -> 0.89; time 1.00x (0.50x and accuracy 0.88 in int8)'
        """

        def told(figures: Mapping[str, float]) -> str:
            return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())

        lost = ", ".join(
            f"{name} {value:.4g} -> {self.metrics_after[name]:.4g}" for name, value in self.metrics_before.items()
        )
        pace = f"time {self.seconds_after / self.seconds_before:.2f}x"
        if self.seconds_dynamic is not None and self.metrics_dynamic is not None:
            faster = f"{self.seconds_dynamic / self.seconds_before:.2f}x"
            pace += f" ({faster} and {told(self.metrics_dynamic)} in int8)"
        return f"weights take {100 * self.bytes_after / self.bytes_before:.0f} % of their size; {lost}; {pace}"


def quantised(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights with large matrices in int8, each with its scales (outputs, 1).

    Example:
        >>> kept = quantised({"w": torch.randn(64, 64), "b": torch.zeros(64)})
        >>> {name: str(tensor.dtype) for name, tensor in kept.items()}
        {'w': 'torch.int8', 'w.scale': 'torch.float32', 'b': 'torch.float32'}
    """
    found: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if tensor.ndim != 2 or not tensor.is_floating_point() or tensor.numel() < FROM_NUMBERS:
            found[name] = tensor.detach().cpu().contiguous()
            continue
        matrix = tensor.detach().float().cpu()
        # A row of zeros has no scale of its own; any will do.
        scale = (matrix.abs().amax(1, keepdim=True) / LEVELS).clamp(min=torch.finfo(torch.float32).tiny)
        found[name] = (matrix / scale).round().clamp(-LEVELS, LEVELS).to(torch.int8)
        found[name + SCALE] = scale
    return found


def dequantised(kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights that `quantised` kept, as numbers again."""
    short = {name for name, tensor in kept.items() if tensor.dtype == torch.int8 and name + SCALE in kept}
    scales = {name + SCALE for name in short}
    return {
        name: tensor.float() * kept[name + SCALE] if name in short else tensor
        for name, tensor in kept.items()
        if name not in scales
    }


def write(module: nn.Module, path: Path) -> int:
    """Writes a network's weights in eight bits; the file's size in bytes."""
    content = save(quantised(module.state_dict()), FORMAT)
    write_whole(path, content)
    return len(content)


def read(module: nn.Module, path: Path) -> None:
    """Fills a network with the weights of `write`.

    Raises:
        UserError: the file is another one, or of another network.
    """
    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("format") != FORMAT["format"]:
                raise UserError(f"{path} holds no weights in eight bits")
            kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
        module.load_state_dict(dequantised(kept))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise UserError(
            f"{path} does not hold the weights of this network: {str(error).strip().splitlines()[0]:.200}"
        ) from error


def in_int8(module: nn.Module) -> nn.Module | None:
    """A copy whose products of matrices are computed in eight bits on a processor; None where torch has no such thing.

    torch announces that this way of quantising moves to another library; nothing that is stored depends on it.
    """
    quantise = getattr(getattr(torch.ao, "quantization", None), "quantize_dynamic", None)
    if quantise is None or torch.backends.quantized.engine == "none":
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: nn.Module = quantise(copy.deepcopy(module).cpu().eval(), {nn.Linear}, dtype=torch.qint8)
    return found


def measure(
    module: nn.Module,
    answer: Callable[[nn.Module, Batch], Tensor],
    batches: list[Batch],
    metrics: Callable[[Tensor], Mapping[str, float]],
) -> Cost:
    """What eight bits change for a network, on rows that it did not learn from.

    Args:
        module: on the processor; stays as it is.
        answer: what a network says of a batch, (rows, ...).
        batches: the rows.
        metrics: figures by name, of all answers one after the other.
    """

    def ask(network: nn.Module) -> tuple[Tensor, float]:
        seconds: list[float] = []
        with torch.no_grad():
            for _ in range(REPEATS):
                before = time.perf_counter()
                answers = [answer(network, batch) for batch in batches]
                seconds.append(time.perf_counter() - before)
        return torch.cat(answers), median(seconds)

    whole = copy.deepcopy(module).eval()
    weights = whole.state_dict()
    kept = quantised(weights)
    smaller = copy.deepcopy(whole)
    smaller.load_state_dict(dequantised(kept))
    before, seconds_before = ask(whole)
    after, seconds_after = ask(smaller)
    dynamic = in_int8(whole)
    said, seconds_dynamic = (None, None) if dynamic is None else ask(dynamic)
    return Cost(
        len(save({name: tensor.contiguous() for name, tensor in weights.items()})),
        len(save(kept, FORMAT)),
        dict(metrics(before)),
        dict(metrics(after)),
        float((after - before).abs().max()),
        seconds_before,
        seconds_after,
        seconds_dynamic,
        None if said is None else dict(metrics(said)),
    )
