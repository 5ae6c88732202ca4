"""The parts of one training, and everything about it that must be kept to go on from any step exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from trainwright.config.resolve import Choice
from trainwright.engine.batches import Batches
from trainwright.engine.learner import Learner, tensors_of
from trainwright.engine.memory import UNKNOWN, Need
from trainwright.engine.optimizers import restore_state, set_rate, state_tensors
from trainwright.engine.precision import Numbers
from trainwright.engine.randomness import global_state, set_global_state
from trainwright.engine.records import Records
from trainwright.engine.runtime import Runtime
from trainwright.engine.schedules import Plateau
from trainwright.engine.settings import EngineSettings
from trainwright.engine.stopping import Standing

Metrics = Callable[[Tensor], Mapping[str, float]]
Tensors = dict[str, Tensor]


def first_state(rate: float, micro: int, why: str = "as set") -> dict[str, Any]:
    """The state of a loop that has not begun, plain data throughout.

    - epoch, step: finished epochs, and steps of the optimiser
    - base_rate: the learning rate before schedules
    - rate_reason: where it comes from
    - plateau: what scheduler plateau remembers
    - micro: rows of a micro-batch
    - loss, count: sums over this epoch so far
    - first_loss: the mean loss of the first batch, before anything was learned
    - norms: of gradients, at the steps that looked at them
    - standing: best epoch and waiting
    - history: a row per epoch
    - events: what happened beside the plan
    - stopped: why it ended, or None
    """
    return {
        "epoch": 0,
        "step": 0,
        "base_rate": rate,
        "rate_reason": why,
        "plateau": asdict(Plateau()),
        "micro": micro,
        "loss": 0.0,
        "count": 0.0,
        "first_loss": None,
        "norms": [],
        "standing": asdict(Standing()),
        "history": [],
        "events": [],
        "stopped": None,
    }


@dataclass
class Run:
    """One training in progress.

    Args:
        state: see `first_state`; with the tensors of `capture` it is all that changes.
        need: of memory, as measured before the start.
        watches: copies of the last good state are kept, to name the layer where a training breaks.
        best: copies of the best epoch's weights; empty before there is one.
    """

    learner: Learner
    settings: EngineSettings
    numbers: Numbers
    runtime: Runtime
    batches: Batches
    validation: Batches | None
    metrics: Metrics | None
    optimizer: Optimizer
    scaler: torch.amp.GradScaler | None
    records: Records
    choices: dict[str, Choice]
    state: dict[str, Any]
    need: Need = UNKNOWN
    watches: bool = True
    best: Tensors = field(default_factory=dict)
    rate: float = float("nan")  # as the optimiser has it

    @property
    def total(self) -> int:
        """Steps of the whole training, if nothing stops it."""
        return self.batches.steps * self.settings.epochs

    @property
    def standing(self) -> Standing:
        """Best epoch and waiting."""
        return Standing(**self.state["standing"])

    def set_rate(self, rate: float) -> None:
        """Gives the optimiser this base rate, where it differs from the one it has."""
        if rate != self.rate:
            self.rate = rate
            set_rate(self.optimizer, rate)

    def happened(self, kind: str, text: str, *, advice: tuple[str, ...] = ()) -> None:
        """Something beside the plan: told now, and kept for the result."""
        self.state["events"].append({"kind": kind, "step": self.state["step"], "text": text, "advice": list(advice)})
        self.records.notice(text)

    def keep_best(self) -> None:
        """Copies the present weights aside: no epoch was better."""
        copy_into(self.best, tensors_of(self.learner.module))

    def capture(self) -> tuple[Tensors, dict[str, Any]]:
        """The present tensors by "part/name" (not copied), and the rest as plain data."""
        found = {f"weights/{name}": tensor for name, tensor in tensors_of(self.learner.module).items()}
        found |= {f"optimizer/{name}": tensor for name, tensor in state_tensors(self.optimizer).items()}
        found |= {f"random/{name}": tensor for name, tensor in global_state().items()}
        facts = {"state": self.state, "batches": self.batches.state()}
        if self.scaler is not None:
            facts["scaler"] = self.scaler.state_dict()
        return found, facts

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Takes up what `capture` gave, so that the next step is the one that followed then."""
        put(tensors_of(self.learner.module), part(tensors, "weights"))
        restore_state(self.optimizer, part(tensors, "optimizer"))
        set_global_state({name: tensor.cpu() for name, tensor in part(tensors, "random").items()})
        self.state = dict(facts["state"])
        self.batches.restore(facts["batches"])
        if self.scaler is not None and "scaler" in facts:
            self.scaler.load_state_dict(facts["scaler"])
        self.rate = float("nan")


def part(tensors: Mapping[str, Tensor], name: str) -> Tensors:
    """The tensors of one part, by their names within it."""
    return {key.removeprefix(f"{name}/"): tensor for key, tensor in tensors.items() if key.startswith(f"{name}/")}


def put(places: Tensors, values: Mapping[str, Tensor]) -> None:
    """Copies values into tensors of the same names."""
    with torch.no_grad():
        for name, tensor in places.items():
            tensor.copy_(values[name])


def copy_into(copies: Tensors, values: Mapping[str, Tensor]) -> None:
    """Makes `copies` equal to `values`, in the memory it has where the names are the same."""
    with torch.no_grad():
        if copies.keys() == values.keys():
            torch._foreach_copy_(list(copies.values()), [values[name] for name in copies])
        else:
            copies.clear()
            copies.update({name: tensor.detach().clone() for name, tensor in values.items()})
