"""Sentence embeddings, each text once: folds, refits and members of a package share what was computed.

Several threads may ask at the same time; each takes texts that no other is at, and waits for the rest.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from trainwright.models.text.base import fingerprint
from trainwright.models.text.batches import FEW, TOKENS, padded_length, rows_of
from trainwright.models.text.encoder import GPU_TOKENS, answers, most_positions, numbers_for, open_encoder, pooled
from trainwright.models.text.tokens import Tokens

MOST_KEPT = 300_000  # vectors of one base model; 460 MB at a width of 384
MOST_MODELS = 2


class Embedder:
    """A base model that turns texts into vectors and remembers them.

    Args:
        folder: of the base model.
        limit: tokens read of each text.
        precision, device: as in `EngineSettings`.
    """

    def __init__(self, folder: Path, limit: int, precision: str = "auto", device: str = "auto"):
        self.tokens = Tokens.of(folder, limit)
        self._encoder = open_encoder(folder).eval()
        self.numbers = numbers_for(self._encoder, device=device, precision=precision)
        self._encoder.to(self.numbers.device)
        self._known: dict[bytes, np.ndarray] = {}
        self._last: dict[bytes, np.ndarray] = {}  # of the latest few texts, which members of a package all ask for
        self._taken: set[bytes] = set()
        self._changed = threading.Condition()

    def vectors(self, texts: Sequence[str], *, threads: int = 1) -> np.ndarray:
        """(n, width) float32, each of the length of the square root of the width."""
        keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
        with self._changed:
            found = {key: self._known[key] for key in keys if key in self._known}
        unknown = {key: text for key, text in zip(keys, texts) if key not in found}
        if unknown:
            found |= self._few(unknown, threads) if len(unknown) <= FEW else self._all(unknown, threads)
        return np.stack([found[key] for key in keys])

    def forget(self) -> None:
        """Forgets every vector."""
        with self._changed:
            self._known.clear()
            self._last.clear()

    def _few(self, unknown: dict[bytes, str], threads: int) -> dict[bytes, np.ndarray]:
        """So few texts that they are computed in a shape of their own, which others must not rely on."""
        last = self._last
        if any(key not in last for key in unknown):
            ids = self.tokens.encode(list(unknown.values())).ids
            with on_threads(threads):
                last = dict(zip(unknown, self._computed(ids)))
            self._last = last
        return {key: last[key] for key in unknown}

    def _all(self, unknown: dict[bytes, str], threads: int) -> dict[bytes, np.ndarray]:
        ids = dict(zip(unknown, self.tokens.encode(list(unknown.values())).ids))
        length = {key: padded_length(len(row)) for key, row in ids.items()}
        order = sorted(ids, key=length.__getitem__)
        while True:
            for batch in self._batches(order, length):
                try:
                    with on_threads(threads):
                        made = self._computed([ids[key] for key in batch], few=0)
                except BaseException:
                    with self._changed:
                        self._taken.difference_update(batch)
                        self._changed.notify_all()
                    raise
                with self._changed:
                    if len(self._known) + len(batch) > MOST_KEPT + len(order):
                        self._known.clear()
                    self._known.update(zip(batch, made))
                    self._taken.difference_update(batch)
                    self._changed.notify_all()
            with self._changed:
                missing = [key for key in order if key not in self._known]
                if not missing:
                    return {key: self._known[key] for key in order}
                if any(key in self._taken for key in missing):
                    self._changed.wait(1.0)

    def _batches(self, order: list[bytes], length: dict[bytes, int]) -> Iterator[list[bytes]]:
        """Texts of one length that nobody has computed or is at, taken as they are handed out."""
        tokens = TOKENS if self.numbers.device.type == "cpu" else GPU_TOKENS
        at = 0
        while at < len(order):
            batch: list[bytes] = []
            with self._changed:
                while at < len(order) and (not batch or length[order[at]] == length[batch[0]]):
                    key = order[at]
                    if batch and len(batch) == rows_of(length[batch[0]], tokens):
                        break
                    at += 1
                    if key not in self._known and key not in self._taken:
                        batch.append(key)
                self._taken.update(batch)
            if batch:
                yield batch

    def _computed(self, ids: list[np.ndarray], *, few: int = FEW) -> np.ndarray:
        def forward(numbers: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return pooled(self._encoder(input_ids=numbers, attention_mask=mask).last_hidden_state, mask)

        most = most_positions(self._encoder)
        return answers(forward, ids, pad=self.tokens.pad, numbers=self.numbers, few=few, most=most)


_open: OrderedDict[tuple[str, int, str, str], Embedder] = OrderedDict()
_opening = threading.Lock()


def embedder(folder: Path, limit: int, precision: str = "auto", device: str = "auto") -> Embedder:
    """The embedder of a base model, opened once in a process; the two latest stay open."""
    key = (fingerprint(folder), limit, precision, device)
    with _opening:
        if key not in _open:
            _open[key] = Embedder(folder, limit, precision, device)
            while len(_open) > MOST_MODELS:
                _open.popitem(last=False)
        _open.move_to_end(key)
        return _open[key]


_counting = threading.Lock()
_inside, _before = 0, 1


@contextmanager
def on_threads(threads: int) -> Iterator[None]:
    """torch computes with so many threads; the last to leave puts back what was there before the first came."""
    global _inside, _before
    with _counting:
        if not _inside:
            _before = torch.get_num_threads()
        _inside += 1
        if torch.get_num_threads() != threads:
            torch.set_num_threads(max(1, threads))
    try:
        yield
    finally:
        with _counting:
            _inside -= 1
            if not _inside and torch.get_num_threads() != _before:
                torch.set_num_threads(_before)
