"""The contenders of the default plan for tables of texts: what each adds over counted words, weakest in time last.

Counted words with a linear model are a baseline of every plan. An embedding knows words that the rows do not hold; a
fine-tuned model learns the fine differences, if there is time for it.
"""

from __future__ import annotations

from trainwright.training.steps import Facts, Step

# Other columns for each text column up to which texts are what a table is about.
OTHERS = 2
# Share of the training rows that stop a fine-tuning.
INNER = 0.125
MISSING = 'pip install "trainwright[neural]" adds sentence embeddings and fine-tuned models to the plan for texts'


def about_texts(facts: Facts) -> bool:
    """Whether texts are the table's only features, or nearly.

    Example:
        >>> from dataclasses import replace
        >>> facts = Facts("classes", 100, 80, 5, 0, 0, 1, 2, 1, 1)
        >>> about_texts(facts), about_texts(replace(facts, n_numbers=9))
        (True, False)
    """
    return mostly_texts(facts.n_texts, facts.n_numbers + facts.n_categories)


def mostly_texts(n_texts: int, n_others: int) -> bool:
    """Whether texts are the only columns, or nearly.

    Example:
        >>> mostly_texts(1, 2), mostly_texts(1, 3), mostly_texts(0, 0)
        (True, False, False)
    """
    return n_texts > 0 and n_others <= OTHERS * n_texts


def contenders(facts: Facts) -> list[Step]:
    """The contenders that the time is planned for, surest first; boosting joins where there are other columns."""
    steps = [
        Step(
            "text_embedding",
            "text_embedding",
            {},
            reason="knows words that the rows do not hold; strong with few examples, and quick",
        ),
        Step(
            "text_transformer",
            "text_transformer",
            {},
            inner=INNER,
            reason="learns the fine differences of these texts, where there is time for it",
        ),
    ]
    if facts.n_numbers + facts.n_categories:
        small = {"features": "plain", "num_leaves": 8, "feature_fraction": 0.5, "n_estimators": 1500}
        steps.insert(
            1, Step("lightgbm", "lightgbm", small, inner=INNER, reason="trees on the other columns and frequent words")
        )
    return steps
