"""What is said of a row beside its probabilities: the class that is decided, and by a review band who decides."""

from __future__ import annotations

from typing import Any


def told(facts: dict[str, Any], values: list[float], threshold: float | None) -> dict[str, Any]:
    """A row's probabilities with the class that is decided.

    Args:
        facts: `labels`, `outputs`, `positive`, `threshold` and `band` of the model.
        values: (classes,) probabilities.
        threshold: for two classes, instead of the model's own.
    """
    if len(values) == 2:
        positive = facts["positive"]
        bar = facts["threshold"] if threshold is None else threshold
        chosen = positive if values[positive] >= bar else 1 - positive
    else:
        chosen = values.index(max(values))
    out = {"prediction": facts["labels"][chosen]}
    out.update(zip(facts["outputs"], values))
    out["confidence"] = values[chosen]
    band = facts.get("band")
    if band is not None and threshold is None:
        score = values[facts["positive"]]
        out["decision"] = "reject" if score >= band[1] else "accept" if score < band[0] else "review"
    return out
