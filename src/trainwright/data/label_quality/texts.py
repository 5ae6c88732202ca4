"""What counted words say of each row's class: the quick model for labels of texts, judged out of fold.

Words and word pairs are hashed (Weinberger et al. 2009), so that nothing is learned but the weights; a linear model is
fitted to each class against all others by stochastic steps, which takes a second also for many classes.
"""

from __future__ import annotations

import numpy as np

WORDS, PAIRS = 2**16, (1, 2)
PASSES, RESTRAINT = 8, 1e-5
LEAST = 1e-3


def out_of_fold_texts(texts: list[str], y: np.ndarray, folds: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities of every row's class by a model fitted on the other folds.

    Args:
        texts: n texts.
        y: (n,) class positions.
        folds: (n,) fold of each row.
        classes: number of classes; one that the other folds lack gets next to nothing.

    Returns:
        (n, classes).

    Example:
        >>> texts = ["it leaks oil", "it runs well"] * 20
        >>> y, folds = np.tile([0, 1], 20), np.repeat([0, 1], 20)
        >>> out_of_fold_texts(texts, y, folds, 2).argmax(axis=1)[:4].tolist()
        [0, 1, 0, 1]
    """
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier

    rows = HashingVectorizer(n_features=WORDS, ngram_range=PAIRS, alternate_sign=False).transform(texts)
    result = np.full((len(y), classes), LEAST)
    for fold in np.unique(folds):
        learn, held = folds != fold, folds == fold
        known = np.unique(y[learn])
        if len(known) < 2:
            result[np.ix_(held, known)] = 1.0
            continue
        model = SGDClassifier(loss="log_loss", alpha=RESTRAINT, max_iter=PASSES, tol=None, random_state=0)
        model.fit(rows[learn], y[learn])
        result[np.ix_(held, known)] = model.predict_proba(rows[held])
    result = np.maximum(result, LEAST / classes)
    return np.asarray(result / result.sum(axis=1, keepdims=True))
