"""Understanding what a training came to: more rows, other seeds, other runs, the same run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def learning_curve(name: str, *, time_limit: str | float = "2m", workspace: str | Path | None = None) -> dict[str, Any]:
    """Would more rows help? Fits the version's candidate on parts of its rows, like `trainwright learning-curve`.

    Args:
        name: "adult" for the active version, "adult@v2" for a certain one.
        time_limit: for the fits, in seconds or such as "90s".
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        The `size_curve` of the result document: "text" is the answer, "gain" what twice the rows would give, "points"
        what was measured; or "skipped" with the reason. The version's result and report say it from then on.

    Example:
        >>> tw.learning_curve("adult")["text"]                                   # doctest: +SKIP
        'twice the rows would raise area under the ROC curve by about 0.3 points (0.1 to 0.6)'
    """
    from threadpoolctl import threadpool_limits

    from trainwright.config.durations import parse_duration
    from trainwright.store.workspace import open_workspace
    from trainwright.training.reopen import size_curve_of

    with threadpool_limits(1, user_api="blas"):
        return size_curve_of(open_workspace(workspace, create=False), name, seconds=parse_duration(time_limit))


def stability(
    name: str, *, seeds: int = 5, time_limit: str | float = "20m", workspace: str | Path | None = None
) -> dict[str, Any]:
    """How much is luck? Fits the version's candidate with other seeds, like `trainwright stability`.

    Args:
        name: "adult" for the active version, "adult@v2" for a certain one.
        seeds: how many in all, its own among them.
        time_limit: no further seed begins after it.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        The `seed_stability` of the result document: "text", "std", "flips" (the share of rows that some seed decides
        differently), "warning"; or "skipped" with the reason.
    """
    from threadpoolctl import threadpool_limits

    from trainwright.config.durations import parse_duration
    from trainwright.store.workspace import open_workspace
    from trainwright.training.reopen import stability_of

    limit = parse_duration(time_limit)
    with threadpool_limits(1, user_api="blas"):
        return stability_of(open_workspace(workspace, create=False), name, seeds=seeds, seconds=limit)


def compare_runs(*runs: str | int, workspace: str | Path | None = None) -> dict[str, Any]:
    """Two or three runs side by side, the later ones against the first, like `trainwright runs compare`.

    Args:
        runs: numbers of runs, or versions such as "adult@v2"; after the first one "v2" is enough.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        {"runs", "metric", "settings": those that differ, "data", "fitted", "metrics": with "differences" paired on the
        same rows, "per_class", "costs", "curves", "verdicts", "warnings"}.

    Raises:
        UserError: runs of different projects or targets, or one that is not finished.

    Example:
        >>> tw.compare_runs("adult@v1", "v2")["verdicts"][0]["text"]                 # doctest: +SKIP
        'adult@v2 is not distinguishable from adult@v1 in ROC-AUC: ...'
    """
    from trainwright.store.workspace import open_workspace
    from trainwright.training.run_compare import compare_named

    return compare_named(open_workspace(workspace, create=False, read_only=True), [str(run) for run in runs])


def reproduce(name: str | int, *, workspace: str | Path | None = None) -> dict[str, Any]:
    """Repeats the run of a version from its record and compares every figure, like `trainwright reproduce`.

    Args:
        name: "adult@v2", or the number of a run.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        {"same", "text", "figures": [{"figure", "then", "now", "same"}], "package", "predictions", "environment",
        "record", "run", "repetition", ...}.

    Raises:
        UserError, EnvironmentProblem: there is no such run, or its rows are gone.

    Example:
        >>> tw.reproduce("adult@v2")["same"]                                         # doctest: +SKIP
        True
    """
    from trainwright.jobs.reproduce import reproduce as execute
    from trainwright.store.workspace import open_workspace

    return execute(open_workspace(workspace, create=False), str(name))
