"""The candidates of a job, best first by the figure that the reader asks for."""

from __future__ import annotations

from dataclasses import dataclass

from trainwright.evaluate.text import explain
from trainwright.web.views.progress import Progress
from trainwright.web.views.story import Standing


@dataclass(frozen=True)
class Leaderboard:
    """Candidates by one figure.

    Args:
        rows: the best first.
        metric: the figure shown, or None while no fold is finished.
        title: of it.
        greater: whether more of it is better.
        judged: the figure that candidates are chosen by, or None while none is known.
        offered: every figure that is stored, with its title; the one that they are chosen by first.
    """

    rows: list[Standing]
    metric: str | None
    title: str | None
    greater: bool
    judged: str | None
    offered: dict[str, str]


def leaderboard(rows: list[Standing], progress: Progress, asked: str | None = None) -> Leaderboard:
    """Candidates by the mean over their folds: those with all folds, then those under way, then those without any.

    Args:
        rows: as far as they are fitted.
        progress: names the figure that they are chosen by, and how many folds there are.
        asked: the figure to show; one that is not stored yet gives way to the one that they are chosen by.
    """
    stored = list(dict.fromkeys(metric for row in rows for metric in row.scores))
    if progress.metric in stored:
        stored.sort(key=lambda metric: metric != progress.metric)
    metric = asked if asked in stored else progress.metric
    about = None if metric is None else explain(metric)
    greater = about is None or about.greater_is_better
    sign = -1.0 if greater else 1.0

    def place(row: Standing) -> tuple[bool, bool, float]:
        score = row.scores.get(metric or "")
        return score is None, row.folds < progress.folds, 0.0 if score is None else sign * score

    title = None if about is None else about.title
    offered = {name: explain(name).title for name in stored}
    return Leaderboard(sorted(rows, key=place), metric, title, greater, progress.metric, offered)
