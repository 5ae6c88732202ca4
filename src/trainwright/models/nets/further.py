"""Learning on from a fitted network: a head for new classes, and weights a little nearer to where all begin.

A network that has learned its rows well answers to new ones worse than one that begins anew; shrunken weights and a
little noise undo that and keep what it knows (Ash & Adams 2020, "On warm-starting neural network training").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from trainwright.models.nets.plain import Layer, PlainNet

if TYPE_CHECKING:
    from torch import nn

# The factor of the weights, their noise as a share of their spread, and the factor of the usual rate.
SHRINK, PERTURB, MORE_RATE = 0.9, 0.01, 0.3


def widened(net: PlainNet, places: np.ndarray, outputs: int) -> PlainNet:
    """The network with more classes: known ones move to `places`, new ones begin at their mean, as the rarest."""
    head = net.layers[-1]
    if outputs <= net.outputs:
        return net
    weight = np.repeat(head.weight.mean(axis=-1, keepdims=True), outputs, axis=-1)
    bias = np.repeat(head.bias.min(axis=-1, keepdims=True), outputs, axis=-1)
    weight[..., places], bias[..., places] = head.weight, head.bias
    return PlainNet(net.activation, [*net.layers[:-1], Layer(weight, bias)], net.tables, net.waves)


def shrink_and_perturb(parameters: Iterable[nn.Parameter], *, shrink: float = SHRINK, perturb: float = PERTURB) -> None:
    """Draws weights towards zero and adds noise; within `randomness.alone`.

    Args:
        parameters: changed in place.
        shrink: what they are multiplied by.
        perturb: the spread of the noise, as a share of each parameter's own.
    """
    import torch

    with torch.no_grad():
        for parameter in parameters:
            spread = float(parameter.std()) if parameter.numel() > 1 else 0.0
            parameter.mul_(shrink).add_(torch.randn_like(parameter), alpha=perturb * spread)
