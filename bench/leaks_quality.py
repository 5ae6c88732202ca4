"""Poisons of quality: wrong and disputed labels, rare classes, impossible values, columns of no use, natural leaks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tables
from leaks_tables import BIKE_COUNTS
from planted import Planted, Poison, by_class, high, numbers, typed

ODD = ("TW110", "TW106", "TW107")
USELESS = ("TW104", "TW111")
Rng = np.random.Generator
Plant = Callable[[pl.DataFrame, str, Rng], Planted]


def wrong_labels(frame: pl.DataFrame, target: str, rng: Rng, *, share: float) -> Planted:
    """This share of the labels are another class; of the numbers, that of another row."""
    chosen = rng.choice(frame.height, round(frame.height * share), replace=False)
    values = frame[target].to_list()
    known = frame[target].unique().sort().to_list()
    for i in chosen:
        if by_class(frame, target):
            values[i] = known[(known.index(values[i]) + 1 + int(rng.integers(len(known) - 1))) % len(known)]
        else:
            values[i] = frame[target][int(rng.integers(frame.height))]
    return Planted(frame.with_columns(pl.Series(target, values, dtype=frame[target].dtype)), ("TW304",))


def annotators(frame: pl.DataFrame, target: str, rng: Rng, *, wrong: float, skipped: float) -> Planted:
    """Three people who label, err at this rate, and skip some rows."""
    names = ["first_reader", "second_reader", "third_reader"]
    known = frame[target].unique().sort().to_list()
    for name in names:
        drawn = [str(rng.choice(known)) if rng.random() < wrong else str(value) for value in frame[target]]
        marks = [None if rng.random() < skipped else value for value in drawn]
        frame = frame.with_columns(pl.Series(name, marks))
    return Planted(frame, ("TW306",), settings={"annotators": names})


def rare(frame: pl.DataFrame, target: str, rng: Rng, *, rows: int) -> Planted:
    """A class more, of two or a few rows."""
    drawn = frame[rng.choice(frame.height, rows, replace=False)].with_columns(pl.lit("rare").alias(target))
    return Planted(pl.concat([frame.with_columns(pl.col(target).cast(pl.String)), drawn]), ("TW301",))


def unbalanced(frame: pl.DataFrame, target: str, rng: Rng, *, one_in: int) -> Planted:
    """One class is left with one row in so many."""
    told = high(frame, target)
    rows = np.flatnonzero(~told)
    kept = rng.choice(np.flatnonzero(told), max(15, len(rows) // one_in), replace=False)
    return Planted(frame[np.sort(np.concatenate([rows, kept]))], ("TW302", "TW301"))


def marks(frame: pl.DataFrame, target: str, rng: Rng, *, mark: float, share: float) -> Planted:
    """A number that stands for "not measured" in one column."""
    column = np.round(rng.normal(20, 3, frame.height), 1)
    column[rng.random(frame.height) < share] = mark
    return Planted(frame.with_columns(pl.Series("reading", column)), ODD, ["reading"])


def typing_errors(frame: pl.DataFrame, target: str, rng: Rng, *, times: float, rows: int) -> Planted:
    """Single values whose decimal point was forgotten."""
    column = np.round(rng.normal(20, 3, frame.height), 1)
    column[rng.choice(frame.height, rows, replace=False)] *= times
    return Planted(frame.with_columns(pl.Series("reading", np.round(column, 1))), ODD, ["reading"])


def useless(frame: pl.DataFrame, target: str, rng: Rng, *, style: str) -> Planted:
    """A column without information, or with that of another one."""
    n, source = frame.height, numbers(frame, target)[0]
    few = [c for c in frame.columns if c != target and frame[c].dtype == pl.String and frame[c].n_unique() <= 50]
    words = next(iter(few), None)
    if style == "recoded" and words is None:
        frame = frame.with_columns(words=pl.Series(rng.choice(["red", "green", "blue", "black"], n)))
        words = "words"
    made: dict[str, Callable[[], pl.Series]] = {
        "constant word": lambda: pl.Series(["same"] * n),
        "constant number": lambda: pl.Series(np.full(n, 7.5)),
        "empty": lambda: pl.Series([None] * n, dtype=pl.String),
        "copy": lambda: frame[source].clone(),
        "other unit": lambda: frame[source].cast(pl.Float64) * 2.54 + 1,
        "recoded": lambda: frame[str(words)].rank("dense"),
    }
    column = made[style]().alias("extra")
    if style == "recoded":
        column = pl.Series("extra", [None if v is None else f"k{int(v)}" for v in column])
    planted = ["extra"] if style in ("constant word", "constant number", "empty") else ["extra", source, str(words)]
    return Planted(frame.with_columns(column), USELESS, planted)


def natural() -> list[tuple[str, str, Callable[[Path | None], pl.DataFrame], str, dict[str, Any]]]:
    """Leaks that the real tables bring along: (name, target, how it is read, least severity, what must be said)."""
    given_away = ("TW201", "TW202", "TW204", "TW206")
    modes = ["TWF", "HDF", "PWF", "OSF", "RNF"]

    def ai4i(data: Path | None) -> pl.DataFrame:
        path = tables.shared_file(data, "ai4i2020", "ai4i2020.csv")
        return pl.read_csv(path, separator=";", infer_schema=False)

    def turbine(data: Path | None) -> pl.DataFrame:
        return pl.read_csv(tables.shared_file(data, "gas_turbine", "gt_2011_2015.csv"))

    return [
        (
            "bank_marketing with the call's duration",
            "y",
            tables.TABLES["bank_marketing"].read,
            "warning",
            {"codes": given_away, "columns": ["duration"]},
        ),
        (
            "ai4i2020 with its failure modes",
            "Machine failure",
            ai4i,
            "warning",
            {"codes": given_away, "columns": modes[:4], "every": True},
        ),
        (
            "bike with casual and registered riders",
            "y",
            lambda data: typed(tables.TABLES["bike"].read(data)),
            "warning",
            {"codes": given_away, "columns": list(BIKE_COUNTS)},
        ),
        (
            "gas_turbine, five years in order",
            "Nitrogen oxides",
            turbine,
            "warning",
            {"codes": ("TW205", "TW401", "TW403"), "columns": []},
        ),
    ]


def kinds() -> list[Poison]:
    """Every poison of quality."""
    sharp = ("breast_cancer", "digits", "wine", "iris", "energy")
    some = ("adult", "california_housing", "telco_churn", "breast_cancer")
    classes = ("adult", "steel_plates", "breast_cancer", "telco_churn")
    made: list[tuple[str, str, Plant, tuple[str, ...]]] = []
    for share in (0.05, 0.1):
        made.append(("wrong labels", f"{share:.0%}", partial(wrong_labels, share=share), sharp))
    for wrong, skipped in ((0.3, 0.0), (0.6, 0.0), (0.6, 0.5)):
        people = partial(annotators, wrong=wrong, skipped=skipped)
        made.append(("annotators who disagree", f"{wrong:.0%} drawn, {skipped:.0%} skipped", people, classes))
    for rows in (2, 5):
        made.append(("rare class", f"{rows} rows", partial(rare, rows=rows), classes))
    for one_in in (30, 150):
        made.append(("imbalance", f"one in {one_in}", partial(unbalanced, one_in=one_in), ("adult", "telco_churn")))
    for mark in (999.0, -999.0, 9999.0):
        for share in (0.01, 0.1):
            mark_ = partial(marks, mark=mark, share=share)
            made.append(("marks for missing values", f"{mark:.0f} in {share:.0%}", mark_, some))
    for times in (10.0, 100.0):
        typing = partial(typing_errors, times=times, rows=4)
        made.append(("typing errors", f"4 values times {times:.0f}", typing, some))
    for style in ("constant word", "constant number", "empty", "copy", "other unit", "recoded"):
        made.append(("columns of no use", style, partial(useless, style=style), some))
    return [Poison(kind, strength, plant, where) for kind, strength, plant, where in made]
