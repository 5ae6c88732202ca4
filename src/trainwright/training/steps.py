"""One trial of a plan, the facts that plans depend on, and roughly how long a trial takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trainwright.evaluate import asked_words
from trainwright.models.cost import NETS, estimate_seconds, net_shape
from trainwright.models.families import families
from trainwright.models.gallery import relative_cost

# An early-stopped booster keeps about this share of its rounds.
STOPPED_SHARE = 0.4
# What the family of an estimator begins with that was handed over in Python.
CUSTOM = "custom:"
# Why a step is there that the user named.
ASKED = asked_words.ASKED


@dataclass(frozen=True)
class Facts:
    """What the plan depends on.

    Args:
        task: "classes" or "number".
        n_rows: development rows.
        n_train: rows that one fold trains on.
        n_folds: fits per trial.
        n_numbers, n_categories, n_texts: feature columns by kind (times count as numbers).
        n_outputs: classes, or 1.
        threads: threads of one fit.
        jobs: fits side by side.
        tokens: of the texts of a row, on average.
        text_models: models of texts can be trained here, and their base model is here.
        networks: networks for tables can be trained here.
    """

    task: str
    n_rows: int
    n_train: int
    n_folds: int
    n_numbers: int
    n_categories: int
    n_texts: int
    n_outputs: int
    threads: int
    jobs: int
    tokens: float = 0.0
    text_models: bool = False
    networks: bool = False


@dataclass(frozen=True)
class Step:
    """One trial of the plan: a family with settings, fitted on every fold.

    Args:
        name: its name in the leaderboard.
        family: the family.
        settings: the settings that differ from the family's defaults.
        role: "baseline" (always there, compared against) or "candidate".
        inner: share of the fold's own training rows cut off to stop the training, 0 for none.
        max_rows: training rows are sampled above this many, None for all.
        seconds: estimated seconds of one fit.
        reason: why it is in the plan.
        optional: begun only if the clock then has room for all of it; nothing else is made smaller for its sake.
        bags: fitted this many times, each time without another part of the rows, and averaged; 0 for a single model.
    """

    name: str
    family: str
    settings: dict[str, Any] = field(default_factory=dict)
    role: str = "candidate"
    inner: float = 0.0
    max_rows: int | None = None
    seconds: float = 0.0
    reason: str = ""
    optional: bool = False
    bags: int = 0

    @property
    def handed_over(self) -> bool:
        """Whether it is an estimator of the user's own, which no package and no folder of a fold can hold."""
        return self.family.startswith(CUSTOM)

    @property
    def uses_all_threads(self) -> bool:
        """Whether a fit takes every thread, so that fits of it follow one another."""
        return uses_all_threads(self.family)


def uses_all_threads(family: str) -> bool:
    """Whether a fit of the family takes every thread, so that fits of it follow one another.

    Example:
        >>> uses_all_threads("lightgbm"), uses_all_threads("neural_network"), uses_all_threads("custom:mine")
        (False, True, False)
    """
    spec = families().get(family)
    return spec is not None and spec.alone


def estimate(step: Step, facts: Facts) -> float:
    """Seconds of one fit of the step, on this kind of machine, roughly."""
    spec = families()[step.family]
    settings = spec.defaults() | step.settings
    iterations = settings.get(spec.iterations) if spec.iterations else None
    if iterations and step.inner > 0:
        iterations = max(min(iterations, 150), iterations * STOPPED_SHARE)
    rows = min(facts.n_train, step.max_rows or facts.n_train)
    kind = f"{step.family}:{settings['features']}" if "features" in settings else step.family
    if step.family == "catboost":
        kind = f"catboost:{settings['depth']}"
    if step.family in NETS:
        kind = f"{step.family}:{net_shape(step.family, settings, rows)}"
    tokens = facts.tokens * relative_cost(str(settings["base_model"])) if "base_model" in settings else 0.0
    return estimate_seconds(
        kind,
        rows,
        facts.n_numbers + (0 if tokens else 20 * facts.n_texts),
        facts.n_categories,
        facts.n_outputs,
        int(iterations or 0),
        facts.threads * (facts.jobs if spec.alone else 1),
        tokens,
    )


def wall(step: Step, facts: Facts) -> float:
    """Seconds until every fold of the step is done, with `jobs` fits side by side."""
    return step.seconds * in_turn(step, facts.n_folds, facts.jobs)


def in_turn(step: Step, fits: int, jobs: int) -> int:
    """How many fits of the step follow one another, where so many run side by side.

    Example:
        >>> in_turn(Step("catboost", "catboost"), 5, 2), in_turn(Step("t", "text_transformer"), 5, 2)
        (3, 5)
    """
    return fits if step.uses_all_threads else -(-fits // jobs)


def done_after(step: Step, seconds: Sequence[float], jobs: int) -> float:
    """Seconds until fits of the step that take so long each are all done, where so many run side by side.

    Example:
        >>> done_after(Step("catboost", "catboost"), [2.0, 2.0, 3.0], 2)
        3.5
        >>> done_after(Step("t", "text_transformer"), [2.0, 2.0, 3.0], 2)
        7.0
    """
    return max(sum(seconds) / (1 if step.uses_all_threads else jobs), max(seconds, default=0.0))
