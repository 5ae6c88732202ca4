"""Settles the settings of a neural network: what is not given takes the value for its way of training."""

from __future__ import annotations

from typing import Any

from trainwright.config.resolve import Choice
from trainwright.config.settings import Settings


def resolve_neural(settings: Settings, *, fine_tuning: bool = False) -> dict[str, Choice]:
    """Every setting of a neural network with the reason for its value.

    Args:
        settings: of the run.
        fine_tuning: it starts from a trained model rather than from scratch.

    Example:
        >>> chosen = resolve_neural(Settings())
        >>> chosen["optimizer"].value, chosen["weight_decay"].value, chosen["patience"].value
        ('adamw', 0.01, 5)
    """
    way = "when fine-tuning" if fine_tuning else "from scratch"
    defaults: dict[str, tuple[Any, str]] = {
        "layers": ((128, 64), "default"),
        "activation": ("relu", "default"),
        "epochs": (10 if fine_tuning else 50, f"cap {way}; early stopping decides"),
        "batch_size": ("auto", "automatic, starting from 16"),
        "optimizer": ("adamw", "none named"),
        "learning_rate": (5e-5 if fine_tuning else 0.001, f"default {way}"),
        "scheduler": ("warmup_linear" if fine_tuning else "fixed", f"default {way}"),
        "dropout": (0.1, "default"),
        "min_delta": (0.0, "default"),
        "precision": ("auto", "chosen by what the device does fastest"),
        "gradient_checkpointing": (False, "default"),
        "save_checkpoint": (True, "default"),
        "checkpoint_interval": (1, "default"),
    }
    found = {name: _given(settings, name) or Choice(*value) for name, value in defaults.items()}
    for name in ("epochs", "batch_size"):
        if found[name].value == "auto":
            found[name] = Choice(*defaults[name])
    if fine_tuning and not settings.given("training.scheduler") and not settings.given("training.warmup_steps"):
        found["warmup_ratio"] = _given(settings, "warmup_ratio") or Choice(0.1, f"default {way}")
    return found | _decay(settings) | _stopping(settings) | _rest(settings, set(found))


def _given(settings: Settings, name: str) -> Choice | None:
    value = getattr(settings.training, name)
    return None if value is None else Choice(value, settings.origin(f"training.{name}"))


def _decay(settings: Settings) -> dict[str, Choice]:
    coupled = _given(settings, "l2_regularization")
    if coupled is not None:
        none = Choice(0.0, "l2_regularization is given, which shrinks weights within the loss")
        return {"l2_regularization": coupled, "weight_decay": none}
    decay = _given(settings, "weight_decay")
    if decay is None:
        plain = settings.training.optimizer not in (None, "adamw")
        decay = Choice(0.0, "only adamw decays by default") if plain else Choice(0.01, "default of adamw")
    return {"weight_decay": decay, "l2_regularization": Choice(0.0, "weight_decay is used")}


def _stopping(settings: Settings) -> dict[str, Choice]:
    training = settings.training
    stop = training.early_stopping
    origin = settings.origin("training.early_stopping")
    patience = _given(settings, "patience") or Choice(5, "default")
    if stop is False:
        return {"early_stopping": Choice(False, origin), "patience": patience}
    if stop is not None and stop is not True:
        return {"early_stopping": Choice(True, origin), "patience": Choice(stop, origin)}
    return {"early_stopping": Choice(True, origin), "patience": patience}


def _rest(settings: Settings, known: set[str]) -> dict[str, Choice]:
    names = ("step_size", "gamma", "warmup_steps", "momentum", "loss", "gradient_clip")
    return {name: choice for name in names if name not in known and (choice := _given(settings, name)) is not None}
