"""`trainwright tune`: search the settings of model families, then train with the best ones."""

from __future__ import annotations

import time
from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option
from trainwright.cli.search_progress import SearchScreen, settings_text
from trainwright.config.durations import format_duration
from trainwright.config.search import SECONDS, TRIALS

TOLD = 5


@click.command(
    "tune",
    help="Search better settings for a project (PROJECT or PROJECT@v2) on its development rows, measured against the "
    "defaults on the same folds, then train with the best ones beside the usual contenders. The sealed test is opened "
    "once, by that training.",
)
@click.argument("project", metavar="PROJECT[@vN]")
@click.option(
    "--method",
    type=click.Choice(("auto", "bayesian", "random", "grid")),
    help="How settings are proposed; auto chooses by the size of the space and the cost of a trial.",
)
@click.option(
    "--space",
    metavar="SPACE",
    help="What is tried: first (small, the default), wide, or a YAML file {family: {setting: [values]}}.",
)
@click.option("--trials", type=int, metavar="N", help=f"At most N trials, the defaults among them [{TRIALS}].")
@click.option("--time-limit", metavar="DURATION", help=f"At most so long, such as 10m [{format_duration(SECONDS)}].")
@click.option("--family", "families", multiple=True, metavar="NAME", help="Search this family alone; may be repeated.")
@click.option("--seed", type=click.IntRange(0), help="Of the draws; the run's own by default.")
@click.option("--resume", is_flag=True, help="Go on with the newest search that is not finished.")
@click.option("--search", "number", metavar="N", help="Go on with search N (s3), or share it with another process.")
@click.option("--no-prune", is_flag=True, help="Fit every fold of every trial, also of those that are clearly worse.")
@click.option("--no-train", is_flag=True, help="Search only; train later with: train ... --winner-of N.")
@click.option("--list", "listed", is_flag=True, help="List the project's searches instead.")
@workspace_option
@json_option
def COMMAND(
    project: str,
    method: str | None,
    space: str | None,
    trials: int | None,
    time_limit: str | None,
    families: tuple[str, ...],
    seed: int | None,
    resume: bool,
    number: str | None,
    no_prune: bool,
    no_train: bool,
    listed: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Searches, shows what was found, trains."""
    from trainwright.cli.progress import Screen
    from trainwright.errors import UserError
    from trainwright.jobs.launch import Watcher
    from trainwright.jobs.tune import tune as search
    from trainwright.store.workspace import open_workspace
    from trainwright.training.tuning.request import Request

    if listed:
        _list(project, workspace, as_json)
        return
    fixed = {"--method": method, "--space": space, "--family": families or None, "--seed": seed}
    fixed["--no-prune"] = no_prune or None
    given = ", ".join(name for name, value in fixed.items() if value is not None)
    if (resume or number is not None) and given:
        raise UserError(
            f"{given} cannot change in a search that has begun",
            remedy="leave it out, or begin a new search without --resume and --search",
        )
    named = [name.strip() for word in families for name in word.split(",")]
    if not all(named):
        raise UserError(f"--family {','.join(named)!r} names no family", remedy="--family catboost, or leave it out")
    request = Request.of(method, space, trials, time_limit, named, seed=seed or 0, prune=not no_prune)
    shown = SearchScreen(quiet=as_json)

    def tell(event: dict[str, Any]) -> None:
        if event["kind"] == "search_done" and not as_json:
            show_result(event["document"], train=not no_train)
        else:
            shown.event(event)

    screen = Screen(quiet=as_json, started=time.time())
    with screen:
        watcher = Watcher(stage=screen.stage, prepared=screen.prepared, event=screen.event)
        document = search(
            open_workspace(workspace, create=False),
            project,
            request,
            resume=resume,
            number=number,
            more=trials,
            train=not no_train,
            tell=tell,
            watcher=watcher,
        )
    if as_json:
        output.print_json(document)
    elif document["training"] is not None:
        screen.result(document["training"])
    if document["ended"] == "stopped by the user":
        raise click.exceptions.Exit(130)


def _list(name: str, workspace: str | None, as_json: bool) -> None:
    """The searches of a project, oldest first."""
    from trainwright.store.names import split_name
    from trainwright.store.projects import get_project
    from trainwright.store.searches import list_searches
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    with read(open_workspace(workspace, create=False, read_only=True)) as connection:
        found = list_searches(connection, get_project(connection, split_name(name)[0]).id)
    rows = []
    for search in found:
        result = search.result or {}
        best = result.get("best") or {}
        rows.append(
            {
                "search": f"s{search.number}",
                "state": search.state,
                "method": search.method,
                "families": search.settings.get("kept") or search.settings["families"],
                "trials": search.next_trial,
                "wanted": search.settings["trials"],
                "metric": search.metric,
                "best": best.get("score"),
                "settings": best.get("settings"),
                "version": result.get("version"),
            }
        )
    if as_json:
        output.print_json(rows)
        return
    output.table(
        ["search", "state", "method", "families", "trials", "best", "settings", "version"],
        [
            [r["search"], r["state"], r["method"], ", ".join(r["families"]), f"{r['trials']} of {r['wanted']}",
             None if r["best"] is None else f"{r['metric']} {r['best']:.4f}",
             None if r["settings"] is None else settings_text(r["settings"]), r["version"]]
            for r in rows
        ],
    )  # fmt: skip
    if not rows:
        output.say(f"no search yet: trainwright tune {name}")


def show_result(document: dict[str, Any], *, train: bool) -> None:
    """The best trials, what was gained, what mattered, and what to do next."""
    project, number = document["project"], document["search"]
    output.say()
    done = [row for row in document["trials"] if row["score"] is not None]
    done.sort(key=lambda row: row["score"], reverse=document["greater_is_better"])
    fronts = document.get("pareto") or {}
    rows = []
    for row in done[:TOLD]:
        front = [word for key, word in (("fit_seconds", "time"), ("predict_ms_per_row", "prediction"))
                 if row["number"] in fronts.get(key, [])]  # fmt: skip
        rows.append(
            [row["number"], row["family"], settings_text(row["settings"]), f"{row['score']:.4f}",
             f"{row['fit_seconds'] or 0:.1f}", f"{row['predict_ms_per_row'] or 0:.3f}", f"{row['size_mb'] or 0:.2f}",
             ", ".join(front) or None]
        )  # fmt: skip
    head = ["trial", "family", "settings", document["metric"], "fit s", "ms/row", "MB", "best for its"]
    output.table(head, rows, right=(0, 3, 4, 5, 6))
    counts = ", ".join(f"{n} {state}" for state, n in document["counts"].items())
    output.say(f"{counts}; ended: {document['ended']}")
    output.say(document["text"])
    for edge in document.get("edges") or []:
        output.say(f"edge    {edge['text']}")
    mattered = document.get("importance") or {}
    if mattered.get("settings"):
        words = ", ".join(f"{row['setting']} {100 * row['share']:.0f} %" for row in mattered["settings"])
        output.say(f"matters {words} (of the score's variance)")
    elif mattered:
        output.say(f"matters not known: {mattered['skipped']}")
    if document["ended"] != "all trials are done":
        output.say(f"  trainwright tune {project} --search {number}      goes on")
    if document["best"] is not None and (not train or document["ended"] == "stopped by the user"):
        output.say(f"  trainwright train --project {project} --data-version {document['dataset']} --winner-of {number}")
