"""What a training uses of the machine, epoch by epoch: processor, memory, GPU, and the wait for its batches."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import torch

from trainwright.engine.learner import Batch
from trainwright.engine.memory import GIB

CPU, MEMORY, WAIT = "System/cores used", "System/memory GiB", "System/data wait"
LACKS = "how busy the GPU is cannot be asked of its driver and is not recorded: pip install nvidia-ml-py"
GPU, GPU_MEMORY = "System/GPU used", "System/GPU memory GiB"


class Usage:
    """Measures from `begin` to `figures`; reading clocks costs a step less than a microsecond.

    Args:
        device: where the network is.

    `lacks` says what will be left out and what to do, or is None.

    Example:
        >>> usage = Usage(torch.device("cpu"))
        >>> usage.begin()
        >>> [int(batch["x"]) for batch in usage.watched([{"x": torch.tensor(1)}, {"x": torch.tensor(2)}])]
        [1, 2]
        >>> 0 <= usage.figures()["System/data wait"] <= 1
        True
    """

    def __init__(self, device: torch.device):
        self._device = device
        self.lacks = LACKS if device.type == "cuda" and find_spec("pynvml") is None else None
        self._waited = self._started = self._worked = 0.0

    def begin(self) -> None:
        """Starts anew."""
        self._waited, self._started, self._worked = 0.0, time.perf_counter(), time.process_time()
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)

    def watched(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, noting how long each took to come."""
        clock, coming = time.perf_counter, iter(batches)
        while True:
            asked = clock()
            batch = next(coming, None)
            self._waited += clock() - asked
            if batch is None:
                return
            yield batch

    def figures(self) -> dict[str, float]:
        """Since `begin`: cores that this process kept busy, its memory now, the share of time that it waited for
        batches, and on a GPU how busy that is and the most memory that tensors took; what is not known is left out."""
        lasted = max(time.perf_counter() - self._started, 1e-9)
        found = {CPU: (time.process_time() - self._worked) / lasted, WAIT: min(self._waited / lasted, 1.0)}
        with suppress(OSError, ValueError, IndexError):  # not on every system
            found[MEMORY] = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / GIB
        if self._device.type == "cuda":
            found[GPU_MEMORY] = torch.cuda.max_memory_allocated(self._device) / GIB
            with suppress(ModuleNotFoundError, RuntimeError):  # asks the driver through a package of its own
                found[GPU] = torch.cuda.utilization(self._device) / 100
        return found
