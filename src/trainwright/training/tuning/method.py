"""Chooses how settings are proposed: a grid of few combinations, random draws of cheap trials, Bayesian else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainwright.config.durations import format_duration
from trainwright.evaluate.screening import MOST
from trainwright.models.space import Space
from trainwright.models.spaces import NAMES
from trainwright.training.tuning.request import Request, optuna_installed

# Of more combinations than this a sample says as much as all of them.
FEW = 60
# A trial that takes longer than this is worth thinking before; the proposal itself takes some hundredths of a second.
EXPENSIVE_SECONDS = 3.0


@dataclass(frozen=True)
class Method:
    """How settings are proposed.

    Args:
        name: "grid", "random" or "bayesian".
        reason: why.
        warnings: what the user should know before it begins.
    """

    name: str
    reason: str
    warnings: tuple[str, ...] = ()


def choose_method(request: Request, spaces: Sequence[Space], seconds: float) -> Method:
    """The method asked for, or the one that suits the space and the cost of a trial.

    Args:
        request: what was asked for.
        spaces: of the families; without named ones the largest decides.
        seconds: estimated seconds of one trial.

    Example:
        >>> from trainwright.models.spaces import default_space
        >>> choose_method(Request(), [default_space("forest", "first", "classes")], 0.5).name
        'grid'
    """
    sizes = sorted(space.combinations for space in spaces)
    screened = isinstance(request.space, str) and request.space in NAMES and not request.families
    combinations = sum(sizes[-MOST:] if screened else sizes)
    # The defaults are trials too.
    affordable = max(0, min(request.trials, math.floor(request.seconds / max(seconds, 1e-3))) - len(spaces))
    if request.method == "grid":
        return Method(
            "grid", f"as asked: {combinations:,} combinations", _too_large(request, combinations, affordable, seconds)
        )
    if request.method != "auto":
        return Method(request.method, "as asked")
    largest = max(spaces, key=lambda space: space.size)
    cost = f"about {format_duration(seconds)} each"
    if all(math.isfinite(space.size) for space in spaces):
        most = max(space.combinations for space in spaces)
        if most <= min(FEW, affordable):
            return Method("grid", f"all of at most {most} combinations of a family fit into the budget ({cost})")
    size = "without end" if math.isinf(largest.size) else f"of {largest.size:,.0f} combinations"
    if seconds < EXPENSIVE_SECONDS:
        return Method("random", f"a space {size} and cheap trials ({cost}): drawing finds good settings soon")
    if not optuna_installed():
        return Method(
            "random",
            f"a space {size} and expensive trials ({cost}) call for bayesian, whose library 'optuna' is not installed "
            '(pip install "trainwright[tune]")',
        )
    return Method("bayesian", f"a space {size} and expensive trials ({cost}): each proposal learns from those before")


def _too_large(request: Request, combinations: int, affordable: int, seconds: float) -> tuple[str, ...]:
    """What to say of a grid that the budget does not finish."""
    if combinations <= affordable:
        return ()
    in_time = request.seconds / max(seconds, 1e-3)
    limit = f"{request.trials} trials" if request.trials <= in_time else format_duration(request.seconds)
    return (
        f"the grid has {combinations:,} combinations, and {limit} are enough for about {affordable:,} of them, in the "
        f"order of the space; shorten its lists, raise --trials or --time-limit, or take --method random",
    )
