"""Executes a try: the changed training in a child process, from its preparation to its place in the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from trainwright.jobs.launch import Watcher, follow
from trainwright.store.sweep import sweep
from trainwright.store.workspace import Workspace
from trainwright.training.iterate import Trying, prepare_try


def try_setting(
    workspace: Workspace,
    name: str,
    given: Mapping[str, Any],
    *,
    note: str | None = None,
    accept: str | None = None,
    together: bool = False,
    watcher: Watcher | None = None,
    begun: Callable[[Trying], None] = lambda _: None,
) -> dict[str, Any]:
    """Trains a version's run again with one setting changed, and keeps it only where it proves better.

    Args:
        workspace: where the version is kept.
        name: `PROJECT` or `PROJECT@vN`.
        given: new values by key.
        note, accept, together: see `training.iterate.prepare_try`.
        watcher: told the events of the run.
        begun: told what is tried, once that is known to be sound.

    Returns:
        The result document; its `iteration` says what became of the try.

    Raises:
        UserError, EnvironmentProblem: what is wrong, and what to do.
    """
    started = time.time()
    sweep(workspace)
    trying = prepare_try(workspace, name, given, note=note, accept=accept, together=together)
    begun(trying)
    return follow(workspace, trying.run, started, watcher=watcher)
