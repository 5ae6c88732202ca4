"""`RealMlp`: the defaults of Holzmüller, Grinsztajn & Steinwart 2024 ("Better by Default").

Numbers with waves, a factor for each input, layers in the neural tangent parametrisation, activations with a slope of
their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from trainwright.models.nets.modules import ACTIVATIONS, Net, array_of, fill
from trainwright.models.nets.plain import Layer, PlainNet, Waves

WAVE_SPREAD, WAVES, WAVE_OUTPUTS = 0.1, 16, 3  # the paper's defaults for PBLD
EXAMPLES = 5  # training rows of which each first bias is a mixture


class _Waves(nn.Module):
    """See `plain.Waves`."""

    def __init__(self, numbers: int):
        super().__init__()
        self.frequency = nn.Parameter(2 * math.pi * WAVE_SPREAD * torch.randn(numbers, WAVES))
        self.phase = nn.Parameter(math.pi * (2 * torch.rand(numbers, WAVES) - 1))
        self.mix = nn.Parameter((2 * torch.rand(numbers, WAVES, WAVE_OUTPUTS) - 1) / math.sqrt(WAVES))
        self.shift = nn.Parameter((2 * torch.rand(numbers, WAVE_OUTPUTS) - 1) / math.sqrt(WAVES))

    def forward(self, numbers: Tensor) -> Tensor:
        """(n, p) to (n, p * (1 + outputs))."""
        waves = torch.cos(numbers.unsqueeze(-1) * self.frequency + self.phase)  # (n, p, h)
        mixed = torch.baddbmm(self.shift.unsqueeze(1), waves.transpose(0, 1), self.mix)  # (p, n, e)
        return torch.cat([numbers.unsqueeze(-1), mixed.transpose(0, 1)], dim=2).flatten(1)


class _Tangent(nn.Module):
    """A linear layer whose weights are divided by the root of its inputs as it computes (Jacot et al. 2018)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.factor = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.randn(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) to (n, outputs)."""
        return torch.addmm(self.bias, x, self.weight, alpha=self.factor)


class RealMlp(Net):
    """Numbers with waves, a factor for each input, tangent layers, activations with a slope of their own.

    Args:
        numbers, tables: see `Net`.
        waved: how many of the numbers, the first ones, get waves.
        layers: units of each hidden layer.
        outputs: classes, or 1.
        activation: "selu" for classes and "mish" for a number in the paper.
        dropout: share of hidden units switched off while training.
    """

    RATES = {"scale": 6.0, "bias": 0.1, "slope": 0.1, "waves": 0.1}

    def __init__(
        self,
        numbers: int,
        tables: Sequence[tuple[int, int]],
        waved: int,
        layers: Sequence[int],
        outputs: int,
        *,
        activation: str,
        dropout: float,
    ):
        super().__init__(numbers, tables, spread=1.0)
        self.waved = waved
        self.waves = _Waves(waved) if waved else None
        first = self.inputs + WAVE_OUTPUTS * waved
        self.scale = nn.Parameter(torch.ones(first))
        sizes = [first, *layers]
        self.linear = nn.ModuleList(_Tangent(a, b) for a, b in pairwise(sizes))
        self.slope = nn.ParameterList(nn.Parameter(torch.ones(units)) for units in layers)
        self.head = _Tangent(sizes[-1], outputs)
        nn.init.zeros_(self.head.weight)
        self.activation, self._act = activation, ACTIVATIONS[activation]
        self.dropout = nn.Dropout(dropout)

    def forward(self, numbers: Tensor, levels: Tensor) -> Tensor:
        """(n, outputs) scores."""
        x = self._inputs(numbers, levels) * self.scale
        for layer, slope in zip(self.linear, self.slope):
            z = layer(x)
            x = self.dropout(torch.lerp(z, self._act(z), slope))
        scores: Tensor = self.head(x)
        return scores

    def look(self, numbers: Tensor, levels: Tensor) -> None:
        """Each unit begins with a spread of one over these rows, its kink at a mixture of a few of them (section 3:
        data-driven weights and biases)."""
        with torch.no_grad():
            x = self._inputs(numbers, levels) * self.scale
            for layer in self._tangents()[:-1]:
                z = x @ layer.weight * layer.factor
                spread = z.std(dim=0) if len(z) > 1 else torch.ones(z.shape[1])
                layer.weight.div_(torch.where(spread > 1e-6, spread, torch.ones_like(spread)))
                z = x @ layer.weight * layer.factor
                share = -torch.log(torch.rand(EXAMPLES, z.shape[1]).clamp(min=1e-12))
                drawn = torch.randint(len(z), (EXAMPLES, z.shape[1]))
                layer.bias.copy_(-(torch.gather(z, 0, drawn) * share / share.sum(dim=0)).sum(dim=0))
                x = self._act(z + layer.bias)

    def rate(self, name: str) -> float:
        """See `Net.rate`."""
        parts = name.split(".")
        if parts[0] in ("scale", "slope", "waves"):
            return self.RATES[parts[0]]
        return self.RATES["bias"] if parts[-1] == "bias" else 1.0

    def plain(self) -> PlainNet:
        """See `Net.plain`."""
        layers = []
        for number, one in enumerate(self._tangents()):
            weight = array_of(one.weight) * one.factor
            if number == 0:
                weight = array_of(self.scale)[:, None] * weight
            slope = None if one is self.head else array_of(self.slope[number])
            layers.append(Layer(weight, array_of(one.bias), slope=slope))
        waves = None
        if self.waves is not None:
            waves = Waves(
                array_of(self.waves.frequency),
                array_of(self.waves.phase),
                array_of(self.waves.mix),
                array_of(self.waves.shift),
            )
        return PlainNet(self.activation, layers, self._tables(), waves)

    def begin_with(self, net: PlainNet) -> None:
        """See `Net.begin_with`; the factors of the inputs are in the weights, and begin anew at one."""
        self._begin_tables(net)
        if self.waves is not None and net.waves is not None:
            for name, array in vars(net.waves).items():
                fill(getattr(self.waves, name), array)
        nn.init.ones_(self.scale)
        for one, layer in zip(self._tangents(), net.layers):
            fill(one.weight, layer.weight / one.factor)
            fill(one.bias, layer.bias)
        for slope, layer in zip(self.slope, net.layers):
            if layer.slope is not None:
                fill(slope, layer.slope)

    def _tangents(self) -> list[_Tangent]:
        return [cast(_Tangent, one) for one in (*self.linear, self.head)]

    def _inputs(self, numbers: Tensor, levels: Tensor) -> Tensor:
        parts = [numbers]
        if self.waves is not None:
            parts = [self.waves(numbers[:, : self.waved]), numbers[:, self.waved :]]
        parts += self.embedded(levels)
        return torch.cat(parts, dim=1) if len(parts) > 1 else numbers
