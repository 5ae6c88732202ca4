"""What is asked of networks and cannot be had for this target, or on this machine: refused before any work starts."""

from __future__ import annotations

from trainwright.config.known import NEURAL, family_spec
from trainwright.config.neural import network_asked
from trainwright.config.resolve import resolve_families, resolve_family_settings
from trainwright.config.settings import Settings
from trainwright.data.schema import Target
from trainwright.errors import UserError


def check_networks(settings: Settings, target: Target) -> None:
    """Refuses a loss for another kind of target, and a GPU where none can be used, for networks that are asked for.

    Without it the network would fail in its first fold, and a version without it would open the sealed test.

    Args:
        settings: of the run.
        target: what is predicted.

    Raises:
        UserError: the loss is for another kind of target.
        EnvironmentProblem: `device: gpu`, and there is none.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> check_networks(load_settings(text="{model_type: neural_network, loss: huber}"), Target("y", "number"))
    """
    named = resolve_families(settings) or ((NEURAL,) if network_asked(settings) else ())
    given = resolve_family_settings(settings)
    for family in named:
        known = {setting.name: setting for setting in family_spec(family).settings}
        chosen = {name: setting.default for name, setting in known.items()} | given.get(family, {})
        if chosen.get("loss") is not None:
            _check_loss(family, str(chosen["loss"]), target, settings)
        if chosen.get("best_by", "loss") != "loss":
            _check_best_by(family, str(chosen["best_by"]), target, settings)
        if chosen.get("device") == "gpu":
            from trainwright.engine.precision import choose_device

            choose_device("gpu")


def _check_loss(family: str, loss: str, target: Target, settings: Settings) -> None:
    """A loss that is for classes where a number is predicted, or the other way round."""
    from trainwright.models.nets.passing import LOSSES

    allowed = LOSSES[target.task]
    if loss not in allowed and any(loss in losses for losses in LOSSES.values()):
        by_key = settings.training.loss == loss
        place = f"training.loss ({settings.origin('training.loss')})" if by_key else f"loss of {family}"
        kind = "classes" if target.task == "classes" else "a number"
        raise UserError(
            f"{place}: {loss} is not for the target {target.column!r}, which is {kind}",
            remedy=f"use {' or '.join(allowed)}, or leave it out",
        )


def _check_best_by(family: str, figure: str, target: Target, settings: Settings) -> None:
    """A figure for classes where a number is predicted, or the other way round."""
    from trainwright.models.nets.passing import FIGURES

    if figure not in FIGURES[target.task]:
        by_key = settings.training.best_by == figure
        place = f"training.best_by ({settings.origin('training.best_by')})" if by_key else f"best_by of {family}"
        kind = "classes" if target.task == "classes" else "a number"
        raise UserError(
            f"{place}: {figure} is not for the target {target.column!r}, which is {kind}",
            remedy=f"use loss, {' or '.join(FIGURES[target.task])}, or leave it out",
        )
