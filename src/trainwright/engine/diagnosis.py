"""What a training's own losses and gradients say about it: divergence, oscillation and dead training told apart.

Pure functions of the history. The codes are those of `evaluate.convergence` where both judge the same; advice is named
by the codes of `evaluate.advice`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from trainwright.engine.records import power

# A loss that ends above so many times its first value runs away; noise around it does not.
RUNAWAY = 1.5
# A loss so many times above its beginning exploded, whatever it does afterwards.
EXPLODED = 5.0
# Ups and downs together move so many times further than the loss came down.
UNSTEADY = 4.0
# A loss that changes by less than this share of itself has not begun to learn.
DEAD = 1e-3
# Gradients so many times larger or smaller than in the beginning have drifted.
DRIFT = 20.0
# Where validation stands still, dropout alone moves the training's loss by no more than this share of it.
NOISE = 0.05
# A rate that is raised is raised to this one at least: below it hardly anything learns.
LEAST_RATE = 1e-4
# Fewer figures than these say nothing.
FEW = 4

ADVICE = {
    "not_a_number": ("lower_learning_rate", "clip_gradients", "check_inputs"),
    "validation_no_number": ("check_inputs", "lower_learning_rate"),
    "diverged": ("lower_learning_rate", "clip_gradients", "warm_up"),
    "oscillating": ("lower_learning_rate", "larger_batch", "warm_up"),
    "dead": ("raise_learning_rate", "other_activation", "check_labels"),
    "gradients_grow": ("clip_gradients", "lower_learning_rate"),
    "gradients_vanish": ("raise_learning_rate", "other_activation"),
}
"""Codes of advice by verdict, most useful first."""

WORDS = {
    "lower_learning_rate": "lower learning_rate ({now} now, try {less})",
    "raise_learning_rate": "raise learning_rate ({now} now, try {more})",
    "clip_gradients": "set gradient_clip: 1.0",
    "check_inputs": "clean or impute the values of the validation rows",
}
"""The first piece of advice of each verdict, with key, old and new value."""


def remedy(code: str, rate: float) -> str:
    """What to do, in words.

    Args:
        code: a key of `WORDS`.
        rate: the base learning rate now.

    Example:
        >>> remedy("lower_learning_rate", 0.001)
        'lower learning_rate (0.001 now, try 0.0001)'
        >>> remedy("raise_learning_rate", 1e-7)
        'raise learning_rate (1e-7 now, try 0.0001)'
    """
    return WORDS[code].format(now=power(rate), less=power(rate / 10), more=power(max(rate * 10, LEAST_RATE)))


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a training.

    Args:
        code: a key of `ADVICE`.
        text: the figures behind it.
    """

    code: str
    text: str

    @property
    def advice(self) -> tuple[str, ...]:
        """Codes of advice, most useful first."""
        return ADVICE[self.code]


def judge_losses(
    losses: Sequence[float], *, begin: float | None = None, held: Sequence[float | None] = ()
) -> Verdict | None:
    """The verdict on training losses by epoch (or by equal numbers of steps); None when nothing is wrong.

    Args:
        losses: in order.
        begin: the loss before anything was learned, where it is known.
        held: the losses of validation rows, judged without dropout, where there are any: they stand still in a dead
            training whose own losses move by what dropout draws.

    Example:
        >>> judge_losses([0.7, 0.9, 2.5, 8.0]).code
        'diverged'
        >>> judge_losses([0.7, 2.1, 0.6, 1.9, 0.65, 2.2]).code
        'oscillating'
        >>> judge_losses([0.6931, 0.6931, 0.6932, 0.6931]).code
        'dead'
        >>> judge_losses([0.689, 0.681, 0.684, 0.678], held=[0.6845, 0.6845, 0.6845, 0.6845]).code
        'dead'
        >>> judge_losses([0.7, 0.5, 0.4, 0.35]) is None
        True
    """
    for at, loss in enumerate(losses, 1):
        if not math.isfinite(loss):
            return Verdict("not_a_number", f"the loss is {loss} at {at}")
    if begin is not None and losses and max(losses) > EXPLODED * abs(begin) and min(losses) >= begin:
        best = f"the best epoch came down to {min(losses):.4g}"
        return Verdict("diverged", f"the loss rose from {begin:.4g} at the first step to {max(losses):.4g}; {best}")
    if begin is not None and losses and begin > 0 and min(losses) > RUNAWAY * begin:
        return Verdict(
            "diverged", f"the loss was {begin:.4g} at the first step, and no epoch came below {min(losses):.4g}"
        )
    if len(losses) < FEW:
        return None
    first, last, low, high = losses[0], losses[-1], min(losses), max(losses)
    size = max(abs(first), abs(last), 1e-12)
    if high - low < DEAD * size:
        return Verdict("dead", f"the loss stays at {last:.4g}: nothing is learned")
    if high - low < NOISE * size and _still(held):
        return Verdict("dead", f"the validation loss stays at {held[-1]:.4g}: nothing is learned")
    moves = [b - a for a, b in pairwise(losses)]
    turns = sum(1 for a, b in pairwise(moves) if a * b < 0)
    path, gain = sum(map(abs, moves)), max(first - low, 0.0)
    # Runaway first: a loss that explodes also goes up and down. What came back down did not run away.
    if last > first + (RUNAWAY - 1) * abs(first) and turns <= len(moves) // 2:
        return Verdict("diverged", f"the loss rose from {first:.4g} to {last:.4g}")
    rises = [move for move in moves if move > 0]
    if turns >= 2 * (len(moves) - 1) / 3 and path > UNSTEADY * gain and median(rises) > 0.1 * size:
        return Verdict("oscillating", f"the loss goes up and down between {low:.4g} and {high:.4g}")
    return None


def _still(held: Sequence[float | None]) -> bool:
    """Whether the losses of validation rows stay where they are."""
    known = [loss for loss in held if loss is not None and math.isfinite(loss)]
    return len(known) >= FEW and len(known) == len(held) and max(known) - min(known) < DEAD * max(map(abs, known))


def judge_gradients(norms: Sequence[float]) -> Verdict | None:
    """The verdict on the norms of gradients over a training; None when they stay within bounds.

    Example:
        >>> judge_gradients([1.0, 1.1, 0.9, 1.0, 30.0, 41.0, 39.0, 44.0]).code
        'gradients_grow'
    """
    known = [norm for norm in norms if math.isfinite(norm)]
    if len(known) < 2 * FEW:
        return None
    quarter = len(known) // 4
    early, late = median(known[: 2 * quarter]), median(known[-quarter:])
    if early == 0 and late == 0:
        return Verdict("gradients_vanish", "the gradient is zero")
    if late > DRIFT * early:
        return Verdict("gradients_grow", f"the norm of the gradient grew from {early:.3g} to {late:.3g}")
    if late * DRIFT * 1e3 < early:
        return Verdict("gradients_vanish", f"the norm of the gradient fell from {early:.3g} to {late:.3g}")
    return None
