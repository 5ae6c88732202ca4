"""The `requirements:` block: what a model must satisfy before it is chosen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from trainwright.config.keys import AsWritten, Block, Duration, Text, Texts, key

Rate = Annotated[float, Field(gt=0, le=1)]


class RequirementSettings(Block):
    """What a model must satisfy before it is chosen; when none does, it is said which one fails and by how
    much.
    """

    max_latency_ms: float | None = key(
        None,
        "The longest time for predicting one row, preprocessing included, in milliseconds.",
        example=2,
        gt=0,
    )
    max_size_mb: float | None = key(None, "The largest package on disk, in megabytes.", example=20, gt=0)
    max_memory_mb: float | None = key(
        None,
        "The most memory that loading the package and predicting may take, in megabytes.",
        example=500,
        gt=0,
    )
    max_train_time: Duration | None = key(
        None, "The longest time that training the chosen model again may take.", example="10m"
    )
    explainable: bool | Literal["high", "medium", "low"] | None = key(
        None, "Only families whose predictions a person can follow: true means high.", example="high"
    )
    simplest: bool = key(False, "Choose the simplest model within one standard error of the best.", example=True)
    min_recall: Rate | Annotated[dict[Text, Rate], AsWritten()] | None = key(
        None, "The least share of positive rows that must be found; or one for each class.", example=0.9
    )
    min_precision: Rate | Annotated[dict[Text, Rate], AsWritten()] | None = key(
        None, "The least share of flagged rows that must be right; or one for each class.", example=0.8
    )
    min_metric: dict[str, float] = key(
        {},
        "The least value (the most, where less is better) of any metric.",
        example={"roc_auc": 0.85},
        flag="",
    )
    max_review_share: Rate | None = key(None, "The largest share of rows that people can review.", example=0.1)
    review_width: Text | None = key(
        None,
        "With a number to predict: rows whose low and high lie further apart than this are marked for review; 5 in the "
        "unit of the target, or 20% of the prediction.",
        example="20%",
    )
    device: Literal["cpu", "gpu"] | None = key(
        None, "Where predictions are made.", example="cpu", flag="--predict-device"
    )
    unavailable_at_prediction: Texts = key(
        (),
        "Columns that are not yet known when the prediction is made; no model may see them.",
        example=["closed_at"],
    )

    @field_validator("review_width", mode="after")
    @classmethod
    def _width(cls, value: str | None) -> str | None:
        """A number above 0, or a share of the prediction such as 20%."""
        if value is None:
            return None
        text = value.strip()
        try:
            positive = 0 < float(text.removesuffix("%")) < float("inf")
        except ValueError:
            positive = False
        if not positive:
            raise ValueError(f"must be a number above 0, or a share of the prediction such as 20%; got {value}")
        return text
