"""Says when one class outweighs another so far that accuracy alone misleads."""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable

NOTE, WARNING = 10.0, 100.0


def run(context: Context) -> list[Finding]:
    if not context.classes:
        raise NotApplicable("the target is a number")
    counts = np.bincount(context.y, minlength=len(context.target.classes))
    if len(counts) < 2 or not counts.max():
        raise NotApplicable("there are fewer than two classes")
    most, least = int(counts.argmax()), int(counts.argmin())
    ratio = counts[most] / max(int(counts[least]), 1)
    if ratio < NOTE:
        return []
    names = context.target.classes
    share = counts[most] / counts.sum()
    return [
        Finding(
            code="TW302",
            severity="warning" if ratio >= WARNING else "note",
            message=(
                f"Class {names[most]!r} has {ratio:,.0f} times as many development rows as {names[least]!r}; "
                f"always answering {names[most]!r} is right in {share:.1%} of the cases."
            ),
            columns=(context.target.column,),
            evidence={"ratio": round(float(ratio), 1), "majority_share": round(float(share), 4)},
            remedy=_remedy(context, names[least]),
        )
    ]


def _remedy(context: Context, rare: str) -> str:
    """What to do first, and what to try when that is not enough."""
    if len(names := context.target.classes) > 2:
        return (
            f"accuracy hides how {rare!r} fares: --metric balanced_accuracy; if rare classes are still missed, "
            "--class-weight balanced gives them more say"
        )
    costs = "or say what a miss and a false alarm cost (problem: costs: in the YAML)"
    named = rare in names and context.target.positive != rare
    tuned = f", with {flag('--positive', [rare])}" if named else ""
    return (
        f"accuracy says little: --metric average_precision{tuned}, and set the threshold by what is needed, such as "
        f"--min-recall 0.9, {costs}; if that is not enough, --class-weight balanced"
    )


CHECK = Check("TW302", "class-imbalance", "warning", "One class outweighs another", run)
