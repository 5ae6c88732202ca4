"""The `problem:` block: the decision that the model supports, what errors cost and how it is decided
today.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainwright.config.keys import AsWritten, Block, Text, key


class Costs(Block):
    """What errors cost, in any one unit."""

    false_positive: float | None = key(
        None, "What it costs to flag a row that is not of the positive class.", example=5, ge=0
    )
    false_negative: float | None = key(None, "What it costs to miss a row of the positive class.", example=100, ge=0)
    review: float | None = key(None, "What it costs to let a person look at one row.", example=2, ge=0)
    unit: Text | None = key(None, "What the costs are counted in.", example="euros", flag="")


class PresentProcess(Block):
    """How it is decided today: a baseline that the model must beat."""

    column: Text | None = key(
        None,
        "The column with today's decisions, scores or numbers; no model sees it.",
        example="inspector_says",
        flag="--present-process",
    )
    metrics: Annotated[dict[str, float], Field()] = key(
        {}, "Or the figures it reaches today, by metric.", example={"recall": 0.8, "precision": 0.6}, flag=""
    )


class ProblemSettings(Block):
    """The decision that the model supports, what errors cost and how it is decided today."""

    decision: str | None = key(
        None,
        "The decision that a prediction supports, in a sentence.",
        example="Which parts to inspect again",
    )
    audience: str | None = key(None, "Who acts on the predictions.", example="Inspectors of line 3", flag="")
    risks: tuple[str, ...] = key(
        (),
        "What could go wrong, each with how it is watched, for the report's first page.",
        example=["A new supplier: the share of flagged parts is compared every Monday"],
        flag="",
    )
    description: str | None = key(None, "Anything else a reader of the report should know.", example="Line 3 only")
    costs: Costs = key(
        Costs(),
        "What errors cost; thresholds and the proposed metric follow.",
        example={"false_negative": 100},
        flag="",
    )
    class_costs: Annotated[dict[Text, float], AsWritten()] = key(
        {},
        "For more than two classes: what it costs to get a row of this class wrong.",
        example={"crack": 50},
        flag="",
    )
    present_process: PresentProcess = key(
        PresentProcess(),
        "How it is decided today; shown beside the model.",
        example={"column": "inspector_says"},
        flag="",
    )
