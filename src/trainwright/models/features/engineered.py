"""The engineered matrix of LightGBM: the plain one, encodings of categories and of pairs of them, numbers
within their group, and arithmetic of numbers. `discovery` learns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Layout
from trainwright.models.features.arithmetic import Arithmetic
from trainwright.models.features.crosses import Crosses
from trainwright.models.features.encodings import Encodings
from trainwright.models.features.groups import Groups
from trainwright.models.features.plain import PlainMatrix


@dataclass(frozen=True)
class EngineeredMatrix:
    """What was learned; each part is None when it has nothing to add.

    Args:
        plain: the plain matrix, whose features all stay.
        encoded: (c,) positions of the category columns that are target encoded.
        encodings: their encodings.
        crosses: pairs of categories, with their encodings.
        groups: numbers within categories.
        arithmetic: pairs of numbers.
    """

    plain: PlainMatrix
    encoded: np.ndarray
    encodings: Encodings | None
    crosses: tuple[Crosses, Encodings] | None
    groups: Groups | None
    arithmetic: Arithmetic | None

    def transform(self, X: Columns) -> np.ndarray:
        """(n, p) features of any rows, encoded by all training rows."""
        base = self.plain.transform(X)
        parts = [base]
        if self.encodings is not None:
            parts.append(self.encodings.transform(X.codes[:, self.encoded]))
        if self.crosses is not None:
            crosses, encodings = self.crosses
            parts.append(encodings.transform(crosses.transform(X.codes)))
        parts += label_free(self.groups, self.arithmetic, base, X.codes)
        return np.concatenate(parts, axis=1, dtype=base.dtype, casting="same_kind")

    def categorical(self, layout: Layout) -> list[int]:
        """Positions of the features that LightGBM reads as categories."""
        return self.plain.categorical(layout)

    def parents(self, layout: Layout) -> list[tuple[str, ...]]:
        """For each feature the original columns that it is made of."""
        base = self.plain.parents(layout)
        names: list[tuple[str, ...]] = list(base)
        if self.encodings is not None:
            names += [(layout.categories[j],) for j in self.encoded[self.encodings.columns()]]
        if self.crosses is not None:
            crosses, encodings = self.crosses
            pairs = crosses.pairs[encodings.columns()]
            names += [(layout.categories[a], layout.categories[b]) for a, b in pairs]
        if self.groups is not None:
            for feature in range(len(self.groups)):
                category, number = self.groups.parts(feature)
                names.append((layout.categories[category], *base[number]))
        if self.arithmetic is not None:
            pairs = zip(self.arithmetic.first, self.arithmetic.second)
            names += [tuple(dict.fromkeys(base[a] + base[b])) for a, b in pairs]
        return names

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Plain data for JSON, and named arrays."""
        arrays: dict[str, np.ndarray] = {"encoded": self.encoded}
        parts: dict[str, Any] = {"encodings": self.encodings, "groups": self.groups}
        if self.crosses is not None:
            parts |= {"crosses": self.crosses[0], "crossed": self.crosses[1]}
        for name, part in parts.items():
            if part is not None:
                arrays |= {f"{name}.{key}": value for key, value in part.arrays().items()}
        arithmetic = None if self.arithmetic is None else self.arithmetic.to_json()
        return {"plain": self.plain.to_json(), "arithmetic": arithmetic}, arrays

    @classmethod
    def restore(cls, data: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> EngineeredMatrix:
        """The matrix from `state`."""

        def part(name: str) -> dict[str, np.ndarray]:
            start = f"{name}."
            return {key.removeprefix(start): array for key, array in arrays.items() if key.startswith(start)}

        encodings, groups, crosses = part("encodings"), part("groups"), part("crosses")
        return cls(
            PlainMatrix.from_json(data["plain"]),
            arrays["encoded"],
            Encodings.restore(encodings) if encodings else None,
            (Crosses(**crosses), Encodings.restore(part("crossed"))) if crosses else None,
            Groups.restore(groups) if groups else None,
            None if data["arithmetic"] is None else Arithmetic.from_json(data["arithmetic"]),
        )


def label_free(
    groups: Groups | None, arithmetic: Arithmetic | None, base: np.ndarray, codes: np.ndarray
) -> list[np.ndarray]:
    """Group statistics and arithmetic features, as far as they exist."""
    parts = []
    if groups is not None:
        parts.append(groups.transform(base, codes))
    if arithmetic is not None:
        parts.append(arithmetic.transform(base))
    return parts
