"""What the report says in words: the decision, findings, the choice, diagnosis, plan, budget and the record
of the run.

Every function takes the result document and returns an empty value when the data for its section is absent;
the template then leaves the section out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from trainwright.data.checks.finding import SEVERITIES
from trainwright.evaluate.calibration_words import WORDS
from trainwright.evaluate.text import (
    chosen,
    count,
    duration,
    estimate,
    interval,
    level_text,
    number,
    percent,
    plural,
    score,
)

Result = Mapping[str, Any]
HARDWARE = ("processor", "machine", "cores", "memory_gb", "platform")


def parts(result: Result) -> list[tuple[str, str]]:
    """The number of rows in each part."""
    split = result.get("split")
    sizes = split.get("sizes") if isinstance(split, Mapping) else None
    folds = len(split.get("folds") or []) if isinstance(split, Mapping) else 0
    rows = result.get("n_rows") or {}
    if isinstance(sizes, Mapping) and folds > 1:
        out = [(f"Development rows, in {folds} folds", count(sizes.get("development") or 0))]
        new, tested = sizes.get("test") or 0, rows.get("test") or 0
        older = bool(result.get("incremental")) and tested > new  # rows sealed for its base are tested on, too
        return [*out, ("Sealed test rows", f"{count(tested)}, {count(new)} of them new" if older else count(new))]
    names = {"train": "Rows to learn from", "validation": "Rows to validate on", "test": "Sealed test rows"}
    return [(name, count(rows[key])) for key, name in names.items() if isinstance(rows.get(key), int)]


def decision(result: Result) -> list[tuple[str, str]]:
    """What was decided and for whom, as the user described it."""
    problem = result.get("problem") or result.get("decision") or {}
    if isinstance(problem, Mapping) and result.get("comments"):
        problem = {**problem, "comments": result["comments"]}
    if isinstance(problem, str):
        return [("Decision supported", problem)]
    names = {
        "decision": "Decision supported",
        "for": "For",
        "users": "For",
        "audience": "For",
        "owner": "Owner",
        "costs": "What mistakes cost",
        "present_process": "How it is decided today",
        "description": "Background",
        "comments": "Comments",
    }
    return [
        (names.get(key, key.replace("_", " ").capitalize()), _plain(value))
        for key, value in problem.items()
        if value not in (None, "", [], {})
    ]


def findings(result: Result) -> list[dict[str, Any]]:
    """Findings, the most serious first."""
    rows = [dict(row) for row in result.get("findings") or [] if isinstance(row, Mapping)]
    rank = {name: at for at, name in enumerate(SEVERITIES)}
    return sorted(rows, key=lambda row: rank.get(str(row.get("severity")), len(SEVERITIES)))


def sentences(value: Any) -> list[str]:
    """Notes or reasons, given as text, as a list, or as `{"message": ...}`."""
    if not value:
        return []
    items = [value] if isinstance(value, str | Mapping) else value
    texts = [
        item.get("message") or item.get("text") or item.get("reason") if isinstance(item, Mapping) else item
        for item in items
    ]
    return [sentence(str(text)) for text in texts if text]


def choice(result: Result) -> list[str]:
    """Why this model: the reasons given, the simplest within a standard error, what it is made of."""
    selected, comparison = result.get("selected"), result.get("comparison")
    out = sentences(selected.get("reason") or selected.get("reasons")) if isinstance(selected, Mapping) else []
    if isinstance(comparison, Mapping):
        out += sentences(comparison.get("reason") or comparison.get("text"))
        simplest = comparison.get("simplest") or comparison.get("simplest_within_one_standard_error")
        name = simplest.get("name") if isinstance(simplest, Mapping) else simplest
        best = comparison.get("best") or chosen(result)
        if name and name == chosen(result) == best:
            out.append("Paired on the same rows, nothing simpler comes within one standard error of it")
        elif name and name == chosen(result):
            out.append(f"The best, {best}, is not more than one standard error ahead of {name}")
        elif name:
            out.append(f"The simplest model within one standard error of the best is {name}")
    weights = result.get("weights")
    if isinstance(weights, Mapping) and len(weights) > 1:
        shares = sorted(weights.items(), key=lambda pair: -pair[1])
        out.append("It averages " + ", ".join(f"{name} ({percent(share, 0.1)})" for name, share in shares))
    calibration = result.get("calibration")
    kind = calibration.get("kind") if isinstance(calibration, Mapping) else None
    if isinstance(calibration, Mapping) and kind == "temperature":
        out.append(f"Its probabilities are scaled by the temperature {number(calibration.get('temperature'))}")
    elif kind not in (None, "identity"):
        out.append(f"Its probabilities are calibrated by {WORDS.get(str(kind), str(kind))}")
    package = result.get("package")
    out += sentences(package.get("reason")) if isinstance(package, Mapping) else []
    return [sentence(text) for text in out if text]


def unmet(result: Result) -> list[str]:
    """Requirements that the chosen model does not keep."""
    requirements = result.get("requirements")
    return sentences(requirements.get("unmet")) if isinstance(requirements, Mapping) else []


def ledger(result: Result) -> str:
    """How often the test part has been opened, and what that does to its interval."""
    book = result.get("ledger")
    if not isinstance(book, Mapping):
        return ""
    k = book.get("k", book.get("opening", book.get("number")))
    if not isinstance(k, int):
        return ""
    level = level_text(float(book.get("level") or 1 - 0.05 / k))
    if k == 1:
        return f"This is opening number 1 of this project's test part; its intervals are at level {level}."
    return (
        f"This is opening number {k} of this project's test part. "
        f"Repeated looks make lucky figures likelier, so its intervals are at level {level} instead of 95 %."
    )


def diagnosis(result: Result) -> list[dict[str, Any]]:
    """The diagnosis: title, text, advice; one or several."""
    given = result.get("diagnosis")
    if isinstance(given, str):
        return [{"title": given.replace("_", " ").capitalize(), "text": "", "advice": []}]
    items = [given] if isinstance(given, Mapping) else given or []
    return [
        {
            "title": sentence(str(item.get("title") or item.get("code") or ""))[:-1],
            "text": sentence(str(item.get("text") or "")),
            "advice": sentences(item.get("advice")),
            "tone": "good" if item.get("code") in ("good", "ok") else "caution",
        }
        for item in items
        if isinstance(item, Mapping)
    ]


def convergence(result: Result) -> str:
    """The verdict on the chosen candidate's curve, as a sentence; "" without a curve."""
    found = result.get("convergence")
    if not isinstance(found, Mapping) or not found.get("title"):
        return ""
    rounds = f", {count(found['kept'])} rounds kept" if found.get("kept") else ""
    where = f" ({found.get('name')}, {found.get('folds')}{rounds})" if found.get("name") else ""
    return sentence(f"The loss by round: {found['title']}{where}. {str(found.get('text') or '').capitalize()}")


