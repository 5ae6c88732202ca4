"""Settings that families of networks have alike: what is made small, what chooses the best epoch, how it is trained."""

from __future__ import annotations

from trainwright.models.spec import Setting

OPTIMIZERS = ("adamw", "adam", "sgd", "momentum", "nesterov", "rmsprop")
SCHEDULERS = (
    "fixed", "step", "cosine_annealing", "linear", "one_cycle", "plateau", "warmup_cosine", "warmup_linear",
)  # fmt: skip
STEP_SIZE = Setting(
    "step_size",
    10,
    1,
    100_000,
    guidance="scheduler step only: epochs between two reductions.",
    only_with=("scheduler", "step"),
)
EARLY_STOPPING = Setting(
    "early_stopping", True, choices=(True, False), guidance="Stop when validation no longer improves."
)
MIN_DELTA = Setting("min_delta", 0.0, 0.0, 1e9, guidance="What counts as an improvement of the validation loss.")
PRECISION = Setting(
    "precision",
    "auto",
    choices=("auto", "fp32", "bf16", "fp16"),
    guidance="auto takes what the device does fastest.",
)
COMPILE = Setting(
    "compile",
    "auto",
    choices=("auto", "on", "off"),
    guidance="Into code of its own before it trains: auto does where many steps of a GPU repay it.",
)
SAVE_CHECKPOINT = Setting(
    "save_checkpoint", True, choices=(True, False), guidance="Whether a killed run goes on within a fit."
)
KEEP_EPOCH = Setting(
    "keep_epoch", None, 1, 100_000, guidance="Keep the weights of this epoch in place of the best one."
)
DEVICE = Setting("device", "auto", choices=("auto", "cpu", "gpu"), guidance="Where it trains.")
LOSS = Setting(
    "loss",
    None,
    choices=("cross_entropy", "focal", "mse", "mae", "huber"),
    guidance="focal for rare classes, huber or mae where some targets are far off.",
)
OBJECTIVE: tuple[Setting, ...] = (
    Setting(
        "best_by",
        "loss",
        choices=("loss", "accuracy", "f1", "log_loss", "rmse"),
        guidance="What chooses the best epoch: the validation loss, or a figure of the validation rows.",
    ),
    LOSS,
    Setting(
        "label_smoothing",
        0.0,
        0.0,
        0.9,
        guidance="0.1 where some labels are wrong, or it is too sure of itself.",
        tasks=("classes",),
    ),
)
