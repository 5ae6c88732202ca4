"""Settles the settings of a neural network: what is not given takes the value for its way of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.config.known import NEURAL, canonical_family, family_spec, networks_here
from trainwright.config.resolve import Choice
from trainwright.config.settings import Settings

# Values that leave a setting to the family, and keys that say where or how firmly, not that a network is wanted.
_LEFT = {"batch_size": "auto"}
NOT_ASKING = ("device", "deterministic", "precision", "compile", "save_checkpoint", "checkpoint_interval")


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
        "compile": ("auto", "chosen by the device and the number of steps"),
        "gradient_checkpointing": (False, "default"),
        "save_checkpoint": (True, "default"),
        "checkpoint_interval": (1, "default"),
        "device": ("auto", "default"),
        "deterministic": (True, "default"),
    }
    found = {name: _given(settings, name) or Choice(*value) for name, value in defaults.items()}
    for name in ("device", "deterministic"):
        if not settings.given(f"training.{name}"):
            found[name] = Choice(found[name].value, "default")
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
    names = ("step_size", "gamma", "warmup_steps", "momentum", "best_by", "loss", "gradient_clip")
    return {name: choice for name in names if name not in known and (choice := _given(settings, name)) is not None}


def network_settings(settings: Settings) -> dict[str, Any]:
    """What was given for a network, by hand or by a preset, as the family `neural_network` takes it.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> network_settings(load_settings(text="{layers: [64, 32], early_stopping: 3, batch_size: auto}"))
        {'layers': '64, 32', 'early_stopping': True, 'patience': 3}
    """
    chosen = resolve_neural(settings)
    known = {setting.name for setting in family_spec(NEURAL).settings}
    found: dict[str, Any] = {}
    for name, choice in chosen.items():
        by_whom = "early_stopping" if name == "patience" and type(settings.training.early_stopping) is int else name
        if name in known and settings.given(f"training.{by_whom}") and choice.value not in (None, _LEFT.get(name)):
            found[name] = ", ".join(map(str, choice.value)) if name == "layers" else choice.value
    return found


def network_setting(name: str, value: Any) -> dict[str, Any]:
    """A key of a network as settings of the family `neural_network`; empty where it is none, or left to the family.

    Example:
        >>> network_setting("early_stopping", 3), network_setting("layers", [32, 16]), network_setting("seed", 3)
        ({'early_stopping': True, 'patience': 3}, {'layers': '32, 16'}, {})
    """
    if value in (None, _LEFT.get(name)) or name not in {setting.name for setting in family_spec(NEURAL).settings}:
        return {}
    if name == "early_stopping" and type(value) is int:
        return {"early_stopping": True, "patience": value}
    return {name: ", ".join(map(str, value)) if name == "layers" else value}


def network_asked(settings: Settings) -> tuple[str, ...]:
    """The keys of a network that were given by hand where no family is named: they ask for one, beside the plan's own.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> network_asked(load_settings(text="{epochs: 20, device: cpu}")), network_asked(load_settings(text="seed: 1"))
        (('epochs',), ())
    """
    training = settings.training
    if training.model_type not in (None, "auto") or training.families or not networks_here():
        return ()
    return tuple(
        name
        for name in network_settings(settings)
        if name not in NOT_ASKING and not settings.origin(f"training.{name}").startswith("preset ")
    )


def network_reasons(settings: Settings, fitted: Mapping[str, Any]) -> tuple[str, ...]:
    """Every setting of a network with where it comes from, for the plan.

    Args:
        settings: of the run.
        fitted: what the plan fits it with, where that differs from the family's defaults.

    Example:
        >>> network_reasons(Settings(), {})[0][:57]
        'neural_network: layers 128, 64 (default), activation relu'
    """
    own = settings.training.family_settings
    named = {name for family, values in own.items() if canonical_family(family) == NEURAL for name in values}
    told = []
    for name, choice in resolve_neural(settings).items():
        value = fitted.get(name, choice.value)
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value).lower()
        reason = "family_settings" if name in named else choice.reason
        told.append(f"{name} {shown} ({reason})")
    return (f"{NEURAL}: {', '.join(told)}",)
