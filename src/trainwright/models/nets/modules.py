"""The networks for tables, and how each becomes plain arrays.

- `Mlp`: linear layers, an activation and dropout, as a user writes them down.
- `RealMlp`: the defaults of Holzmüller, Grinsztajn & Steinwart 2024 ("Better by Default"): numbers with waves, a factor
  for each input, layers in the neural tangent parametrisation, activations with a slope of their own.
- `TabM`: many small networks that share their weights (Gorishniy et al. 2025), each with factors of its own before and
  after each layer (BatchEnsemble, Wen et al. 2020) and a head of its own.

Each takes numbers (n, d) and levels (n, c) and gives scores (n, outputs), TabM (n, members, outputs).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.models.nets.plain import Layer, PlainNet, Waves

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "gelu": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "mish": functional.mish,
}
WAVE_SPREAD, WAVES, WAVE_OUTPUTS = 0.1, 16, 3  # the paper's defaults for PBLD
EXAMPLES = 5  # training rows of which each first bias is a mixture


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().astype(np.float64)


def _filled(parameter: Tensor, array: np.ndarray) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)).to(parameter.dtype))


class Net(nn.Module):
    """What all share: tables of levels, and the inputs of the first layer.

    Args:
        numbers: d.
        tables: (levels, width) of each embedded category.
    """

    members: int | None = None  # rows of scores for each row, where there are several

    def __init__(self, numbers: int, tables: Sequence[tuple[int, int]], *, spread: float):
        super().__init__()
        self.numbers = numbers
        self.tables = nn.ModuleList(nn.Embedding(levels, width) for levels, width in tables)
        for weight in self._weights_of_tables():
            nn.init.normal_(weight, std=spread)

    def embedded(self, levels: Tensor) -> list[Tensor]:
        """For each category (n, width)."""
        return [table(levels[:, j]) for j, table in enumerate(self.tables)]

    def set_dropout(self, share: float) -> None:
        """The share of units that are switched off from now on."""
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = share

    def fill_unseen(self, counts: Sequence[np.ndarray]) -> None:
        """Gives a level that no row had the mean of the others, weighted by their rows.

        Args:
            counts: for each table (levels,) rows.
        """
        for table, rows in zip(self._weights_of_tables(), counts):
            if not rows[0] and rows.sum():
                share = torch.from_numpy(rows / rows.sum()).to(table)
                with torch.no_grad():
                    table[0] = share @ table

    def plain(self) -> PlainNet:
        """The network as it answers, in arrays."""
        raise NotImplementedError

    def begin_with(self, net: PlainNet) -> None:
        """Takes up the weights of a finished network of the same shape."""
        raise NotImplementedError

    def look(self, numbers: Tensor, levels: Tensor) -> None:
        """Looks at some training rows before the first step, for whoever wants to begin near them."""

    def rate(self, name: str) -> float:
        """The factor of the learning rate of one parameter."""
        return 1.0

    def _tables(self) -> list[np.ndarray]:
        return [_array(weight) for weight in self._weights_of_tables()]

    def _begin_tables(self, net: PlainNet) -> None:
        for weight, array in zip(self._weights_of_tables(), net.tables):
            _filled(weight, array)

    def _weights_of_tables(self) -> list[Tensor]:
        return [cast(nn.Embedding, table).weight for table in self.tables]


class Mlp(Net):
    """Linear layers with an activation and dropout between them.

    Args:
        numbers, tables: see `Net`.
        layers: units of each hidden layer.
        outputs: classes, or 1.
        activation: a key of `ACTIVATIONS`.
        dropout: share of hidden units switched off while training.
    """

    def __init__(
        self,
        numbers: int,
        tables: Sequence[tuple[int, int]],
        layers: Sequence[int],
        outputs: int,
        *,
        activation: str,
        dropout: float,
    ):
        super().__init__(numbers, tables, spread=0.1)
        sizes = [numbers + sum(width for _, width in tables), *layers, outputs]
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.activation, self._act = activation, ACTIVATIONS[activation]
        self.dropout = nn.Dropout(dropout)

    def forward(self, numbers: Tensor, levels: Tensor) -> Tensor:
        """(n, outputs) scores."""
        x = torch.cat([numbers, *self.embedded(levels)], dim=1) if len(self.tables) else numbers
        *hidden, head = self.linear
        for layer in hidden:
            x = self.dropout(self._act(layer(x)))
        scores: Tensor = head(x)
        return scores

    def plain(self) -> PlainNet:
        """See `Net.plain`."""
        layers = [Layer(_array(one.weight).T, _array(one.bias)) for one in self._linears()]
        return PlainNet(self.activation, layers, self._tables())

    def begin_with(self, net: PlainNet) -> None:
        """See `Net.begin_with`."""
        self._begin_tables(net)
        for one, layer in zip(self._linears(), net.layers):
            _filled(one.weight, layer.weight.T)
            _filled(one.bias, layer.bias)

    def _linears(self) -> list[nn.Linear]:
        return [cast(nn.Linear, one) for one in self.linear]


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
    """See the module's first lines.

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
        first = numbers + WAVE_OUTPUTS * waved + sum(width for _, width in tables)
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
            weight = _array(one.weight) * one.factor
            if number == 0:
                weight = _array(self.scale)[:, None] * weight
            slope = None if one is self.head else _array(self.slope[number])
            layers.append(Layer(weight, _array(one.bias), slope=slope))
        waves = None
        if self.waves is not None:
            waves = Waves(
                _array(self.waves.frequency), _array(self.waves.phase), _array(self.waves.mix), _array(self.waves.shift)
            )
        return PlainNet(self.activation, layers, self._tables(), waves)

    def begin_with(self, net: PlainNet) -> None:
        """See `Net.begin_with`; the factors of the inputs are in the weights, and begin anew at one."""
        self._begin_tables(net)
        if self.waves is not None and net.waves is not None:
            for name, array in vars(net.waves).items():
                _filled(getattr(self.waves, name), array)
        nn.init.ones_(self.scale)
        for one, layer in zip(self._tangents(), net.layers):
            _filled(one.weight, layer.weight / one.factor)
            _filled(one.bias, layer.bias)
        for slope, layer in zip(self.slope, net.layers):
            if layer.slope is not None:
                _filled(slope, layer.slope)

    def _tangents(self) -> list[_Tangent]:
        return [cast(_Tangent, one) for one in (*self.linear, self.head)]

    def _inputs(self, numbers: Tensor, levels: Tensor) -> Tensor:
        parts = [numbers]
        if self.waves is not None:
            parts = [self.waves(numbers[:, : self.waved]), numbers[:, self.waved :]]
        parts += self.embedded(levels)
        return torch.cat(parts, dim=1) if len(parts) > 1 else numbers


