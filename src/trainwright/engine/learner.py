"""The seam between the loop and a model: what a family supplies, and helpers to group its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from torch import Tensor, nn
from torch.optim import Optimizer

from trainwright.engine.settings import EngineSettings

Batch = Mapping[str, Tensor]
"""Named tensors whose first dimension counts the rows of the batch."""

Pace = Callable[[int, int, Optimizer], float]
"""See `Learner`."""


class Learner(Protocol):
    """A model as the loop sees it.

    Three methods more are used where a learner has them (and they are not None):

    - `unfreeze(epoch) -> bool`: called before each epoch (1, 2, ...), also those that a resumed training skips; it may
      set `requires_grad` and says whether it changed any.
    - `pace(step, total, optimizer) -> rate`: called before the optimiser takes step 0, 1, ... of `total`, in place of
      the schedule; sets what it likes in the optimiser's groups and says the base rate, which is logged. A training
      that goes on from a checkpoint asks for the remaining steps only, so that it must be a function of the step.
    - `judge(batch) -> (total, count, answer)`: `loss` and `predict` in one pass, for validation rows.
    """

    module: nn.Module

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor | float]:
        """The SUM of the losses over examples (or tokens), and their weighted count; a plain number where the count
        is known without looking. Steps divide one by the other, so that a batch taken in parts gives the gradient of
        the whole, however unequal the counts of the parts."""
        ...

    def predict(self, batch: Batch) -> Tensor:
        """(rows, ...) the answer for each row, as the metrics expect it."""
        ...

    def parameter_groups(self, settings: EngineSettings) -> list[dict[str, Any]]:
        """Groups for the optimiser, each {"params": [...], "rate_scale": factor of the base rate, "decay": bool}; see
        `groups`."""
        ...


def groups(
    module: nn.Module,
    *,
    depth: Callable[[str], int] | None = None,
    rate_decay: float = 1.0,
    scale: Callable[[str], float] | None = None,
) -> list[dict[str, Any]]:
    """Parameter groups: norms, biases and other vectors do not decay, and rates may fall from layer to layer.

    Args:
        module: all its parameters take part; frozen ones (`requires_grad` False) wait for being unfrozen.
        depth: layers between a parameter and the output, from its name: 0 at the head, larger near the input.
        rate_decay: the factor of the rate from one layer to the one below it (Howard & Ruder 2018: 1 / 2.6).
        scale: a factor of the rate of a single parameter, by name, on top.

    Example:
        >>> net = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
        >>> [(len(group["params"]), group["decay"]) for group in groups(net)]
        [(1, True), (3, False)]
    """
    found: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        factor = rate_decay ** (0 if depth is None else depth(name)) * (1.0 if scale is None else scale(name))
        found.setdefault((factor, parameter.ndim >= 2), []).append(parameter)
    order = sorted(found, key=lambda key: (-key[0], not key[1]))
    return [{"params": found[key], "rate_scale": key[0], "decay": key[1]} for key in order]


def freeze(module: nn.Module, prefixes: Iterable[str]) -> bool:
    """Freezes the parameters whose names begin with one of the prefixes and frees all others; says whether any
    changed."""
    starts = tuple(prefixes)
    changed = False
    for name, parameter in module.named_parameters():
        wanted = not name.startswith(starts) if starts else True
        changed |= parameter.requires_grad != wanted
        parameter.requires_grad_(wanted)
    return changed


def rows_of(batch: Batch) -> int:
    """The rows of a batch."""
    return len(next(iter(batch.values())))


def part_of(batch: Batch, start: int, end: int) -> Batch:
    """Rows start to end of a batch, without copying."""
    return {name: tensor[start:end] for name, tensor in batch.items()}


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """What a module has learned, by name: parameters, and buffers that belong to its state; tied ones once."""
    named: list[tuple[str, Tensor]] = list(module.named_parameters())
    if buffers := list(module.named_buffers()):
        kept = module.state_dict(keep_vars=True).keys()
        named += [(name, buffer) for name, buffer in buffers if name in kept]
    return {name: tensor.detach() for name, tensor in named}
