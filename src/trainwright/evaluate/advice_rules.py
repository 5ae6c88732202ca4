"""The rules of advice: each looks for its evidence in a result document and says what to do, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainwright.evaluate import advice_settings as steps
from trainwright.evaluate.advice_settings import single
from trainwright.evaluate.command_line import train_command
from trainwright.evaluate.formats import duration, plural

Result = Mapping[str, Any]
IDENTIFIERS, LEAKS = ("TW105",), ("TW201", "TW202", "TW203", "TW204", "TW205", "TW206")
GROUPS, TIMES, RARE, COPIES = ("TW402",), ("TW401",), ("TW301", "TW302"), ("TW102", "TW103", "TW109")


@dataclass(frozen=True)
class Remedy:
    """One piece of advice.

    Args:
        code: a stable name.
        text: what to do, as a sentence without its full stop.
        because: the figures it rests on.
        key, old, new: the setting it changes, from what to what; None where it changes none.
        command: a complete line that does it, or None where only people can.
        about: the candidate that it concerns, where that is not the chosen one.
    """

    code: str
    text: str
    because: str
    key: str | None = None
    old: Any = None
    new: Any = None
    command: str | None = None
    about: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return dict(vars(self))


def change(result: Result, code: str, text: str, because: str, key: str, old: Any, new: Any) -> Remedy:
    return Remedy(code, text, because, key, old, new, train_command(result, {key: new}))


def _findings(result: Result, codes: tuple[str, ...]) -> list[Mapping[str, Any]]:
    rows = [row for row in result.get("findings") or [] if isinstance(row, Mapping) and row.get("code") in codes]
    return [row for row in rows if row.get("severity") in ("warning", "error")]


def _diagnosed(result: Result) -> str:
    return str((result.get("diagnosis") or {}).get("text") or "")


def _ignore(result: Result, codes: tuple[str, ...], code: str, text: str) -> Iterator[Remedy]:
    """Leaves out columns that a finding names and that the model may use."""
    rows = _findings(result, codes)
    old = list(((result.get("settings") or {}).get("data") or {}).get("ignore") or [])
    columns = [c for row in rows for c in row.get("columns") or [] if c not in old]
    if columns:
        because = str(rows[0].get("message") or f"{rows[0]['code']} names them").rstrip(".")
        yield change(result, code, text, because, "data.ignore", old, [*old, *dict.fromkeys(columns)])


def identifiers(result: Result) -> Iterator[Remedy]:
    """Leaves out columns that only name rows."""
    yield from _ignore(result, IDENTIFIERS, "ignore_identifiers", "leave out the columns that identify rows")


def leaks(result: Result) -> Iterator[Remedy]:
    """Leaves out columns that know the target too well."""
    text = "leave out the column that gives the target away, unless it is known when a prediction is made"
    yield from _ignore(result, LEAKS, "ignore_leak", text)


def stop_earlier(result: Result) -> Iterator[Remedy]:
    """Rounds up to the best one, where later ones only memorise."""
    found = result.get("convergence") or {}
    row = single(result)
    best, kept = found.get("best_step"), found.get("kept")
    if found.get("code") != "overfitting" or row is None or row.spec.iterations is None or not best or not kept:
        return
    if best < kept:
        key = row.key(row.spec.iterations)
        yield change(result, "stop_earlier", "stop after the best round", str(found["text"]), key, kept, int(best))


def regularise(result: Result) -> Iterator[Remedy]:
    """Settings that make the one chosen model simpler."""
    row = single(result)
    for key, old, new in steps.simpler(row, result) if row is not None else ():
        yield change(result, "regularise", f"make {row.name if row else ''} simpler", _diagnosed(result), key, old, new)


def simplest(result: Result) -> Iterator[Remedy]:
    """A simpler candidate that is not clearly worse."""
    comparison = result.get("comparison") or {}
    name = comparison.get("simplest")
    if name and name != result.get("selected"):
        because = f"{name} comes within one standard error of {result.get('selected')}"
        text = "take the simplest model that is as good"
        yield change(result, "simplest", text, because, "requirements.simplest", False, True)


def folds(result: Result) -> Iterator[Remedy]:
    """Cross-validation instead of one part, repeats instead of one set of folds."""
    folds = _count_folds(result)
    data = (result.get("settings") or {}).get("data") or {}
    if data.get("time") or data.get("split_column"):
        return
    if folds == 1:
        because = "one validation part was used, and its rows may be few or peculiar"
        yield change(result, "cross_validate", "judge by cross-validation", because, "data.folds", 1, 5)
    elif (data.get("repeats") or 1) == 1:
        because = _diagnosed(result)
        yield change(result, "repeat_folds", "repeat the cross-validation", because, "data.repeats", 1, 3)


def roles(result: Result) -> Iterator[Remedy]:
    """Groups or a date that a random split ignores."""
    data = (result.get("settings") or {}).get("data") or {}
    for codes, name, text in (
        (GROUPS, "group", "keep rows that share an owner on one side"),
        (TIMES, "time", "let earlier rows predict later ones"),
    ):
        for row in _findings(result, codes)[:1]:
            if row.get("columns") and not data.get(name):
                because, column = str(row.get("message") or "").rstrip("."), row["columns"][0]
                yield change(result, f"declare_{name}", text, because, f"data.{name}", None, column)


def labels(result: Result) -> Iterator[Remedy]:
    """Suspected labels, looked at by people."""
    found = result.get("suspected_labels") or {}
    listed = len(found.get("rows") or [])
    if listed:
        project = result.get("project") or "PROJECT"
        because = f"{plural(listed, 'label')} contradict what the other rows say"
        yield Remedy("check_labels", "look at the labels that are probably wrong", because,
                     command=f"trainwright data labels list {project}")  # fmt: skip


def copies(result: Result) -> Iterator[Remedy]:
    """Copies of rows, which only people can remove or name."""
    for row in _findings(result, COPIES)[:1]:
        text = "remove copies of rows, or name what they share as a group"
        yield Remedy("remove_copies", text, str(row.get("message") or "").rstrip("."))


def kinds(result: Result) -> Iterator[Remedy]:
    """How the columns were read, where a model learns nothing from them."""
    source = result.get("source") or "TABLE.csv"
    target = (result.get("target") or {}).get("column") or "TARGET"
    command = train_command({"source": source, "target": {"column": target}, "settings": {}})
    command = command.replace("trainwright train", "trainwright inspect", 1)
    text = "check that the columns were read as what they are, and add columns that bear on the target"
    yield Remedy("check_kinds", text, _diagnosed(result), command=command)


def more_rounds(result: Result) -> Iterator[Remedy]:
    """More rounds where the last ones still gained, or where no early stop was reached."""
    found, row = result.get("convergence") or {}, single(result)
    kept, most = found.get("kept"), found.get("of")
    if row is None or row.spec.iterations is None or not kept or not most or kept < 0.95 * most:
        return
    if found.get("code") in ("still_improving", "slow", "plateau", "converged_poor", "underfitting"):
        key = row.key(row.spec.iterations)
        text, because = "give it more rounds", str(found["text"])
        yield change(result, "more_rounds", text, because, key, most, 2 * int(most))


def seen(result: Result) -> str:
    """What the curve says, else the diagnosis."""
    return str((result.get("convergence") or {}).get("text") or _diagnosed(result))


def _learning_rate(result: Result, code: str, text: str, *, up: bool) -> Iterator[Remedy]:
    row = single(result)
    if row is not None and (new := row.rate(up=up)):
        yield change(result, code, text, seen(result), row.key("learning_rate"), row.value("learning_rate"), new)


def faster(result: Result) -> Iterator[Remedy]:
    """A higher learning rate."""
    yield from _learning_rate(result, "raise_learning_rate", "raise the learning rate", up=True)


def calmer(result: Result) -> Iterator[Remedy]:
    """A lower learning rate."""
    yield from _learning_rate(result, "lower_learning_rate", "lower the learning rate", up=False)


def freer(result: Result) -> Iterator[Remedy]:
    """A more flexible model: all families where the user named few, then settings of the one chosen."""
    given = (result.get("settings") or {}).get("training") or {}
    row = single(result)
    if given.get("families") and (row is None or row.spec.complexity < 40):
        old = list(given["families"])
        new = list(dict.fromkeys([*old, "lightgbm", "catboost"]))
        if new != old:
            because = _diagnosed(result)
            yield change(result, "more_families", "try more flexible families", because, "training.families", old, new)
    for key, old, new in steps.freer(row, result) if row is not None else ():
        yield change(result, "more_flexible", f"make {row.name if row else ''} more flexible", _diagnosed(result),
                      key, old, new)  # fmt: skip


def class_weight(result: Result) -> Iterator[Remedy]:
    """More say for rare classes, where a check names them."""
    rows = [r for r in result.get("findings") or [] if isinstance(r, Mapping) and r.get("code") in RARE]
    given = (result.get("settings") or {}).get("training") or {}
    if rows and result.get("task") == "classes" and not given.get("class_weight"):
        because = str(rows[0].get("message") or "").rstrip(".")
        text = "let mistakes on rare classes weigh more"
        yield change(result, "class_weight", text, because, "training.class_weight", None, "balanced")


def redraw(result: Result) -> Iterator[Remedy]:
    """Folds drawn with another seed, where validation looks easier than training."""
    data = (result.get("settings") or {}).get("data") or {}
    if not data.get("time") and not data.get("split_column"):
        old = data.get("random_state", result.get("seed"))
        new = (old or 0) + 1
        text = "draw the parts anew: with few rows an easier validation part is chance"
        yield change(result, "redraw", text, _diagnosed(result), "data.random_state", old, new)


def seeds(result: Result) -> Iterator[Remedy]:
    """The choice is luck, or nobody has looked whether it is."""
    found = result.get("seed_stability") or {}
    if found.get("warning"):
        because = str(found["warning"])
        yield change(
            result, "simplest", "take the simplest model that is as good", because, "requirements.simplest", False, True
        )
    elif (result.get("diagnosis") or {}).get("code") == "unstable" and "skipped" in found and result.get("version"):
        command = f"trainwright stability {result.get('project')}@{result['version']} --seeds 5"
        yield Remedy("measure_seeds", "measure how much of it is the seed", _diagnosed(result), command=command)


def more_rows(result: Result) -> Iterator[Remedy]:
    """More rows, where the curve against size says that they pay; else the command that tells."""
    found = result.get("size_curve") or {}
    if found.get("told") == "gain":
        yield Remedy("more_rows", "collect more labelled rows", str(found["text"]))
        return
    wanted = (result.get("diagnosis") or {}).get("code") in ("overfitting", "unstable")
    if wanted and "skipped" in found and result.get("version"):
        command = f"trainwright learning-curve {result.get('project')}@{result['version']}"
        text, why = (
            "measure whether more rows would help",
            f"{_diagnosed(result)}; that more rows would help is not told",
        )
        yield Remedy("measure_more_rows", text, why, command=command)


def more_time(result: Result) -> Iterator[Remedy]:
    """A longer limit, where the plan was shortened to keep to it and the model still improves or is too simple."""
    budget, given = result.get("budget") or {}, (result.get("settings") or {}).get("training") or {}
    limit, shortened = budget.get("limit_s"), budget.get("shortened") or []
    settled = (result.get("convergence") or {}).get("code")
    poor = (result.get("diagnosis") or {}).get("code") == "underfitting"
    if limit and shortened and (poor or settled in ("still_improving", "slow")):
        old = given.get("time_limit") or limit
        because = f"{plural(len(shortened), 'part')} of the plan were shortened to keep to {duration(limit)}"
        text = "allow more time"
        yield change(result, "more_time", text, because, "training.time_limit", old, f"{round(3 * limit)}s")


def _count_folds(result: Result) -> int:
    rows = [row for row in result.get("leaderboard") or [] if row.get("name") == result.get("selected")]
    return len(rows[0].get("fold_scores") or []) if rows else 0
