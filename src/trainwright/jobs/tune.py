"""`trainwright tune`: searches settings for a project, then trains with the best ones beside the usual contenders."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from trainwright.config.durations import format_duration
from trainwright.config.source import load_settings
from trainwright.errors import TrainwrightError, UserError
from trainwright.jobs.launch import Watcher
from trainwright.jobs.launch import train as launch
from trainwright.store.datasets import get_dataset_version
from trainwright.store.names import split_name
from trainwright.store.projects import Project, get_project
from trainwright.store.runs import get_run
from trainwright.store.search_trials import SearchTrial
from trainwright.store.searches import Search, change_search, close, find_search, list_searches
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.options import RunOptions
from trainwright.training.tuning.begin import begin
from trainwright.training.tuning.ground import Ground, base_run, fingerprint_of, stand_on
from trainwright.training.tuning.judge import judge
from trainwright.training.tuning.request import Request
from trainwright.training.tuning.search import EXHAUSTED, STOPPED, described, go_on, reread

Tell = Callable[[dict[str, Any]], None]
# The training after a search gets at least this many times the winner's own fits, and what follows them.
ROOM, REST = 3.0, 60.0


def tune(
    workspace: Workspace,
    name: str,
    request: Request,
    *,
    resume: bool = False,
    number: int | str | None = None,
    more: int | None = None,
    train: bool = True,
    tell: Tell = lambda event: None,
    watcher: Watcher | None = None,
) -> dict[str, Any]:
    """Searches settings on the dataset version and split of a project's run, and trains with what it found.

    Args:
        workspace: where the project is.
        name: such as `adult` or `adult@v2`.
        request: what to search; of one that is resumed only its seconds count.
        resume: go on with the newest search that is not finished.
        number: go on with this search, or share one that another process works on.
        more: raise the number of trials of a resumed search to this.
        train: whether a training follows.
        tell: told {"kind": "search" | "search_trial" | "search_done" | "search_stopping", ...}.
        watcher: told what happens in the training.

    Returns:
        The search's result document, with "project", "training" (the run's result, or None) and "version".

    Raises:
        UserError: no such project or search, nothing trained yet, or a search space that cannot be.
        EnvironmentProblem: a method or family whose library is not installed.
    """
    from threadpoolctl import threadpool_limits

    started = time.time()
    project, search, ground = _opened(workspace, name, request, resume, number, more, started)
    tell(described(search, request.seconds, ground))
    stop = threading.Event()
    # One thread in linear algebra, as in a training: the same sums to the last bit.
    with _stopping(stop, tell), threadpool_limits(1, user_api="blas"):
        until = started + request.seconds - _reserve(request.seconds)
        ending = go_on(workspace, search, ground, until=until, stop=stop, tell=tell)
    search, trials = reread(workspace, search)
    result = judge(workspace, search, trials, ground, ended=ending.why, wall_s=time.time() - started)
    with write(workspace) as connection:
        change_search(connection, search.id, result=result)
        # Of several processes only the one that closes the search trains; without a last one, whoever is alone does.
        mine = close(connection, search.id, finished=True) if ending.why == EXHAUSTED else not ending.others
    with read(workspace) as connection:
        dataset = get_dataset_version(connection, search.dataset_version_id)
    head = {"project": project.name, "dataset": f"d{dataset.number}"}
    document: dict[str, Any] = {**head, **result, "training": None, "version": None}
    tell({"kind": "search_done", "document": document})
    if result["best"] is None and ending.why != STOPPED and not ending.others:
        raise _nothing(search, trials, ending.why, request.seconds)
    if result["best"] is None or ending.why == STOPPED or not mine or not train:
        return document
    document["training"] = _train(workspace, project, search, ground, result, watcher)
    document["version"] = document["training"]["version"]
    with write(workspace) as connection:
        change_search(connection, search.id, result={**result, "version": document["version"]})
    return document


def _reserve(seconds: float) -> float:
    """Seconds of a search's limit that are kept for the start of the command and for judging what was found.

    Example:
        >>> _reserve(10.0), _reserve(1200.0)
        (2.0, 12.0)
    """
    return max(0.01 * seconds, min(2.0, 0.2 * seconds))


def _opened(
    workspace: Workspace,
    name: str,
    request: Request,
    resume: bool,
    number: int | str | None,
    more: int | None,
    started: float,
) -> tuple[Project, Search, Ground]:
    """The project, a new search or the one to go on with, and what it stands on."""
    if not resume and number is None:
        project, run = base_run(workspace, name)
        ground = stand_on(workspace, run, started)
        request = replace(request, seed=request.seed or RunOptions.of(run).seed)
        return project, begin(workspace, ground, request), ground
    with read(workspace) as connection:
        project = get_project(connection, split_name(name)[0])
        if number is not None:
            search = find_search(connection, project, number)
        else:
            open_ones = [s for s in list_searches(connection, project.id) if s.state == "open"]
            if not open_ones:
                raise UserError(
                    f"project {project.name!r} has no search that is unfinished",
                    remedy=f"trainwright tune {project.name} begins one; --search N --trials M goes on with another",
                )
            search = open_ones[-1]
        run = get_run(connection, search.run_id)
    ground = stand_on(workspace, run, started)
    if search.settings["fingerprint"] != fingerprint_of(ground.work):
        raise UserError(
            f"the rows of run {run.id} are not those that s{search.number} was begun on", remedy="begin a new search"
        )
    wanted = search.settings["trials"] if more is None else more
    if wanted < search.next_trial:
        raise UserError(
            f"s{search.number} has begun {search.next_trial} trials already, --trials {wanted} is less",
            remedy=f"give more than {search.next_trial}",
        )
    with write(workspace) as connection:
        if wanted != search.settings["trials"]:
            change_search(connection, search.id, settings={**search.settings, "trials": wanted})
            close(connection, search.id, finished=False)
    search, _ = reread(workspace, search)
    if search.state == "finished":
        raise UserError(
            f"s{search.number} is finished",
            remedy=f"trainwright tune {project.name} --search {search.number} --trials {2 * wanted} goes on with it",
        )
    return project, search, ground


def _train(
    workspace: Workspace,
    project: Project,
    search: Search,
    ground: Ground,
    result: dict[str, Any],
    watcher: Watcher | None,
) -> dict[str, Any]:
    """An ordinary training on the same dataset version, the winner among its contenders."""
    with read(workspace) as connection:
        data = get_dataset_version(connection, search.dataset_version_id)
    wall_s = float(result["best"]["wall_s"] or 0.0)
    least = math.ceil(ROOM * wall_s + REST)
    limit = RunOptions.of(ground.run).limit
    overrides: dict[str, Any] = {
        "project": project.name,
        "data.version": f"d{data.number}",
        "search.winner_of": search.number,
        "training.time_limit": float(least) if least > limit else None,
        "training.families": tuple(search.settings["alone"]) or None,
        "training.comments": f"after search s{search.number}",
    }
    settings = load_settings(None, overrides={k: v for k, v in overrides.items() if v is not None}, flags=False)
    return launch(workspace, None, settings, watcher=watcher)


def _nothing(search: Search, trials: list[SearchTrial], why: str, seconds: float) -> TrainwrightError:
    """Why a search has no completed trial."""
    causes = [str((t.details or {}).get("stopped")) for t in trials if t.state == "failed"]
    if causes:
        return TrainwrightError(f"no trial of s{search.number} could be fitted ({causes[0]})")
    return UserError(
        f"not one trial of s{search.number} could be completed in {seconds:g} s",
        remedy=f"give it more time: --search {search.number} --time-limit {format_duration(max(60.0, 10 * seconds))}",
    )


@contextmanager
def _stopping(stop: threading.Event, tell: Tell) -> Iterator[None]:
    """Ctrl-C once ends the search after the folds that run; twice gives up. In other threads nothing is changed."""

    def asked(*_: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        tell({"kind": "search_stopping", "message": "stopping: finished trials stay (Ctrl-C again to give up)"})

    try:
        before = signal.signal(signal.SIGINT, asked)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
