"""Searching better settings, then training with the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.api.training import Result


@dataclass(frozen=True)
class SearchResult:
    """A finished search.

    Args:
        document: everything, as `trainwright tune --json` prints it.

    Example:
        >>> trials = [{"number": 0, "family": "linear", "settings": {}, "score": 0.7}]
        >>> found = SearchResult({"trials": trials, "best": trials[0], "version": None, "training": None})
        >>> found.best["family"], found.version
        ('linear', None)
    """

    document: dict[str, Any]
    workspace: Path | None = None

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Every trial by number: family, settings, state, score, seconds, milliseconds of a prediction, size."""
        return list(self.document["trials"])

    @property
    def best(self) -> dict[str, Any] | None:
        """The trial with the best score; None when none was completed."""
        best: dict[str, Any] | None = self.document["best"]
        return best

    @property
    def gain(self) -> dict[str, Any]:
        """What the best gain over the defaults, corrected for having been chosen: value, low, high, verdict."""
        return dict(self.document.get("gain") or {})

    @property
    def version(self) -> str | None:
        """The version of the training that followed, or None."""
        version: str | None = self.document["version"]
        return version

    @property
    def training(self) -> Result | None:
        """The training that followed, or None."""
        document = self.document["training"]
        return None if document is None else Result(document, self.workspace)


def tune(
    name: str,
    *,
    method: str = "auto",
    space: str | Path | Mapping[str, Any] = "first",
    trials: int | None = None,
    time_limit: str | float | None = None,
    families: Sequence[str] = (),
    seed: int = 0,
    prune: bool = True,
    resume: bool = False,
    number: int | str | None = None,
    train: bool = True,
    workspace: str | Path | None = None,
) -> SearchResult:
    """Searches better settings for a project, then trains with the best ones, like `trainwright tune`.

    Args:
        name: "adult" for the newest run's dataset version and split, "adult@v2" for those of a version.
        method: "auto", "bayesian" (needs the extra tune), "random" or "grid".
        space: "first", "wide", a YAML file, or {family: {setting: [values] or {low, high, log, step}}}.
        trials: at most so many, the defaults among them; 50 when not given. Of a search that goes on: the new total.
        time_limit: seconds, or "90s", "5m"; 20 minutes when not given.
        families: search these alone.
        seed: of the draws; the run's own when 0.
        prune: whether a trial that is clearly worse stops before its last fold.
        resume: go on with the newest search that is not finished.
        number: go on with this search (3 for s3), or share it with another process.
        train: whether a training with the best settings follows.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        The result, with `trials`, `best`, `gain` and `version`.

    Raises:
        UserError: no such project, nothing trained in it yet, or a search that cannot be.

    Example:
        >>> tw.tune("adult", families=["catboost"], trials=30).best["settings"]      # doctest: +SKIP
        {'iterations': 1000, 'depth': 4, 'learning_rate': 0.1}
    """
    from trainwright.jobs.tune import tune as search
    from trainwright.store.workspace import locate, open_workspace
    from trainwright.training.tuning.request import Request

    request = Request.of(method, space, trials, time_limit, families, seed=seed, prune=prune)
    space_ = open_workspace(workspace, create=False)
    document = search(space_, name, request, resume=resume, number=number, more=trials, train=train)
    return SearchResult(document, locate(workspace))
