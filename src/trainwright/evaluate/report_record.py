"""What the report says in words of how a model was made: rows, openings of the sealed test, plan, time, the record.

Every function takes the result document and returns an empty value when the data for its section is absent;
the template then leaves the section out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from trainwright.evaluate.lookup import mapping_at
from trainwright.evaluate.report_words import megabytes, optional, plain, sentences
from trainwright.evaluate.text import count, duration, estimate, level_text, plural

Result = Mapping[str, Any]
HARDWARE = ("processor", "machine", "cores", "memory_gb", "platform")


def parts(result: Result) -> list[tuple[str, str]]:
    """The number of rows in each part."""
    split = mapping_at(result, "split")
    sizes, folds = split.get("sizes"), len(split.get("folds") or [])
    rows = result.get("n_rows") or {}
    if isinstance(sizes, Mapping) and folds > 1:
        out = [(f"Development rows, in {folds} folds", count(sizes.get("development") or 0))]
        new, tested = sizes.get("test") or 0, rows.get("test") or 0
        older = bool(result.get("incremental")) and tested > new  # rows sealed for its base are tested on, too
        return [*out, ("Sealed test rows", f"{count(tested)}, {count(new)} of them new" if older else count(new))]
    names = {"train": "Rows to learn from", "validation": "Rows to validate on", "test": "Sealed test rows"}
    return [(name, count(rows[key])) for key, name in names.items() if isinstance(rows.get(key), int)]


def split_reasons(result: Result) -> list[str]:
    """Why rows were split as they were, and which are in no part."""
    return sentences(mapping_at(result, "split").get("reason")) + left_out(result)


def left_out(result: Result) -> list[str]:
    """Rows that are in no part, with the reason."""
    given = mapping_at(result, "split").get("left_out")
    if isinstance(given, Mapping):
        return [f"{plural(n, 'row')} left out: {why}" for why, n in given.items() if isinstance(n, int) and n]
    return [f"{plural(given, 'row')} left out"] if isinstance(given, int) and given else sentences(given)


def ledger(result: Result) -> str:
    """How often the test part has been opened, and what that does to its interval."""
    book = mapping_at(result, "ledger")
    k = book.get("k", book.get("opening", book.get("number")))
    if not isinstance(k, int):
        return ""
    level = level_text(float(book.get("level") or 1 - 0.05 / k))
    total, until = book.get("total"), book.get("as_of")
    since = ""
    if isinstance(total, int) and total > k and until:
        since = f" Until {until} it was opened {count(total)} times."
    if k == 1:
        return f"This is opening number 1 of this project's test part; its intervals are at level {level}.{since}"
    return (
        f"This is opening number {k} of this project's test part. "
        f"Repeated looks make lucky figures likelier, so its intervals are at level {level} instead of 95 %.{since}"
    )


def plan_reasons(result: Result) -> list[str]:
    """What was decided while planning."""
    return sentences(mapping_at(result, "plan").get("reasons"))


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
                "folds": plain(row.get("folds") if row.get("folds") is not None else ""),
                "iterations": plain(row.get("iterations") or ""),
                "settings": plain(row.get("settings") or {}) or "the family's defaults",
                "why": str(row.get("reason") or ""),
                "seconds": optional(duration, row.get("seconds", times.get(name))),
                "state": str(row.get("state") or state),
            }
        )
    return out


def budget(result: Result) -> dict[str, Any]:
    """The time allowed, where it went, and what was shortened to keep to it."""
    data, plan = mapping_at(result, "budget"), mapping_at(result, "plan")
    limit = data.get("limit_s", data.get("limit", data.get("time_limit")))
    spent = data.get("spent") or data.get("stages") or {}
    shortened = sentences(data.get("shortened") or plan.get("shortened"))
    unfinished = plan.get("unfinished")
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
    given = [result.get(key) for key in ("environment", "record")]
    environment: Mapping[str, Any] = next((value for value in given if isinstance(value, Mapping)), {})
    known = [
        ("Project and version", " ".join(str(result[k]) for k in ("project", "version") if result.get(k))),
        ("Run", result.get("run")),
        ("Dataset", result.get("dataset")),
        ("Data version (SHA-256)", result.get("data_version")),
        ("Split rule", mapping_at(result, "split").get("rule")),
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
    return [(name, plain(value)) for name, value in known if value is not None and plain(value)]