def remedies(result: Result) -> list[dict[str, str]]:
    """What to do, with the setting it changes, the figures it rests on and the command."""
    diagnosed = result.get("diagnosis")
    rows = diagnosed.get("remedies") if isinstance(diagnosed, Mapping) else None
    out = []
    for row in rows or []:
        old, new = (_plain(row.get(key)) or "nothing" for key in ("old", "new"))
        change = f" ({row['key'].rpartition('.')[2]}: {old} to {new})" if row.get("key") else ""
        because = sentence(f"Because {row['because']}") if row.get("because") else ""
        text = sentence(f"{row.get('text')}{change}")
        out.append({"text": text, "because": because, "command": str(row.get("command") or "")})
    return out


def gap_document(result: Result) -> Mapping[str, Any]:
    """The generalisation gap as given, by itself or within the diagnosis."""
    diagnosed = result.get("diagnosis")
    data = result.get("gap") or (diagnosed.get("gap") if isinstance(diagnosed, Mapping) else None)
    return data if isinstance(data, Mapping) else {}


def gap(result: Result) -> list[tuple[str, str]]:
    """The generalisation gap: training, validation and their difference."""
    data, metric = gap_document(result), str(result.get("metric") or "")
    names = {
        "training": "On rows it learned from",
        "train": "On rows it learned from",
        "validation": "On rows it had not seen",
        "gap": "Difference",
        "difference": "Difference",
        "test": "On the sealed test",
    }
    out = []
    for key, title in names.items():
        figure = data.get(key)
        if key == "difference" and data.get("low") is not None:
            figure = {"value": figure, "low": data.get("low"), "high": data.get("high")}
        if estimate(figure)[0] is not None:
            reach = interval(metric, figure)
            out.append((title, score(metric, figure) + (f" ({reach})" if reach else "")))
    return out


def importance_note(result: Result) -> str:
    """How to read the importance."""
    data = result.get("importance")
    note = str(data.get("note") or "") if isinstance(data, Mapping) else ""
    return f"{note[:1].upper()}{note[1:]}." if note else ""


def plan_reasons(result: Result) -> list[str]:
    """What was decided while planning."""
    plan = result.get("plan")
    return sentences(plan.get("reasons")) if isinstance(plan, Mapping) else []


