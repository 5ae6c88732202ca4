"""Likely label errors among classes: confident learning on held-out probabilities.

Northcutt, Jiang, Chuang (2021), "Confident learning: estimating uncertainty in dataset labels", JAIR 70. A class's
threshold is the mean probability of that class among the rows that carry its label (eq. 2); a row counts as another
class when that class's probability reaches its threshold (eq. 1, the confident joint). The rows off the joint's
diagonal are ranked by the probability of their own label (self-confidence).

Confident learning takes every confident disagreement for an error. Where classes overlap (a customer who looked safe
did default) most of them are unusual cases, not errors. So the share of wrong labels is estimated where the model is
surest, the nearest to anchor points (Liu and Tao 2016, "Classification with noisy labels by importance reweighting",
section 5): there, honest classes hardly mix, and wrong labels are as frequent as anywhere. What disagrees beyond that
share is overlap.
"""

from __future__ import annotations

import numpy as np

from trainwright.data.label_quality.suspects import Suspects

# The surest part of each predicted class, in which disagreement is taken for wrong labels.
SUREST = 0.4
FEWEST_SUREST = 10
# Disagreement beyond the estimated share of wrong labels from which classes count as overlapping.
OVERLAP = 0.067
# More wrong labels than this are less likely than classes that overlap everywhere.
IMPLAUSIBLE = 0.15
# A class whose surest predictions differ this often from the labels is one that is never predicted surely.
BLURRED = 0.2
# A class of whose rows fewer are found was not learned; nothing can be said about its labels.
LEAST_FOUND = 0.1
# With overlapping classes, only this share of the rows is named.
OVERLAP_LISTED = 0.01
# A mean of equal probabilities may come out a last digit above them.
ROUNDING = 1e-9
# From this estimated share on, all confident disagreements are named.
NOISY = 0.02


def confident_thresholds(y: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """(k,) the mean probability of each class among the rows that carry its label; 1 for a class without rows."""
    k = probability.shape[1]
    counts = np.bincount(y, minlength=k)
    sums = np.bincount(y, weights=probability[np.arange(len(y)), y], minlength=k)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)


def confident_joint(y: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts rows by given label and by the class that is confidently theirs.

    Args:
        y: (n,) class positions as given.
        probability: (n, k) of models that did not see the row.

    Returns:
        (k, k) counts, and (n,) the confident class of each row, -1 where no class reaches its threshold.

    Example:
        >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.1, 0.9]])
        >>> confident_joint(np.array([0, 0, 1, 0]), sure)[0].tolist()
        [[2, 1], [0, 1]]
    """
    k = probability.shape[1]
    enough = confident_thresholds(y, probability) - ROUNDING
    reached = np.where(probability >= enough, probability, -1.0)
    confident = np.where(reached.max(axis=1) >= 0, reached.argmax(axis=1), -1)
    known = confident >= 0
    joint = np.bincount(y[known] * k + confident[known], minlength=k * k).reshape(k, k)
    return joint, confident


def suspect_classes(y: np.ndarray, probability: np.ndarray) -> Suspects:
    """The rows whose class is probably wrong, the likeliest first.

    Args:
        y: (n,) class positions as given.
        probability: (n, k) of models that did not see the row.

    Example:
        >>> y = np.repeat([0, 1], 500)
        >>> own = np.random.default_rng(0).uniform(0.9, 1, (1000, 1))
        >>> sure = np.where(y[:, None] == [0, 1], own, 1 - own)
        >>> y[::20] = 1 - y[::20]  # fifty wrong labels
        >>> found = suspect_classes(y, sure)
        >>> len(found), bool((found.positions % 20 == 0).all()), 0.03 < found.share < 0.07
        (46, True, True)
    """
    _, confident = confident_joint(y, probability)
    predicted = probability.argmax(axis=1)
    own = probability[np.arange(len(y)), y]
    off = (confident >= 0) & (confident != y) & (predicted != y)
    likely, share, blurred = _as_many_as_errors(y, probability, predicted)
    blurred |= _unlearned(y, predicted, probability.shape[1])
    beyond = float((predicted != y).mean()) - share
    overlap = blurred or _clearly(beyond, OVERLAP, len(y)) or _clearly(share, IMPLAUSIBLE, len(y))
    if overlap or share < NOISY:
        off &= likely
    rows = np.flatnonzero(off)
    rows = rows[np.argsort(own[rows], kind="stable")]
    if overlap:
        rows = rows[: max(int(OVERLAP_LISTED * len(y)), 1)]
    suggested = confident[rows]
    pairs, counts = np.unique(np.column_stack([y[rows], suggested]), axis=0, return_counts=True)
    return Suspects(
        positions=rows,
        given=y[rows],
        suggested=suggested,
        probability=probability[rows, suggested],
        given_probability=own[rows],
        share=None if overlap else share,
        overlap=overlap,
        pairs={(int(i), int(j)): int(n) for (i, j), n in zip(pairs, counts)},
        rows=len(y),
    )


def _clearly(share: float, bar: float, n: int) -> bool:
    """Whether a share of n rows exceeds a bar by more than two standard errors: few rows scatter."""
    return share - 2 * float(np.sqrt(max(share * (1 - share), 0.0) / n)) > bar


def _unlearned(y: np.ndarray, predicted: np.ndarray, k: int) -> bool:
    """Whether the models know no more than the most frequent class, or hardly ever find some class."""
    counts = np.bincount(y, minlength=k)
    right = np.bincount(y[predicted == y], minlength=k)
    lost = (counts >= FEWEST_SUREST) & (right < LEAST_FOUND * counts)
    return bool(right.sum() <= counts.max() or lost.any())


def _as_many_as_errors(y: np.ndarray, probability: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, float, bool]:
    """The least likely labels, as many for each predicted class as are estimated wrong.

    Returns:
        (n,) which rows; the share of all rows estimated wrong; whether some class is never predicted surely.
    """
    likely, wrong, blurred = np.zeros(len(y), dtype=bool), 0.0, False
    own = probability[np.arange(len(y)), y]
    # Equal probabilities in random order: a file sorted by label must not decide which of them are the surest.
    mixed = np.random.default_rng(0).permutation(len(y))
    order = mixed[np.argsort(-probability[mixed, predicted[mixed]], kind="stable")]
    for j in range(probability.shape[1]):
        rows = order[predicted[order] == j]
        if len(rows) < FEWEST_SUREST:
            continue
        surest = rows[: max(FEWEST_SUREST, round(SUREST * len(rows)))]
        differing = int((y[surest] != j).sum())
        # By more than chance (one-sided 95 %, normal approximation) over what wrong labels alone would do.
        chance = len(surest) * BLURRED + 1.645 * np.sqrt(len(surest) * BLURRED * (1 - BLURRED))
        blurred |= differing > chance
        errors = differing / len(surest) * len(rows)
        wrong += errors
        others = rows[y[rows] != j]
        likely[others[np.argsort(own[others], kind="stable")][: round(errors)]] = True
    return likely, wrong / max(len(y), 1), blurred
