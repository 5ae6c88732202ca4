"""What a network does on validation rows: its loss, and the task's metrics on its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from trainwright.engine.learner import Batch, part_of, rows_of
from trainwright.engine.memory import is_out_of_memory
from trainwright.engine.run import Run


def judge(run: Run) -> tuple[float, dict[str, float]]:
    """The mean loss over the validation rows, and the metrics of the answers; nothing is learned.

    The rows are taken in the micro-batches of the training; without gradients they need less memory.
    """
    rows = run.validation
    assert rows is not None
    rows.restore({"epoch": 1, "position": 0})
    loss_sum: Any = 0.0
    count_sum: Any = 0.0
    answers: list[Tensor] = []
    module = run.learner.module
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad(), run.numbers.autocast():
            for batch in rows:
                for loss, count, answer in _in_parts(run, batch):
                    loss_sum, count_sum = loss_sum + loss, count_sum + count
                    if answer is not None:
                        answers.append(answer)
    finally:
        module.train(was_training)
    told = run.runtime.gathered((float(loss_sum), float(count_sum)))
    mean = sum(loss for loss, _ in told) / max(sum(count for _, count in told), 1e-12)
    if run.metrics is None:
        return mean, {}
    own = torch.cat(answers).float().cpu() if answers else None
    found = [answer for answer in run.runtime.gathered(own) if answer is not None]
    in_order = rows.in_row_order(found)
    return mean, {name: float(value) for name, value in run.metrics(in_order).items()}


def _in_parts(run: Run, batch: Batch) -> list[tuple[Tensor, Tensor | float, Tensor | None]]:
    """What `_ask` says about a batch, in parts of half the size where memory runs out."""
    size = rows_of(batch)
    if not size:
        return []  # a short batch may leave one of several processes none
    ask = _asking(run)
    while True:
        try:
            return [ask(part_of(batch, start, start + size)) for start in range(0, rows_of(batch), size)]
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or size == 1:
                raise
        size //= 2


def _asking(run: Run) -> Callable[[Batch], tuple[Tensor, Tensor | float, Tensor | None]]:
    """Loss, count and answer of a batch, in one pass where the learner can."""
    learner = run.learner
    both: Callable[[Batch], tuple[Tensor, Tensor | float, Tensor | None]] | None = getattr(learner, "judge", None)

    def ask(batch: Batch) -> tuple[Tensor, Tensor | float, Tensor | None]:
        if both is not None:
            loss, count, answer = both(batch)
            return loss, count, None if run.metrics is None else answer
        loss, count = learner.loss(batch)
        return loss, count, None if run.metrics is None else learner.predict(batch)

    return ask
