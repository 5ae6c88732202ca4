"""Did a repeated training come out the same? Record, environment and figures of both, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

# What a record must hold to be complete: what it is called, and where it stands.
RECORD: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("code version", ("environment", "packages", "trainwright")),
    ("code hash", ("environment", "source")),
    ("data hash", ("data", "version")),
    ("hash of the rows learned from", ("data", "trained_on")),
    ("split", ("data", "split_sha")),
    ("seed", ("seed",)),
    ("settings", ("settings",)),
    ("metric definitions", ("metrics",)),
    ("hardware", ("environment", "cores")),
    ("packages", ("environment", "packages")),
    ("time", ("times",)),
    ("artifact hash", ("package",)),
    ("held-out predictions", ("held_out",)),
)
# What of an environment can change a figure, and how it is called.
ENVIRONMENT = {
    "python": "Python",
    "platform": "system",
    "machine": "kind of processor",
    "processor": "processor",
    "cores": "cores",
    "threads": "threads of one fit",
    "jobs": "fits side by side",
    "source": "code of trainwright",
}
# Shown beside the figures; a whole settings block would fill the screen.
SHORT = 60


def record_parts(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each part of a reproducibility record, and whether it is there.

    Example:
        >>> [part["part"] for part in record_parts({"seed": 0}) if part["present"]]
        ['seed']
    """
    out = []
    for name, path in RECORD:
        value: Any = record
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        plain = value if isinstance(value, str | int | float) else None
        out.append({"part": name, "present": value not in (None, {}, ""), "value": plain})
    return out


def environment_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What differs between two environments: libraries, Python, machine, code.

    Args:
        then, now: as `training.record.environment_record` gives them; what `then` lacks is not compared.

    Returns:
        For each {"what", "then", "now"}.

    Example:
        >>> environment_differences({"packages": {"numpy": "2.3.4"}}, {"packages": {"numpy": "2.3.5"}})
        [{'what': 'numpy', 'then': '2.3.4', 'now': '2.3.5'}]
    """
    out = []
    old, new = then.get("packages") or {}, now.get("packages") or {}
    for name in sorted({*old, *new}):
        if old and old.get(name) != new.get(name):
            out.append({"what": name, "then": old.get(name), "now": new.get(name)})
    for key, words in ENVIRONMENT.items():
        if then.get(key) is not None and then.get(key) != now.get(key):
            out.append({"what": words, "then": then[key], "now": now.get(key)})
    return out


def figure_rows(first: Mapping[str, Any], again: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every figure of a training beside that of its repetition.

    Args:
        first, again: {"result", "record"} of both runs.

    Returns:
        For each {"figure", "then", "now", "same"}; same means to the last digit.
    """
    before, after = dict(_figures(first)), dict(_figures(again))
    return [
        {"figure": name, "then": before.get(name), "now": after.get(name), "same": _same(before, after, name)}
        for name in dict.fromkeys([*before, *after])
    ]


def _figures(run: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    result, record = run["result"], run["record"]
    yield "chosen", result.get("selected")
    for name, weight in (result.get("weights") or {}).items():
        yield f"weight of {name}", weight
    for name, figure in (result.get("validation") or {}).items():
        for end in ("value", "low", "high"):
            yield f"{name}" if end == "value" else f"{name}, {end} end", (figure or {}).get(end)
    yield "threshold", (result.get("threshold") or {}).get("value")
    for key, value in (result.get("calibration") or {}).items():
        if isinstance(value, str | int | float):
            yield f"calibration {key}", value
    for row in result.get("leaderboard") or []:
        if row.get("role") == "present":
            continue
        for name, value in (row.get("metrics") or {}).items():
            yield f"{row['name']}: {name}", value
        for at, value in enumerate(row.get("fold_scores") or []):
            yield f"{row['name']}: fold {at + 1}", value
    for name, folds in (record.get("trials") or {}).items():
        for fold in folds:
            yield f"{name}: rounds of fold {fold['fold'] + 1}", fold.get("iterations")
            yield f"{name}: rows of fold {fold['fold'] + 1}", fold.get("rows")


def _same(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> bool:
    if (name in before) != (name in after):
        return False
    a, b = before[name], after[name]
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return bool(a == b)


def manifest_differences(first: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """What differs between the manifests of two packages, in words; the first line is the likeliest cause.

    Example:
        >>> manifest_differences({"writer": "0.1.0", "files": {}}, {"writer": "0.1.1", "files": {}})
        ['writer: 0.1.0, now 0.1.1']
    """
    out = []
    for key in dict.fromkeys([*first, *again]):
        if key == "files" or first.get(key) == again.get(key):
            continue
        a, b = _short(first.get(key)), _short(again.get(key))
        out.append(f"{key}: {a}, now {b}" if a != b else f"{key} differs")
    old, new = first.get("files") or {}, again.get("files") or {}
    changed = [
        name
        for name in sorted({*old, *new})
        if (old.get(name) or {}).get("sha256") != (new.get(name) or {}).get("sha256")
    ]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        out.append(f"{len(changed)} of {len({*old, *new})} files differ: {changed[0]}{more}")
    return out


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def verdict_words(document: Mapping[str, Any]) -> str:
    """What a repetition came to, in one sentence."""
    rows = document["figures"]
    same = sum(row["same"] for row in rows)
    n = document["predictions"]["rows"]
    if document["same"]:
        return (
            f"the same: the package byte for byte, {n:,} held-out predictions bit for bit, "
            f"{same:,} of {len(rows):,} figures to the last digit"
        )
    parts = []
    if document["package"].get("damage"):
        parts.append(f"the package in the workspace was changed since it was made ({document['package']['damage']})")
    parts.append("the package is made the same again" if document["package"]["same"] else "the package differs")
    if document["predictions"]["same"]:
        parts.append(f"{n:,} held-out predictions are the same bit for bit")
    elif document["predictions"]["same"] is None:
        parts.append("held-out predictions were not kept the first time")
    else:
        far = document["predictions"].get("largest")
        by = "" if far is None else f" by up to {far:.3g}"
        parts.append(f"held-out predictions differ{by}")
    parts.append(f"{same:,} of {len(rows):,} figures are the same")
    return f"not the same: {', '.join(parts)}"
