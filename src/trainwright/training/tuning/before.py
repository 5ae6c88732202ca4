"""A search at the beginning of a training, for runs whose settings have a `search:` block; its time is the run's."""

from __future__ import annotations

import threading
import time

from trainwright.models.spec import Report
from trainwright.store.runs import get_run
from trainwright.store.searches import change_search, close, list_searches
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.budget import Budget
from trainwright.training.options import RunOptions
from trainwright.training.tuning.begin import begin
from trainwright.training.tuning.ground import stand_on
from trainwright.training.tuning.judge import judge
from trainwright.training.tuning.request import Request
from trainwright.training.tuning.search import EXHAUSTED, described, go_on, reread

# Of the seconds left for fits, what a search within a training may take.
SHARE = 0.6


def search_first(workspace: Workspace, run_id: int, started: float, *, report: Report, stop: threading.Event) -> None:
    """Searches before the run is planned, where its settings ask for that; what is found is stored as the run's own.

    A run that is repeated, or whose plan is made, searched already; a resumed one goes on with what is left.

    Args:
        workspace: where the run is stored.
        run_id: which.
        started: `time.time()` when the command began.
        report: told of each trial.
        stop: set to end early.
    """
    with read(workspace) as connection:
        run = get_run(connection, run_id)
    options = RunOptions.of(run)
    if not options.settings.search.asked or run.plan or (run.record or {}).get("repeats"):
        return
    began = time.time()
    ground = stand_on(workspace, run, started)
    with read(workspace) as connection:
        own = [s for s in list_searches(connection, run.project_id) if s.run_id == run_id and s.settings["own"]]
    request = Request.from_settings(options.settings.search, seed=options.seed).check()
    search = own[-1] if own else begin(workspace, ground, request, own=True)
    seconds = min(request.seconds, SHARE * Budget(options.limit, started).remaining())
    report(described(search, seconds, ground))
    ending = go_on(workspace, search, ground, until=time.time() + seconds, stop=stop, tell=report)
    search, trials = reread(workspace, search)
    result = judge(workspace, search, trials, ground, ended=ending.why, wall_s=time.time() - began)
    with write(workspace) as connection:
        change_search(connection, search.id, result=result)
        if ending.why == EXHAUSTED:
            close(connection, search.id, finished=True)
    report({"kind": "search_done", "number": search.number, "text": result["text"], "ended": ending.why})
