"""How the training loop sees a network for tables: its losses, its answers, its groups of parameters."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from trainwright.engine.learner import Batch, groups
from trainwright.engine.settings import EngineSettings
from trainwright.models.nets.losses import class_losses, number_losses, summed
from trainwright.models.nets.modules import Net
from trainwright.models.nets.tempo import Tempo


class NetLearner:
    """See `engine.learner.Learner`. A batch has "x" (n, d), "levels" (n, c), "y" (n,) and "weight" (n,) where given.

    Validation rows are judged by the loss without the smoothing of labels, so that an epoch's figure is what it says.

    Args:
        module: the network.
        classes: number of classes, 0 for a number.
        loss: cross_entropy, focal, mse, mae or huber.
        smoothing: share of each label that is spread over all classes while training.
        tempo: what moves while it trains, or None.
    """

    def __init__(self, module: Net, classes: int, *, loss: str, smoothing: float = 0.0, tempo: Tempo | None = None):
        self.module: Any = module
        self._net = module
        self.classes, self._kind, self._smoothing, self._tempo = classes, loss, smoothing, tempo
        self.pace = None if tempo is None else tempo.move

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor | float]:
        """The sum of the rows' weighted losses, and of their weights."""
        smoothing = self._smoothing if self._net.training else 0.0
        return summed(self._losses(self._scores(batch), batch["y"], smoothing), batch.get("weight"))

    def predict(self, batch: Batch) -> Tensor:
        """(rows, classes) probabilities, or (rows,) numbers on the scale of training; the mean over members."""
        return self._answer(self._scores(batch))

    def judge(self, batch: Batch) -> tuple[Tensor, Tensor | float, Tensor]:
        """`loss` of the answer and `predict` in one pass."""
        scores = self._scores(batch)
        answer = self._answer(scores)
        if self._net.members is not None and self.classes:  # what answers is the mean of the members' probabilities
            scores = answer.clamp(min=1e-30).log()
        elif self._net.members is not None:
            scores = answer[:, None]
        return (*summed(self._losses(scores, batch["y"], 0.0), batch.get("weight")), answer)

    def parameter_groups(self, settings: EngineSettings) -> list[dict[str, Any]]:
        """Groups by rate, and by whether they shrink; see `engine.learner.groups`."""
        return groups(self._net, scale=self._net.rate)

    def unfreeze(self, epoch: int) -> bool:
        """Nothing is frozen; dropout takes the share of this epoch."""
        if self._tempo is not None:
            self._net.set_dropout(self._tempo.dropout(epoch))
        return False

    def _scores(self, batch: Batch) -> Tensor:
        scores: Tensor = self._net(batch["x"], batch["levels"])
        return scores.float()

    def _answer(self, scores: Tensor) -> Tensor:
        answer = scores.softmax(dim=-1) if self.classes else scores[..., 0]
        return answer if self._net.members is None else answer.mean(dim=1)

    def _losses(self, scores: Tensor, y: Tensor, smoothing: float) -> Tensor:
        """(n,) loss of each row, the mean over its members."""
        members = scores.shape[1] if scores.ndim == 3 else 0
        if self.classes:
            flat = scores.flatten(0, 1) if members else scores
            truth = y.repeat_interleave(members) if members else y
            losses = class_losses(self._kind, flat, truth, smoothing=smoothing)
            return losses.view(-1, members).mean(dim=1) if members else losses
        losses = number_losses(self._kind, scores[..., 0] - (y[:, None] if members else y))
        return losses.mean(dim=1) if members else losses
