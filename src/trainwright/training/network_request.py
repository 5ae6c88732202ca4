"""What is asked of networks and cannot be had for this target, or on this machine: refused before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.config.known import NEURAL, TEXT_FAMILIES, family_spec, networks_here
from trainwright.config.neural import network_asked
from trainwright.config.resolve import resolve_families, resolve_family_settings
from trainwright.config.settings import Settings
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.models.settings import check_settings


def check_networks(settings: Settings, target: Target, *, texts: bool = False) -> None:
    """Refuses, for networks that are asked for, values that they do not take, a loss for another kind of target, and a
    GPU where none can be used.

    Without it the network would fail in its first fold, and a version without it would open the sealed test.

    Args:
        settings: of the run.
        target: what is predicted.
        texts: the table is about texts: the plan has networks over them where no family is named.

    Raises:
        UserError: a value is outside the range of its family, or the loss is for another kind of target.
        EnvironmentProblem: `device: gpu`, and there is none.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> check_networks(load_settings(text="{model_type: neural_network, loss: huber}"), Target("y", "number"))
    """
    named = resolve_families(settings)
    if named is None:
        named = (*((NEURAL,) if network_asked(settings) else ()), *(TEXT_FAMILIES if texts and networks_here() else ()))
    given = resolve_family_settings(settings)
    for family in named:
        own = given.get(family, {})
        _check_values(family, own, settings)
        chosen = family_spec(family).defaults() | own
        _check_together(family, own, chosen)
        if chosen.get("loss") is not None:
            _check_loss(family, str(chosen["loss"]), target, settings)
        if chosen.get("best_by", "loss") != "loss":
            _check_best_by(family, str(chosen["best_by"]), target, settings)
        if chosen.get("device") == "gpu":
            from trainwright.engine.precision import choose_device

            choose_device("gpu")


def _check_values(family: str, own: Mapping[str, Any], settings: Settings) -> None:
    """A value that the family does not take, named by the key that it was given under."""
    for name, value in own.items():
        try:
            check_settings(family_spec(family), {name: value})
        except UserError as error:
            key = f"training.{name}"
            place = f"{key} ({settings.origin(key)}): " if settings.given(key) else ""
            raise UserError(f"{place}{error.problem}", remedy=error.remedy) from None


def _check_together(family: str, own: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    """Values that are each allowed and not beside each other."""
    if own.get("weight_decay") and own.get("l2_regularization"):
        raise UserError(
            f"weight_decay and l2_regularization of {family} are two ways to say how weights shrink",
            remedy="give one of them",
        )
    keep, epochs = chosen.get("keep_epoch"), chosen.get("epochs")
    if keep is not None and epochs is not None and keep > epochs:
        raise UserError(
            f"keep_epoch of {family} must be one of its {epochs} epochs, got {keep}",
            remedy="name an earlier epoch, or raise epochs",
        )


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
