"""The network of `text_transformer`: an encoder, the mean of its tokens, further columns, and a head."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainwright.engine.learner import Batch, freeze, groups
from trainwright.engine.settings import EngineSettings
from trainwright.models.nets.losses import class_losses, number_losses, summed
from trainwright.models.text.augment import augmented
from trainwright.models.text.encoder import pooled

_LAYER = re.compile(r"^encoder\..*?\b(?:layers?|h|blocks?)\.(\d+)\.")


class TextNetwork(nn.Module):
    """Token numbers (n, tokens) and further columns (n, q) to scores (n, outputs).

    Args:
        encoder: of transformers; its output has `last_hidden_state` (n, tokens, width).
        width: of the encoder's vectors.
        extra: q.
        outputs: classes, or 1 for a number.
        dropout: before the head.
    """

    def __init__(self, encoder: nn.Module, width: int, extra: int, outputs: int, dropout: float):
        super().__init__()
        self.encoder, self.width = encoder, width
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width + extra, outputs)

    def forward(self, ids: Tensor, mask: Tensor, extra: Tensor | None = None) -> Tensor:
        """(n, outputs) scores."""
        vectors = self.vectors(ids, mask)
        if extra is not None:
            vectors = torch.cat([vectors, extra], dim=1)
        return self.head(self.dropout(vectors))

    def vectors(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(n, width) what the encoder makes of the texts."""
        return pooled(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask)

    def begin_with(self, weights: np.ndarray, intercept: np.ndarray) -> None:
        """Takes a head that was solved: (m, outputs) weights of its last m inputs, and (outputs,) intercepts."""
        with torch.no_grad():
            self.head.weight[:, -len(weights) :] = torch.from_numpy(np.ascontiguousarray(weights.T)).float()
            self.head.bias.copy_(torch.from_numpy(intercept).float())

    def grow(self, places: np.ndarray, outputs: int) -> None:
        """A head with more outputs: those there were move to `places`, new ones begin at their mean, less likely."""
        old = self.head
        self.head = nn.Linear(old.in_features, outputs).to(old.weight.device)
        at = torch.from_numpy(places)
        with torch.no_grad():
            self.head.weight.copy_(old.weight.mean(dim=0, keepdim=True).expand(outputs, -1))
            self.head.bias.fill_(float(old.bias.min()))
            self.head.weight[at], self.head.bias[at] = old.weight, old.bias

    @property
    def layers(self) -> int:
        """Layers of the encoder."""
        return 1 + max((layer_of(name) for name, _ in self.named_parameters()), default=-1)


def layer_of(name: str) -> int:
    """The number of the layer that a parameter belongs to, -1 for embeddings and whatever else is no layer.

    Example:
        >>> layer_of("encoder.encoder.layer.3.attention.self.query.weight"), layer_of("head.weight")
        (3, -1)
    """
    found = _LAYER.match(name)
    return int(found.group(1)) if found else -1


class TextLearner:
    """How the training loop sees the network; see `engine.learner.Learner`.

    Validation rows are judged as they are, without smoothing of labels.

    Args:
        module: the network.
        classes: number of classes, 0 for a number.
        layer_decay: the rate of a layer as a share of that of the layer above it.
        frozen_epochs: so many epochs only the head learns.
        frozen_layers: so many lowest layers, and the embeddings below them, never learn.
        loss: cross_entropy, focal, mse, mae or huber; the task's own when not given.
        smoothing: share of each label that is spread over all classes while training.
        augment: see `augment.augmented`; while training only.
    """

    def __init__(
        self,
        module: TextNetwork,
        classes: int,
        *,
        loss: str | None = None,
        smoothing: float = 0.0,
        augment: float = 0.0,
        layer_decay: float = 1.0,
        frozen_epochs: int = 0,
        frozen_layers: int = 0,
    ):
        self.module: nn.Module = module
        self._network = module
        self.classes, self.layer_decay = classes, layer_decay
        self.frozen_epochs, self.frozen_layers = frozen_epochs, frozen_layers
        self._kind = loss or ("cross_entropy" if classes else "mse")
        self._smoothing, self._augment = smoothing, augment

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor | float]:
        """The sum of the rows' weighted losses, and of their weights."""
        smoothing = 0.0
        if self._network.training:
            smoothing = self._smoothing
            if self._augment:
                ids, mask = augmented(batch["ids"], batch["mask"], self._augment)
                batch = {**batch, "ids": ids, "mask": mask}
        return self._loss(self._scores(batch), batch, smoothing)

    def predict(self, batch: Batch) -> Tensor:
        """(rows, classes) probabilities, or (rows,) numbers on the scale of training."""
        return self._answer(self._scores(batch))

    def judge(self, batch: Batch) -> tuple[Tensor, Tensor | float, Tensor]:
        """`loss` and `predict` in one pass."""
        scores = self._scores(batch)
        return (*self._loss(scores, batch), self._answer(scores))

    def shorter(self, batch: Batch, length: int) -> Batch:
        """The batch with its texts cut."""
        return {name: part[:, :length] if name in ("ids", "mask") else part for name, part in batch.items()}

    def unfreeze(self, epoch: int) -> bool:
        """The encoder begins to learn when the epochs of the head alone are over."""
        if epoch <= self.frozen_epochs:
            return freeze(self.module, ("encoder.",))
        return freeze(self.module, self._never())

    def parameter_groups(self, settings: EngineSettings) -> list[dict[str, Any]]:
        """The head at the full rate, and each layer below at a share of the one above (Howard & Ruder 2018)."""
        layers = self._network.layers

        def depth(name: str) -> int:
            if not name.startswith("encoder."):
                return 0
            at = layer_of(name)
            if at >= 0:
                return layers - at
            return layers + 1 if "embed" in name else 1

        return groups(self.module, depth=depth, rate_decay=self.layer_decay)

    def _never(self) -> tuple[str, ...]:
        """Beginnings of the names of parameters that never learn."""
        if not self.frozen_layers:
            return ()
        names = [name for name, _ in self.module.named_parameters() if name.startswith("encoder.")]
        return tuple(n for n in names if 0 <= layer_of(n) < self.frozen_layers or (layer_of(n) < 0 and "embed" in n))

    def _scores(self, batch: Batch) -> Tensor:
        scores: Tensor = self.module(batch["ids"], batch["mask"], batch.get("extra")).float()
        return scores

    def _answer(self, scores: Tensor) -> Tensor:
        return scores.softmax(dim=1) if self.classes else scores[:, 0]

    def _loss(self, scores: Tensor, batch: Batch, smoothing: float = 0.0) -> tuple[Tensor, Tensor | float]:
        if self.classes:
            losses = class_losses(self._kind, scores, batch["y"], smoothing=smoothing)
        else:
            losses = number_losses(self._kind, scores[:, 0] - batch["y"])
        return summed(losses, batch.get("weight"))
