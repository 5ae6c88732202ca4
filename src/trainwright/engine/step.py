"""One step of the optimiser on one batch, in as many micro-batches as memory asks for.

Several processes each take a share of the batch; their gradients and counts are added up before the optimiser moves.
With micro-batches i, the gradient is that of (sum of all losses) / (sum of all counts): each backward pass starts from
1 / rows, and the gradients are scaled by rows / counts once all are in. A batch that runs out of memory is taken again
in parts of half the size, with the same random draws, so that nothing of the failed attempt remains.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from trainwright.engine.learner import Batch, part_of, rows_of
from trainwright.engine.memory import is_out_of_memory, too_large
from trainwright.engine.optimizers import parameters
from trainwright.engine.randomness import derived, global_state, set_global_state
from trainwright.engine.run import Run

TINY = 1e-12  # a batch of weights that are all zero teaches nothing, and must not divide by zero


class Step:
    """Takes steps: `loss, count, norm = step(batch, look=False)`."""

    def __init__(self, run: Run):
        self._run = run
        self._parameters = parameters(run.optimizer)
        self._clip = run.settings.gradient_clip
        self._autocast = run.numbers.autocast() if run.numbers.precision != "fp32" else nullcontext()
        self._alone = run.runtime.world == 1
        self._starts: dict[float, Tensor] = {}  # 1 / count, as tensors

    def __call__(self, batch: Batch, *, look: bool = False) -> tuple[float, float, float | None]:
        """Learns from a batch.

        Args:
            batch: the rows of one step.
            look: measure the gradient, also where it is not clipped.

        Returns:
            The sum of the losses, their count, and with `look` the norm of the gradient before clipping.

        Raises:
            EnvironmentProblem: memory runs out even with a single row.
        """
        run = self._run
        if not self._alone:
            # Draws of a step by its number: they differ between ranks, and any rank's checkpoint will do for all.
            torch.manual_seed(derived(run.settings.seed, "step", run.state["step"], run.runtime.rank))
        loss, count = self._gradients(batch)
        if run.scaler is not None:
            run.scaler.unscale_(run.optimizer)
        norm: Tensor | None = None
        if look or self._clip is not None:
            norm = clipped(self._parameters, self._clip)
        if run.scaler is None:
            run.optimizer.step()
        else:
            run.scaler.step(run.optimizer)
            run.scaler.update()
        if not self._alone:
            run.runtime.level(run.learner.module)
        # The one time that the loop waits for the device.
        if isinstance(count, Tensor):
            found, counted = torch.stack((loss, count.to(loss.dtype))).tolist()
        else:
            found, counted = loss.item(), float(count)
        return found, counted, norm.item() if look and norm is not None else None

    def _gradients(self, batch: Batch) -> tuple[Tensor, Tensor | float]:
        """The gradients of a batch; halves the micro-batch as often as memory runs out."""
        run = self._run
        while True:
            before = global_state()
            for parameter in self._parameters:
                parameter.grad = None
            found: tuple[Tensor, Tensor | float] | None = None
            whole = self._alone and rows_of(batch) <= run.state["micro"]
            try:
                found = self._whole(batch) if whole else self._parts(batch)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            # Outside of the except clause: there the error still holds the tensors of the failed attempt.
            if not run.runtime.any(found is None) and found is not None:
                return found if whole else self._together(batch, *found)
            found = None
            set_global_state(before)
            self._halve(batch)

    def _whole(self, batch: Batch) -> tuple[Tensor, Tensor | float]:
        """Loss and count; the gradients are those of their quotient."""
        with self._autocast:
            loss, count = self._run.learner.loss(batch)
        loss.backward(self._start(count, loss))
        return loss.detach(), count

    def _parts(self, batch: Batch) -> tuple[Tensor, Tensor | float]:
        """Loss and count of this process's rows; the gradients are those of the loss / rows of all processes."""
        run, micro = self._run, self._run.state["micro"]
        rows = self._rows(batch)
        # On several processes tensors, since a short batch may leave this one without a row.
        loss_sum: Any = 0.0 if self._alone else torch.zeros((), device=run.numbers.device)
        count_sum: Any = 0.0
        for start in range(0, rows_of(batch), micro):
            with self._autocast:
                loss, count = run.learner.loss(part_of(batch, start, start + micro))
            loss.backward(self._start(rows, loss))
            loss_sum, count_sum = loss_sum + loss.detach(), count_sum + count
        return loss_sum, count_sum

    def _together(self, batch: Batch, loss: Tensor, count: Tensor | float) -> tuple[Tensor, Tensor | float]:
        """Loss and count over all processes; the gradients become those of their quotient."""
        run = self._run
        if not self._alone:
            both = torch.stack((loss, torch.as_tensor(count, dtype=loss.dtype, device=loss.device)))
            loss, count = run.runtime.total(both).unbind()
            run.runtime.gradients(self._parameters)
        rows = self._rows(batch)
        scale = rows / count.clamp(min=TINY) if isinstance(count, Tensor) else rows / max(count, TINY)
        if isinstance(scale, Tensor) or scale != 1.0:
            torch._foreach_mul_([p.grad for p in self._parameters if p.grad is not None], scale)
        return loss, count

    def _rows(self, batch: Batch) -> float:
        """What backward passes are divided by until the count is known: the same on all processes."""
        return float(rows_of(batch) if self._alone else self._run.batches.reading.size)

    def _start(self, count: Tensor | float, loss: Tensor) -> Tensor:
        """What the backward pass begins with: 1 / count instead of a division within the graph."""
        if isinstance(count, Tensor):
            start = count.detach().clamp(min=TINY).reciprocal().to(loss.dtype)
        else:
            found = self._starts.get(count)
            if found is None:
                found = self._starts[count] = torch.full_like(loss, 1.0 / max(count, TINY))
            start = found
        return start if self._run.scaler is None else self._run.scaler.scale(start)

    def _halve(self, batch: Batch) -> None:
        """Micro-batches of half the size from here on.

        Raises:
            EnvironmentProblem: they have one row already.
        """
        run = self._run
        for parameter in self._parameters:
            parameter.grad = None
        if run.numbers.device.type == "cuda":
            torch.cuda.empty_cache()
        taken = min(run.state["micro"], max(run.runtime.gathered(rows_of(batch))))
        if taken == 1:
            when = f"memory ran out at step {run.state['step'] + 1} with a single row at a time:"
            raise too_large(run.need, None, when=when, shorter=run.batches.shorter())
        run.state["micro"] = taken // 2
        text = (
            f"memory ran out at step {run.state['step'] + 1} with {taken} rows at a time: the step is taken again in "
            f"parts of {taken // 2}, whose gradients are added up, so that the batch stays what it was"
        )
        run.happened("out_of_memory", text)


def clipped(parameters: list[torch.nn.Parameter], most: float | None) -> Tensor:
    """The norm of all gradients together, which are then scaled so that it is at most `most` (None: left as they are).

    The operations of `torch.nn.utils.clip_grad_norm_`, with the same bits. That one sorts the gradients by device and
    number format before each of them, half of its time in a small network; here only where they differ.

    Example:
        >>> weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
        >>> weights[0].grad, weights[1].grad = torch.tensor([3.0]), torch.tensor([4.0])
        >>> clipped(weights, 1.0).item(), [round(weight.grad.item(), 4) for weight in weights]
        (5.0, [0.6, 0.8])
    """
    grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
    kinds = {(grad.device, grad.dtype, grad.layout) for grad in grads}
    if len(kinds) == 1 and grads[0].layout == torch.strided:
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
        if most is not None:
            torch._foreach_mul_(grads, (most / (norm + 1e-6)).clamp(max=1.0))
        return norm
    norm = get_total_norm(grads)
    if most is not None:
        clip_grads_with_norm_(parameters, most, norm)
    return norm
