"""What moves while a network for tables trains, beyond the schedules that every training has.

The rate runs through four ever longer waves, weight decay and dropout stay for one half and fall to nothing in the
other, and the optimiser forgets squares of gradients quickly (Holzmüller, Grinsztajn & Steinwart 2024, section 3). All
are functions of the step, read off the optimiser, so that a training that goes on from a checkpoint goes on in step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

BETAS = (0.9, 0.95)
WAVES = 4


def waves(share: float) -> float:
    """The factor of the rate when this share of the steps is done (the paper's coslog4).

    Example:
        >>> [round(waves(share), 2) for share in (0.0, 0.01, 1 / 15, 0.11, 0.2, 1.0)]
        [0.0, 0.35, 0.0, 0.92, 0.0, 0.0]
    """
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + (2**WAVES - 1) * share)))


def falling(share: float) -> float:
    """The factor of weight decay and dropout: one for the first half, then half a cosine down to zero.

    Example:
        >>> falling(0.25), round(falling(0.75), 3), falling(1.0)
        (1.0, 0.5, 0.0)
    """
    return 0.5 * (1 + math.cos(math.pi * max(2 * share - 1, 0.0)))


@dataclass(frozen=True)
class Tempo:
    """The pace of one training.

    Args:
        module: whose optimiser is moved.
        epochs, steps: of the whole training.
        rate: the base rate.
        decay: decoupled shrinking of weights, at first.
        first_dropout: share of units switched off, at first.
    """

    module: nn.Module
    epochs: int
    steps: int
    rate: float
    decay: float
    first_dropout: float

    def dropout(self, epoch: int) -> float:
        """The share of units switched off in an epoch, counted from 1."""
        return self.first_dropout * falling((epoch - 1) / self.epochs)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """The optimiser of the module moves with it within the block."""
        own = next(self.module.parameters())

        def move(optimizer: Optimizer, *_: Any) -> None:
            if not any(parameter is own for group in optimizer.param_groups for parameter in group["params"]):
                return
            share = min((_steps(optimizer) + 0.5) / self.steps, 1.0)
            rate, decay = self.rate * waves(share), self.decay * falling(share)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["rate_scale"]
                group["betas"] = BETAS
                if group["weight_decay"]:
                    # Never quite nothing: that is how the groups that shrink are told from those that do not.
                    group["weight_decay"] = max(decay, 1e-12)

        handle = register_optimizer_step_pre_hook(move)
        try:
            yield
        finally:
            handle.remove()


def _steps(optimizer: Optimizer) -> float:
    """Steps that the optimiser has done."""
    for state in optimizer.state.values():
        return float(state["step"])
    return 0.0
