"""Texts as numbers that a tree can cut: length, number of words, and the terms that tell the target best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.columns import Layout
from trainwright.models.prepare.tfidf import TfidfEncoder

MAX_TERMS = 200  # per column: trees read every feature at every split


@dataclass(frozen=True)
class TextFeatures:
    """Features of t text columns: for each its length and number of words, then the weights of its terms."""

    terms: TfidfEncoder

    @classmethod
    def learn(cls, texts: np.ndarray, y: np.ndarray, n_classes: int) -> TextFeatures:
        """Chooses terms by (n, t) training texts and their (n,) labels."""
        encoder = TfidfEncoder(max_terms=MAX_TERMS, by_target=True)
        return cls(encoder.fit(texts, y, n_classes) if texts.shape[1] else encoder)

    def transform(self, texts: np.ndarray) -> np.ndarray:
        """(n, 2 t + terms) features of (n, t) texts."""
        length = np.array([[len(text) for text in row] for row in texts], dtype=np.float64)
        words = np.array([[text.count(" ") + 1 for text in row] for row in texts], dtype=np.float64)
        n, t = texts.shape
        return np.concatenate([length.reshape(n, t), words.reshape(n, t), self.terms.transform(texts)], axis=1)

    def parents(self, layout: Layout) -> list[tuple[str, ...]]:
        """For each feature the text column that it comes from."""
        return [(name,) for name in (*layout.texts, *layout.texts, *self.terms.sources(layout.texts))]

    def to_json(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return self.terms.state()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TextFeatures:
        """The features from `to_json`'s plain data."""
        return cls(TfidfEncoder.restore(data))
