"""What a planted leak is, how the product is asked about a table, and when its answer counts as found."""

from __future__ import annotations

import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

SEVERITIES = ("error", "warning", "note")
MISSING = ("", "?", "NA", "nan")
FEW = 20
SAID = 12  # findings that are told where a leak was missed


@dataclass(frozen=True)
class Planted:
    """A poisoned table and what an answer must say about it.

    Args:
        frame: n rows with the target.
        codes: of the checks that are about this kind of poison; one of them must speak.
        columns: the planted columns, one of which it must name; none for a poison of rows.
        every: whether all of them must be named.
        test: rows of a test file of the user's own.
        settings: further keys of the `data:` block.
    """

    frame: pl.DataFrame
    codes: Sequence[str]
    columns: Sequence[str] = ()
    every: bool = False
    test: pl.DataFrame | None = None
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Poison:
    """One way to poison a table.

    Args:
        kind: what is wrong, in words; a line of the report.
        strength: how much of it, and in which shape.
        plant: poisons a frame, given the target and a generator.
        tables: names of the tables that it is planted in.
        least: the severity that it deserves: "warning" where figures would mislead, else "note".
    """

    kind: str
    strength: str
    plant: Callable[[pl.DataFrame, str, np.random.Generator], Planted]
    tables: Sequence[str]
    least: str = "note"

    def key(self, table: str) -> str:
        """Names the row of the result."""
        return f"{self.kind}; {self.strength}; {table}"

    def rng(self, table: str, draw: int = 0) -> np.random.Generator:
        """The generator of this case, the same at every run; another draw has another."""
        return np.random.default_rng([zlib.crc32(self.key(table).encode()), draw])


def answer(
    frame: pl.DataFrame, target: str, *, task: str | None, test: pl.DataFrame | None, settings: dict[str, Any]
) -> dict[str, Any]:
    """What `trainwright inspect` shows: `findings`, `checks`, `columns`, and the seconds that the checks took.

    Raises:
        UserError: the table or a setting is refused.
    """
    from trainwright.config.settings import Settings
    from trainwright.training import prepare

    seconds: list[float] = []
    run_checks = prepare.run_checks

    def timed(*arguments: Any, **named: Any) -> Any:
        begin = time.perf_counter()
        try:
            return run_checks(*arguments, **named)
        finally:
            seconds.append(time.perf_counter() - begin)

    data = {"target": target, "task": task, **settings}
    with tempfile.TemporaryDirectory() as folder:
        if test is not None:
            data["test_file"] = str(Path(folder) / "test.csv")
            test.write_csv(data["test_file"])
        prepare.run_checks = timed
        try:
            document = prepare.examine(frame, Settings.model_validate({"data": data}))
        finally:
            prepare.run_checks = run_checks
    return {
        "findings": document["findings"],
        "checks": document["checks"],
        "columns": [column["name"] for column in document["schema"] if column["name"] != target],
        "checks_s": sum(seconds),
    }


def answer_or_crash(frame: pl.DataFrame, target: str, **how: Any) -> dict[str, Any]:
    """As `answer`; a refusal or a crash is told under `checks`, so that the other cases are still measured."""
    try:
        return answer(frame, target, **how)
    except Exception as error:  # whatever goes wrong with one table is a line of the result
        ended = {"code": "the whole command", "state": "crashed", "reason": f"{type(error).__name__}: {error}"}
        return {"findings": [], "checks": [ended], "columns": frame.drop(target).columns, "checks_s": 0.0}


def judged(poison: Poison, planted: Planted, document: dict[str, Any]) -> dict[str, Any]:
    """A row of the result: whether the planted leak was found and as what, or what was said instead."""
    hits = [
        finding
        for finding in document["findings"]
        if finding["code"] in planted.codes and (not planted.columns or set(planted.columns) & set(finding["columns"]))
    ]
    if planted.every and not set(planted.columns) <= {name for finding in hits for name in finding["columns"]}:
        hits = []
    best = min((finding["severity"] for finding in hits), key=SEVERITIES.index, default="nothing")
    found = best != "nothing" and SEVERITIES.index(best) <= SEVERITIES.index(poison.least)
    said = [short(finding) for finding in document["findings"] if finding not in hits]
    return {
        "part": "planted",
        "kind": poison.kind,
        "strength": poison.strength,
        "least": poison.least,
        "severity": best,
        "found": found,
        "by": sorted({finding["code"] for finding in hits}),
        **({} if found else {"instead": said[:SAID]}),
        "not_run": not_run(document),
        "checks_s": round(document["checks_s"], 3),
    }


def short(finding: dict[str, Any]) -> str:
    """A finding on half a line."""
    names = ", ".join(finding["columns"][:4]) + (", ..." if len(finding["columns"]) > 4 else "")
    return f"{finding['code']} {finding['severity']}" + (f" ({names})" if names else "")


def not_run(document: dict[str, Any]) -> list[str]:
    """Checks that crashed or had no time left, with the reason."""
    ended = [check for check in document["checks"] if check["state"] in ("crashed", "skipped")]
    return [f"{check['code']} {check['state']}: {check['reason'][:200]}".replace("\n", " ") for check in ended]


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with numbers as numbers, so that poisons can calculate with them."""
    found = []
    for name in frame.columns:
        series = frame[name]
        if series.dtype == pl.String:
            text = series.str.strip_chars()
            text = text.set(text.is_in(MISSING), None)
            number = text.cast(pl.Float64, strict=False)
            if number.null_count() == text.null_count() and number.null_count() < len(number):
                whole = number.drop_nulls()
                series = number.cast(pl.Int64) if (whole == whole.round()).all() else number
            else:
                series = text
        found.append(series.alias(name))
    return pl.DataFrame(found)


def drawn(frame: pl.DataFrame, rows: int, seed: int = 0) -> pl.DataFrame:
    """At most so many rows, in random order: what the file's own order says is no part of a planted case."""
    order = np.random.default_rng(seed).permutation(frame.height)
    return frame[order[:rows]]


def numbers(frame: pl.DataFrame, target: str) -> list[str]:
    """Columns of numbers with more than a few values."""
    return [
        name
        for name in frame.columns
        if name != target and frame[name].dtype.is_numeric() and frame[name].n_unique() > FEW
    ]


def by_class(frame: pl.DataFrame, target: str) -> bool:
    """Whether the target is a class: words, or few whole numbers."""
    series = frame[target]
    return not series.dtype.is_numeric() or (not series.dtype.is_float() and series.n_unique() <= FEW)


def high(frame: pl.DataFrame, target: str) -> np.ndarray:
    """(n,) what poisons tell apart: the rarer of two classes, the second of several, the upper third of numbers."""
    series = frame[target]
    if not by_class(frame, target):
        return (series > series.quantile(2 / 3)).to_numpy()
    counts = series.value_counts(sort=True)
    return (series == counts[target][1]).to_numpy()


def flipped(mask: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """The mask with this share of its entries turned round."""
    return mask ^ (rng.random(len(mask)) < share)
