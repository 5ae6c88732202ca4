"""The optimisers, fused where torch offers it, and how weights shrink in each of them."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim import Optimizer

from trainwright.engine.learner import Learner
from trainwright.engine.settings import EngineSettings

FUSED_ON = ("cpu", "cuda", "mps")


def build(learner: Learner, settings: EngineSettings, rate: float) -> Optimizer:
    """The optimiser over the learner's parameter groups, at this base rate.

    Coupled decay (l2_regularization) is the optimisers' own `weight_decay`, except in AdamW; decoupled decay
    (Loshchilov & Hutter 2019, algorithm 2) is AdamW's own, and is added to the others before each step.
    """
    groups: list[dict[str, Any]] = []
    for group in learner.parameter_groups(settings):
        scale = float(group.get("rate_scale", 1.0))
        decays = bool(group.get("decay", True))
        coupled = settings.l2_regularization if decays else 0.0
        decoupled = settings.weight_decay if decays else 0.0
        own = decoupled if _decouples(settings) else coupled
        groups.append(
            {
                "params": list(group["params"]),
                "lr": rate * scale,
                "rate_scale": scale,
                "weight_decay": own,
                "shrink": 0.0 if _decouples(settings) else decoupled,
            }
        )
    device = groups[0]["params"][0].device.type
    optimizer = _make(groups, settings, fused=device in FUSED_ON)
    if any(group["shrink"] for group in groups):
        optimizer.register_step_pre_hook(_shrink)
    return optimizer


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Gives each group the base rate times its own factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["rate_scale"]


def parameters(optimizer: Optimizer) -> list[torch.nn.Parameter]:
    """All parameters, in the order of the groups."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def state_tensors(optimizer: Optimizer) -> dict[str, torch.Tensor]:
    """What the optimiser remembers, by "number of the parameter/name"; parameters without a memory are left out."""
    found = {}
    for number, parameter in enumerate(parameters(optimizer)):
        for name, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, torch.Tensor):
                found[f"{number}/{name}"] = value
    return found


def restore_state(optimizer: Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Takes up `state_tensors`; what it remembered before is forgotten."""
    optimizer.state.clear()
    ordered = parameters(optimizer)
    for key, value in tensors.items():
        number, name = key.split("/")
        parameter = ordered[int(number)]
        # Only steps are scalars, and a fused optimiser counts them beside the parameter.
        optimizer.state[parameter][name] = value.to(parameter.device, copy=True)


def _decouples(settings: EngineSettings) -> bool:
    """The optimiser's own `weight_decay` is decoupled."""
    return settings.optimizer == "adamw" and not settings.l2_regularization


def _make(groups: list[dict[str, Any]], settings: EngineSettings, *, fused: bool) -> Optimizer:
    momentum = settings.kept_momentum
    match settings.optimizer:
        case "adamw" if _decouples(settings):
            return torch.optim.AdamW(groups, fused=fused)
        case "adam" | "adamw":  # adamw with a coupled penalty in place of its own decay is Adam
            return torch.optim.Adam(groups, fused=fused)
        case "rmsprop":
            return torch.optim.RMSprop(groups, momentum=momentum, foreach=True)
    nesterov = settings.optimizer == "nesterov"
    optimizer = torch.optim.SGD(groups, momentum=momentum, nesterov=nesterov and momentum > 0, fused=fused)
    if momentum:
        # A memory of zeros is what the first step makes of none; parameters unfrozen later then fit the others.
        for parameter in parameters(optimizer):
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def _shrink(optimizer: Optimizer, *_: Any) -> None:
    for group in optimizer.param_groups:
        if group["shrink"]:
            moving = [parameter for parameter in group["params"] if parameter.grad is not None]
            if moving:  # none while all of the group is frozen
                with torch.no_grad():
                    torch._foreach_mul_(moving, 1.0 - group["lr"] * group["shrink"])
