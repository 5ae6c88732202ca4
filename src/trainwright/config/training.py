"""The `training:` block: what is trained and within which budget; `network` holds the settings of neural networks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from trainwright.config.keys import (
    AsWritten,
    Block,
    Duration,
    PositiveShare,
    Replay,
    Text,
    Words,
    key,
    true_false_or_count,
)
from trainwright.config.network import NetworkSettings

Preset = Literal["quick", "balanced", "production", "limited-data"]
ClassWeight = Literal["balanced"] | Annotated[dict[Text, Annotated[float, Field(gt=0)]], AsWritten()]
Resample = Literal["none", "over", "under", "smote"]
IntervalLevel = bool | Annotated[float, Field(ge=0.5, le=0.99)]
Calibration = Literal["auto", "none", "temperature", "sigmoid", "isotonic"]
Ensemble = bool | Literal["greedy", "bagging", "stacking"]


class PlanSettings(Block):
    """What is trained, and within which budget."""

    preset: Preset | None = key(
        None,
        "A whole plan under one name: quick (30 seconds), balanced (2 minutes), production (10 minutes), "
        "limited-data (few rows: repeated folds, strong regularisation).",
        example="balanced",
    )
    time_limit: Duration | None = key(
        None, "How long the whole command may take; two minutes when not given.", example="5m"
    )
    model_type: str | None = key(
        None,
        "One kind of model in place of the plan's own: a family's name, or neural_network. The simple models stay to "
        "compare with, and one of them is chosen where it does better; that is said beside the verdict.",
        example="lightgbm",
    )
    base_model: Text | None = key(
        None,
        "The trained model of language that text families begin from: a name of `trainwright gallery list`, a folder, "
        "a version such as mails@v3, a name on the hub, or none to begin from scratch; minilm when not given.",
        example="minilm",
        concerns="neural",
    )
    families: Words | None = key(
        None,
        "The families of models the plan may use; simple ones are always there to compare with.",
        example=["catboost", "lightgbm", "linear"],
    )
    family_settings: dict[str, dict[str, Any]] = key(
        {},
        "Settings of single families; `trainwright families show NAME` lists them with their ranges.",
        example={"lightgbm": {"num_leaves": 63}},
        flag="--family-setting",
    )
    metric: str | None = key(
        None,
        "What is optimised and shown first: ROC-AUC for two classes, log-loss for more, RMSE for numbers.",
        example="roc_auc",
    )
    ensemble: Ensemble = key(
        True,
        "Combine models where that is better by more than one standard error: greedy (a weighted average, the "
        "default), bagging (the best model on several parts of the rows, averaged) or stacking (a second model weighs "
        "them); false chooses one model.",
        example="greedy",
    )
    select_features: bool | Annotated[int, Field(ge=1)] = key(
        False,
        "Leave weak columns out, decided anew within the training rows of each fold: true keeps those that beat "
        "shuffled copies of the columns, a number keeps that many of the strongest.",
        example=True,
    )
    interval: IntervalLevel = key(
        0.9,
        "With a number to predict: the share of true values that should lie between the low and the high beside each "
        "prediction; false leaves them out.",
        example=0.8,
    )
    class_weight: ClassWeight | None = key(
        None,
        "Mistakes on rare classes weigh more while training: balanced, or a weight for each class (only ratios "
        "matter). Try a tuned threshold first; probabilities are calibrated again afterwards.",
        example="balanced",
    )
    resample: Resample = key(
        "none",
        "Evens out the classes among the rows that a fit learns from, never among those it is judged on: over "
        "copies rows of rare classes, under leaves out rows of frequent ones, smote makes rows up between "
        "neighbours.",
        example="over",
    )
    calibration: Calibration = key(
        "auto",
        "What makes probabilities mean what they say, fitted on held-out rows: temperature (one number, few rows), "
        "sigmoid (two numbers for each class, some hundreds of rows), isotonic (a curve of any shape, a thousand), or "
        "none; auto takes what does better on folds that it was not fitted on.",
        example="sigmoid",
    )
    incremental: bool = key(
        False,
        "Learn on from a version instead of training anew: its models continue on the new rows and on a sample of the "
        "earlier ones; classes may be added.",
        example=True,
    )
    base: Text | None = key(
        None,
        "With incremental: the version to learn on from, such as v3; the active one when not given, else the newest.",
        example="v3",
    )
    replay: Replay = key(
        0.2,
        "With incremental: the share of earlier rows that is learned from again, or above 1 their number; of each "
        "class at least 50.",
        example="20%",
    )
    sample: PositiveShare | None = key(
        None, "Rehearse on this share of the rows; the result is marked and makes no version.", example="10%"
    )
    seed: int = key(
        0,
        "The seed of every random draw; the same seed gives the same model.",
        example=42,
        ge=0,
        le=2**32 - 1,
    )
    seeds: int = key(
        1,
        "Fit the chosen candidate with this many seeds in all and report what changes; half of the time is kept for "
        "it.",
        example=5,
        ge=1,
        le=100,
    )
    threads: int | None = key(
        None, "Processor threads of one fit; the number of cores when not given.", example=2, ge=1, le=1024
    )
    jobs: int | None = key(None, "Fits that run at the same time.", example=1, ge=1, le=1024)
    deterministic: bool = key(
        True, "Insist on the same numbers again on the same machine, at some cost in speed.", example=True
    )
    device: Literal["auto", "cpu", "gpu"] = key(
        "auto", "Where neural networks train.", example="cpu", concerns="neural"
    )
    verbose: bool = key(True, "Show progress while it runs.", example=True)
    comments: str | None = key(
        None, "Why you chose these values; shown in runs, comparisons and the report.", example="first try"
    )

    @field_validator("interval", mode="before")
    @classmethod
    def _level(cls, value: Any) -> Any:
        """A share, also as 90% or as text from a flag; true is the default."""
        text = str(value).strip().lower()
        if text in ("true", "false"):
            return 0.9 if text == "true" else False
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = float("nan")
        if not 0.5 <= share <= 0.99:
            raise ValueError(f"must be false or a share from 0.5 to 0.99, such as 0.9 or 90%; got {value}")
        return share

    @field_validator("class_weight", mode="before")
    @classmethod
    def _weights_in_one_text(cls, value: Any) -> Any:
        """From the command line: `--class-weight yes=5,no=1`."""
        if not isinstance(value, str) or "=" not in value:
            return value
        pairs = [part.rpartition("=") for part in value.split(",") if part.strip()]
        if len({name.strip() for name, _, _ in pairs}) < len(pairs):
            raise ValueError(f"must name each class once, got {value!r}")
        return {name.strip(): weight.strip() for name, _, weight in pairs}

    @field_validator("select_features", mode="before")
    @classmethod
    def _columns_to_keep(cls, value: Any) -> Any:
        return true_false_or_count(value, "columns")

    @model_validator(mode="after")
    def _plan_agrees(self) -> PlanSettings:
        if self.class_weight is not None and self.resample != "none":
            raise ValueError(
                f"class_weight and resample: {self.resample} both give rare classes more say; give one of them"
            )
        if self.model_type is not None and self.families is not None and self.model_type not in self.families:
            raise ValueError(
                f"model_type: {self.model_type} and families: {', '.join(self.families)} disagree; give one of them"
            )
        return self


class TrainingSettings(NetworkSettings, PlanSettings):  # pydantic lists the keys of the last parent first
    """What is trained, within which budget, and the settings of neural networks."""
