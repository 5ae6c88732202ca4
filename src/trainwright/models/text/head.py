"""The head that a fine-tuning begins with: a linear model solved on the vectors of the texts as they are.

A head of chance would first spoil what the base knows (Kumar et al. 2022, "Fine-tuning can distort pretrained features
and underperform out-of-distribution").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.models.linear_learning import Strengths, fit_linear
from trainwright.models.prepare.preparation import Matrix
from trainwright.models.text.base import Base
from trainwright.models.text.rows import TextRows

if TYPE_CHECKING:
    from trainwright.models.text.network import TextNetwork
    from trainwright.models.text.tokens import Tokens

Vectors = Callable[[list[str]], np.ndarray]
"""Turns n texts into (n, width) numbers."""

# How firmly the head is held: vectors have a spread of one in each direction.
STRENGTH = 0.05
MOST_ROWS = 20_000


def solved_head(
    vectors: Vectors | None,
    Z: TextRows,
    y: np.ndarray,
    weight: np.ndarray | None,
    *,
    classes: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray] | None:
    """The head that is best on vectors of the texts, and on the further columns.

    Args:
        vectors: texts to (n, width); None from scratch, where the columns alone are looked at.
        Z, y, weight: the rows, and class positions or numbers on the scale of training.
        classes: number of them, 0 for a number.
        seed: draws the rows that are looked at where there are very many.

    Returns:
        (m, outputs) weights of the head's last m inputs, and (outputs,) intercepts; None where nothing can be solved.
    """
    rows = np.arange(len(y))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(y), MOST_ROWS, replace=False))
    if classes and len(np.unique(y[rows])) < classes:
        return None
    known = Z.dense[rows]
    if vectors is not None:
        texts = Z.joined()
        known = np.concatenate([vectors([texts[row] for row in rows]), known], axis=1)
    if not known.shape[1]:
        return None
    strength = STRENGTH if classes else 1 / STRENGTH
    inside = None if weight is None else weight[rows]
    fitted = fit_linear(Strengths(classes, 0.0, seed), Matrix(known.astype(np.float64)), y[rows], inside, strength)
    weights, intercept = fitted.weights, fitted.intercept
    if classes == 2:  # one output of log-odds as two of half of it
        weights, intercept = np.hstack([-weights, weights]) / 2, np.concatenate([-intercept, intercept]) / 2
    return weights, intercept


def of_base(base: Base, tokens: Tokens, chosen: Mapping[str, Any], threads: int) -> Vectors | None:
    """Gives a base model's vectors, which `text_embedding` remembers for both; None from scratch."""
    from trainwright.models.text.embedding import embedder

    if base.folder is None:
        return None
    opened = embedder(base.folder, tokens.limit, str(chosen["precision"]), str(chosen["device"]))
    return lambda texts: opened.vectors(texts, threads=threads)


def of_own(network: TextNetwork, tokens: Tokens, precision: str) -> Vectors:
    """Gives the vectors of a network as it is, computed in a format."""
    from trainwright.models.text.encoder import answers, most_positions, numbers_for

    def vectors(texts: list[str]) -> np.ndarray:
        numbers = numbers_for(network.eval(), precision=precision)
        network.to(numbers.device)
        ids, most = tokens.encode(texts).ids, most_positions(network.encoder)
        return answers(network.vectors, ids, pad=tokens.pad, numbers=numbers, most=most)

    return vectors
