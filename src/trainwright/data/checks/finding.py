"""What a check is and what it reports: plain data that any part of the product may read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.data.checks.context import Context

SEVERITIES = ("error", "warning", "note")
STATES = ("found", "passed", "not applicable", "skipped", "crashed")


@dataclass(frozen=True)
class Finding:
    """One thing that a check noticed.

    Args:
        code: of the check, "TW101"; `docs/findings/TW101.md` explains it.
        severity: "error" (no sound model is possible), "warning" (figures may mislead), "note" (good to
            know).
        message: what was found, with its numbers, as a sentence.
        columns: the columns that it is about.
        evidence: the numbers behind it, as plain data; never values of test rows.
        remedy: what to do about it.
    """

    code: str
    severity: str
    message: str
    columns: tuple[str, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "columns": list(self.columns),
            "evidence": self.evidence,
            "remedy": self.remedy,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Finding:
        """The finding from `to_json`'s plain data."""
        return cls(**{**data, "columns": tuple(data["columns"])})


@dataclass(frozen=True)
class Outcome:
    """How one check ended, so that silence always means "looked and found nothing".

    Args:
        code, slug: of the check.
        state: "found", "passed", "not applicable", "skipped" or "crashed".
        reason: why it is not applicable, was skipped, or crashed.
        seconds: how long it took, to the millisecond; outcomes are equal whatever it is.
    """

    code: str
    slug: str
    state: str
    reason: str = ""
    seconds: float = field(default=0.0, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain data."""
        return {
            "code": self.code,
            "slug": self.slug,
            "state": self.state,
            "reason": self.reason,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class Findings:
    """Everything the checks said, the most severe first, and how each check ended."""

    findings: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]

    def to_json(self) -> dict[str, Any]:
        """Findings and outcomes as plain data."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Findings:
        """Findings from `to_json`'s plain data."""
        return cls(
            tuple(Finding.from_json(item) for item in data["findings"]),
            tuple(Outcome(**item) for item in data["outcomes"]),
        )


class NotApplicable(Exception):
    """Raised by a check that has nothing to look at here; its text says why."""


@dataclass(frozen=True)
class Check:
    """A check, as data: a file with a `CHECK` and a line in `checks/__init__.py` add one.

    Args:
        code: stable for ever, "TW" and three digits.
        slug: a name in words, "duplicate-rows".
        severity: the most severe that it reports.
        title: what it looks for, in a few words.
        run: reads the context and returns findings; raises `NotApplicable`; never changes anything.
        models: it fits quick models, and is not begun with less time than those need.
    """

    code: str
    slug: str
    severity: str
    title: str
    run: Callable[[Context], list[Finding]]
    models: bool = False
