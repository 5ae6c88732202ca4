"""Poisons thought of after the checks were written: other spellings and shapes of the same mistakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import polars as pl
from leaks_columns import CODES, DATES, GAPS, GIVEN_AWAY
from leaks_rows import COPIES, OWNER, parted, repeated, shuffled
from planted import Planted, Poison, by_class, flipped, high, numbers

Rng = np.random.Generator
Plant = Callable[[pl.DataFrame, str, Rng], Planted]


def in_two_columns(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """The target in two noisy columns, each about as good as the whole model would be with both."""
    told = high(frame, target).astype(float)
    first, second = (np.round(3 * told + rng.normal(size=len(told)), 2) for _ in range(2))
    frame = frame.with_columns(pl.Series("gauge_a", first), pl.Series("gauge_b", second))
    return Planted(frame, GIVEN_AWAY, ["gauge_a", "gauge_b"])


def levels(frame: pl.DataFrame, target: str, rng: Rng, *, noise: float) -> Planted:
    """The target in many levels of a category: some only for one class, the others for the rest."""
    told = flipped(high(frame, target), noise, rng)
    level = np.where(told, rng.integers(0, 6, len(told)), rng.integers(6, 25, len(told)))
    names = rng.permutation([f"{a}{b}" for a in "bcdfg" for b in "aeiou"])
    return Planted(frame.with_columns(pl.Series("desk", names[level])), GIVEN_AWAY, ["desk"])


def order_of_two(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """Batches: codes whose number runs on, most of one class in the later ones."""
    told = flipped(high(frame, target), 0.05, rng)
    place = np.argsort(np.argsort(told * 0.6 + rng.random(len(told)) * 0.8))
    code = [f"{2019 + k * 5 // len(told)}-{k:06d}" for k in place]
    return Planted(frame.with_columns(pl.Series("docket", code)), (*CODES, *DATES), ["docket"])


def owner_of_three(frame: pl.DataFrame, target: str, rng: Rng, *, style: str) -> Planted:
    """Owners by mail address, by name, by a number with gaps in the column."""
    made = repeated(frame, target, rng, rows_each=6, style="integer")
    numbers_ = made.frame["ref"].to_numpy()
    if style == "mail address":
        column = pl.Series("contact", [f"{'abcdefg'[k % 7]}.{k:x}@mail.example" for k in numbers_])
    elif style == "name":
        first = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Ida", "Jan", "Kim"]
        last = [a + b for a in ("Ber", "Hol", "Lind", "Mar", "Nor") for b in ("ger", "man", "sen", "ton", "wick")]
        place = (numbers_ - 100_000) // 13
        second = "ABCDEFGHJKLMNOPQ"
        column = pl.Series("contact", [f"{first[c % 10]} {last[c // 10 % 25]} {second[c // 250]}." for c in place])
    else:
        gone = rng.random(len(numbers_)) < 0.1
        column = pl.Series("contact", [None if g else int(k) for g, k in zip(gone, numbers_)])
    return Planted(made.frame.drop("ref").with_columns(column), OWNER, ["contact"])


def dated_otherwise(frame: pl.DataFrame, target: str, rng: Rng, *, style: str) -> Planted:
    """A date that matters, written in other ways."""
    value = high(frame, target).astype(float) if by_class(frame, target) else frame[target].rank().to_numpy()
    value = (value - value.mean()) / value.std()
    days = np.argsort(np.argsort(0.5 * value + rng.normal(size=len(value)))) * 1_000 // len(value)
    moments = [datetime(2021, 5, 1, 7, 30) + timedelta(days=int(d), minutes=int(d) % 600) for d in days]
    written: dict[str, Callable[[datetime, int], object]] = {
        "04/17/2023": lambda t, k: f"{t:%m/%d/%Y}",
        "17 Apr 2023": lambda t, k: f"{t:%d %b %Y}",
        "moment with zone": lambda t, k: f"{t:%Y-%m-%dT%H:%M:%S}+00:00",
        "230417-A-0042": lambda t, k: f"{t:%y%m%d}-{'AB'[k % 2]}-{k % 9_000:04d}",
        "2023-04": lambda t, k: f"{t:%Y-%m}",
        "milliseconds": lambda t, k: int(t.timestamp() * 1_000) + k % 997,
    }
    column = pl.Series("noted", [written[style](t, k) for k, t in enumerate(moments)])
    return Planted(frame.with_columns(column), (*DATES, "TW205"), ["noted"])


def gaps_together(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """A block of four columns that is empty for one class."""
    told = high(frame, target)
    gone = pl.Series(np.where(told, rng.random(len(told)) < 0.9, rng.random(len(told)) < 0.05))
    made = {f"lab_{j}": pl.Series(np.round(rng.normal(5, 1, len(told)), 2)) for j in range(4)}
    frame = frame.with_columns(**made)
    emptied = [pl.when(gone).then(None).otherwise(pl.col(name)).alias(name) for name in made]
    return Planted(frame.with_columns(emptied), GAPS, list(made))


def zero_for_missing(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """A measurement that is zero where it was not taken, which is so for one class."""
    told = high(frame, target)
    gone = np.where(told, rng.random(len(told)) < 0.92, rng.random(len(told)) < 0.04)
    value = np.where(gone, 0.0, np.round(rng.normal(50, 5, len(told)), 1))
    return Planted(frame.with_columns(pl.Series("depth", value)), GAPS, ["depth"])


def copies_renumbered(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """Training rows stand in a given test file under other record numbers."""
    frame = frame.with_columns(pl.Series("record", [f"R{k:06d}" for k in rng.permutation(frame.height)]))
    development, test = parted(frame)
    n = test.height // 8
    again = development[rng.choice(development.height, n, replace=False)]
    again = again.with_columns(pl.Series("record", [f"R{900_000 + k}" for k in range(n)]))
    return Planted(development, COPIES, test=shuffled(pl.concat([again, test[n:]]), rng))


def several_lie_elsewhere(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """A test file in which three columns lie a quarter of a deviation higher."""
    development, test = parted(frame)
    names = numbers(frame, target)[:3]
    steps = {name: 0.25 * float(frame[name].std() or 0) for name in names}  # type: ignore[arg-type]
    for name in names:
        moved = test[name].cast(pl.Float64) + steps[name]
        test = test.with_columns(moved if frame[name].dtype.is_float() else moved.round().cast(frame[name].dtype))
    return Planted(development, ("TW403", "TW404"), names, test=test)


def kinds() -> list[Poison]:
    """Every poison that was thought of later."""
    some = ("adult", "telco_churn", "credit_default", "steel_plates", "california_housing")
    made: list[tuple[str, Plant, str]] = [
        ("two columns, each nearly as good", in_two_columns, "warning"),
        ("many levels", partial(levels, noise=0.03), "warning"),
        ("numbers that run on with the year", order_of_two, "warning"),
        ("four columns empty together", gaps_together, "warning"),
        ("zero stands for missing", zero_for_missing, "warning"),
        ("copies under other record numbers", copies_renumbered, "warning"),
        ("three columns of the test file by 0.25 deviations", several_lie_elsewhere, "warning"),
    ]
    for style in ("mail address", "name", "a tenth missing"):
        made.append((f"owners: {style}", partial(owner_of_three, style=style), "warning"))
    for style in ("04/17/2023", "17 Apr 2023", "moment with zone", "230417-A-0042", "2023-04", "milliseconds"):
        made.append((f"date as {style}", partial(dated_otherwise, style=style), "warning"))
    return [Poison("thought of later", strength, plant, some, least) for strength, plant, least in made]
