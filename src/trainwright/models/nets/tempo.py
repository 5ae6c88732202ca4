"""What moves while a network for tables trains, beyond the schedules that every training has.

The rate runs through four ever longer waves, weight decay and dropout stay for one half and fall to nothing in the
other, and the optimiser forgets squares of gradients quickly (Holzmüller, Grinsztajn & Steinwart 2024, section 3). All
are functions of the step alone, so that a training that goes on from a checkpoint goes on in step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch.optim import Optimizer

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
        epochs: of the whole training.
        rate: the base rate.
        decay: decoupled shrinking of weights, at first.
        first_dropout: share of units switched off, at first.
    """

    epochs: int
    rate: float
    decay: float
    first_dropout: float

    def dropout(self, epoch: int) -> float:
        """The share of units switched off in an epoch, counted from 1."""
        return self.first_dropout * falling((epoch - 1) / self.epochs)

    def move(self, step: int, total: int, optimizer: Optimizer) -> float:
        """Sets the optimiser for step 0, 1, ... of `total`, and says the rate; see `engine.learner.Learner`."""
        share = (step + 0.5) / total
        rate, decay = self.rate * waves(share), self.decay * falling(share)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["rate_scale"]
            group["betas"] = BETAS
            if group["weight_decay"]:
                # Never quite nothing: that is how the groups that shrink are told from those that do not.
                group["weight_decay"] = max(decay, 1e-12)
        return rate
