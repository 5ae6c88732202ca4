"""Rows that do not fit into memory: worker processes read them ahead, and pinned memory speeds their way to a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from trainwright.config.resolve import Choice
from trainwright.engine.batches import Batches, Reading
from trainwright.engine.learner import Batch
from trainwright.engine.randomness import generator


class Streamed:
    """A torch Dataset that answers a tensor of row positions with a whole batch, {"x": (rows, ...), ...}.

    What it answers may depend on the positions only: a resumed training then reads the same batches again.

    Args:
        dataset: `dataset[rows]` is a batch; it must be picklable where processes read ahead.
        reason: why the rows are not held in memory.
    """

    def __init__(self, dataset: Dataset[Batch], *, reason: str = "the rows are read as they are needed"):
        self.dataset, self.reason = dataset, reason

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]  # a Dataset need not have a length; ours must

    def batches(self, reading: Reading) -> Batches:
        """See `Source.batches`."""
        who = f"read by {reading.workers} worker processes" if reading.workers else "read in this process"
        return _StreamedBatches(self.dataset, len(self), reading, Choice(who, self.reason))


class _StreamedBatches(Batches):
    def __init__(self, dataset: Dataset[Batch], rows: int, reading: Reading, choice: Choice):
        super().__init__(rows, reading, choice)
        self._left = _Left()
        ahead: dict[str, Any] = {}
        if reading.workers:
            # Spawned, never forked: torch has threads. They stay for all epochs, since each must import torch.
            ahead = {"prefetch_factor": 4, "multiprocessing_context": "spawn", "persistent_workers": True}
        self._loader: DataLoader[Batch] = DataLoader(
            dataset,
            sampler=self._left,
            batch_size=None,
            num_workers=reading.workers,
            pin_memory=reading.device.type == "cuda",
            generator=generator(reading.seed, "workers"),  # never the caller's global generator
            **ahead,
        )

    def _from(self, position: int) -> Iterator[Batch]:
        self._left.batches = self.share(self.epoch)[position:]
        for batch in self._loader:
            yield {name: tensor.to(self.reading.device, non_blocking=True) for name, tensor in batch.items()}


class _Left(Sampler[Tensor]):
    """The row positions of the batches that are still to come."""

    def __init__(self) -> None:
        self.batches: list[Tensor] = []

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.batches)

    def __len__(self) -> int:
        return len(self.batches)