class TabM(Net):
    """See the module's first lines.

    Args:
        numbers, tables: see `Net`.
        layers: units of each hidden layer.
        outputs: classes, or 1.
        members: networks that share the weights.
        dropout: share of hidden units switched off while training.
    """

    activation = "relu"

    def __init__(
        self,
        numbers: int,
        tables: Sequence[tuple[int, int]],
        layers: Sequence[int],
        outputs: int,
        *,
        members: int,
        dropout: float,
    ):
        super().__init__(numbers, tables, spread=1.0)
        self.members = members
        sizes = [numbers + sum(width for _, width in tables), *layers]
        self.weight = nn.ParameterList(_uniform(a, (a, b)) for a, b in pairwise(sizes))
        self.bias = nn.ParameterList(_uniform(a, (members, b)) for a, b in pairwise(sizes))
        # Members differ by random signs before the first layer alone; the other factors begin at one (section 3.3).
        self.before = nn.ParameterList(
            nn.Parameter((torch.randint(2, (members, a)) * 2 - 1).float() if i == 0 else torch.ones(members, a))
            for i, a in enumerate(sizes[:-1])
        )
        self.after = nn.ParameterList(nn.Parameter(torch.ones(members, b)) for b in sizes[1:])
        self.head = _uniform(sizes[-1], (members, sizes[-1], outputs))
        self.head_bias = _uniform(sizes[-1], (members, outputs))
        self.dropout = nn.Dropout(dropout)

    def forward(self, numbers: Tensor, levels: Tensor) -> Tensor:
        """(n, members, outputs) scores."""
        x = torch.cat([numbers, *self.embedded(levels)], dim=1) if len(self.tables) else numbers
        x = x.unsqueeze(1)
        for weight, bias, before, after in zip(self.weight, self.bias, self.before, self.after):
            x = self.dropout(functional.relu((x * before) @ weight * after + bias))
        return torch.einsum("nmi,mio->nmo", x, self.head) + self.head_bias

    def plain(self) -> PlainNet:
        """See `Net.plain`."""
        parts = zip(self.weight, self.bias, self.before, self.after)
        layers = [Layer(_array(w), _array(b), _array(before), _array(after)) for w, b, before, after in parts]
        layers.append(Layer(_array(self.head), _array(self.head_bias)))
        return PlainNet(self.activation, layers, self._tables())

    def begin_with(self, net: PlainNet) -> None:
        """See `Net.begin_with`."""
        self._begin_tables(net)
        for number, layer in enumerate(net.layers[:-1]):
            for name in ("weight", "bias", "before", "after"):
                _filled(getattr(self, name)[number], getattr(layer, name))
        _filled(self.head, net.layers[-1].weight)
        _filled(self.head_bias, net.layers[-1].bias)


def _uniform(inputs: int, shape: tuple[int, ...]) -> nn.Parameter:
    """Weights as `nn.Linear` draws them."""
    bound = 1 / math.sqrt(max(inputs, 1))
    return nn.Parameter((2 * torch.rand(shape) - 1) * bound)
