"""The `decision:` block: from which probability on to act; recorded as decision d1 of the version that is trained."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from trainwright.config.cost_text import names_file
from trainwright.config.keys import AsWritten, Block, Text, key


def _as_number(value: Any) -> Any:
    """A number, also as a percentage; a truth value is none, though Python counts it as 1."""
    if isinstance(value, bool):
        return str(value).lower()  # refused as the text that it is
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return float(value.strip()[:-1]) / 100
        except ValueError:
            return value
    return value


Real = Annotated[float, BeforeValidator(_as_number)]
Level = Annotated[Real, Field(gt=0, lt=1)]
# One of these says what the decision is made for.
GOALS = ("cost", "capacity", "min_precision", "min_recall", "recall_at", "beta", "threshold")
Number = float | Text
Table = Annotated[dict[Text, Number | dict[Text, Number]], AsWritten()]


class DecisionSettings(Block):
    """From which probability on to act: the same keys as the flags of `trainwright decide`. The version that is trained
    records it as its decision d1 and answers by it."""

    cost: Text | Table | None = key(
        None,
        "What mistakes cost: fp (a false alarm) and fn (a miss), also tp, tn, review and unit; for more classes a line "
        "for each true class with the cost of every decision.",
        example={"fp": 1, "fn": 20},
        flag="",
    )
    capacity: Text | None = key(
        None, "The cases that people can look at, as a share: 200/1000, 20% or 0.2.", example="200/1000", flag=""
    )
    min_precision: Level | None = key(
        None, "Find the most with a precision whose lower 95 % bound keeps this.", example=0.9, flag=""
    )
    min_recall: Level | None = key(
        None, "Flag the fewest with a recall whose lower 95 % bound keeps this.", example=0.95, flag=""
    )
    recall_at: Annotated[Real, Field(gt=0, le=1)] | None = key(
        None, "The most precision with this recall on the held-out rows, without a bound.", example=0.9, flag=""
    )
    beta: Annotated[Real, Field(gt=0, le=100)] | None = key(
        None, "The most F-beta: recall counts beta times as much as precision.", example=2, flag=""
    )
    threshold: Annotated[Real, Field(ge=0, le=1)] | None = key(None, "This probability.", example=0.3, flag="")
    by: Text | None = key(
        None,
        "A column whose values get thresholds of their own where they differ beyond chance.",
        example="site",
        flag="",
    )
    review_band: bool = key(
        False,
        "Let a person decide the cases in between; needs cost with review, capacity, or requirements.max_review_share.",
        example=True,
        flag="",
    )
    prevalence: Level | Annotated[dict[Text, Level], AsWritten()] | None = key(
        None,
        "The true share of the positive class (or of each class) where the table holds more of it than the world.",
        example=0.02,
        flag="",
    )

    @property
    def goals(self) -> tuple[str, ...]:
        """The goals that are given."""
        return tuple(name for name in GOALS if getattr(self, name) is not None)

    @property
    def asked(self) -> bool:
        """Whether a decision is asked for."""
        return bool(self.goals) or self.review_band

    def given(self) -> dict[str, Any]:
        """The keys that are given, as `evaluate.deciding.question.ask` takes them."""
        names = (*self.goals, "by", "prevalence")
        out = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {**out, "review_band": True} if self.review_band else out

    @model_validator(mode="after")
    def _one_goal(self) -> DecisionSettings:
        goals = self.goals
        if self.review_band:
            wrong = [name for name in goals if name not in ("cost", "capacity")]
            if wrong:
                raise ValueError(f"review_band is found from cost or capacity, not from {wrong[0]}; give one of them")
            if self.by is not None:
                raise ValueError("by and review_band do not go together; give one of them")
        elif len(goals) > 1:
            raise ValueError(f"{goals[0]} and {goals[1]} are two goals; give one of them")
        elif not goals and (self.by is not None or self.prevalence is not None):
            raise ValueError(f"{'by' if self.by is not None else 'prevalence'} needs a goal: one of {', '.join(GOALS)}")
        if isinstance(self.cost, str) and ("=" not in self.cost or names_file(self.cost)):
            raise ValueError(f"cost must be pairs such as fp=1 fn=20, or a table, got {self.cost!r}")
        return self
