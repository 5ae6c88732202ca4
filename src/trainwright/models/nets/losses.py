"""The losses that a network may minimise, row by row."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

FOCUS = 2.0  # of the focal loss, as its authors set it
FAR = 1.0  # spreads of the target from which Huber's loss grows no faster


def class_losses(kind: str, scores: Tensor, y: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """(n,) loss of each row.

    Args:
        kind: cross_entropy or focal.
        scores: (n, k).
        y: (n,) positions of the true classes.
        smoothing: share of each label that is spread over all classes.
    """
    losses = functional.cross_entropy(scores, y, reduction="none", label_smoothing=smoothing)
    if kind == "focal":  # Lin et al. 2017, equation 4
        losses = losses * (1 - torch.exp(-losses)) ** FOCUS
    return losses


def number_losses(kind: str, away: Tensor) -> Tensor:
    """The loss of each answer to a number.

    Args:
        kind: mse, mae or huber.
        away: answers less truth, in spreads of the target; of any shape.

    Example:
        >>> number_losses("huber", torch.tensor([0.5, 3.0])).tolist()
        [0.125, 2.5]
    """
    if kind == "mae":
        return away.abs()
    if kind == "huber":
        return functional.huber_loss(away, torch.zeros_like(away), reduction="none", delta=FAR)
    return away**2


def summed(losses: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor | float]:
    """The sum of the rows' weighted losses, and of their weights, as `engine.learner.Learner.loss` gives them."""
    if weight is None:
        return losses.sum(), float(len(losses))
    return (losses * weight).sum(), weight.sum()
