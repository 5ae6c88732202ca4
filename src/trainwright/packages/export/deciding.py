"""How an exported model decides: by the version's own threshold, or by the decision in force as far as a graph can."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from trainwright.data.schema import Target
from trainwright.evaluate.deciding.policy import Policy
from trainwright.packages.export.steps import Steps
from trainwright.packages.manifest import Manifest
from trainwright.packages.outputs import check_threshold
from trainwright.store.decisions import NONE, decision_in_force, get_decision
from trainwright.store.transaction import read
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace


@dataclass(frozen=True)
class Deciding:
    """What stands between the calibrated probabilities and the label.

    Args:
        threshold: for two classes, of the positive one.
        shift: (k,) factors of the probabilities for the true shares of the classes, or empty.
        label: the decision that it comes from, such as "d2"; empty for the version's own threshold.
        notes: what of the decision the export leaves out.
    """

    threshold: float
    shift: tuple[float, ...] = ()
    label: str = ""
    notes: tuple[str, ...] = field(default=())

    def said(self, target: Target) -> str:
        """How is decided, in words; empty for a number."""
        if target.task != "classes":
            return ""
        whose = f"the decision {self.label}" if self.label else "the version's own threshold"
        if target.n_outputs > 2:
            return "the most probable class is the label"
        share = f", its probabilities corrected by {whose}" if self.shift else ""
        return f"{target.classes[target.positive_index]!r} from {self.threshold:.4g} on, by {whose}{share}"

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
    return Deciding(check_threshold(manifest.target, manifest.threshold))


def deciding(
    workspace: Workspace, version: Version, manifest: Manifest, name: str, label: str | None = None
) -> Deciding:
    """By what a version decides.

    Args:
        workspace, version, manifest: which.
        name: the version as users write it, for messages.
        label: "d1" for a certain decision, "none" for the version's own threshold, None for the decision in force.

    Raises:
        UserError: the version has no such decision.
    """
    own = own_threshold(manifest)
    if label == NONE:
        return own
    with read(workspace) as connection:
        if label is None:
            found = decision_in_force(connection, version.id)
        else:
            found = get_decision(connection, version.id, label, name=name)
    if found is None or manifest.target.task != "classes":
        return own
    return of_policy(Policy.from_json(found.document["policy"]), found.label, own.threshold)


def of_policy(policy: Policy, label: str, threshold: float) -> Deciding:
    """What of a policy an export can hold: the correction for true shares, and one threshold.

    Example:
        >>> of_policy(Policy(2, 1, low=0.1, high=0.7, middle=0.3, band=True), "d1", 0.5).threshold
        0.3
    """
    notes = []
    shift: tuple[float, ...] = ()
    if policy.learned is not None and policy.true is not None:
        shift = tuple(true / learned for true, learned in zip(policy.true, policy.learned))
    if policy.costs is not None:
        notes.append(f"the costs of {label} are not part of the export: the most probable class is its label")
    elif policy.positive is not None:
        threshold = policy.middle if policy.band else policy.high
        if policy.band:
            notes.append(
                f"the review band of {label} is not part of the export: a person decides where the probability lies "
                f"from {policy.low:.4g} to {policy.high:.4g}, and the label is that of the threshold {threshold:.4g}"
            )
        if policy.segments:
            notes.append(
                f"the thresholds of {label} for values of {policy.by!r} are not part of the export: its label is that "
                f"of the threshold {threshold:.4g}"
            )
    return Deciding(threshold, shift, label, tuple(notes))
