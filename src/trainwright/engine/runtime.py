"""Who takes part in a training: the one place that knows whether there is one process or several.

The loop asks the runtime for whatever ranks must agree on. With one process every answer is at hand; data-parallel
training (`distributed.Parallel`) answers the same questions over a process group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor, nn


class Runtime(Protocol):
    """What the loop asks. All ranks call the methods together, in one order.

    Attributes:
        rank: number of this process, from 0.
        world: processes in all.
        here: processes on this machine, which share its memory.
        writes: this process writes checkpoints, records and lines; one does.
    """

    rank: int
    world: int
    here: int
    writes: bool

    def begin(self, module: nn.Module) -> None:
        """Gives every rank the same weights before the first step."""
        ...

    def gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Adds the gradients up over ranks, once per step, when all of its micro-batches are done."""
        ...

    def level(self, module: nn.Module) -> None:
        """Gives every rank the same running statistics after a step."""
        ...

    def total(self, value: Tensor) -> Tensor:
        """The sum of a tensor over ranks: losses, counts."""
        ...

    def any(self, happened: bool) -> bool:
        """It happened on some rank: out of memory, a loss that is no number, a wish to stop."""
        ...

    def gathered(self, value: Any) -> list[Any]:
        """The value of each rank, plain data or tensors on the processor, in the order of ranks."""
        ...


class Single:
    """One process."""

    rank = 0
    world = 1
    here = 1
    writes = True

    def begin(self, module: nn.Module) -> None:
        """See `Runtime.begin`."""

    def gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """See `Runtime.gradients`."""

    def level(self, module: nn.Module) -> None:
        """See `Runtime.level`."""

    def total(self, value: Tensor) -> Tensor:
        """See `Runtime.total`."""
        return value

    def any(self, happened: bool) -> bool:
        """See `Runtime.any`."""
        return happened

    def gathered(self, value: Any) -> list[Any]:
        """See `Runtime.gathered`."""
        return [value]
