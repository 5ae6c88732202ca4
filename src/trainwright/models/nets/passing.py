"""What goes from a family's settings to the training loop, and from the loop into what the family knows of its fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trainwright.errors import UserError

if TYPE_CHECKING:
    from torch import nn

    from trainwright.engine.loop import Fitted
    from trainwright.models.spec import Spec


def engine_choices(chosen: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The settings of these names as the loop's settings take them."""
    from trainwright.config.resolve import Choice

    return {name: Choice(chosen[name], "") for name in names}


def without_usual(chosen: Mapping[str, Any], spec: Spec, names: tuple[str, ...]) -> dict[str, Any]:
    """The settings, of these names only those that differ from their defaults."""
    usual = spec.defaults()
    return {name: value for name, value in chosen.items() if name not in names or value != usual[name]}


# The first one is the task's own.
LOSSES = {"classes": ("cross_entropy", "focal"), "number": ("mse", "mae", "huber")}


# Figures of an epoch that may choose the best one, beside the loss; those that are better when higher.
FIGURES = {"classes": ("accuracy", "f1", "log_loss"), "number": ("rmse",)}
GREATER_IS_BETTER = ("accuracy", "f1")


def loss_for(task: str, asked: str | None) -> str:
    """The loss asked for, or the task's own.

    Raises:
        UserError: it is for another kind of target.

    Example:
        >>> loss_for("classes", None), loss_for("number", "huber")
        ('cross_entropy', 'huber')
    """
    allowed = LOSSES[task]
    if asked is not None and asked not in allowed:
        kind = "classes" if task == "classes" else "a number"
        raise UserError(f"loss: {asked} is not for a target that is {kind}", remedy=f"use {' or '.join(allowed)}")
    return asked or allowed[0]


def facts_of(fitted: Fitted, module: nn.Module) -> dict[str, Any]:
    """What a training settled and came to, for `Estimator.derived`."""
    chosen = {name: choice.value for name, choice in fitted.choices.items()}
    return {
        "learning_rate": chosen["learning_rate"],
        "batch_size": chosen["batch_size"],
        "device": chosen["device"],
        "precision": chosen["precision"],
        "weights": sum(parameter.numel() for parameter in module.parameters()),
        "epochs": int(fitted.epochs),
        "steps": int(fitted.steps),
        "stopped_because": str(fitted.stopped_because),
        "advice": sorted({code for event in fitted.events for code in event["advice"]}),
    }
