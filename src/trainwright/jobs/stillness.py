"""Knows a body that hangs: it stands still, or works far beyond its time limit. Nothing else would ever end it."""

from __future__ import annotations

from trainwright.config.durations import format_duration
from trainwright.store.runs import Run

# Seconds without a report and without processor time after which a body is ended.
STILL = 600.0
# Seconds of processor time that count as none: the system rounds, and a process that waits may look around.
NONE = 0.2
# Of the time limit, and seconds more, after which a body is ended that still works: reading, checks and the sealed test
# come on top of it, and a fit that has begun is finished.
TIMES, MORE = 3.0, 3600.0
# Looks within the time that a body may stand still.
LOOKS = 20


class Stillness:
    """Watches a body by what it reports and what it uses.

    Args:
        still: seconds that it may stand still.
        limit: seconds that it may take in all; None for any time. It may be set later.

    Time counts from look to look, and a look that comes late counts as one: a machine or a watcher that slept, and with
    it the body, ends nothing.

    Example:
        >>> body = Stillness(still=60.0)
        >>> [body.look(at, reports=1, used=5.0) for at in (0.0, 3.0)]
        [None, None]
        >>> [body.look(3.0 * n, reports=1, used=5.0) for n in range(2, 30)][-1]
        'it stood still for 1m: nothing was reported, and its processes used no processor time'
    """

    def __init__(self, still: float = STILL, limit: float | None = None):
        self.every = still / LOOKS
        self.limit = limit
        self._still = still
        self._at: float | None = None
        self._seen: tuple[object, float] = (None, 0.0)
        self._quiet = self._worked = 0.0

    def look(self, at: float, reports: object, used: float | None) -> str | None:
        """Why the body must be ended, in words; None while all is well.

        Args:
            at: seconds on a clock that never goes back.
            reports: anything that changes with each report.
            used: seconds of processor time so far; None where that is not known, and then it never stands still.
        """
        passed = 0.0 if self._at is None else min(at - self._at, 2 * self.every)
        self._at = at
        self._worked += passed
        self._quiet += passed
        before, base = self._seen
        if used is None or reports != before or not 0.0 <= used - base <= NONE:
            self._seen = (reports, used or 0.0)
            self._quiet = 0.0
        if self._quiet >= self._still:
            words = "nothing was reported, and its processes used no processor time"
            return f"it stood still for {format_duration(self._still)}: {words}"
        if self.limit is not None and self._worked > self.limit:
            return f"it still worked {format_duration(self.limit)} after it began, far beyond its time limit"
        return None


def longest(run: Run) -> float | None:
    """Seconds that one attempt at a run may take in all; None for one that no clock ends (a repetition)."""
    if (run.record or {}).get("repeats") is not None:
        return None
    limit = time_limit_of(run, with_search=True)
    return None if limit is None else TIMES * limit + MORE


def time_limit_of(run: Run, *, with_search: bool = False) -> float | None:
    """Seconds that a training may take, and the search before it where that counts; None for a body that is none."""
    from trainwright.config.resolve import resolve_time_limit
    from trainwright.config.settings import Settings

    try:
        settings = Settings.from_json(run.settings or {}, run.origins or {})
    except ValueError:
        return None
    searching = settings.search.time_limit if with_search else None
    return float(resolve_time_limit(settings).value) + (searching or 0.0)
