"""The `training:` block: what is trained, within which budget, and the settings of neural networks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from trainwright.config.keys import AsWritten, Block, Duration, Integers, PositiveShare, Replay, Text, Words, key

Preset = Literal["quick", "balanced", "production", "limited-data"]
Activation = Literal["relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu", "selu"]
Optimizer = Literal["adamw", "adam", "sgd", "momentum", "nesterov", "rmsprop"]
Scheduler = Literal[
    "fixed", "step", "cosine_annealing", "linear", "one_cycle", "plateau", "warmup_cosine", "warmup_linear"
]
Rate = Annotated[float, Field(gt=0, le=10)] | Literal["auto"]
Loss = Literal["cross_entropy", "focal", "mse", "mae", "huber"]
ClassWeight = Literal["balanced"] | Annotated[dict[Text, Annotated[float, Field(gt=0)]], AsWritten()]
Resample = Literal["none", "over", "under", "smote"]
IntervalLevel = bool | Annotated[float, Field(ge=0.5, le=0.99)]
Calibration = Literal["auto", "none", "temperature", "sigmoid", "isotonic"]
Ensemble = bool | Literal["greedy", "bagging", "stacking"]


class TrainingSettings(Block):
    """What is trained, within which budget, and the settings of neural networks."""

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
        "One kind of model instead of the plan's choice: a family's name, or neural_network.",
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
    layers: Integers | None = key(
        None,
        "Units of each hidden layer. More or wider layers if it learns too little, fewer if it overfits.",
        example=[128, 64, 32],
        concerns="neural",
    )
    activation: Activation | None = key(
        None, "The function between layers; relu when not given.", example="relu", concerns="neural"
    )
    epochs: int | Literal["auto"] | None = key(
        None,
        "At most this many passes over the training rows; 50 from scratch, 10 when fine-tuning. "
        "Raise it when validation still improves at the end.",
        example=20,
        concerns="neural",
    )
    batch_size: int | Literal["auto"] | None = key(
        None,
        "Rows of one step; automatic, starting from 16. Larger is faster while memory allows: 32 to 128 are usual.",
        example=32,
        concerns="neural",
    )
    optimizer: Optimizer | None = key(
        None,
        "How weights are changed; adamw when not given, and adam stays plain Adam.",
        example="adam",
        concerns="neural",
    )
    learning_rate: Rate | None = key(
        None,
        "The size of a step; 0.001 from scratch, 0.00005 when fine-tuning, and auto tests a range of them. Lower it "
        "when training is unstable, raise it when the loss hardly falls.",
        example=0.001,
        concerns="neural",
    )
    scheduler: Scheduler | None = key(
        None,
        "How the learning rate falls over time; fixed when not given.",
        example="cosine_annealing",
        concerns="neural",
    )
    step_size: int | None = key(
        None, "With scheduler step: epochs between two reductions.", example=10, concerns="neural", ge=1
    )
    gamma: float | None = key(
        None,
        "With scheduler step or plateau: the factor of a reduction.",
        example=0.1,
        concerns="neural",
        gt=0,
        le=1,
    )
    warmup_steps: int | None = key(
        None, "Steps during which the learning rate rises from zero.", example=100, concerns="neural", ge=0
    )
    warmup_ratio: float | None = key(
        None, "The same as a share of all steps.", example=0.1, concerns="neural", ge=0, lt=1
    )
    momentum: float | None = key(
        None,
        "How much of the last step the next one keeps; 0.9 is usual.",
        example=0.9,
        concerns="neural",
        ge=0,
        lt=1,
    )
    dropout: float | None = key(
        None,
        "Share of units switched off at random while training; 0.1 when not given. Raise to 0.3, then 0.5, "
        "when it overfits.",
        example=0.3,
        concerns="neural",
        ge=0,
        lt=1,
    )
    weight_decay: float | None = key(
        None,
        "Decoupled shrinking of weights; 0.01 when neither this nor l2_regularization is given. "
        "Raise it when it "
        "overfits.",
        example=0.01,
        concerns="neural",
        ge=0,
        le=10,
    )
    l2_regularization: float | None = key(
        None,
        "A penalty on large weights within the loss; not together with weight_decay.",
        example=0.0001,
        concerns="neural",
        ge=0,
        le=10,
    )
    early_stopping: bool | int | None = key(
        None,
        "Stop when validation no longer improves: true, false, or a number of epochs to wait.",
        example=True,
        concerns="neural",
    )
    patience: int | None = key(
        None,
        "Epochs without improvement before it stops; 5 when not given.",
        example=5,
        concerns="neural",
        ge=1,
    )
    min_delta: float | None = key(
        None, "What counts as an improvement of the validation loss.", example=0.001, concerns="neural", ge=0
    )
    loss: Loss | None = key(
        None, "The loss that is minimised; the task's own when not given.", example="focal", concerns="neural"
    )
    gradient_clip: float | None = key(
        None,
        "The largest norm of the gradient; larger ones are scaled down.",
        example=1.0,
        concerns="neural",
        gt=0,
    )
    gradient_checkpointing: bool | None = key(
        None, "Save memory by computing activations twice.", example=False, concerns="neural"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] | None = key(
        None, "The number format of the computation.", example="auto", concerns="neural"
    )
    save_checkpoint: bool | None = key(
        None, "Write the model's state to disk while it trains.", example=True, concerns="neural"
    )
    checkpoint_interval: int | None = key(None, "Epochs between two checkpoints.", example=5, concerns="neural", ge=1)

    @field_validator("epochs", "batch_size", mode="after")
    @classmethod
    def _at_least_one(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, int) and value < 1:
            raise ValueError(f"must be at least 1, or auto; got {value}")
        if isinstance(value, int) and value > 10_000_000:
            raise ValueError(f"must be at most 10 million; got {value}")
        return value

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

    @field_validator("early_stopping", "select_features", mode="before")
    @classmethod
    def _boolean_or_count(cls, value: Any, info: ValidationInfo) -> Any:
        # Text from a flag: pydantic would read "1" as true, though it says one epoch, or one column.
        if isinstance(value, str) and value.strip().lstrip("+-").isdigit():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value < 1:
            counted = "epochs" if info.field_name == "early_stopping" else "columns"
            raise ValueError(f"must be true, false or a number of {counted} of at least 1; got {value}")
        return value

    @model_validator(mode="after")
    def _combinations(self) -> TrainingSettings:
        if self.weight_decay is not None and self.l2_regularization is not None:
            raise ValueError(
                "weight_decay (decoupled) and l2_regularization (within the loss) are two ways to "
                "say how weights "
                "shrink; give one of them"
            )
        if self.warmup_steps is not None and self.warmup_ratio is not None:
            raise ValueError("warmup_steps and warmup_ratio both say how long the warm-up is; give one of them")
        if self.class_weight is not None and self.resample != "none":
            raise ValueError(
                f"class_weight and resample: {self.resample} both give rare classes more say; give one of them"
            )
        stop = self.early_stopping
        if type(stop) is int and self.patience is not None and stop != self.patience:
            raise ValueError(f"early_stopping: {stop} and patience: {self.patience} disagree; give one of them")
        if self.model_type is not None and self.families is not None and self.model_type not in self.families:
            raise ValueError(
                f"model_type: {self.model_type} and families: {', '.join(self.families)} disagree; give one of them"
            )
        return self
