"""Small networks and rows for the tests of the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainwright.engine.batches import Held, Ragged
from trainwright.engine.learner import Batch, groups
from trainwright.engine.randomness import alone
from trainwright.engine.settings import EngineSettings


class Classifier:
    """A learner over {"x", "y"} and optionally "weight"; counts weights where there are any."""

    def __init__(self, module: nn.Module, *, on_loss: Callable[[Batch], None] | None = None):
        self.module = module
        self.on_loss = on_loss

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor | float]:
        if self.on_loss is not None and self.module.training:
            self.on_loss(batch)
        losses = nn.functional.cross_entropy(self.module(batch["x"]), batch["y"], reduction="none")
        if "weight" in batch:
            return (losses * batch["weight"]).sum(), batch["weight"].sum()
        return losses.sum(), float(len(losses))

    def predict(self, batch: Batch) -> Tensor:
        return self.module(batch["x"]).softmax(1)

    def parameter_groups(self, settings: EngineSettings) -> list[dict[str, Any]]:
        return groups(self.module)


class Paced(Classifier):
    """A learner that sets rate and betas of its optimiser itself, at every step."""

    def pace(self, step: int, total: int, optimizer: torch.optim.Optimizer) -> float:
        rate = 0.05 * (1 - step / total)
        for group in optimizer.param_groups:
            group["lr"], group["betas"] = rate, (0.5 + 0.4 * step / total, 0.95)
        return rate


class Words(nn.Module):
    """The mean of word vectors, then a line; takes ids and mask."""

    def __init__(self, words: int = 30, classes: int = 2):
        super().__init__()
        self.vectors = nn.Embedding(words, 8)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(8, classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        vectors = self.vectors(ids) * mask[:, :, None]  # (rows, longest, 8)
        return self.out(self.drop(vectors.sum(1) / mask.sum(1, keepdim=True)))


class Tagger(Classifier):
    """A learner over {"ids", "mask", "y"} whose loss counts tokens: every token is told the text's class."""

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor | float]:
        if self.on_loss is not None and self.module.training:
            self.on_loss(batch)
        losses = nn.functional.cross_entropy(self.module(batch["ids"], batch["mask"]), batch["y"], reduction="none")
        tokens = batch["mask"].sum(1).float()  # (rows,)
        return (losses * tokens).sum(), tokens.sum()

    def predict(self, batch: Batch) -> Tensor:
        return self.module(batch["ids"], batch["mask"]).softmax(1)


def rows(n: int = 60, *, seed: int = 0, weights: bool = False) -> Held:
    """Two clouds in the plane, which a line cannot part and a small network can."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    more = {"weight": draw.uniform(0.1, 3, n).astype(np.float32)} if weights else {}
    return Held(x=x, y=y, **more)


def texts(n: int = 40, *, seed: int = 0) -> Ragged:
    """Texts of 1 to 9 words; those of class 1 hold the word 1."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, 2, n)
    tokens = [[*draw.integers(2, 30, draw.integers(1, 9)).tolist(), *([1] if label else [])] for label in y]
    return Ragged(tokens, pad=0, y=y)


def network(*, dropout: float = 0.0, seed: int = 1, wide: int = 16) -> nn.Sequential:
    """Two inputs, one hidden layer, two classes."""
    with alone(seed):
        return nn.Sequential(nn.Linear(2, wide), nn.ReLU(), nn.Dropout(dropout), nn.Linear(wide, 2))


def accuracy(source: Held | Ragged) -> Callable[[Tensor], dict[str, float]]:
    """The share of right answers to these rows, in their order."""

    def measure(answers: Tensor) -> dict[str, float]:
        return {"accuracy": float((answers.argmax(1) == source.columns["y"]).float().mean())}

    return measure


def weights(module: nn.Module) -> dict[str, Tensor]:
    """Copies of what the module has learned."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """Equal bit by bit."""
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)
