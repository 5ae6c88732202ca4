"""By which decision a version is measured on a labelled file: that by which it answers, unless another is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.evaluate.deciding.costs import Costs
from trainwright.evaluate.deciding.on_rows import on_rows
from trainwright.evaluate.deciding.policy import REVIEW, Policy
from trainwright.evaluate.document import evaluate
from trainwright.evaluate.formats import percent
from trainwright.evaluate.resampling import make_units
from trainwright.evaluate.width_review import Rows, judge_limit
from trainwright.packages.number_intervals import ReviewWidth
from trainwright.store.decisions import Decision
from trainwright.tasks import Metric, task_for

# Figures of what is decided; the others are of probabilities, which a decision does not change.
OF_DECISIONS = ("decision", "proportion")
FIGURES_OF_WIDTH = ("review", "error_all", "error_kept", "error_review", "saved")


@dataclass(frozen=True)
class JudgedBy:
    """A decision, ready to be applied to labelled rows.

    Args:
        decision: of the store; None for the version's own threshold.
        policy: what it does; for a number the width from which a person looks.
        threshold: the version's own, for two classes.
    """

    decision: Decision | None
    policy: Policy | ReviewWidth | None
    threshold: float = 0.5

    @property
    def label(self) -> str | None:
        """Such as "d1"."""
        return None if self.decision is None else self.decision.label

    def shown(self, prediction: np.ndarray) -> np.ndarray:
        """The prediction as `predict` shows it: probabilities corrected where the decision names the true shares."""
        return self.policy.corrected(prediction) if isinstance(self.policy, Policy) else prediction

    def cut(self, n: int, segment: np.ndarray | None) -> float | np.ndarray:
        """The probability from which the positive class is predicted; (n,) where it differs by row."""
        if not isinstance(self.policy, Policy):
            return self.threshold
        if not self.policy.segments or segment is None:
            return self.policy.middle
        own = [self.policy.segments.get(str(value), self.policy.high) for value in segment]
        return np.array(own) if n else np.empty(0)

    def classes(self, target: Target, shown: np.ndarray, segment: np.ndarray | None) -> np.ndarray:
        """(n,) the class of each row, as it is decided without a person.

        Args:
            target: what is predicted.
            shown: (n, k) probabilities of `shown`.
            segment: (n,) values of the column that has thresholds of its own, or None.
        """
        if isinstance(self.policy, Policy):
            return self.policy.decide(shown, segment)[1]
        return np.asarray(task_for(target).decide(shown, self.threshold))

    def to_json(self) -> dict[str, Any] | None:
        """Which one it is, what it was made for, and what it promised on the held-out rows of its training."""
        if self.decision is None:
            return None
        document = self.decision.document
        return {"label": self.label, "flags": document["flags"], "expected": document["figures"]}

    def measured(
        self,
        target: Target,
        y: np.ndarray,
        shown: np.ndarray,
        document: dict[str, Any],
        *,
        segment: np.ndarray | None,
        seed: int,
        **roles: Any,
    ) -> dict[str, Any]:
        """The evaluation document with what the decision does on these rows.

        Args:
            target: what is predicted.
            y: (n,) class positions, negative where the label is unknown.
            shown: (n, k) probabilities of `shown`.
            document: of `evaluate` on them, with the threshold of `cut`.
            segment: (n,) values of the column that has thresholds of its own.
            seed: of the resamples.
            roles: (n,) `group` and `cluster`, by which the intervals are made.
        """
        found = self._told(document)
        kept = (y >= 0) & np.isfinite(shown).all(1)
        if found is None or not isinstance(self.policy, Policy) or not kept.any():
            return document
        decided, predicted = self.policy.decide(shown[kept], None if segment is None else segment[kept])
        roles = _of_rows(roles, kept)
        if len(target.classes) > 2:
            sure = np.eye(len(target.classes))[predicted]
            again = evaluate(target, y[kept], sure, part="file", seed=seed, **roles)
            _take_over(document, again, target)
        costs = self.decision.document.get("costs") if self.decision is not None else None
        units = make_units(len(decided), seed=seed, **roles)
        found["figures"] = on_rows(
            target, y[kept], decided, units, costs=None if costs is None else Costs.from_json(costs), seed=seed
        )
        document["notes"] += self._corrected(target, y[kept])
        if (decided == REVIEW).any():
            said = "cases that go to a person count in the metrics as they would be decided without one"
            document["notes"].append(said)
        return document

    def measured_width(
        self, document: dict[str, Any], y: np.ndarray, spans: np.ndarray, seed: int, **roles: Any
    ) -> dict[str, Any]:
        """The evaluation document of a number with how many rows go to a person, and how far off the others are.

        Args:
            document: of `evaluate`.
            y: (n,) true numbers, NaN where unknown.
            spans: (n, 3) prediction, lower and upper bound.
            seed: of the resamples.
            roles: (n,) `group` and `cluster`, by which the intervals are made.
        """
        found = self._told(document)
        kept = np.isfinite(y) & np.isfinite(spans).all(1)
        if found is None or not isinstance(self.policy, ReviewWidth) or not kept.any():
            return document
        prediction, low, high = spans[kept].T
        width = high - low
        if self.policy.relative:
            width = np.divide(width, np.abs(prediction), out=np.full(len(width), np.inf), where=prediction != 0)
        error = np.abs(y[kept] - prediction)
        units = make_units(len(error), loss=error, seed=seed, **_of_rows(roles, kept))
        figures = judge_limit(Rows(width, error, units, seed), self.policy.value)
        found["figures"] = {name: figures[name] for name in FIGURES_OF_WIDTH if name in figures}
        return document

    def _told(self, document: dict[str, Any]) -> dict[str, Any] | None:
        """Says in an evaluation document by which decision it is; returns that part."""
        document["decision"] = self.to_json()
        found: dict[str, Any] | None = document["decision"]
        return found

    def _corrected(self, target: Target, y: np.ndarray) -> list[str]:
        """That probabilities are those for other shares of the classes than these rows have."""
        policy = self.policy
        if not isinstance(policy, Policy) or policy.true is None or policy.positive is None:
            return []
        here, world = float((y == policy.positive).mean()), policy.true[policy.positive]
        return [
            f"{self.label} corrects probabilities to {percent(world)} positive cases, as predict does; here "
            f"{percent(here)} are positive, and figures of probabilities (log-loss, Brier) suffer where these differ"
        ]


def of_decisions(metric: Metric, target: Target) -> bool:
    """Whether a metric is of the classes decided, not of their probabilities."""
    return target.task == "classes" and metric.kind in OF_DECISIONS and not metric.name.startswith("top_")


def _of_rows(roles: Mapping[str, Any], kept: np.ndarray) -> dict[str, Any]:
    return {name: None if role is None else role[kept] for name, role in roles.items()}


def _take_over(document: dict[str, Any], again: Mapping[str, Any], target: Target) -> None:
    """Puts what was measured on the classes decided in the place of what the most probable classes would be."""
    for name, metric in task_for(target).metrics.items():
        if of_decisions(metric, target) and name in again["metrics"]:
            document["metrics"][name] = again["metrics"][name]
    document["per_class"], document["confusion"] = again["per_class"], again["confusion"]
