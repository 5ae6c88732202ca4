"""A sum of shapes: one table of scores for each feature, and for a few pairs; looked up with NumPy alone.

The model of Lou, Caruana and Gehrke 2012 and, with pairs, of Lou et al. 2013 (equation 2): a prediction is an intercept
plus one number per term, and each number can be read off the term's table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Bins:
    """How one feature becomes the positions of a table.

    Position 0 is a missing number, the last a value that the table does not know; those between are stretches of
    numbers or single categories.

    Args:
        cuts: (c,) ascending: a number belongs right of every cut that is not greater; None for a category.
        place: (levels,) position of each category by its rank; None for a number.
        size: number of positions.
    """

    cuts: np.ndarray | None
    place: np.ndarray | None
    size: int

    def find(self, values: np.ndarray) -> np.ndarray:
        """(n,) positions of (n,) numbers (NaN: missing) or ranks (NaN: unknown)."""
        if self.cuts is not None:
            found = np.searchsorted(self.cuts, values, side="right") + 1
            found[np.isnan(values)] = 0
            return found
        assert self.place is not None
        known = ~np.isnan(values)
        found = np.full(len(values), self.size - 1, dtype=np.int64)
        found[known] = self.place[values[known].astype(np.int64)]
        return found


@dataclass(frozen=True)
class Term:
    """One table: its features, how each is cut, and the scores.

    Args:
        features: positions of one or two features in the matrix.
        bins: one per feature.
        scores: (positions..., outputs).
    """

    features: tuple[int, ...]
    bins: tuple[Bins, ...]
    scores: np.ndarray

    def push(self, values: np.ndarray) -> np.ndarray:
        """(n, outputs) what the term adds for (n, p) features."""
        at = tuple(bins.find(values[:, feature]) for feature, bins in zip(self.features, self.bins))
        return self.scores[at]


@dataclass(frozen=True)
class Additive:
    """An intercept and terms.

    Args:
        intercept: (outputs,).
        terms: summed in this order, so that sums repeat to the last bit.
    """

    intercept: np.ndarray
    terms: tuple[Term, ...]

    def raw(self, values: np.ndarray) -> np.ndarray:
        """(n, outputs) scores of (n, p) features."""
        total = np.tile(self.intercept, (len(values), 1))
        for term in self.terms:
            total += term.push(values)
        return total

    def pushes(self, values: np.ndarray) -> np.ndarray:
        """(n, outputs, terms) what each term adds."""
        out = np.zeros((len(values), len(self.intercept), len(self.terms)))
        for t, term in enumerate(self.terms):
            out[:, :, t] = term.push(values)
        return out

    def state(self) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """The terms as plain data, and everything long as arrays."""
        arrays = {"intercept": self.intercept}
        terms = []
        for t, term in enumerate(self.terms):
            arrays[f"scores_{t}"] = term.scores
            kinds = []
            for b, bins in enumerate(term.bins):
                kind = "cuts" if bins.cuts is not None else "place"
                arrays[f"{kind}_{t}_{b}"] = getattr(bins, kind)
                kinds.append({"kind": kind, "size": bins.size})
            terms.append({"features": list(term.features), "bins": kinds})
        return terms, arrays

    @classmethod
    def restore(cls, terms: list[dict[str, Any]], arrays: dict[str, np.ndarray]) -> Additive:
        """The model from `state`'s two parts."""
        made = []
        for t, term in enumerate(terms):
            bins = []
            for b, one in enumerate(term["bins"]):
                array = arrays[f"{one['kind']}_{t}_{b}"]
                cuts, place = (array, None) if one["kind"] == "cuts" else (None, array)
                bins.append(Bins(cuts, place, int(one["size"])))
            made.append(Term(tuple(int(j) for j in term["features"]), tuple(bins), arrays[f"scores_{t}"]))
        return cls(arrays["intercept"], tuple(made))
