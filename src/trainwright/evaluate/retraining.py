"""Whether to learn on from a version or to train anew: a recommendation with its reasons and the time of either.

The shares are those that practice names: learning on pays with 10 to 20 % new rows, new classes and hard cases; anew
with more than half new rows, with other columns, and where the version no longer does what it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trainwright.evaluate.formats import duration

FULL, INCREMENTAL = "full", "incremental"
# Above this share of new rows the old ones are no longer what the model should mainly be made of.
MANY_NEW = 0.5
USUAL_NEW = 0.2
# With more than this share of a column's new values unknown to the version, its encodings are of another table.
MANY_UNKNOWN = 0.2


@dataclass(frozen=True)
class Change:
    """What is new.

    Args:
        base: the version that would learn on, such as "adult@v3"; None when there is none.
        old_rows: rows that the version was made from, sealed ones left aside.
        new_rows: rows that it does not know, sealed ones left aside.
        new_classes: classes that it does not know.
        unknown: by category column, the share of new rows whose value it does not know.
        corrected: earlier rows that came again with another label.
        degraded: what says that the version does worse on the new rows than it did, or "".
        seconds_incremental, seconds_full: estimates, or None.
    """

    base: str | None
    old_rows: int
    new_rows: int
    new_classes: tuple[str, ...] = ()
    unknown: dict[str, float] = field(default_factory=dict)
    corrected: int = 0
    degraded: str = ""
    seconds_incremental: float | None = None
    seconds_full: float | None = None

    @property
    def share(self) -> float:
        """New rows for each old one."""
        return self.new_rows / max(self.old_rows, 1)


@dataclass(frozen=True)
class Recommendation:
    """What to do, and why.

    Args:
        kind: "full" or "incremental".
        reasons: sentences, the one that decides first.
        seconds_incremental, seconds_full: estimates, or None.
    """

    kind: str
    reasons: tuple[str, ...]
    seconds_incremental: float | None = None
    seconds_full: float | None = None

    @property
    def text(self) -> str:
        """The recommendation in one sentence."""
        times = ""
        if self.seconds_incremental is not None and self.seconds_full is not None:
            times = (
                f" (about {duration(self.seconds_incremental)} to learn on, {duration(self.seconds_full)} to train in "
                "full)"
            )
        what = "training in full" if self.kind == FULL else "incremental training"
        return f"{what} is recommended: {'; '.join(self.reasons)}{times}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**vars(self), "reasons": list(self.reasons), "text": self.text}


def recommend(change: Change) -> Recommendation:
    """Full or incremental, by what is new.

    Example:
        >>> recommend(Change("adult@v1", 10_000, 1_500)).kind, recommend(Change("adult@v1", 1_000, 900)).kind
        ('incremental', 'full')
    """
    if change.base is None:
        return Recommendation(FULL, ("it is the first model of the project",), None, change.seconds_full)
    against = list(_for_full(change))
    reasons = against or list(_for_incremental(change))
    return Recommendation(
        FULL if against else INCREMENTAL, tuple(reasons), change.seconds_incremental, change.seconds_full
    )


def _for_full(change: Change) -> Sequence[str]:
    out = []
    if change.share > MANY_NEW:
        out.append(f"{change.share:.0%} as many new rows as old ones, more than half")
    if change.degraded:
        out.append(change.degraded)
    unknown = {name: share for name, share in change.unknown.items() if share > MANY_UNKNOWN}
    if unknown:
        worst = sorted(unknown, key=lambda name: -unknown[name])[:3]
        words = ", ".join(f"{unknown[name]:.0%} in {name}" for name in worst)
        out.append(f"many new rows have values that {change.base} does not know ({words})")
    return out


def _for_incremental(change: Change) -> Sequence[str]:
    out = []
    if change.new_classes:
        named = ", ".join(change.new_classes[:3]) + (" and more" if len(change.new_classes) > 3 else "")
        out.append(f"{'a class is' if len(change.new_classes) == 1 else 'classes are'} new ({named})")
    if change.corrected:
        out.append(f"{change.corrected:,} earlier rows came again with another label")
    share = f"{change.share:.1%}" if change.share < 0.1 else f"{change.share:.0%}"
    if change.share <= USUAL_NEW:
        out.append(f"{share} as many new rows as old ones")
    else:
        out.append(f"{share} as many new rows as old ones, between the 20 % where learning on is usual and half")
    return out
