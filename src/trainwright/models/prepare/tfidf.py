"""Texts as weighted counts of the words and word pairs that a training fold holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainwright.models.prepare.sparse_rows import SparseRows
from trainwright.models.prepare.words import tokens


class TfidfEncoder:
    """Term frequency times inverse document frequency, for each text column by itself.

    A term that occurs c times in a text weighs (1 + ln c) * (ln((1 + n) / (1 + d)) + 1), where d of the n
    fitting texts hold it; each text is then scaled to length 1 (Salton and Buckley 1988, with the smoothing
    scikit-learn uses).

    Args:
        max_terms: at most this many terms of each column.
        min_texts: a term of fewer texts is left out.
        by_target: keep the terms that separate the target best (chi-square of presence, or squared
            correlation) rather than the most frequent ones; for families that cannot take thousands of
            columns.

    Example:
        >>> encoder = TfidfEncoder(min_texts=1).fit(np.array([["red"], ["blue"]], dtype=object))
        >>> encoder.names(["note"]), encoder.transform(np.array([["red green"]], dtype=object)).tolist()
        (["note: 'blue'", "note: 'red'"], [[0.0, 1.0]])
    """

    def __init__(self, *, max_terms: int = 20_000, min_texts: int = 2, by_target: bool = False) -> None:
        self.max_terms, self.min_texts, self.by_target = max_terms, min_texts, by_target
        self.terms: list[list[str]] = []  # for each column its terms, sorted
        self.weights: list[np.ndarray] = []  # for each column (terms,) inverse document frequencies
        self._index: list[dict[str, int]] = []

    def fit(self, texts: np.ndarray, y: np.ndarray | None = None, n_classes: int = 0) -> TfidfEncoder:
        """Learns the terms of (n, t) texts; y, (n,) class positions or numbers, serves `by_target` only."""
        n = len(texts)
        self.terms, self.weights = [], []
        for j in range(texts.shape[1]):
            sets = [set(tokens(text)) for text in texts[:, j]]
            counts = Counter(term for found in sets for term in found)
            kept = sorted(term for term, count in counts.items() if count >= self.min_texts)
            if len(kept) > self.max_terms:
                value = _separation(sets, kept, y, n_classes) if self.by_target and y is not None else None
                score = np.array([counts[term] for term in kept], dtype=np.float64) if value is None else value
                best = np.sort(np.argsort(-score, kind="stable")[: self.max_terms])
                kept = [kept[at] for at in best]
            found_in = np.array([counts[term] for term in kept], dtype=np.float64)
            self.terms.append(kept)
            self.weights.append(np.log((1 + n) / (1 + found_in)) + 1)
        self._make_index()
        return self

    @property
    def width(self) -> int:
        """Number of output columns."""
        return sum(len(terms) for terms in self.terms)

    def transform_sparse(self, texts: np.ndarray) -> SparseRows:
        """(n, t) texts to (n, width) weights; unknown words are ignored."""
        parts = [self._column(j, texts[:, j]) for j in range(texts.shape[1])]
        return parts[0] if len(parts) == 1 else SparseRows.side_by_side(parts)

    def transform(self, texts: np.ndarray) -> np.ndarray:
        """(n, t) texts to (n, width) weights, as a dense matrix."""
        return self.transform_sparse(texts).toarray() if texts.shape[1] else np.zeros((len(texts), 0))

    def names(self, columns: Sequence[str]) -> list[str]:
        """Names of the output columns, such as "note: 'leak'"."""
        return [f"{columns[j]}: {term!r}" for j, terms in enumerate(self.terms) for term in terms]

    def sources(self, columns: Sequence[str]) -> list[str]:
        """For each output column the column that it was made from."""
        return [columns[j] for j, terms in enumerate(self.terms) for _ in terms]

    def state(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {
            "max_terms": self.max_terms,
            "min_texts": self.min_texts,
            "by_target": self.by_target,
            "terms": self.terms,
            "weights": [weights.tolist() for weights in self.weights],
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> TfidfEncoder:
        """The encoder from `state`'s plain data."""
        encoder = cls(max_terms=state["max_terms"], min_texts=state["min_texts"], by_target=state["by_target"])
        encoder.terms = [list(terms) for terms in state["terms"]]
        encoder.weights = [np.array(weights, dtype=np.float64) for weights in state["weights"]]
        encoder._make_index()
        return encoder

    def _make_index(self) -> None:
        self._index = [{term: at for at, term in enumerate(terms)} for terms in self.terms]

    def _column(self, j: int, texts: np.ndarray) -> SparseRows:
        index, weights = self._index[j], self.weights[j]
        rows: list[np.ndarray] = []
        values: list[np.ndarray] = []
        for text in texts:
            found = Counter(index[term] for term in tokens(text) if term in index)
            at = np.array(sorted(found), dtype=np.int64)
            value = (1 + np.log([found[k] for k in at.tolist()])) * weights[at] if found else np.zeros(0)
            length = np.sqrt((value**2).sum())
            rows.append(at)
            values.append(value / length if length else value)
        return SparseRows.from_lists(rows, values, len(weights))


def _separation(sets: list[set[str]], terms: list[str], y: np.ndarray, n_classes: int) -> np.ndarray:
    """(terms,) how far the target differs between texts with and without the term: n times the squared
    correlation, summed over classes with weight 1 - share, which for classes is the chi-square statistic."""
    index = {term: at for at, term in enumerate(terms)}
    hits = [np.array([index[term] for term in found if term in index], dtype=np.int64) for found in sets]
    rows = np.repeat(np.arange(len(sets)), [len(hit) for hit in hits])
    at = np.concatenate([*hits, np.zeros(0, dtype=np.int64)])
    n = len(sets)
    share = np.bincount(at, minlength=len(terms)) / n
    score = np.zeros(len(terms))
    for k in range(n_classes) if n_classes else [0]:
        values = (y == k).astype(np.float64) if n_classes else y.astype(np.float64)
        spread = values.var()
        if spread <= 0:
            continue
        values = values - values.mean()
        covariance = np.bincount(at, weights=values[rows], minlength=len(terms)) / n
        correlation2 = covariance**2 / (np.maximum(share * (1 - share), 1e-12) * spread)
        score += n * correlation2 * (spread / max((y == k).mean(), 1e-12) if n_classes else 1.0)
    return score
