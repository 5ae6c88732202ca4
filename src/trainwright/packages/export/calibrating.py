"""The calibration of a package as steps: see `evaluate.calibration` for what each kind is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.packages.export.steps import Steps

SMALLEST = 1e-15  # as in the calibrations: probabilities are kept this far from zero
KINDS = ("identity", "temperature", "sigmoid", "isotonic")


def calibrated(steps: Steps, output: str, state: Mapping[str, Any], n_classes: int) -> str:
    """The (n, n_classes) probabilities of `output`, calibrated; numbers as they are.

    Raises:
        UserError: a kind that no export knows.
    """
    kind = state.get("kind", "identity")
    if kind == "identity" or not n_classes:
        return output
    if kind == "temperature":
        logs = steps.add("logs", output, smallest=SMALLEST)
        return steps.add("softmax", steps.affine(logs, 1.0 / float(state["temperature"])))
    # Two classes: one curve, for the second of them; more: a curve for each.
    own = steps.take(output, [1]) if n_classes == 2 else output
    if kind == "sigmoid":
        return _sigmoid(steps, own, state, n_classes)
    if kind == "isotonic":
        return _isotonic(steps, own, state, n_classes)
    raise UserError(
        f"the calibration {kind!r} of this version cannot be exported; the kinds that can are {', '.join(KINDS)}",
        remedy="train again with one of them",
    )


def _sigmoid(steps: Steps, own: str, state: Mapping[str, Any], n_classes: int) -> str:
    """Log-odds times a factor plus a shift."""
    rest = steps.affine(own, -1.0, 1.0)
    yes, no = (steps.add("logs", value, smallest=SMALLEST) for value in (own, rest))
    moved = steps.affine(steps.add("minus", yes, no), state["slopes"], state["offsets"])
    if n_classes == 2:
        return steps.add("two_classes", moved)
    return _divided(steps, steps.add("logistic", moved), n_classes)


def _isotonic(steps: Steps, own: str, state: Mapping[str, Any], n_classes: int) -> str:
    """A curve, straight between its knots and level beyond them."""
    found = []
    for c, curve in enumerate(state["curves"]):
        given, shown = (np.asarray(curve[key], dtype=np.float64) for key in ("given", "shown"))
        p = own if n_classes == 2 else steps.take(own, [c])
        # `bins` counts the knots that are not greater and adds 1; 0 stands for a missing value.
        slope = np.append(np.diff(shown) / np.diff(given), 0.0)
        start = np.array([[0.0, shown[0], 0.0]] * 2)
        piece = steps.look_up(
            steps.add("bins", p, cuts=given), np.concatenate([start, np.column_stack([given, shown, slope])])
        )
        along = steps.add("minus", p, steps.take(piece, [0]))
        risen = steps.add("multiplied", along, steps.take(piece, [2]))
        found.append(steps.add("sum", steps.take(piece, [1]), risen))
    if n_classes == 2:
        return steps.affine(steps.times(found[0], np.array([[-1.0, 1.0]])), shift=[1.0, 0.0])
    return _divided(steps, steps.join(found), n_classes)


def _divided(steps: Steps, value: str, n_classes: int) -> str:
    """Curves of more than two classes, divided by their sum."""
    bounds = np.full(n_classes, SMALLEST), np.ones(n_classes)
    return steps.add("normalised", steps.add("bound", value, low=bounds[0], high=bounds[1]))
