"""`trainwright decide`: from which probability on to act, found on held-out rows and kept beside the version."""

from __future__ import annotations

import sys
from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

NEW = "new"
FIGURES = {
    "review": ("share that goes to a person", 1.0),
    "flagged": ("share flagged", 1.0),
    "precision": ("precision: flagged cases that are right", 1.0),
    "recall": ("recall: positive cases found or reviewed", 1.0),
    "right": ("decided rightly", 1.0),
    "missed_per_1000": ("missed in 1,000 cases", None),
    "false_per_1000": ("false alarms in 1,000 cases", None),
    "wrong_per_1000": ("decided wrongly in 1,000 cases", None),
    "cost_per_1000": ("cost of 1,000 cases", None),
}


@click.command(
    "decide",
    help="Choose from which probability on a version acts, on its held-out rows; kept as d1, d2, ... beside it. "
    "Give one goal. Nothing is trained, and the sealed test stays closed.",
    epilog="Examples: trainwright decide parts --cost fp=1 fn=20 --use; trainwright decide parts --capacity 200/1000; "
    "trainwright decide parts --list",
)
@click.argument("words", metavar="PROJECT[@vN]", nargs=-1, required=True)
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
@workspace_option
@json_option
def COMMAND(
    words: tuple[str, ...],
    cost: tuple[str, ...],
    use: str | None,
    listed: bool,
    show: str | None,
    workspace: str | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Decides."""
    from trainwright.errors import UserError
    from trainwright.store.workspace import open_workspace
    from trainwright.training import decide as decisions

    name, costs = _sorted_words(words, cost)
    asked["cost"] = costs
    given = [key for key, value in asked.items() if value]
    about = [
        flag for flag, on in (("--list", listed), ("--show", show), (f"--use {use}", use not in (None, NEW))) if on
    ]
    if about and (given or len(about) > 1):
        other = "--" + given[0].replace("_", "-") if given else about[1]
        raise UserError(f"{about[0]} and {other} do not go together", remedy="give one of them")
    space = open_workspace(workspace, create=False, read_only=bool(listed or show))
    if listed:
        _say_list(name, decisions.list_decisions(space, name), as_json)
        return
    if show:
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
        _say(document)


def _sorted_words(words: tuple[str, ...], cost: tuple[str, ...]) -> tuple[str, str | None]:
    """The version's name and the costs: of `--cost fp=1 fn=20` the shell hands on the second pair as a word."""
    from trainwright.errors import UserError

    pairs = [word for word in words if "=" in word]
    names = [word for word in words if "=" not in word]
    if pairs and not cost:
        raise UserError(f"{pairs[0]!r} is no version", remedy=f"costs follow --cost: --cost {' '.join(pairs)}")
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


def _say(document: dict[str, Any]) -> None:
    from trainwright.evaluate.formats import estimate, number, percent

    if document.get("kind") == "width":
        _say_width(document)
        return

    output.say(f"{document['version']} {document['label']}: {document['text']}")
    output.say("")
    for reason in document["reasons"]:
        output.say(f"because: {reason}")
    for name, words in (("low", "accept below"), ("high", "threshold")):
        found = (document.get("thresholds") or {}).get(name)
        if found and (name == "high" or document["policy"].get("band")):
            said = "reject from" if name == "high" and document["policy"].get("band") else words
            value, low, high = estimate(found)
            spread = "" if low is None else f" (chosen again on resamples: {low:.3g} to {high:.3g})"
            output.say(f"{said} {value:.4g}{spread}")
    output.say("")
    ways = {"this decision": document["figures"], **(document.get("against") or {})}
    rows = []
    for name, (title, share) in FIGURES.items():
        cells = [(figures or {}).get(name) for figures in ways.values()]
        if any(estimate(cell)[0] is not None for cell in cells) and not (
            name == "review" and not any(estimate(cell)[0] for cell in cells)
        ):
            write = percent if share else number
            rows.append([title, *(_cell(cell, write) for cell in cells)])
    output.table(["on held-out rows, with 95 % intervals", *ways], rows)
    _say_segments(document)
    _say_sweep(document)
    _say_next(document)


def _say_width(document: dict[str, Any]) -> None:
    """A decision on a number: from which width a person looks."""
    from trainwright.evaluate.formats import number, percent

    output.say(f"{document['version']} {document['label']}: {document['text']}")
    output.say(f"note: {document['note']}")
    output.say("")
    limit = percent if document["policy"]["width"].endswith("%") else number
    sweep = document["figures"]["sweep"]
    rows = [[percent(at["share"]), limit(at["limit"]), number(at["error_kept"])] for at in sweep]
    output.table(["goes to a person", "low and high further apart than", "mean error of the others"], rows, (0, 1, 2))
    _say_next(document)


def _say_next(document: dict[str, Any]) -> None:
    """How the decision takes effect, and how it is tried."""
    output.say("")
    name, label = document["version"], document["label"]
    if document.get("used"):
        output.say(f"{name} answers by {label} from now on")
    else:
        output.say(f"  trainwright decide {name} --use {label}")
    output.say(f"  trainwright predict {name} NEW.csv --decision {label}")
    if document.get("report"):
        output.say(f"  trainwright report {name} --open")


def _cell(figure: Any, write: Any) -> str | None:
    from trainwright.evaluate.formats import estimate

    value, low, high = estimate(figure)
    if value is None:
        return None
    width = None if low is None or high is None else high - low
    text = write(value, width or None)
    return text if not width else f"{text} ({write(low, width or None)} to {write(high, width or None)})"


def _say_segments(document: dict[str, Any]) -> None:
    rows = document.get("segments")
    if not rows:
        return
    output.say("")
    shown = [
        [
            row["value"],
            f"{row['n_rows']:,}",
            f"{row['positives']:,}",
            f"{row['threshold']:.3g}",
            None if row["alone"] is None else f"{row['alone']:.3g}",
            *(None if row[key] is None else f"{row[key]:.0%}" for key in ("flagged", "precision", "recall")),
        ]
        for row in rows
    ]
    heads = [str(document["policy"]["by"]), "rows", "positive", "threshold", "by its rows alone"]
    output.table([*heads, "flagged", "precision", "recall"], shown, right=(1, 2, 3, 4, 5, 6, 7))


def _say_sweep(document: dict[str, Any]) -> None:
    sweep = document.get("sweep")
    if not sweep:
        return
    output.say("")
    costs = "cost_per_1000" in sweep[0]
    heads = ["threshold", "flagged", "precision", "recall", "F1", *(["cost of 1,000 cases"] if costs else [])]
    rows = []
    for point in sweep:
        shares = [None if point[key] is None else f"{point[key]:.1%}" for key in ("flagged", "precision", "recall")]
        rows.append([f"{point['threshold']:.2f}", *shares, f"{point['f1']:.3f}"])
        if costs:
            rows[-1].append(f"{point['cost_per_1000']:,.1f}")
    output.table(heads, rows, right=tuple(range(len(heads))))


def _say_list(name: str, found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    if not found:
        output.say(f"{name} has no decisions; it answers by its own threshold")
        output.say(f"  trainwright decide {name} --cost fp=1 fn=20")
        return
    output.table(
        ["decision", "", "made for", "date", "who"],
        [[d["label"], "in force" if d["used"] else "", d["flags"], d["date"], d["who"]] for d in found],
    )
    for one in found:
        output.say(f"{one['label']}: {one['text']}")
