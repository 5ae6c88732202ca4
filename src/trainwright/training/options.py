"""What the settings of a run mean for its training: every default decided here, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainwright.config.known import NEURAL
from trainwright.config.neural import network_asked
from trainwright.config.resolve import (
    resolve_families,
    resolve_family_settings,
    resolve_metric,
    resolve_time_limit,
)
from trainwright.config.settings import Settings
from trainwright.data.schema import Target
from trainwright.evaluate.thresholds import ThresholdRule
from trainwright.machine import usable_cores
from trainwright.models.extras import require
from trainwright.models.families import families
from trainwright.training.decision_goal import question_of
from trainwright.training.select import Requirements

if TYPE_CHECKING:
    from trainwright.store.runs import Run

# Above this many development rows one fit at a time with all threads is faster than fits side by side.
SIDE_BY_SIDE_ROWS = 150_000


@dataclass(frozen=True)
class RunOptions:
    """The training's view of the settings.

    Args:
        settings: the run's settings.
        limit: seconds for the whole command.
        seed: of the run.
        metric_name: the metric asked for, or None for the task's default.
        families: named by the user, or empty for the default plan.
        also: families that keys of the user ask for beside the plan's own.
        family_settings: per family.
        requirements: what the chosen candidate must keep.
        evaluation_seconds: for one evaluation document.
    """

    settings: Settings
    limit: float
    seed: int
    metric_name: str | None
    families: tuple[str, ...]
    family_settings: dict[str, dict[str, Any]]
    also: tuple[str, ...]
    requirements: Requirements
    evaluation_seconds: float

    @classmethod
    def of(cls, run: Run) -> RunOptions:
        """The options of a stored run."""
        return cls.from_settings(Settings.from_json(run.settings or {}, run.origins or {}))

    @classmethod
    def from_settings(cls, settings: Settings) -> RunOptions:
        """The options that the settings stand for.

        Raises:
            EnvironmentProblem: a family is named whose library is not installed.
        """
        limit = float(resolve_time_limit(settings).value)
        named = resolve_families(settings) or ()
        require(families()[name] for name in named)
        return cls(
            settings=settings,
            limit=limit,
            seed=settings.training.seed,
            metric_name=resolve_metric(settings),
            families=named,
            family_settings=resolve_family_settings(settings),
            also=(NEURAL,) if network_asked(settings) else (),
            requirements=Requirements.from_settings(settings.requirements),
            evaluation_seconds=max(0.5, min(10.0, 0.04 * limit)),
        )

    def threads_and_jobs(self, n_train: int, n_folds: int) -> tuple[int, int, str]:
        """Threads of one fit, fits side by side, and why."""
        cores = self.settings.training.threads or usable_cores()
        if self.settings.training.jobs is not None:
            jobs = min(self.settings.training.jobs, max(n_folds, 1))
            return max(1, cores // jobs), jobs, f"{jobs} fits side by side, as asked"
        if n_train > SIDE_BY_SIDE_ROWS or cores == 1 or n_folds == 1:
            return cores, 1, f"one fit at a time with {cores} threads"
        jobs = min(cores, n_folds)
        return max(1, cores // jobs), jobs, f"{jobs} fits side by side: folds do not wait for each other"

    def threshold_rule(self, target: Target) -> ThresholdRule:
        """What the threshold of two classes is chosen for."""
        needs, costs, most = self.settings.requirements, self.settings.problem.costs, self._most_flagged(target)
        question = question_of(self.settings, target) if target.task == "classes" and len(target.classes) == 2 else None
        if question is not None:
            return ThresholdRule(question=question, most_flagged=most)

        def of_positive(value: Any) -> float | None:
            if isinstance(value, dict):
                return value.get(target.positive)
            return None if value is None else float(value)

        if (recall := of_positive(needs.min_recall)) is not None:
            return ThresholdRule(min_recall=recall, most_flagged=most)
        if (precision := of_positive(needs.min_precision)) is not None:
            return ThresholdRule(min_precision=precision, most_flagged=most)
        if costs.false_positive is not None and costs.false_negative is not None:
            alarm, miss = costs.false_positive, costs.false_negative
            return ThresholdRule(false_positive=alarm, false_negative=miss, most_flagged=most)
        return ThresholdRule(most_flagged=most)

    def _most_flagged(self, target: Target) -> float | None:
        """The share of rows that can be flagged: what people can review, unless they review a band instead."""
        limit = self.settings.requirements.max_review_share
        return limit if len(target.classes) == 2 and not self.settings.decision.review_band else None
