"""Training on several processes at once, each with a copy of the network and a share of every batch.

A script trains within `joined()`, and torchrun starts it once per process:

    # train.py
    with distributed.joined() as runtime:
        fit(learner, rows, settings, runtime=runtime, checkpoints=folder)

    torchrun --nproc-per-node 2 train.py                    # two processes, or as many as there are GPUs
    torchrun --nnodes 2 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29400 train.py

`settings.batch_size` counts the rows of one process: two processes learn as one does with twice the batch size. The
learning rate stays as it is set. Every process is given all rows and reads its own share of each batch; the folder of
checkpoints must lie where all of them can read it. A training goes on with as many processes as it began with.

Gradients are added up once per step, after its last micro-batch, so that a batch that runs out of memory can be taken
again; torch's DistributedDataParallel would send them during the backward pass, which pays with slow networks. Sharded
weights (FSDP2) would shard in `begin`, reduce within the backward pass, and gather whole tensors in `Run.capture`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from trainwright.engine.runtime import Runtime, Single
from trainwright.errors import EnvironmentProblem

# Gradients travel in parcels of so many bytes: few messages, and little memory beside the gradients themselves.
PARCEL = 64 * 1024**2
# A rank that waits for others this long gives up; the first step on a GPU may compile for minutes.
PATIENCE = timedelta(minutes=30)


@contextmanager
def joined(device: str = "auto") -> Iterator[Runtime]:
    """The processes that torchrun started, as a runtime; this process alone where it was started without torchrun.

    Args:
        device: as of the settings. With "cpu" processes talk by gloo, with GPUs by NCCL, one GPU each.

    Raises:
        EnvironmentProblem: more processes than GPUs on this machine.
    """
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield Single()
        return
    gpu = device != "cpu" and torch.cuda.is_available()
    local, here = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
    if gpu:
        if here > torch.cuda.device_count():
            raise EnvironmentProblem(
                f"torchrun started {here} processes on this machine, which has {torch.cuda.device_count()} GPUs",
                remedy=f"start it with --nproc-per-node {torch.cuda.device_count()}",
            )
        torch.cuda.set_device(local)
    where = torch.device("cuda", local) if gpu else torch.device("cpu")
    dist.init_process_group("nccl" if gpu else "gloo", timeout=PATIENCE, device_id=where if gpu else None)
    try:
        yield Parallel(where, here=here)
    finally:
        dist.destroy_process_group()


class Parallel:
    """The processes of torch's default group.

    Args:
        device: where tensors must lie to be sent.
        here: processes on this machine.
    """

    def __init__(self, device: torch.device, *, here: int):
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self.here, self.writes = here, self.rank == 0
        self._device = device

    def begin(self, module: nn.Module) -> None:
        """See `Runtime.begin`: the weights of rank 0."""
        for tensor in (*module.parameters(), *module.buffers()):
            _from_first(tensor)

    def gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """See `Runtime.gradients`.

        A rank without rows, or one whose rows do not reach a parameter, adds zeros; a parameter that no rank reaches
        stays without a gradient, so that the optimiser leaves it alone as it does with one process.
        """
        moving = [parameter for parameter in parameters if parameter.requires_grad]
        reached = torch.tensor([float(p.grad is not None) for p in moving], device=self._device)
        dist.all_reduce(reached)
        learned = [parameter for parameter, ranks in zip(moving, reached.tolist()) if ranks]
        for parameter in learned:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for parcel in _parcels([parameter.grad for parameter in learned if parameter.grad is not None]):
            flat = torch.cat([gradient.reshape(-1) for gradient in parcel])
            dist.all_reduce(flat)
            parts = flat.split([gradient.numel() for gradient in parcel])
            torch._foreach_copy_(parcel, [part.view_as(gradient) for part, gradient in zip(parts, parcel)])

    def level(self, module: nn.Module) -> None:
        """See `Runtime.level`: those of rank 0, as in torch's DistributedDataParallel."""
        for inner in module.modules():
            if isinstance(inner, _NormBase):
                for buffer in inner.buffers(recurse=False):
                    _from_first(buffer)

    def total(self, value: Tensor) -> Tensor:
        """See `Runtime.total`."""
        sent = value.to(self._device, copy=True)
        dist.all_reduce(sent)
        return sent.to(value.device)

    def any(self, happened: bool) -> bool:
        """See `Runtime.any`."""
        flag = torch.tensor(float(happened), device=self._device)
        dist.all_reduce(flag)
        return bool(flag.item())

    def gathered(self, value: Any) -> list[Any]:
        """See `Runtime.gathered`."""
        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, value)
        return found


def _from_first(tensor: Tensor) -> None:
    """Overwrites a tensor with that of rank 0."""
    whole = tensor.detach().contiguous()
    dist.broadcast(whole, src=0)
    with torch.no_grad():
        tensor.copy_(whole)


def _parcels(gradients: list[Tensor]) -> Iterator[list[Tensor]]:
    """Gradients of one number format, together at most `PARCEL` bytes, or a single larger one."""
    parcel: list[Tensor] = []
    size = 0
    for gradient in gradients:
        if parcel and (size + gradient.nbytes > PARCEL or gradient.dtype != parcel[0].dtype):
            yield parcel
            parcel, size = [], 0
        parcel.append(gradient)
        size += gradient.nbytes
    if parcel:
        yield parcel
