"""Tasks that take up what was trained: tries, searches, repetitions and measurements for the queue, and their ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.errors import UserError
from trainwright.store.projects import get_project, project_of
from trainwright.store.runs import get_run
from trainwright.store.transaction import read, write
from trainwright.store.versions import list_versions
from trainwright.store.workspace import Workspace
from trainwright.web.client_settings import client_settings, refuse_paths
from trainwright.web.helpers.tables import known_already, queue_prepared, submit

# A value that a try takes back, which is no value of the setting itself.
TAKEN_BACK = ("default", "null", None)


def queue_try(
    workspace: Workspace,
    *,
    of: str,
    given: Mapping[str, Any],
    note: str | None,
    accept: str | None,
    together: bool,
    **queue: Any,
) -> dict[str, Any]:
    """Puts a version's run with one setting changed into the queue; see `training.iterate.prepare_try`.

    Args:
        of: `PROJECT` or `PROJECT@vN`.
        given, note, accept, together: of the try.
        queue: see `tables.queue_prepared`.

    Returns:
        {"run": number, "new": whether the key was not known before}.
    """
    from trainwright.training.iterate import prepare_try

    _refuse_files(given)
    known = known_already(workspace, queue["key"], queue["after"])
    if known is not None:
        return known
    trying = prepare_try(workspace, of, given, note=note, accept=accept, together=together)
    return queue_prepared(workspace, trying.run.id, trying.project.id, act="try", **queue)


def queue_search(
    workspace: Workspace,
    *,
    of: str,
    method: str,
    space: Any,
    trials: int | None,
    time_limit: str | float | None,
    families: Sequence[str],
    **queue: Any,
) -> dict[str, Any]:
    """Puts a training into the queue that begins with a search, on the dataset version and split of a project's run.

    Args:
        of: `PROJECT` for its newest run, `PROJECT@vN` for that of a version.
        method, space, trials, time_limit, families: of the search; see `config.search`. The time of the training that
            follows it is that of the run.
        queue: see `tables.queue_prepared`.

    Returns:
        {"run": number, "new": whether the key was not known before}.
    """
    from trainwright.config.durations import parse_duration
    from trainwright.config.search import SECONDS
    from trainwright.store.datasets import get_dataset_version
    from trainwright.training.options import RunOptions
    from trainwright.training.tuning.before import SHARE
    from trainwright.training.tuning.ground import base_run

    project, run = base_run(workspace, of)
    if run.dataset_version_id is None:
        raise UserError(f"run {run.id} has no rows in this workspace", remedy="train again, then search")
    with read(workspace) as connection:
        dataset = get_dataset_version(connection, run.dataset_version_id)
    seconds = SECONDS if time_limit is None else parse_duration(time_limit)
    options = RunOptions.of(run)
    earlier = options.settings.search  # whose time is within the limit of that run
    training = options.limit - ((earlier.time_limit or SECONDS) if earlier.asked else 0.0)
    asked = {"method": method, "space": space, "trials": trials, "time_limit": seconds, "families": list(families)}
    values = {f"search.{key}": value for key, value in asked.items() if value}
    values |= {
        "project": project.name,
        "data.version": f"d{dataset.number}",
        "training.time_limit": max(seconds + training, seconds / SHARE),
    }
    return submit(workspace, table=None, yaml=None, values=values, act="tune", **queue)


def queue_repetition(workspace: Workspace, *, run: int, **queue: Any) -> dict[str, Any]:
    """Puts a repetition of a run into the queue, once its rows are known to be those it learned from.

    Args:
        run: its number.
        queue: see `tables.queue_prepared`.

    Returns:
        {"run": number of the repetition, "new": whether the key was not known before}.
    """
    from trainwright.jobs.launch import repetition
    from trainwright.jobs.reproduce import repeatable

    known = known_already(workspace, queue["key"], queue["after"])
    if known is not None:
        return known
    first, _ = repeatable(workspace, str(run))
    with write(workspace) as connection:
        again = repetition(connection, first.id)
    return queue_prepared(workspace, again.id, again.project_id, act="reproduce", **queue)


def queue_measurement(
    workspace: Workspace, *, of: str, kind: str, time_limit: str | float, seeds: int | None = None, **queue: Any
) -> dict[str, Any]:
    """Puts a measurement of a version into the queue; see `training.measurement`.

    Args:
        of: `PROJECT@vN`.
        kind: what is measured.
        time_limit: of its fits.
        seeds: where that is what it is about.
        queue: see `tables.queue_prepared`.

    Returns:
        {"run": number, "new": whether the key was not known before}.
    """
    from trainwright.config.durations import parse_duration
    from trainwright.training.measurement import new_measurement

    known = known_already(workspace, queue["key"], queue["after"])
    if known is not None:
        return known
    limits = {"seconds": parse_duration(time_limit), **({} if seeds is None else {"seeds": seeds})}
    run = new_measurement(workspace, of, kind, **limits)
    return queue_prepared(workspace, run.id, run.project_id, act=kind, **queue)


def reproduction(workspace: Workspace, *, run: int) -> dict[str, Any]:
    """What a repetition showed, figure by figure; see `jobs.reproduce.reproduce`.

    Args:
        run: the number of the repetition.

    Raises:
        UserError: the run repeats none, or is not completed.
    """
    from trainwright.jobs.reproduce import comparison
    from trainwright.training.measurement import measured

    with read(workspace) as connection:
        again = get_run(connection, run)
        repeats = None if measured(again) else (again.record or {}).get("repeats")
        if repeats is None or again.state != "completed":
            what = "repeats no other run" if repeats is None else f"is {again.state}"
            raise UserError(f"run {run} {what}, so there is nothing to compare", remedy="ask for a repetition first")
        first = get_run(connection, int(repeats))
        project = get_project(connection, project_of(connection, first.project_id).name)
        made = [
            version for version in list_versions(connection, project.id, deleted=True) if version.run_id == first.id
        ]
    name = f"{project.name}@{made[0].label}" if made else f"run {first.id} of {project.name}"
    return comparison(workspace, first, again, name)


def _refuse_files(given: Mapping[str, Any]) -> None:
    """Refuses what a try would set where it names a file of the server; whether the values fit is the try's to say.

    Raises:
        UserError: a value names one, or a key is none.
    """
    from trainwright.training.change import FAMILY_SETTINGS, full_key

    named = {full_key(key): value for key, value in given.items() if value not in TAKEN_BACK}
    of_families = {key: value for key, value in named.items() if key.startswith(f"{FAMILY_SETTINGS}.")}
    refuse_paths({key.removeprefix(f"{FAMILY_SETTINGS}."): value for key, value in of_families.items()})
    client_settings(None, {key: value for key, value in named.items() if key not in of_families})
