"""Random draws that belong to one training, and the process-wide switches it sets and puts back.

torch's modules (dropout) draw from one generator of the whole process, so a process-wide lock lets one training run at
a time. A thread elsewhere that draws from torch's global generator meanwhile would take part in the sequence.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

_LOCK = threading.RLock()
_determinism: Any = torch.utils.deterministic  # a module whose switches are properties


def derived(seed: int, *words: object) -> int:
    """A seed for one purpose, the same in every process.

    Example:
        >>> derived(0, "order", 1) == derived(0, "order", 1), derived(0, "order", 1) == derived(0, "order", 2)
        (True, False)
    """
    text = "/".join(str(word) for word in (seed, *words))
    # 32 bits: torch's generator for the processor reads no more of a seed.
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")


def generator(seed: int, *words: object) -> torch.Generator:
    """A generator of one's own on the processor."""
    return torch.Generator().manual_seed(derived(seed, *words))


@contextmanager
def alone(seed: int, *, threads: int | None = None, deterministic: bool = False) -> Iterator[None]:
    """No other training runs within the block, torch's global generators are seeded, and all is put back afterwards.

    Families build and use their networks within it too: weights are drawn from the global generator.

    Args:
        seed: of the draws within the block.
        threads: of torch within the block; None leaves them.
        deterministic: insist on deterministic algorithms; those that have no such form warn.

    Example:
        >>> before = torch.get_rng_state()
        >>> with alone(7):
        ...     drawn = torch.rand(2)
        >>> bool((torch.get_rng_state() == before).all())
        True
    """
    with _LOCK:
        state, had = global_state(), torch.get_num_threads()
        strict, lenient = (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        filled = _determinism.fill_uninitialized_memory
        benchmark = torch.backends.cudnn.benchmark
        try:
            if threads is not None and threads != had:
                torch.set_num_threads(threads)
            if deterministic:
                torch.use_deterministic_algorithms(True, warn_only=True)
                _determinism.fill_uninitialized_memory = False
                torch.backends.cudnn.benchmark = False
                # Read once, when a GPU's library begins; without it products of matrices may differ in their last bits.
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.manual_seed(derived(seed, "global"))
            yield
        finally:
            torch.use_deterministic_algorithms(strict, warn_only=lenient)
            _determinism.fill_uninitialized_memory = filled
            torch.backends.cudnn.benchmark = benchmark
            if threads is not None and threads != had:
                torch.set_num_threads(had)
            set_global_state(state)


def global_state() -> dict[str, Tensor]:
    """The state of torch's global generators, by device."""
    found = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_initialized():
        found |= {f"cuda:{i}": torch.cuda.get_rng_state(i) for i in range(torch.cuda.device_count())}
    return found


def set_global_state(state: dict[str, Tensor]) -> None:
    """Takes up what `global_state` gave; devices that are not here are passed over."""
    torch.set_rng_state(state["cpu"])
    if torch.cuda.is_initialized():
        for i in range(torch.cuda.device_count()):
            if f"cuda:{i}" in state:
                torch.cuda.set_rng_state(state[f"cuda:{i}"], i)
