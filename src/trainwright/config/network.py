"""The keys of the `training:` block that concern neural networks alone: layers, steps, stopping, checkpoints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from trainwright.config.keys import Block, Integers, key, true_false_or_count

Activation = Literal["relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu", "selu"]
Optimizer = Literal["adamw", "adam", "sgd", "momentum", "nesterov", "rmsprop"]
Scheduler = Literal[
    "fixed", "step", "cosine_annealing", "linear", "one_cycle", "plateau", "warmup_cosine", "warmup_linear"
]
Rate = Annotated[float, Field(gt=0, le=10)] | Literal["auto"]
BestBy = Literal["loss", "accuracy", "f1", "log_loss", "rmse"]
Loss = Literal["cross_entropy", "focal", "mse", "mae", "huber"]


class NetworkSettings(Block):
    """The settings of neural networks."""

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
        "Epochs without improvement before it stops; 5 when not given, 3 for text_transformer.",
        example=5,
        concerns="neural",
        ge=1,
    )
    min_delta: float | None = key(
        None, "What counts as an improvement of the validation loss.", example=0.001, concerns="neural", ge=0
    )
    best_by: BestBy | None = key(
        None,
        "What chooses the epoch whose weights are kept, and stops: the validation loss when not given; accuracy, f1 "
        "(the mean over classes) and log_loss are for classes, rmse is for numbers.",
        example="f1",
        concerns="neural",
    )
    loss: Loss | None = key(
        None,
        "The loss that is minimised: cross_entropy for classes and mse for a number when not given; "
        "focal (rare classes) is for classes, huber and mae (targets far off) are for numbers.",
        example="focal",
        concerns="neural",
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
    compile: Literal["auto", "on", "off"] | None = key(
        None,
        "Translate the network into code of its own before it trains; auto does where a GPU takes so many steps that "
        "this pays. It needs a compiler, takes up to a minute, and may change the last digits.",
        example="auto",
        concerns="neural",
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

    @field_validator("compile", mode="before")
    @classmethod
    def _on_or_off(cls, value: Any) -> Any:
        return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value

    @field_validator("early_stopping", mode="before")
    @classmethod
    def _epochs_to_wait(cls, value: Any) -> Any:
        return true_false_or_count(value, "epochs")

    @model_validator(mode="after")
    def _networks_agree(self) -> NetworkSettings:
        if self.weight_decay is not None and self.l2_regularization is not None:
            raise ValueError(
                "weight_decay (decoupled) and l2_regularization (within the loss) are two ways to "
                "say how weights "
                "shrink; give one of them"
            )
        if self.warmup_steps is not None and self.warmup_ratio is not None:
            raise ValueError("warmup_steps and warmup_ratio both say how long the warm-up is; give one of them")
        stop = self.early_stopping
        if type(stop) is int and self.patience is not None and stop != self.patience:
            raise ValueError(f"early_stopping: {stop} and patience: {self.patience} disagree; give one of them")
        return self
