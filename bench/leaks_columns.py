"""Poisons of columns: copies of the target, leaking codes and gaps, what is recorded afterwards, dates that matter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import polars as pl
from planted import Planted, Poison, by_class, flipped, high, numbers

GIVEN_AWAY = ("TW201", "TW202", "TW204", "TW206")
CODES = ("TW205", "TW201", "TW204", "TW206")
GAPS = ("TW203", "TW201", "TW202", "TW204", "TW206")
AFTER = ("TW206", "TW201", "TW202", "TW203", "TW204")
DATES = ("TW401",)
Rng = np.random.Generator
Plant = Callable[[pl.DataFrame, str, Rng], Planted]


def copy_of_class(frame: pl.DataFrame, target: str, rng: Rng, *, noise: float, style: str) -> Planted:
    """The class in other words; `noise` of the rows say another class.

    Args:
        style: "words", "score" (a number that lies higher for one class), "partly" (three rows in ten left empty).
    """
    values = frame[target].unique().drop_nulls().sort().to_list()
    place = np.array([values.index(value) for value in frame[target]])
    wrong = rng.random(len(place)) < noise
    place = np.where(wrong, (place + 1 + rng.integers(0, max(len(values) - 1, 1), len(place))) % len(values), place)
    if style == "score":
        turned = flipped(high(frame, target), noise, rng)
        column = pl.Series("f_7", np.round(2.5 * turned + rng.normal(size=len(place)) * 0.5, 3))
    else:
        column = pl.Series("f_7", [f"{'QRSTUVWXYZ'[k % 10]}{k // 10 or ''}" for k in place])
    frame = frame.with_columns(column)
    if style == "partly":
        empty = pl.Series(rng.random(len(place)) < 0.3)
        frame = frame.with_columns(f_7=pl.when(empty).then(None).otherwise(pl.col("f_7")))
    return Planted(frame, GIVEN_AWAY, ["f_7"])


def copy_of_number(frame: pl.DataFrame, target: str, rng: Rng, *, noise: float, style: str) -> Planted:
    """The target in another unit with noise, as a share of its spread; or in steps, or for part of the rows."""
    y = frame[target].cast(pl.Float64).to_numpy()
    value = 1.8 * (y + noise * y.std() * rng.normal(size=len(y))) + 32
    if style == "steps":
        value = np.round((value - value.mean()) / value.std() * 4) + 20
    elif style == "logarithm":
        value = np.log1p(value - value.min())
    elif style == "partly":
        value = np.where(rng.random(len(y)) < 0.3, np.nan, value)
    return Planted(frame.with_columns(pl.Series("f_7", value).fill_nan(None)), GIVEN_AWAY, ["f_7"])


def prefix(frame: pl.DataFrame, target: str, rng: Rng, *, noise: float, style: str) -> Planted:
    """A code whose beginning, first digit or middle goes with the target."""
    told = flipped(high(frame, target), noise, rng)
    serial = rng.permutation(90_000)[: frame.height] + 10_000
    if style == "letters":
        letters = np.where(told, rng.choice(list("ADFH"), len(told)), rng.choice(list("BCEG"), len(told)))
        code = pl.Series("code", [f"K{a}-{s}" for a, s in zip(letters, serial)])
    elif style == "words":
        words = np.where(told, "REWORK", rng.choice(["LINE1", "LINE2", "LINE3"], len(told)))
        code = pl.Series("code", [f"{w}/{s}" for w, s in zip(words, serial)])
    elif style == "first digit":
        digit = np.where(told, rng.integers(7, 10, len(told)), rng.integers(1, 7, len(told)))
        code = pl.Series("code", digit * 100_000 + serial)
    elif style == "middle":
        letters = np.where(told, "R", rng.choice(["S", "T"], len(told)))
        code = pl.Series("code", [f"20{18 + s % 5}/{a}/{s}" for a, s in zip(letters, serial)])
    else:
        code = pl.Series("code", [f"{s}{'-B' if t else ''}" for t, s in zip(told, serial)])
    return Planted(frame.with_columns(code), CODES, ["code"])


def numbered(frame: pl.DataFrame, target: str, rng: Rng, *, noise: float, style: str) -> Planted:
    """An identifier given in an order that goes with the target; `noise` of the rows have any number."""
    if by_class(frame, target):
        value = high(frame, target) + rng.random(frame.height) * 0.9
    else:
        value = frame[target].rank("random", seed=0).to_numpy() / frame.height
    value = np.where(rng.random(len(value)) < noise, rng.uniform(value.min(), value.max(), len(value)), value)
    place = np.empty(len(value), dtype=int)
    place[np.argsort(value)] = np.arange(len(value))
    if style == "string":
        column = pl.Series("record", [f"ID{k + 1:07d}" for k in place])
    elif style == "gaps":
        column = pl.Series("record", np.sort(rng.choice(10_000_000, len(value), replace=False))[place])
    else:
        column = pl.Series("record", place + 1)
    return Planted(frame.with_columns(column), CODES, ["record"])


def gaps(frame: pl.DataFrame, target: str, rng: Rng, *, share: float, noise: float) -> Planted:
    """One column's values are gone for this share of one class, and for `noise` of the others."""
    told = high(frame, target)
    gone = pl.Series(np.where(told, rng.random(len(told)) < share, rng.random(len(told)) < noise))
    frame = frame.with_columns(pressure=pl.Series(np.round(rng.normal(50, 5, len(told)), 1)))
    return Planted(
        frame.with_columns(pressure=pl.when(gone).then(None).otherwise(pl.col("pressure"))), GAPS, ["pressure"]
    )


