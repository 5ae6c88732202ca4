"""What a search shows while it runs: how it was planned, and a line for each finished trial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainwright.cli import output
from trainwright.config.durations import format_duration

# What became of a trial without a score.
STATES = {"pruned": "stopped early", "failed": "failed", "released": "left for later", "completed": "no score"}


class SearchScreen:
    """Progress of a search: a line for each finished trial, with the best so far and the time that is left."""

    def __init__(self, *, quiet: bool = False, say: Callable[[str], None] = output.say):
        self._quiet, self._say = quiet, say
        self._best: tuple[float, int] | None = None
        self._greater = True

    def event(self, event: dict[str, Any]) -> None:
        """Takes an event of the search."""
        if self._quiet:
            return
        kind = event["kind"]
        if kind == "search":
            self._greater = event["greater_is_better"]
            self._say(f"search  s{event['number']}, {event['method']}: {event['reason']}")
            for reason in event["reasons"]:
                self._say(f"        {reason}")
            for family, space in event["space"].items():
                self._say(f"space   {family}: {', '.join(space)}")
            self._say(f"time    at most {format_duration(event['seconds'])} and {event['trials']} trials")
            for warning in event["warnings"]:
                self._say(f"warning {warning}")
        elif kind == "search_done":
            self._say(f"search  s{event['number']} ended ({event['ended']}): {event['text']}")
        elif kind == "search_stopping":
            self._say(f"note    {event['message']}")
        elif kind == "search_trial" and event["state"] != "running":
            self._say(self._trial(event))

    def _trial(self, event: dict[str, Any]) -> str:
        score, number = event.get("score"), event["number"]
        if score is not None and (self._best is None or (score > self._best[0]) == self._greater):
            self._best = (score, number)
        found = (
            f"{event['metric']} {score:.4f}" if score is not None else f"{STATES[event['state']]}: {event['reason']}"
        )
        best = "" if self._best is None else f"; best {self._best[0]:.4f} (trial {self._best[1]})"
        left = f"; {format_duration(max(0.0, event['left']))} left"
        return f"  trial {number:<3} {event['family']} {settings_text(event['settings'])}: {found}{best}{left}"


def settings_text(settings: dict[str, Any]) -> str:
    """Settings on one line.

    Example:
        >>> settings_text({"depth": 6, "learning_rate": None}), settings_text({})
        ('depth=6 learning_rate=none', 'defaults')
    """
    words = [
        f"{name}={f'{v:.4g}' if isinstance(v, float) else 'none' if v is None else v}" for name, v in settings.items()
    ]
    return " ".join(words) or "defaults"