def trials(result: Result) -> list[dict[str, Any]]:
    """The trials of the plan, in the order they were run."""
    plan = result.get("plan")
    held: Mapping[str, Any] = plan if isinstance(plan, Mapping) else {"trials": plan or []}
    rows = [row for row in held.get("trials") or held.get("steps") or [] if isinstance(row, Mapping)]
    done, missing = held.get("completed") or [], held.get("unfinished") or {}
    times = {row.get("name"): row.get("fit_s") for row in result.get("leaderboard") or []}
    out = []
    for row in rows:
        name = str(row.get("name", ""))
        state = "finished" if name in done else str(missing.get(name, ""))
        out.append(
            {
                "name": name,
                "folds": _plain(row.get("folds") if row.get("folds") is not None else ""),
                "iterations": _plain(row.get("iterations") or ""),
                "settings": _plain(row.get("settings") or {}) or "the family's defaults",
                "why": str(row.get("reason") or ""),
                "seconds": optional(duration, row.get("seconds", times.get(name))),
                "state": str(row.get("state") or state),
            }
        )
    return out


def budget(result: Result) -> dict[str, Any]:
    """The time allowed, where it went, and what was shortened to keep to it."""
    data = result.get("budget") if isinstance(result.get("budget"), Mapping) else {}
    plan = result.get("plan") if isinstance(result.get("plan"), Mapping) else {}
    limit = data.get("limit_s", data.get("limit", data.get("time_limit")))  # type: ignore[union-attr]
    spent = data.get("spent") or data.get("stages") or {}  # type: ignore[union-attr]
    shortened = sentences(data.get("shortened") or plan.get("shortened"))  # type: ignore[union-attr]
    unfinished = plan.get("unfinished")  # type: ignore[union-attr]
    if isinstance(unfinished, Mapping):
        shortened += [f"{name}: {why}" for name, why in unfinished.items()]
    wall = estimate(result.get("wall_s"))[0]
    if limit is None and wall is None and not shortened:
        return {}
    stages = [(str(name).replace("_", " "), estimate(value)[0] or 0.0) for name, value in spent.items()]
    total = sum(seconds for _, seconds in stages) or 1.0
    return {
        "limit": optional(duration, limit),
        "wall": optional(duration, wall),
        "stages": [(name, duration(seconds), round(100 * seconds / total, 1)) for name, seconds in stages],
        "shortened": shortened,
    }


def record(result: Result) -> list[tuple[str, str]]:
    """What one needs to make the same model again."""
    package = result.get("package") or {}
    split = result.get("split") if isinstance(result.get("split"), Mapping) else {}
    given = [result.get(key) for key in ("environment", "record")]
    environment: Mapping[str, Any] = next((value for value in given if isinstance(value, Mapping)), {})
    known = [
        ("Project and version", " ".join(str(result[k]) for k in ("project", "version") if result.get(k))),
        ("Run", result.get("run")),
        ("Dataset", result.get("dataset")),
        ("Data version (SHA-256)", result.get("data_version")),
        ("Split rule", split.get("rule")),  # type: ignore[union-attr]
        ("Seed", result.get("seed")),
        ("Threads", result.get("threads") or environment.get("threads")),
        ("Package", PurePath(str(package["path"])).name if package.get("path") else None),
        ("Package size", optional(megabytes, package.get("size_mb"))),
        ("Package SHA-256", package.get("sha256") or package.get("sha")),
        ("Versions", result.get("versions") or result.get("libraries") or environment.get("packages")),
        ("Python", environment.get("python")),
        ("Hardware", result.get("hardware") or {key: environment.get(key) for key in HARDWARE}),
        ("Code", environment.get("code")),
        ("Written", result.get("written") or result.get("created")),
    ]
    return [(name, _plain(value)) for name, value in known if value is not None and _plain(value)]


def left_out(result: Result) -> list[str]:
    """Rows that are in no part, with the reason."""
    split = result.get("split")
    given = split.get("left_out") if isinstance(split, Mapping) else None
    if isinstance(given, Mapping):
        return [f"{plural(n, 'row')} left out: {why}" for why, n in given.items() if isinstance(n, int) and n]
    return [f"{plural(given, 'row')} left out"] if isinstance(given, int) and given else sentences(given)


def sentence(text: str) -> str:
    """The text with a capital and a full stop, unless it begins with a name."""
    if not text:
        return ""
    first = text.split(" ", 1)[0]
    capital = text[:1].upper() + text[1:] if first.islower() and first.isalpha() else text
    return capital if capital.endswith((".", "!", "?")) else f"{capital}."


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(
            f"{str(k).replace('_', ' ')} {_plain(v)}"
            for k, v in value.items()
            if v is not False and v not in (None, "", [], {})
        )
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def optional(style: Callable[[float], str], value: Any) -> str:
    """The value in this style, or "" when there is none."""
    return style(value) if estimate(value)[0] is not None else ""


def megabytes(value: float) -> str:
    """A size in megabytes, small ones in kilobytes."""
    if value < 0.0995:
        return f"{value * 1000:.0f}\u00a0kB" if value >= 0.0005 else "<\u00a01\u00a0kB"
    return f"{number(value)}\u00a0MB"
