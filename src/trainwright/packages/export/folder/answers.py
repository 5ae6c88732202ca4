"""What is said of a row beside its probabilities: the class that is decided, and by a review band who decides."""

from __future__ import annotations

from typing import Any


def told(facts: dict[str, Any], values: list[float], threshold: float | None) -> dict[str, Any]:
    """A row's probabilities with the class that is decided.

    Args:
        facts: `labels`, `outputs`, `positive`, `threshold`, `costs`, `band` and `review_above` of the model.
        values: (classes,) probabilities.
        threshold: for two classes, instead of the model's own.
    """
    costs, expected = facts.get("costs"), [0.0]
    if len(values) == 2:
        positive = facts["positive"]
        bar = facts["threshold"] if threshold is None else threshold
        chosen = positive if values[positive] >= bar else 1 - positive
    elif costs is not None:  # costs[i][j]: of deciding class j where class i is true
        expected = [sum(p * row[j] for p, row in zip(values, costs)) for j in range(len(values))]
        chosen = expected.index(min(expected))
    else:
        chosen = values.index(max(values))
    out = {"prediction": facts["labels"][chosen]}
    out.update(zip(facts["outputs"], values))
    out["confidence"] = values[chosen]
    if facts.get("review_above") is not None:
        out["decision"] = "review" if min(expected) > facts["review_above"] else str(out["prediction"])
    band = facts.get("band")
    if band is not None and threshold is None:
        score = values[facts["positive"]]
        out["decision"] = "reject" if score >= band[1] else "accept" if score < band[0] else "review"
    return out
