"""Finds where a training broke: which layer was the first to give something that is no number, and at which step.

From the last good state the same batches are taken again with the same random draws, now watching every module: the
steps repeat bit for bit, and the first output, gradient or weight that is not finite names its layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from trainwright.engine.learner import Batch
from trainwright.engine.run import Run, Tensors, copy_into

Found = Callable[[str, str], None]


@dataclass(frozen=True)
class Fault:
    """The first thing in a training that was no number.

    Args:
        step: counted from 1.
        what: "input", "output", "gradient", "weight" or "loss".
        where: the path of the module, or the name of the input.
        kind: the class of the module, "" for an input.
    """

    step: int
    what: str
    where: str
    kind: str

    @property
    def text(self) -> str:
        """In words.

        Example:
            >>> Fault(37, "output", "layers.2", "Linear").text
            'at step 37 the output of layers.2 (Linear) was the first to be no number'
        """
        if self.what == "input":
            return f"at step {self.step} the input {self.where!r} holds values that are no numbers"
        if self.what == "loss":
            return f"at step {self.step} the loss itself was the first to be no number; every layer before it was fine"
        how = {"output": "the output of", "gradient": "the gradient within", "weight": "after the update, a weight of"}
        named = f"{self.where} ({self.kind})" if self.where else f"the network ({self.kind})"
        return f"at step {self.step} {how[self.what]} {named} was the first to be no number"


class Broken(Exception):
    """Something is no number, so that the next step would be in vain; never leaves the engine."""

    def __init__(self, what: str):
        super().__init__(what)
        self.what = what


class GoodState:
    """A copy of the last state in which loss and gradients were numbers."""

    def __init__(self) -> None:
        self._tensors: Tensors = {}
        self._facts: dict[str, Any] = {}

    def serves(self, run: Run) -> bool:
        """The steps since it was taken can be repeated from it, across the ends of epochs too: nothing that follows
        from the figures of an epoch has changed them."""
        return bool(self._facts) and self._facts["state"]["plateau"]["factor"] == run.state["plateau"]["factor"]

    def take(self, run: Run) -> None:
        """Copies the present state, into the same memory where it can."""
        tensors, facts = run.capture()
        copy_into(self._tensors, tensors)
        self._facts = {**facts, "state": dict(facts["state"])}

    def give_back(self, run: Run) -> bool:
        """Puts the training there; False when no state was ever taken."""
        if not self._facts:
            return False
        # What was told since then stays told.
        events = run.state["events"]
        run.restore(self._tensors, self._facts)
        run.state["events"] = events
        return True


def locate(
    run: Run, good: GoodState, step: Callable[..., Any], *, last: int, unfreeze: Callable[[int], None]
) -> Fault | None:
    """Repeats the steps since the last good state, up to step `last`, and names the first fault; None when no state
    was kept, or the repetition shows none.

    Args:
        run: its weights are in vain; it is left wherever the search ends.
        good: the last good state.
        step: takes a step on a batch.
        last: the step that showed the trouble.
        unfreeze: called before each epoch, as in the training.
    """
    if not good.give_back(run):
        return None
    found: list[Fault] = []
    number = run.state["step"] + 1

    def note(what: str, where: str, kind: str = "") -> None:
        found.append(Fault(number, what, where, kind))

    names = {module: name for name, module in run.learner.module.named_modules()}
    with _Watching(run.learner.module, names, note):
        for batch in _to_the_end(run, unfreeze):
            for name, tensor in batch.items():
                if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                    note("input", name)
            loss, count, _ = step(batch)
            run.state["step"] = number
            if not found and not math.isfinite(loss / max(count, 1e-12)):
                note("loss", "")
            if not found:
                _look_at_weights(run.learner.module, names, note)
            if run.runtime.any(bool(found)) or number >= last:
                break
            number += 1
    # Where one process finds the layer, the others see no more than what came of it.
    first = [fault for fault in run.runtime.gathered(found[0] if found else None) if fault is not None]
    return min(first, key=lambda fault: fault.what in ("weight", "loss"), default=None)


def _to_the_end(run: Run, unfreeze: Callable[[int], None]) -> Iterator[Batch]:
    """The batches from the present position on, of this epoch and those after it."""
    while True:
        unfreeze(run.batches.epoch)
        yield from run.batches
        run.batches.next_epoch()


class _Watching:
    """Watches every module's output on the way forward, and the gradients on the way back."""

    def __init__(self, module: nn.Module, names: dict[nn.Module, str], note: Callable[[str, str, str], None]):
        self._module, self._names, self._note = module, names, note
        self._handles: list[Any] = []
        # Of each output, while it lives, the modules that take it in.
        self._takers = WeakTensorKeyDictionary()
        self._compiled: Any = None

    def __enter__(self) -> None:
        # A compiled forward pass calls no hooks.
        self._compiled = getattr(self._module, "_compiled_call_impl", None)
        if self._compiled is not None:
            self._module._compiled_call_impl = None
        for module in self._names:
            self._handles.append(module.register_forward_pre_hook(self._before))
            self._handles.append(module.register_forward_hook(self._after))
            for parameter in module.parameters(recurse=False):
                if parameter.requires_grad:
                    self._handles.append(parameter.register_hook(self._looking([module])))

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        if self._compiled is not None:
            self._module._compiled_call_impl = self._compiled

    def _before(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        for tensor in _tensors(inputs):
            if tensor in self._takers:
                self._takers[tensor].append(module)

    def _after(self, module: nn.Module, _: Any, output: Any) -> None:
        for tensor in _tensors(output):
            if not bool(torch.isfinite(tensor.detach()).all()):
                self._note("output", self._names[module], type(module).__name__)
            elif tensor.requires_grad and tensor not in self._takers:
                takers: list[nn.Module] = []
                self._takers[tensor] = takers
                tensor.register_hook(self._looking(takers))

    def _looking(self, makers: list[nn.Module]) -> Callable[[Tensor], None]:
        """Looks at a gradient that these modules made: of one's own weights, or of an output that they took in, the
        innermost of them last."""

        def look(gradient: Tensor) -> None:
            if not bool(torch.isfinite(gradient).all()):
                maker = makers[-1] if makers else self._module
                self._note("gradient", self._names[maker], type(maker).__name__)

        return look


def _look_at_weights(module: nn.Module, names: dict[nn.Module, str], note: Callable[[str, str, str], None]) -> None:
    for inner in names:
        for parameter in inner.parameters(recurse=False):
            if not bool(torch.isfinite(parameter.detach()).all()):
                note("weight", names[inner], type(inner).__name__)
                return


def _tensors(value: Any) -> list[Tensor]:
    """The floating-point tensors within tuples, lists, dictionaries and outputs that are dictionaries."""
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() else []
    if isinstance(value, dict):
        return [tensor for inner in value.values() for tensor in _tensors(inner)]
    if isinstance(value, tuple | list):
        return [tensor for inner in value for tensor in _tensors(inner)]
    return []