def flag(frame: pl.DataFrame, target: str, rng: Rng, *, share: float, noise: float, style: str) -> Planted:
    """A mark that only one class has."""
    told = high(frame, target)
    marked = np.where(told, rng.random(len(told)) < share, rng.random(len(told)) < noise)
    column: list[object]
    if style == "filled":
        column = ["x" if m else None for m in marked]
    elif style == "yes or no":
        column = ["yes" if m else "no" for m in marked]
    else:
        column = [int(m) for m in marked]
    return Planted(frame.with_columns(pl.Series("mark", column)), GAPS, ["mark"])


def afterwards(frame: pl.DataFrame, target: str, rng: Rng, *, name: str, share: float, noise: float) -> Planted:
    """A column that is filled once the outcome is known: amounts, reasons or dates of one class."""
    told = high(frame, target)
    filled = np.where(told, rng.random(len(told)) < share, rng.random(len(told)) < noise)
    column: list[object]
    if name.endswith("date"):
        start = datetime(2024, 3, 1)
        column = [
            start + timedelta(days=int(d)) if f else None for f, d in zip(filled, rng.integers(0, 300, len(told)))
        ]
    elif name.endswith(("reason", "code")):
        column = [str(w) if f else None for f, w in zip(filled, rng.choice(["price", "fault", "moved"], len(told)))]
    else:
        column = [float(v) if f else 0.0 for f, v in zip(filled, np.round(rng.gamma(2, 40, len(told)), 2))]
    return Planted(frame.with_columns(pl.Series(name, column)), AFTER, [name])


