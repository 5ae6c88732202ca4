"""What a training needs of memory, told before it starts, and what is there; and what to do when it runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from trainwright.engine.learner import Batch, part_of, rows_of
from trainwright.engine.settings import EngineSettings
from trainwright.errors import EnvironmentProblem
from trainwright.machine import free_memory

GIB = 1024**3
# Of the memory that is there, the share a plan may take: allocators round up, and the estimate leaves out workspaces.
SAFE = 0.8
# A training that needs no more than this share by the widths of its layers is not measured.
PLENTY = 0.1
# Tensors as wide as a layer that a backward pass keeps of it, at most: before and after norm, bend, dropout, mask.
KEPT_OF_A_LAYER = 8
# Rows that the activations are measured with, and half as many.
MEASURED = 4
# Numbers that each optimiser keeps beside a weight.
STATES = {"adamw": 2, "adam": 2, "sgd": 1, "momentum": 1, "nesterov": 1, "rmsprop": 2}


@dataclass(frozen=True)
class Need:
    """Bytes that a training takes.

    Args:
        weights, gradients, optimizer: whatever the batch.
        copies: of the weights, kept aside for the best epoch and the last good state.
        fixed, per_row: of what is kept for the backward pass: fixed + per_row * rows.
        measured: on the network itself; otherwise at most so much, by the widths of its layers.
    """

    weights: int
    gradients: int
    optimizer: int
    copies: int
    fixed: float
    per_row: float
    measured: bool = True

    def of(self, rows: int) -> int:
        """For micro-batches of so many rows."""
        standing = self.weights + self.gradients + self.optimizer + self.copies
        return int(standing + max(self.fixed, 0.0) + self.per_row * rows)

    def rows_within(self, room: int, most: int) -> int:
        """The largest of most, most / 2, most / 4, ... rows that fits; 0 when not even one does.

        Example:
            >>> Need(10, 10, 20, 0, 0.0, 5.0).rows_within(100, 16)
            8
        """
        rows = most
        while rows and self.of(rows) > room:
            rows //= 2
        return rows


UNKNOWN = Need(0, 0, 0, 0, 0.0, 0.0)
"""Before anything is measured."""


def standing(module: nn.Module, settings: EngineSettings, *, copies: int) -> Need:
    """The part that does not depend on the batch; `copies` are in multiples of the weights."""
    weights = sum(p.nbytes for p in module.parameters()) + sum(b.nbytes for b in module.buffers())
    learned = sum(p.nbytes for p in module.parameters() if p.requires_grad)
    kept = STATES[settings.optimizer] * learned
    return Need(weights, learned, kept, copies * weights, 0.0, 0.0)


def bound(need: Need, module: nn.Module, row: Batch) -> Need:
    """Adds what the activations take at most, by the widths of the layers alone: nothing is computed.

    Each layer keeps some tensors as wide as itself for each place of a row (a row of numbers has one, a text as many as
    tokens, an image as pixels), and may compare all pairs of places.

    Args:
        need: see `standing`.
        module: its weights are looked at.
        row: one of those that need most.

    Example:
        >>> some = Need(0, 0, 0, 0, 0.0, 0.0)
        >>> bound(some, nn.Linear(3, 5), {"x": torch.zeros(1, 3)}).per_row  # 4 bytes * 8 tensors * (3 + 5 + 1)
        288.0
    """
    places = max(_places(tensor) for tensor in row.values())
    layers = [width for inner in module.modules() if (width := _width(inner))]
    per_row = 4.0 * KEPT_OF_A_LAYER * (places * sum(layers) + places**2 * len(layers))
    return replace(need, fixed=0.0, per_row=per_row, measured=False)


def _width(inner: nn.Module) -> int:
    """What a layer takes in and gives out for one place, from its own weights; 0 where it has none."""
    if isinstance(inner, nn.Embedding):
        return inner.embedding_dim
    if isinstance(inner, nn.modules.conv._ConvNd):
        return inner.in_channels + inner.out_channels
    weights = [weight for weight in inner.parameters(recurse=False) if weight.ndim and weight.numel()]
    return max((weight.numel() // min(weight.shape) + min(weight.shape) for weight in weights), default=0)


def _places(tensor: Tensor) -> int:
    """Places of a row: numbers at which every layer is computed anew."""
    if tensor.ndim <= 1 or (tensor.ndim == 2 and tensor.is_floating_point()):
        return 1
    return max(tensor.shape[1], tensor.shape[2:].numel(), 1)  # a table may have no categories: (rows, 0)


def measure(need: Need, loss: Callable[[Batch], Tensor], module: nn.Module, batch: Batch) -> Need:
    """Adds the activations, by counting what two small micro-batches keep for their backward passes.

    Args:
        need: see `standing`.
        loss: the loss of a micro-batch, under the autocast it will be computed in.
        module: its buffers are put back afterwards: a forward pass may move running means.
        batch: at most `MEASURED` of the rows that need most.
    """
    rows = rows_of(batch)
    all_kept = _kept(loss, module, batch)
    if rows < MEASURED:
        return replace(need, fixed=0.0, per_row=all_kept / rows, measured=True)
    half = rows // 2
    slope = max((all_kept - _kept(loss, module, part_of(batch, 0, half))) / (rows - half), 0.0)
    return replace(need, fixed=all_kept - slope * rows, per_row=slope, measured=True)


def _kept(loss: Callable[[Batch], Tensor], module: nn.Module, batch: Batch) -> int:
    """Bytes of the storages that autograd keeps for the backward pass, less those of the weights themselves."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*module.parameters(), *module.buffers())}
    # The storages themselves are held: one that is freed meanwhile could give its address to another.
    found: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage

    before = [buffer.clone() for buffer in module.buffers()]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda _: _no_way_back()):
        loss(batch)
    with torch.no_grad():
        for buffer, value in zip(module.buffers(), before):
            buffer.copy_(value)
    return sum(storage.nbytes() for storage in found.values())


def _no_way_back() -> Tensor:
    raise RuntimeError("what was only counted cannot be used for a backward pass")


def available(device: torch.device, *, root: Path = Path("/")) -> int | None:
    """Bytes that may still be taken on a device, or None where that is not known.

    For the processor the least of what the system says is available and what the control groups of this process leave.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    return free_memory(root)


def is_out_of_memory(error: BaseException) -> bool:
    """The error says that memory ran out, on a GPU or on the processor."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def too_large(need: Need, room: int | None, *, when: str, shorter: str | None) -> EnvironmentProblem:
    """Not even one row fits: says how many GiB are needed, and what would do with less.

    Args:
        when: how it showed, as the beginning of the sentence.
        shorter: how sequences could be cut, or None where there are none.
    """
    parts = {
        "weights": need.weights,
        "gradients": need.gradients,
        "optimiser": need.optimizer,
        "copies": need.copies,
        "activations": max(need.fixed, 0.0) + need.per_row,
    }
    told = ", ".join(f"{name} {size / GIB:.2f}" for name, size in parts.items())
    there = "" if room is None else f", and {room / GIB:.2f} GiB are free"
    cut = "" if shorter is None else f"{shorter}, "
    return EnvironmentProblem(
        f"{when} a step with a single row needs {need.of(1) / GIB:.2f} GiB of memory ({told}){there}",
        remedy=f"{cut}set gradient_checkpointing: true, choose a smaller model, or use a machine with more memory",
    )
