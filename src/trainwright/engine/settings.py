"""Everything the training loop needs to know, as plain data; nothing else is read from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from trainwright.config.resolve import Choice
from trainwright.errors import UserError

OPTIMIZERS = ("adamw", "adam", "sgd", "momentum", "nesterov", "rmsprop")
SCHEDULERS = ("fixed", "step", "cosine_annealing", "linear", "one_cycle", "plateau")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
COMPILE = ("auto", "on", "off")
DEVICES = ("auto", "cpu", "gpu")

FIRST_BATCH = 16
"""Rows of a batch where the size is left to us and no family knows better."""
MOMENTUM = 0.9
# The configuration's names for a schedule that begins with a warm-up: the schedule, and the warm-up's usual share.
WITH_WARMUP = {"warmup_cosine": "cosine_annealing", "warmup_linear": "linear"}
USUAL_WARMUP = 0.1


@dataclass(frozen=True)
class EngineSettings:
    """The settings of one training.

    Args:
        epochs: at most this many passes over the rows.
        batch_size: rows of one micro-batch; `batch_size * accumulation` rows make one step.
        optimizer: one of `OPTIMIZERS`.
        learning_rate: the base rate, or "auto": a range test chooses it.
        rate_reason: where the rate comes from, in words.
        scheduler: one of `SCHEDULERS`; see `schedules.rate`.
        warmup_steps, warmup_ratio: steps, or share of all steps, over which the rate rises before the schedule begins.
        step_size: with step, epochs between two reductions.
        gamma: with step and plateau, the factor of a reduction.
        momentum: of sgd, momentum, nesterov and rmsprop; None: 0.9 where the name says momentum, else 0.
        weight_decay: decoupled: weights shrink by rate * weight_decay at each step, whatever the optimiser.
        l2_regularization: coupled: added to the gradient as l2_regularization * weight.
        early_stopping, patience, min_delta: stop after `patience` epochs without an improvement of more than min_delta.
        best_by: "loss" (of the validation rows) or the name of a metric; its best epoch's weights are kept.
        greater_is_better: what `best_by` means; the loss is always better when lower.
        keep_epoch: the weights of this epoch are kept, whichever is the best one, and training ends with it; or None.
        gradient_clip: the largest norm of the gradient of a step, or None.
        accumulation: micro-batches of one step.
        precision: one of `PRECISIONS`.
        gradient_checkpointing: activations are computed twice instead of kept.
        compile: one of `COMPILE`.
        save_checkpoint: write checkpoints, where the caller names a folder for them.
        checkpoint_interval: epochs between two checkpoints.
        checkpoint_pause: seconds between two checkpoints at the ends of epochs, at least, where they are large.
        checkpoint_steps: steps between two more within an epoch, or None; a long epoch has one every ten minutes.
        checkpoints_kept: how many of the latest stay, beside that of the best epoch.
        device: "auto", "cpu" or "gpu".
        seed: of every random draw.
        deterministic: insist on algorithms that give the same numbers again.
        log_every: steps between two lines of the log.
        health_every: steps between two looks at the gradients; 0 for none.
        threads: processor threads.
        workers: processes that read batches ahead where the rows are not held in memory.

    Raises:
        UserError: a value is outside its range; names the key, what was expected and what was found.

    Example:
        >>> EngineSettings(optimizer="adamx")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        trainwright.errors.UserError: optimizer must be one of adamw, adam, ..., rmsprop; got 'adamx'
    """

    epochs: int = 50
    batch_size: int = FIRST_BATCH
    optimizer: str = "adamw"
    learning_rate: float | Literal["auto"] = 0.001
    rate_reason: str = "as set"
    scheduler: str = "fixed"
    warmup_steps: int = 0
    warmup_ratio: float = 0.0
    step_size: int = 10
    gamma: float = 0.1
    momentum: float | None = None
    weight_decay: float = 0.0
    l2_regularization: float = 0.0
    early_stopping: bool = True
    patience: int = 5
    min_delta: float = 0.0
    best_by: str = "loss"
    greater_is_better: bool = False
    keep_epoch: int | None = None
    gradient_clip: float | None = None
    accumulation: int = 1
    precision: str = "auto"
    gradient_checkpointing: bool = False
    compile: str = "auto"
    save_checkpoint: bool = True
    checkpoint_interval: int = 1
    checkpoint_pause: float = 0.0
    checkpoint_steps: int | None = None
    checkpoints_kept: int = 3
    device: str = "auto"
    seed: int = 0
    deterministic: bool = True
    log_every: int = 100
    health_every: int = 50
    threads: int = 1
    workers: int = 2

    def __post_init__(self) -> None:
        for name, words in (
            ("optimizer", OPTIMIZERS),
            ("scheduler", SCHEDULERS),
            ("precision", PRECISIONS),
            ("compile", COMPILE),
            ("device", DEVICES),
        ):
            value = getattr(self, name)
            if value not in words:
                raise UserError(f"{name} must be one of {', '.join(words)}; got {value!r}")
        for name in ("epochs", "batch_size", "accumulation", "patience", "step_size", "checkpoint_interval",
                     "checkpoint_steps", "checkpoints_kept", "log_every", "threads", "keep_epoch"):  # fmt: skip
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise UserError(f"{name} must be a whole number of at least 1; got {value!r}")
        if self.keep_epoch is not None and self.keep_epoch > self.epochs:
            raise UserError(f"keep_epoch must be one of the {self.epochs} epochs; got {self.keep_epoch}")
        if self.learning_rate != "auto":
            _check("learning_rate", self.learning_rate, above=0.0)
        for name in ("weight_decay", "l2_regularization", "min_delta", "warmup_steps", "health_every", "workers",
                     "checkpoint_pause"):  # fmt: skip
            _check(name, getattr(self, name), low=0.0)
        for name in ("momentum", "warmup_ratio"):
            if getattr(self, name) is not None:
                _check(name, getattr(self, name), low=0.0, below=1.0)
        _check("gamma", self.gamma, above=0.0)
        if self.gradient_clip is not None:
            _check("gradient_clip", self.gradient_clip, above=0.0)
        if self.weight_decay and self.l2_regularization:
            raise UserError(
                "weight_decay (decoupled) and l2_regularization (within the loss) are two ways to say how weights "
                "shrink; give one of them"
            )

    @property
    def step_rows(self) -> int:
        """Rows that one step learns from."""
        return self.batch_size * self.accumulation

    @property
    def kept_momentum(self) -> float:
        """The share of the last step that the next one keeps."""
        if self.momentum is not None:
            return self.momentum
        return MOMENTUM if self.optimizer in ("momentum", "nesterov") else 0.0

    def warmup(self, total: int) -> int:
        """Steps of the warm-up, of `total` in all."""
        return min(self.warmup_steps or round(self.warmup_ratio * total), max(total - 1, 0))

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def from_choices(choices: Mapping[str, Choice], **more: Any) -> EngineSettings:
    """The settings from what `config.neural.resolve_neural` gives, and from what the caller adds.

    Args:
        choices: by key; keys that concern the network alone (layers, dropout, ...) are left to the family.
        more: fields of `EngineSettings`, which win: seed, threads, device, a batch size found, ...

    Example:
        >>> found = from_choices({"scheduler": Choice("warmup_linear", "default")}, seed=7)
        >>> found.scheduler, found.warmup_ratio, found.seed
        ('linear', 0.1, 7)
    """
    known = {field.name for field in fields(EngineSettings)}
    given = {name: choice.value for name, choice in choices.items() if name in known and choice.value is not None}
    given |= more
    if given.get("batch_size") == "auto":
        given["batch_size"] = FIRST_BATCH
    if given.get("scheduler") in WITH_WARMUP:
        given["scheduler"] = WITH_WARMUP[given["scheduler"]]
        if not given.get("warmup_steps") and not given.get("warmup_ratio"):
            given["warmup_ratio"] = USUAL_WARMUP
    return EngineSettings(**given)


def _check(
    name: str, value: float, *, low: float = -math.inf, above: float = -math.inf, below: float = math.inf
) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (low <= value < below and value > above):
        limits = [f"above {above:g}" if above > -math.inf else "", f"at least {low:g}" if low > -math.inf else "",
                  f"below {below:g}" if below < math.inf else ""]  # fmt: skip
        raise UserError(f"{name} must be a number {' and '.join(filter(None, limits))}; got {value!r}")
