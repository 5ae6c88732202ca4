"""Slots: what a worker has to give and what a job takes of it (cores, GPUs, memory)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trainwright.errors import UserError

MEMORY = {"": 1, "M": 1, "MB": 1, "G": 1024, "GB": 1024, "T": 1024 * 1024, "TB": 1024 * 1024}


@dataclass(frozen=True)
class Slots:
    """An amount of cores, GPUs and memory.

    Args:
        cpu: cores.
        gpu: GPUs.
        memory_mb: MiB of memory; None where it is not counted.
    """

    cpu: int = 1
    gpu: int = 0
    memory_mb: int | None = None

    def holds(self, job: Slots) -> bool:
        """Whether a job fits. Memory counts where both sides know it."""
        memory = self.memory_mb is None or job.memory_mb is None or job.memory_mb <= self.memory_mb
        return job.cpu <= self.cpu and job.gpu <= self.gpu and memory

    def without(self, taken: Iterable[Slots]) -> Slots:
        """What is left while jobs that take this much work.

        Example:
            >>> Slots(cpu=4, gpu=1).without([Slots(1), Slots(2, gpu=1)])
            Slots(cpu=1, gpu=0, memory_mb=None)
        """
        taken = list(taken)
        memory = None if self.memory_mb is None else self.memory_mb - sum(job.memory_mb or 0 for job in taken)
        return Slots(self.cpu - sum(job.cpu for job in taken), self.gpu - sum(job.gpu for job in taken), memory)

    def beside(self, kept: Slots) -> Slots:
        """What others may have of this while so much is kept free of it.

        Example:
            >>> Slots(cpu=3, gpu=0).beside(Slots(cpu=1, gpu=1))
            Slots(cpu=2, gpu=0, memory_mb=None)
        """
        left = self.without([kept])
        memory = None if left.memory_mb is None else max(0, left.memory_mb)
        return Slots(max(0, left.cpu), max(0, left.gpu), memory)

    def __str__(self) -> str:
        """As `parse_slots` reads it."""
        parts = [f"cpu={self.cpu}", f"gpu={self.gpu}" if self.gpu else ""]
        parts.append("" if self.memory_mb is None else f"memory={self.memory_mb}MB")
        return ",".join(part for part in parts if part)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"cpu": self.cpu, "gpu": self.gpu, "memory_mb": self.memory_mb}


# One core: what a job takes and a worker has when nothing is said.
ONE = Slots()


def parse_slots(text: str, flag: str = "--slots") -> Slots:
    """Slots from what a user writes.

    Args:
        text: "cpu=2,gpu=1,memory=8GB"; what is left out is none, one core at least.
        flag: where it was written.

    Raises:
        UserError: it cannot be read.

    Example:
        >>> parse_slots("cpu=2,gpu=1"), parse_slots("memory=8GB")
        (Slots(cpu=2, gpu=1, memory_mb=None), Slots(cpu=1, gpu=0, memory_mb=8192))
        >>> parse_slots("cores=2")
        Traceback (most recent call last):
            ...
        trainwright.errors.UserError: --slots: 'cores=2' is none of cpu=N, gpu=N, memory=N[MB|GB]; for example ...
    """
    given: dict[str, Any] = {}
    for item in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(cpu|gpu|memory)=(\d{1,9})([A-Za-z]*)", item)
        unit = None if match is None else match[3].upper()
        bad = match is None or unit not in MEMORY or (match[1] != "memory" and unit != "")
        if match is None or unit is None or bad or (match[1] == "cpu" and int(match[2]) == 0):
            raise UserError(
                f"{flag}: {item!r} is none of cpu=N, gpu=N, memory=N[MB|GB]",
                remedy="for example cpu=2,gpu=1,memory=8GB",
            )
        key = "memory_mb" if match[1] == "memory" else match[1]
        if key in given:
            raise UserError(f"{flag} names {match[1]} twice", remedy="name each once")
        given[key] = int(match[2]) * MEMORY[unit]
    return Slots(**given)
