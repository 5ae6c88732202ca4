"""Settings that every family of networks has alike: what is made small, and what chooses the best epoch."""

from __future__ import annotations

from trainwright.models.spec import Setting

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
