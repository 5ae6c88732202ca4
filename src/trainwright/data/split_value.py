"""The split of a dataset version: a frozen value, its summary, and its compact form on disk."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.split_rule import SplitRule
from trainwright.errors import EnvironmentProblem

DEVELOPMENT = 0
TEST = 1
LEFT_OUT = 2
FORMAT = 1


@dataclass(frozen=True, eq=False)
class Fold:
    """One cut of the development rows.

    Args:
        number: from 0 within its repeat.
        repeat: from 0.
        train: (k,) int64 positions within the development rows, ascending.
        validation: (m,) int64 positions within the development rows, ascending.
    """

    number: int
    repeat: int
    train: np.ndarray
    validation: np.ndarray


@dataclass(frozen=True, eq=False)
class Split:
    """Which row is where, and why.

    Args:
        part: (n,) int8 of `DEVELOPMENT`, `TEST`, `LEFT_OUT`.
        folds: cuts of the development rows, in the order in which a plan takes them.
        reason: sentences for the user: what was chosen and why.
        left_out: number of rows in no part, by reason.
        rule: what was asked.
        shares: share of each class among the development rows, for the summary. The sealed part has none, so
            that noise in its labels changes nothing that is stored.
    """

    part: np.ndarray
    folds: tuple[Fold, ...]
    reason: tuple[str, ...]
    left_out: dict[str, int]
    rule: SplitRule
    shares: dict[str, float]

    @property
    def development(self) -> np.ndarray:
        """(n_development,) int64 row numbers of the development rows, ascending; folds index into this."""
        return np.flatnonzero(self.part == DEVELOPMENT)

    @property
    def test(self) -> np.ndarray:
        """(n_test,) int64 row numbers of the sealed rows, ascending."""
        return np.flatnonzero(self.part == TEST)

    @property
    def n_rows(self) -> dict[str, int]:
        """Rows for training, validation, test: of the first fold, or of the given parts."""
        first = self.folds[0] if self.folds else None
        return {
            "train": len(first.train) if first else int((self.part == DEVELOPMENT).sum()),
            "validation": len(first.validation) if first else 0,
            "test": int((self.part == TEST).sum()),
        }

    def summary(self) -> dict[str, Any]:
        """What a person or a report wants to know, as plain data without row numbers."""
        return {
            "rule": self.rule.to_json(),
            "sizes": {
                "development": int((self.part == DEVELOPMENT).sum()),
                "test": int((self.part == TEST).sum()),
                "left_out": int((self.part == LEFT_OUT).sum()),
            },
            "n_rows": self.n_rows,
            "folds": [
                {
                    "number": f.number,
                    "repeat": f.repeat,
                    "train": len(f.train),
                    "validation": len(f.validation),
                }
                for f in self.folds
            ],
            "class_shares": self.shares,
            "left_out": self.left_out,
            "reason": list(self.reason),
        }

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data; arrays are compressed text."""
        roles = self._roles()
        return {
            "format": FORMAT,
            **self._facts(),
            "n": len(self.part),
            "part": _pack(self.part),
            "folds": [[f.number, f.repeat] for f in self.folds],
            "roles": _pack(roles),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Split:
        """The split from `to_json`'s plain data."""
        part = _unpack(data["part"]).astype(np.int8)
        n = int((part == DEVELOPMENT).sum())
        roles = _unpack(data["roles"]).reshape(len(data["folds"]), n)
        return cls._assemble(data, part, np.array(data["folds"], dtype=np.int64).reshape(-1, 2), roles)

    def save(self, folder: Path) -> None:
        """Writes `split.json` (facts, readable) and `split.npz` (rows) into an existing folder."""
        facts = {"format": FORMAT, **self._facts(), "summary": self.summary()}
        (folder / "split.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        numbers = np.array([[f.number, f.repeat] for f in self.folds], dtype=np.int64).reshape(-1, 2)
        np.savez_compressed(folder / "split.npz", part=self.part, folds=numbers, roles=self._roles())

    @classmethod
    def load(cls, folder: Path) -> Split:
        """The split as `save` wrote it.

        Raises:
            EnvironmentProblem: a file is missing or of a newer format.
        """
        try:
            facts = json.loads((folder / "split.json").read_text(encoding="utf-8"))
            with np.load(folder / "split.npz", allow_pickle=False) as arrays:
                part, numbers, roles = arrays["part"], arrays["folds"], arrays["roles"]
        except FileNotFoundError as error:
            raise EnvironmentProblem(f"{folder} holds no split: {error.filename} is missing") from None
        if facts["format"] > FORMAT:
            raise EnvironmentProblem(
                f"{folder / 'split.json'} has format {facts['format']}, this release reads up to {FORMAT}",
                remedy="install a newer trainwright",
            )
        return cls._assemble(facts, part, numbers, roles)

    def _facts(self) -> dict[str, Any]:
        return {
            "rule": self.rule.to_json(),
            "reason": list(self.reason),
            "left_out": self.left_out,
            "shares": self.shares,
        }

    def _roles(self) -> np.ndarray:
        """(F, n_development) uint8: 1 trains, 2 validates, 0 does neither in this fold."""
        roles = np.zeros((len(self.folds), int((self.part == DEVELOPMENT).sum())), dtype=np.uint8)
        for i, fold in enumerate(self.folds):
            roles[i, fold.train] = 1
            roles[i, fold.validation] = 2
        return roles

    @classmethod
    def _assemble(cls, facts: dict[str, Any], part: np.ndarray, numbers: np.ndarray, roles: np.ndarray) -> Split:
        folds = tuple(
            Fold(int(number), int(repeat), np.flatnonzero(row == 1), np.flatnonzero(row == 2))
            for (number, repeat), row in zip(numbers, roles)
        )
        return cls(
            part=part.astype(np.int8),
            folds=folds,
            reason=tuple(facts["reason"]),
            left_out=dict(facts["left_out"]),
            rule=SplitRule.from_json(facts["rule"]),
            shares=dict(facts["shares"]),
        )


def _pack(values: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(values.astype(np.uint8).tobytes(), 6)).decode("ascii")


def _unpack(text: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)
