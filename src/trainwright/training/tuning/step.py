"""A trial's settings as a step of a plan: what a training fits for them, a search fits too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trainwright.models.families import families
from trainwright.models.meaning import read_settings
from trainwright.training.plan import make_plan
from trainwright.training.steps import Facts, Step, estimate


def step_of(family: str, settings: dict[str, Any], facts: Facts, *, name: str | None = None) -> Step:
    """The step that a plan makes of a family asked for by name, with these settings and no limit of time.

    Args:
        family: the family.
        settings: that differ from its defaults.
        facts: size of the data.
        name: in the leaderboard; the family's by default.
    """
    made = make_plan(facts, float("inf"), chosen=(family,), optional=False).steps
    step = next((s for s in made if s.family == family and s.role == "candidate"), None)
    if step is None:  # a family that is always there as a baseline, in a light form
        step = Step(family, family)
    step = replace(step, name=name or family, settings={**step.settings, **settings}, reason="proposed by a search")
    return replace(step, seconds=estimate(step, facts))


def effective(family: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Every setting of the family: its defaults with these on top.

    Example:
        >>> effective("svm", {"C": 2.0})["C"]
        2.0
    """
    return {**families()[family].defaults(), **settings}


def as_read(family: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The same with what another setting switches off at its default, so that settings that fit alike are told.

    Example:
        >>> as_read("linear", {"l1_ratio": 0.1}) == as_read("linear", {"l1_ratio": 0.9})
        True
    """
    return read_settings(families()[family], settings)
