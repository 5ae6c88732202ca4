"""Rows in batches: where they lie, in which order they come, and how to go on from any position.

A family hands over a source: `Held` (named tensors of equal length), `Ragged` (texts as token numbers) or `Streamed` (a
torch Dataset too large for memory). The order of an epoch is a pure function of seed and epoch, so a position is two
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from trainwright.config.resolve import Choice
from trainwright.data.limits import readable
from trainwright.engine.learner import Batch, part_of
from trainwright.engine.randomness import generator

# Rows are sorted by length within so many batches at a time: short padding, and batches that still differ by chance.
BUCKET = 50


@dataclass(frozen=True)
class Reading:
    """How rows are read.

    Args:
        size: rows of a batch.
        device: where the batches are wanted.
        seed: of the order.
        shuffle: a new order for each epoch; otherwise as the rows stand, except that texts are sorted by length.
        workers: processes that read ahead, for rows that are not held.
        room: bytes that held rows may take on the device, or None where it is not known.
        rank, world: this process, of so many that share each batch.
    """

    size: int
    device: torch.device
    seed: int = 0
    shuffle: bool = True
    workers: int = 0
    room: int | None = None
    rank: int = 0
    world: int = 1


class Source(Protocol):
    """Rows that can be read in batches."""

    def __len__(self) -> int: ...

    def batches(self, reading: Reading) -> Batches:
        """The rows, ready to be read."""
        ...


class Batches:
    """The batches of a training: `for batch in batches` goes on from the present position to the end of its epoch.

    Args:
        rows: rows of an epoch.
        reading: how they are read.
        choice: where they are held, and why.
    """

    def __init__(self, rows: int, reading: Reading, choice: Choice):
        self.rows, self.reading, self.choice = rows, reading, choice
        self.epoch = 1
        self.position = 0  # batches of this epoch that were handed out

    @property
    def steps(self) -> int:
        """Batches of an epoch; the last one may be short."""
        return -(-self.rows // self.reading.size)

    def order(self, epoch: int) -> list[Tensor]:
        """The positions of the rows of each batch."""
        return list(self.drawn(epoch).split(self.reading.size))

    def drawn(self, epoch: int) -> Tensor:
        """(rows,) The positions of the rows, one batch after the other, where their length does not count."""
        if not self.reading.shuffle:
            return torch.arange(self.rows)
        return torch.randperm(self.rows, generator=generator(self.reading.seed, "order", epoch))

    def share(self, epoch: int) -> list[Tensor]:
        """The positions of the rows that this process reads of each batch; a short batch may leave it none."""
        if self.reading.world == 1:
            return self.order(epoch)
        # Every world-th row: batches sorted by length then cost all processes the same.
        return [rows[self.reading.rank :: self.reading.world] for rows in self.order(epoch)]

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._from(self.position):
            self.position += 1
            yield batch

    def _from(self, position: int) -> Iterator[Batch]:
        """The batches of this epoch from a position on."""
        raise NotImplementedError

    def next_epoch(self) -> None:
        """Goes to the beginning of the next epoch."""
        self.epoch, self.position = self.epoch + 1, 0

    def state(self) -> dict[str, int]:
        """Where it stands, as plain data."""
        return {"epoch": self.epoch, "position": self.position}

    def restore(self, state: Mapping[str, int]) -> None:
        """Goes on where `state` was taken."""
        self.epoch, self.position = int(state["epoch"]), int(state["position"])

    def heaviest(self, rows: int) -> Batch:
        """At most so many rows that need the most memory: the longest texts; elsewhere any."""
        return part_of(next(self._from(0)), 0, rows)

    def shorter(self) -> str | None:
        """How rows could be cut to need less memory, and how many of them that concerns; None where they have no
        length."""
        return None

    def in_row_order(self, answers: list[Tensor]) -> Tensor:
        """(rows, ...) what all processes, one after the other, answered for each batch of a whole epoch, in the order
        of the rows."""
        together = torch.cat(answers)
        out = torch.empty_like(together)
        order = self.order(self.epoch)
        read = torch.cat([rows[rank :: self.reading.world] for rank in range(self.reading.world) for rows in order])
        out[read.to(together.device)] = together
        return out


class Held:
    """Named tensors (or arrays) of equal length, such as {"x": (n, d), "y": (n,)}.

    They are put on the device as a whole where they fit, permuted once per epoch and cut into contiguous slices.

    Example:
        >>> rows = Held(x=np.arange(5, dtype=np.float32), y=np.zeros(5))
        >>> [len(b["x"]) for b in rows.batches(Reading(2, torch.device("cpu")))]
        [2, 2, 1]
    """

    def __init__(self, **columns: Tensor | np.ndarray):
        self.columns = {name: torch.as_tensor(column) for name, column in columns.items()}
        lengths = {len(column) for column in self.columns.values()}
        if len(lengths) != 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def batches(self, reading: Reading) -> Batches:
        """See `Source.batches`."""
        size = sum(column.nbytes for column in self.columns.values())
        copies = 2 if reading.shuffle else 1  # the rows, and their order of this epoch
        if reading.device.type == "cpu" or reading.room is None or copies * size <= reading.room:
            where = "in memory" if reading.device.type == "cpu" else f"on {reading.device.type}"
            reason = f"{readable(size)} fit there whole: permuted once per epoch, cut into slices"
            return _HeldBatches(self.columns, len(self), reading, Choice(f"held {where}", reason))
        from trainwright.engine.streams import Streamed

        reason = (
            f"{readable(copies * size)} are more than the {readable(reading.room)} that {reading.device.type} spares"
        )
        return Streamed(_Rows(self.columns), reason=reason).batches(reading)


class _HeldBatches(Batches):
    def __init__(self, columns: Mapping[str, Tensor], rows: int, reading: Reading, choice: Choice):
        super().__init__(rows, reading, choice)
        self._columns = {name: column.to(reading.device) for name, column in columns.items()}

    def _from(self, position: int) -> Iterator[Batch]:
        reading, columns = self.reading, self._columns
        sizes: int | list[int] = reading.size
        order: Tensor | None = None
        if reading.world > 1:
            share = self.share(self.epoch)
            sizes, order = [len(rows) for rows in share], torch.cat(share)
        elif reading.shuffle:
            order = self.drawn(self.epoch)
        if order is not None:
            order = order.to(reading.device)
            columns = {name: column[order] for name, column in columns.items()}
        names = tuple(columns)
        for parts in list(zip(*(column.split(sizes) for column in columns.values())))[position:]:
            yield dict(zip(names, parts))

    def heaviest(self, rows: int) -> Batch:
        """See `Batches.heaviest`."""
        return part_of(self._columns, 0, rows)


class _Rows(torch.utils.data.Dataset[Batch]):
    """Held columns as a dataset whose items are whole batches."""

    def __init__(self, columns: Mapping[str, Tensor]):
        self._columns = columns

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def __getitem__(self, rows: Tensor) -> Batch:
        return {name: column[rows] for name, column in self._columns.items()}


class Ragged:
    """Texts as token numbers, padded to the longest of each batch; batches hold texts of similar length.

    A batch has "ids" (rows, longest) and "mask" (rows, longest), 1 at tokens, and the rows of the other columns.

    Args:
        tokens: the token numbers of each text; an empty text counts as one padding token.
        pad: the number that fills up.
        columns: other columns of equal length, such as y.

    Example:
        >>> texts = Ragged([[5, 6, 7], [8], [9, 9]], pad=0, y=np.array([0, 1, 0]))
        >>> batches = texts.batches(Reading(2, torch.device("cpu"), shuffle=False))
        >>> [batch["ids"].tolist() for batch in batches]
        [[[8, 0], [9, 9]], [[5, 6, 7]]]
    """

    def __init__(self, tokens: list[list[int]] | list[np.ndarray], *, pad: int, **columns: Tensor | np.ndarray):
        filled = [np.asarray(row if len(row) else [pad], dtype=np.int64) for row in tokens]
        self.lengths = np.array([len(row) for row in filled], dtype=np.int64)
        self.flat = torch.from_numpy(np.concatenate(filled) if filled else np.zeros(0, dtype=np.int64))
        self.pad = pad
        self.columns = {name: torch.as_tensor(column) for name, column in columns.items()}
        if any(len(column) != len(filled) for column in self.columns.values()):
            raise ValueError(f"columns of another length than the {len(filled)} texts")

    def __len__(self) -> int:
        return len(self.lengths)

    def batches(self, reading: Reading) -> Batches:
        """See `Source.batches`."""
        reason = "texts of similar length share a batch, padded to its longest"
        return _RaggedBatches(self, reading, Choice(f"held on {reading.device.type}, sorted by length", reason))


class _RaggedBatches(Batches):
    def __init__(self, source: Ragged, reading: Reading, choice: Choice):
        super().__init__(len(source), reading, choice)
        self._lengths, self._pad = torch.from_numpy(source.lengths), source.pad
        self._starts = torch.cumsum(self._lengths, 0) - self._lengths
        self._flat = source.flat.to(reading.device)
        self._columns = {name: column.to(reading.device) for name, column in source.columns.items()}

    def order(self, epoch: int) -> list[Tensor]:
        """See `Batches.order`: buckets of a random order, each sorted by length, its batches in random order."""
        size = self.reading.size
        if not self.reading.shuffle:
            return list(torch.argsort(self._lengths, stable=True).split(size))
        draw = generator(self.reading.seed, "order", epoch)
        drawn = torch.randperm(self.rows, generator=draw)
        batches: list[Tensor] = []
        for bucket in drawn.split(size * BUCKET):
            batches += bucket[torch.argsort(self._lengths[bucket], stable=True)].split(size)
        return [batches[i] for i in torch.randperm(len(batches), generator=draw).tolist()]

    def _from(self, position: int) -> Iterator[Batch]:
        return (self._padded(rows) for rows in self.share(self.epoch)[position:])

    def heaviest(self, rows: int) -> Batch:
        """See `Batches.heaviest`."""
        return self._padded(torch.argsort(self._lengths, descending=True, stable=True)[:rows])

    def shorter(self) -> str | None:
        """See `Batches.shorter`."""
        half = max(int(self._lengths.max()) // 2, 1)
        return f"cut texts to {half} tokens ({int((self._lengths > half).sum())} of {self.rows} are longer)"

    def _padded(self, rows: Tensor) -> Batch:
        device = self.reading.device
        lengths = self._lengths[rows]
        places = torch.arange(int(lengths.max()) if len(lengths) else 1)  # (longest,)
        mask = (places < lengths[:, None]).to(device)  # (rows, longest)
        at = (self._starts[rows][:, None] + places).to(device)
        ids = torch.where(mask, self._flat[at.clamp(max=len(self._flat) - 1)], self._pad)
        here = rows.to(device)
        return {"ids": ids, "mask": mask.long()} | {name: c[here] for name, c in self._columns.items()}
