"""How an exported model decides: by the version's own threshold, or by the decision in force as far as a graph can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.policy import Policy
from trainwright.packages.export.steps import Steps
from trainwright.packages.manifest import Manifest
from trainwright.packages.number_intervals import ReviewWidth
from trainwright.packages.outputs import check_threshold
from trainwright.store.decisions import NONE, decision_in_force, get_decision
from trainwright.store.transaction import read
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace

# Of thresholds for values of a column, how many are told.
TOLD = 3


@dataclass(frozen=True)
class Deciding:
    """What stands between the calibrated probabilities and the label.

    Args:
        threshold: for two classes, of the positive one.
        shift: (k,) factors of the probabilities for the true shares of the classes, or empty.
        label: the decision that it comes from, such as "d2"; empty for the version's own threshold.
        policy: of that decision; None for the version's own threshold, and for a number.
        review: for a number, from which width between low and high on a person looks; None: never.
    """

    threshold: float
    shift: tuple[float, ...] = ()
    label: str = ""
    policy: Policy | None = None
    review: ReviewWidth | None = None

    @property
    def band(self) -> tuple[float, float] | None:
        """From and to below which probability of the positive class a person decides; None without a review band."""
        policy = self.policy
        return (policy.low, policy.high) if policy is not None and policy.band and policy.positive is not None else None

    @property
    def costs(self) -> tuple[tuple[float, ...], ...] | None:
        """Of more than two classes, (k, k): the class of the least expected cost is decided."""
        return None if self.policy is None else self.policy.costs

    @property
    def review_above(self) -> float | None:
        """The least expected cost above which a person decides; None: never."""
        return None if self.policy is None else self.policy.review_above

    def without_review(self) -> Deciding:
        """The same for a form that gives a number without low and high, and so sends no row to a person."""
        return replace(self, review=None, label="") if self.review is not None else self

    def said(self, target: Target) -> str:
        """How is decided, in words; empty for a number that nobody reviews."""
        whose = f"the decision {self.label}" if self.label else "the version's own"
        if target.task != "classes":
            return "" if self.review is None else f"a person looks at {wider(self.review)}, by {_or_width(whose)}"
        if target.n_outputs > 2:
            if self.costs is None:
                return "the most probable class is the label"
            return f"the class of the least expected cost is the label, by {whose}"
        whose = whose if self.label else "the version's own threshold"
        share = f", its probabilities corrected by {whose}" if self.shift else ""
        return f"{target.classes[target.positive_index]!r} from {self.threshold:.4g} on, by {whose}{share}"

    def left_out(self, *, band: bool = False) -> list[str]:
        """What of the decision an export does not hold, and what that means for whoever runs it.

        Args:
            band: the export holds a review band.

        Example:
            >>> how = of_policy(Policy(2, 1, low=0.1, high=0.7, middle=0.3, band=True), "d1", 0.5)
            >>> how.left_out()[0].split(": ")[0], how.left_out(band=True)
            ('the review band of d1 is not part of the export', [])
        """
        policy = self.policy
        if policy is None:
            return []
        notes = []
        if self.review_above is not None and not band:
            notes.append(
                f"the review of {self.label} is not part of the export: whoever runs it must send rows to a person "
                "whose least expected cost, the smallest of probabilities times costs, lies above "
                f"{self.review_above:.4g}"
            )
        if self.band is not None and not band:
            notes.append(
                f"the review band of {self.label} is not part of the export: its label is that of the threshold "
                f"{self.threshold:.4g} for every row, so whoever runs it must send rows whose probability lies from "
                f"{policy.low:.4g} to below {policy.high:.4g} to a person"
            )
        if policy.segments:
            notes.append(
                f"the thresholds of {self.label} for values of {policy.by!r} ({_listed(policy.segments)}) are not part "
                f"of the export: it decides every row by {self.threshold:.4g}, so rows of these values may get another "
                "label than by trainwright"
            )
        return notes

    def corrected(self, prediction: np.ndarray) -> np.ndarray:
        """(n, k) probabilities for the true shares of the classes; numbers as they are."""
        if not self.shift:
            return prediction
        scaled = prediction * np.asarray(self.shift)
        return scaled / scaled.sum(axis=1, keepdims=True)

    def written(self, steps: Steps, output: str) -> str:
        """The same as steps."""
        return steps.add("normalised", steps.affine(output, self.shift)) if self.shift else output


def own_threshold(manifest: Manifest) -> Deciding:
    """What the package itself says."""
    review = None if manifest.interval is None else manifest.interval.review
    return Deciding(check_threshold(manifest.target, manifest.threshold), review=review)


def deciding(
    workspace: Workspace, version: Version, manifest: Manifest, name: str, label: str | None = None
) -> Deciding:
    """By what a version decides.

    Args:
        workspace, version, manifest: which.
        name: the version as users write it, for messages.
        label: "d1" for a certain decision, "none" for the version's own threshold, None for the decision in force.

    Raises:
        UserError: the version has no such decision, or it was damaged.
    """
    own = own_threshold(manifest)
    if label == NONE:
        return own
    with read(workspace) as connection:
        if label is None:
            found = decision_in_force(connection, version.id)
        else:
            found = get_decision(connection, version.id, label, name=name)
    if found is None:
        return own
    if found.damage is not None:
        raise UserError(
            f"the decision {found.label} of {name} cannot be used: {found.damage}",
            remedy=f"decide again (trainwright decide {name}), or export with --decision none",
        )
    policy = found.document.get("policy") or {}
    if manifest.target.task != "classes":
        return replace(own, label=found.label, review=ReviewWidth.parse(str(policy.get("width"))))
    return of_policy(Policy.from_json(policy), found.label, own.threshold)


def of_policy(policy: Policy, label: str, threshold: float) -> Deciding:
    """What of a policy an export can hold: the correction for true shares, and one threshold.

    Example:
        >>> of_policy(Policy(2, 1, low=0.1, high=0.7, middle=0.3, band=True), "d1", 0.5).threshold
        0.3
    """
    shift: tuple[float, ...] = ()
    if policy.learned is not None and policy.true is not None:
        shift = tuple(true / learned for true, learned in zip(policy.true, policy.learned))
    if policy.costs is None and policy.positive is not None:
        threshold = policy.middle if policy.band else policy.high
    return Deciding(threshold, shift, label, policy)


def wider(review: ReviewWidth) -> str:
    """Which rows of a number go to a person.

    Example:
        >>> wider(ReviewWidth(0.2, relative=True))
        'rows whose low and high lie further apart than 20% of the prediction'
    """
    return f"rows whose low and high lie further apart than {review}{' of the prediction' if review.relative else ''}"


def _or_width(whose: str) -> str:
    return f"{whose} width" if whose.endswith("own") else whose


def _listed(segments: Mapping[str, float]) -> str:
    """The first few values with their thresholds.

    Example:
        >>> _listed({"a": 0.3, "b": 0.25})
        'a 0.3, b 0.25'
    """
    told = [f"{value} {threshold:.4g}" for value, threshold in list(segments.items())[:TOLD]]
    rest = len(segments) - len(told)
    return ", ".join(told) + (f" and {rest} more" if rest else "")