def confirmed(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """The outcome's own words in another column's name, with a tenth of the rows wrong."""
    told = flipped(high(frame, target), 0.1, rng)
    name = f"{target}_confirmed"
    return Planted(frame.with_columns(pl.Series(name, np.where(told, "1", "0"))), AFTER, [name])


def dated(frame: pl.DataFrame, target: str, rng: Rng, *, drift: float, style: str) -> Planted:
    """A date with which the target, and one column more, change over three years."""
    value = frame[target].rank().to_numpy() if not by_class(frame, target) else high(frame, target).astype(float)
    value = (value - value.mean()) / value.std()
    place = np.argsort(np.argsort(drift * value + rng.normal(size=len(value))))
    days = (place * 1_095) // len(value)
    name = next(iter(numbers(frame, target)))
    if frame[name].dtype.is_float():
        step = float(frame[name].std() or 0) / 1_095  # type: ignore[arg-type]
        frame = frame.with_columns(pl.col(name) + pl.Series(days * step))
    moments = [datetime(2022, 1, 3) + timedelta(days=int(d)) for d in days]
    if style == "date":
        return Planted(frame.with_columns(pl.Series("seen", moments)), DATES, ["seen"])
    written = {
        "date as text": lambda t, k: f"{t:%d.%m.%Y}",
        "batch-date": lambda t, k: f"batch-{t:%Y-%m-%d}-{'ABC'[k % 3]}",
        "stamp and number": lambda t, k: f"{t:%Y%m%d}_{k % 20:02d}",
        "LOT": lambda t, k: f"LOT {t:%d.%m.%Y}",
        "week": lambda t, k: f"{t:%G}-W{t:%V}-{k % 50:02d}",
        "integer": lambda t, k: int(f"{t:%Y%m%d}"),
        "seconds": lambda t, k: int(t.timestamp()) + 61 * (k % 1_000),
    }
    column = pl.Series("lot", [written[style](t, k) for k, t in enumerate(moments)])
    return Planted(frame.with_columns(column), DATES, ["lot"])


def kinds() -> list[Poison]:
    """Every poison of columns."""
    classes = ("adult", "bank_marketing", "telco_churn", "credit_default", "steel_plates", "ai4i2020")
    figures = ("california_housing", "concrete", "diabetes", "wine_quality", "bike")
    some = ("adult", "telco_churn", "california_housing", "breast_cancer", "steel_plates")
    made: list[tuple[str, str, Plant, tuple[str, ...], str]] = []
    for noise in (0.0, 0.05, 0.1):
        for style in ("words", "score", "partly"):
            plant: Plant = partial(copy_of_class, noise=noise, style=style)
            made.append(("copy of the target: classes", f"{noise:.0%} noise, {style}", plant, classes, "warning"))
        for style in ("other unit", "partly") + (("steps", "logarithm") if noise == 0.05 else ()):
            plant = partial(copy_of_number, noise=noise, style=style)
            made.append(("copy of the target: numbers", f"{noise:.0%} noise, {style}", plant, figures, "warning"))
    for noise in (0.0, 0.05):
        for style in ("letters", "words", "first digit", "middle", "ending"):
            plant = partial(prefix, noise=noise, style=style)
            made.append(("leaking part of a code", f"{noise:.0%} noise, {style}", plant, some, "warning"))
        for style in ("integer", "string", "gaps"):
            plant = partial(numbered, noise=noise, style=style)
            made.append(("identifier in the target's order", f"{noise:.0%} noise, {style}", plant, some, "warning"))
    for share, noise in ((1.0, 0.0), (0.95, 0.05), (0.7, 0.1)):
        plant = partial(gaps, share=share, noise=noise)
        made.append(("gaps that tell the target", f"{share:.0%} against {noise:.0%}", plant, some, "warning"))
    for style in ("filled", "yes or no", "0 or 1"):
        for share, noise in ((0.9, 0.0), (0.4, 0.0), (0.6, 0.02)):
            plant = partial(flag, share=share, noise=noise, style=style)
            made.append(("telling mark", f"{style}, {share:.0%} against {noise:.0%}", plant, some, "warning"))
    for name in ("closing_code", "refund_amount", "repair_date", "cancel_reason", "actual_loss"):
        plant = partial(afterwards, name=name, share=0.9, noise=0.03)
        made.append(("recorded afterwards", f"{name}, 90% against 3%", plant, some, "warning"))
        plant = partial(afterwards, name=name, share=0.1, noise=0.1)
        made.append(("recorded afterwards", f"{name}, by its name alone", plant, some[:2], "note"))
    made.append(("recorded afterwards", "the target's own words", confirmed, some, "warning"))
    for style in ("date", "date as text", "batch-date", "stamp and number", "LOT", "week", "integer", "seconds"):
        for drift in (0.35, 1.0):
            plant = partial(dated, drift=drift, style=style)
            made.append(("date that matters", f"{style}, drift {drift}", plant, some, "warning"))
    return [Poison(kind, strength, plant, where, least) for kind, strength, plant, where, least in made]
