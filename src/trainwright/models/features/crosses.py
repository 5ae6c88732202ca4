"""Pairs of category columns as one category each: what matters may be the combination, not either value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.data.columns import UNSEEN


@dataclass(frozen=True)
class Crosses:
    """Codes for combinations of two category columns that the training rows held.

    Args:
        pairs: (m, 2) positions of category columns.
        base: (m,) number of slots (code + 2) of each pair's second column.
        offset: (m + 1,) the first key of each pair; keys of different pairs never meet.
        keys: (t,) sorted keys of all combinations seen.
        starts: (m,) position in `keys` of each pair's first combination.
    """

    pairs: np.ndarray
    base: np.ndarray
    offset: np.ndarray
    keys: np.ndarray
    starts: np.ndarray

    @classmethod
    def learn(cls, codes: np.ndarray, pairs: np.ndarray) -> Crosses:
        """Reads the combinations off (n, c) training codes for (m, 2) pairs of columns."""
        top = codes.max(axis=0, initial=0).astype(np.int64) + 3  # slots of each column
        base = top[pairs[:, 1]]
        offset = np.concatenate([[0], np.cumsum(top[pairs[:, 0]] * base)]).astype(np.int64)
        local = (codes[:, pairs[:, 0]] + 2) * base + codes[:, pairs[:, 1]] + 2 + offset[:-1]
        seen = [np.unique(local[:, j]) for j in range(len(pairs))]
        starts = np.concatenate([[0], np.cumsum([len(keys) for keys in seen])[:-1]]).astype(np.int64)
        keys = np.concatenate(seen) if seen else np.empty(0, dtype=np.int64)
        return cls(pairs, base, offset, keys.astype(np.int64), starts[: len(pairs)])

    def __len__(self) -> int:
        return len(self.pairs)

    def transform(self, codes: np.ndarray) -> np.ndarray:
        """(n, c) codes of any rows to (n, m) codes of combinations, `UNSEEN` where training rows had none.

        Example:
            >>> crosses = Crosses.learn(np.array([[0, 0], [1, 0]]), np.array([[0, 1]]))
            >>> crosses.transform(np.array([[1, 0], [1, 1]])).ravel().tolist()
            [1, -2]
        """
        first = codes[:, self.pairs[:, 0]].astype(np.int64) + 2
        second = codes[:, self.pairs[:, 1]].astype(np.int64) + 2
        key = first * self.base + second + self.offset[:-1]
        key[(second >= self.base) | (key >= self.offset[1:])] = -1
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where(self.keys[place] == key, place - self.starts, UNSEEN).astype(np.int32)

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learned, as named arrays."""
        return {
            "pairs": self.pairs,
            "base": self.base,
            "offset": self.offset,
            "keys": self.keys,
            "starts": self.starts,
        }
