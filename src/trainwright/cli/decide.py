"""`trainwright decide`: from which probability on to act, found on held-out rows and kept beside the version."""

from __future__ import annotations

import sys
from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

NEW = "new"


@click.command(
    "decide",
    help="Choose from which probability on a version acts, on its held-out rows; kept as d1, d2, ... beside it. "
    "Give one goal. Nothing is trained, and the sealed test stays closed.",
    epilog="Examples: trainwright decide parts --cost fp=1 fn=20 --use; trainwright decide parts --capacity 200/1000; "
    "trainwright decide parts --list",
)
@click.argument("words", metavar="PROJECT[@vN]", nargs=-1)
@click.option("--cost", multiple=True, metavar="fp=1 fn=20", help="What mistakes cost, or a file: costs.yaml.")
@click.option("--capacity", metavar="200/1000", help="How many cases people can look at.")
@click.option("--min-precision", metavar="SHARE", help="Keep this precision, by its lower 95 % bound.")
@click.option("--min-recall", metavar="SHARE", help="Keep this recall, by its lower 95 % bound.")
@click.option("--recall-at", metavar="SHARE", help="The most precision with this recall on the held-out rows.")
@click.option("--beta", metavar="NUMBER", help="The most F-beta; above 1 recall counts more.")
@click.option("--threshold", metavar="SHARE", help="This probability.")
@click.option("--max-width", metavar="WIDTH", help="For a number: the most that low and high may lie apart.")
@click.option("--by", metavar="COLUMN", help="Thresholds by value of a column, where they differ beyond chance.")
@click.option("--review-band", is_flag=True, help="Let a person decide the cases in between.")
@click.option("--prevalence", metavar="SHARE", help="The true share of the positive class, where the table holds more.")
@click.option(
    "--use",
    is_flag=False,
    flag_value=NEW,
    metavar="[dN|none]",
    help="Let the active version answer by the new decision, by an earlier one, or by none.",
)
@click.option("--list", "listed", is_flag=True, help="List the decisions of the version.")
@click.option("--show", metavar="dN", help="Show one decision in full.")
@click.option("--full", is_flag=True, help="Show all thresholds from 0.10 to 0.90 and all segments, not only some.")
@workspace_option
@json_option
def COMMAND(
    words: tuple[str, ...],
    cost: tuple[str, ...],
    use: str | None,
    listed: bool,
    show: str | None,
    full: bool,
    workspace: str | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Decides."""
    from trainwright.cli.decide_screen import say_decision, say_list
    from trainwright.store.workspace import open_workspace
    from trainwright.training import decide as decisions

    name, costs = _sorted_words(words, cost, use)
    asked["cost"] = costs
    given = ["--" + key.replace("_", "-") for key, value in asked.items() if value not in (None, False)]
    _check_together(given, use=use, listed=listed, show=show, full=full)
    space = open_workspace(workspace, create=False, read_only=listed or show is not None)
    if listed:
        found = decisions.list_decisions(space, name)
        output.print_json(found) if as_json else say_list(name, found, full=full)
        return
    if show is not None:
        document = decisions.show_decision(space, name, show)
    elif use not in (None, NEW):
        assert use is not None
        done = decisions.use(space, name, use)
        said = f"by {done['decision']}" if done["decision"] else "by its own threshold"
        output.print_json(done) if as_json else output.say(f"{done['version']} now answers {said}")
        return
    else:
        document = decisions.decide_version(space, name, use=use == NEW, report=_progress(as_json), **asked)
    if as_json:
        output.print_json(document)
    else:
        say_decision(document, full=full)


def _check_together(given: list[str], *, use: str | None, listed: bool, show: str | None, full: bool) -> None:
    """Refuses flags that would be passed over: what is listed or shown is not decided anew."""
    from trainwright.errors import UserError

    earlier = use not in (None, NEW)
    about = [flag for flag, on in (("--list", listed), ("--show", show is not None), (f"--use {use}", earlier)) if on]
    others = [*about[1:], *given]
    if about and use == NEW:
        others.append("--use")
    if earlier and full:
        others.append("--full")
    if about and others:
        raise UserError(f"{about[0]} and {others[0]} do not go together", remedy="give one of them")


def _sorted_words(words: tuple[str, ...], cost: tuple[str, ...], use: str | None) -> tuple[str, str | None]:
    """The version's name and the costs: of `--cost fp=1 fn=20` the shell hands on the second pair as a word."""
    from trainwright.errors import UserError

    pairs = [word for word in words if "=" in word]
    names = [word for word in words if "=" not in word]
    if pairs and not cost:
        raise UserError(f"{pairs[0]!r} is no version", remedy=f"costs follow --cost: --cost {' '.join(pairs)}")
    if not names and use not in (None, NEW):
        raise UserError(
            f"no version is named: --use took {use!r} for a decision",
            remedy="write the version first: trainwright decide PROJECT@v2 --use",
        )
    if len(names) != 1:
        problem = f"{names[1]!r} is one word too many" if names else "no version is named"
        raise UserError(problem, remedy="write trainwright decide PROJECT@v2 and one goal, such as --cost fp=1 fn=20")
    files = [value for value in cost if "=" not in value]
    if files and (pairs or len(cost) > 1):
        raise UserError(f"--cost {files[0]} is a file, and there is more", remedy="write all costs into the file")
    return names[0], " ".join((*cost, *pairs)) or None


def _progress(as_json: bool) -> Any:
    """Says what is being done on standard error, on a terminal only."""
    if as_json or not sys.stderr.isatty():
        return lambda event: None
    return lambda event: sys.stderr.write(f"{event.get('stage')} ...\n")
