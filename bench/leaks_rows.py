"""Poisons of whole rows: copies, near-copies, conflicting labels, repeated owners, row order, other distributions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl
from planted import Planted, Poison, by_class, high, numbers

COPIES = ("TW101", "TW102", "TW109")
NEAR = ("TW109", "TW102", "TW101")
ORDER = ("TW205", "TW401", "TW403")
APART = ("TW403", "TW404")
OWNER = ("TW402",)
Rng = np.random.Generator
Plant = Callable[[pl.DataFrame, str, Rng], Planted]


def shuffled(frame: pl.DataFrame, rng: Rng) -> pl.DataFrame:
    """The rows in random order."""
    return frame[rng.permutation(frame.height)]


def parted(frame: pl.DataFrame, share: float = 0.2) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first rows for training and the last ones for a test file; the rows come in random order."""
    cut = round(frame.height * (1 - share))
    return frame[:cut], frame[cut:]


def copies(frame: pl.DataFrame, target: str, rng: Rng, *, share: float) -> Planted:
    """This share of the rows are copies of others, in one file."""
    kept = round(frame.height * (1 - share))
    rows = np.concatenate([np.arange(kept), rng.integers(0, kept, frame.height - kept)])
    return Planted(shuffled(frame[rows], rng), COPIES)


def every_row_twice(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """Each row stands twice in the file."""
    half = frame[: frame.height // 2]
    return Planted(shuffled(pl.concat([half, half]), rng), COPIES)


def copies_across(frame: pl.DataFrame, target: str, rng: Rng, *, share: float) -> Planted:
    """This share of the rows of a given test file stand in the training file as well."""
    development, test = parted(frame)
    n = round(test.height * share)
    drawn = development[rng.choice(development.height, n, replace=False)]
    return Planted(development, ("TW102",), test=shuffled(pl.concat([drawn, test[n:]]), rng))


def jittered(rows: pl.DataFrame, whole: pl.DataFrame, target: str, rng: Rng, noise: float, shape: str) -> pl.DataFrame:
    """The rows with noise in their numbers, as a share of the column's spread or of the value itself.

    Args:
        shape: "spread", "value", "rounded" (to the column's own decimals) or "three columns" (the others untouched).
    """
    names = numbers(whole, target)
    if shape == "three columns":
        names = [str(name) for name in rng.choice(names, min(3, len(names)), replace=False)]
    for name in names:
        values = rows[name].cast(pl.Float64).to_numpy()
        scale = np.abs(values) if shape == "value" else float(whole[name].std() or 0.0)  # type: ignore[arg-type]
        moved = values + noise * scale * rng.normal(size=len(values))
        if not whole[name].dtype.is_float():
            rows = rows.with_columns(pl.Series(name, moved).round().fill_nan(None).cast(whole[name].dtype))
            continue
        moved = np.round(moved, decimals(whole[name])) if shape == "rounded" else moved
        rows = rows.with_columns(pl.Series(name, moved).fill_nan(None))
    return rows


def decimals(series: pl.Series) -> int:
    """Digits behind the point in which a column is written."""
    texts = series.drop_nulls().head(200).cast(pl.String).str.split(".").list.get(1, null_on_oob=True)
    return int(texts.str.len_chars().max() or 0)  # type: ignore[arg-type]


def near_across(frame: pl.DataFrame, target: str, rng: Rng, *, share: float, noise: float, shape: str) -> Planted:
    """This share of a given test file are training rows with a little noise."""
    development, test = parted(frame)
    n = round(test.height * share)
    drawn = jittered(development[rng.choice(development.height, n, replace=False)], frame, target, rng, noise, shape)
    return Planted(development, NEAR, test=shuffled(pl.concat([drawn, test[n:]], how="vertical_relaxed"), rng))


def near_inside(frame: pl.DataFrame, target: str, rng: Rng, *, share: float, noise: float) -> Planted:
    """This share of one file are its own rows with a little noise."""
    kept = round(frame.height * (1 - share))
    drawn = frame[rng.integers(0, kept, frame.height - kept)]
    near = jittered(drawn, frame, target, rng, noise, "spread")
    return Planted(shuffled(pl.concat([frame[:kept], near], how="vertical_relaxed"), rng), NEAR)


def retyped(frame: pl.DataFrame, target: str, rng: Rng) -> Planted:
    """A tenth of a given test file are training rows whose texts differ in case, spaces and points."""
    development, test = parted(frame)
    n = test.height // 10
    drawn = development[rng.choice(development.height, n, replace=False)]
    drawn = drawn.with_columns(note=pl.col("note").str.to_uppercase().str.replace_all(",", " ;") + " .")
    return Planted(development, NEAR, test=shuffled(pl.concat([drawn, test[n:]]), rng))


def conflicts(frame: pl.DataFrame, target: str, rng: Rng, *, share: float) -> Planted:
    """This share of the rows are copies with another target."""
    n = round(frame.height * share)
    drawn = frame[rng.choice(frame.height, n, replace=False)]
    values = frame[target].unique().sort().to_list()
    if by_class(frame, target):
        other = [values[(values.index(v) + 1 + rng.integers(len(values) - 1)) % len(values)] for v in drawn[target]]
        drawn = drawn.with_columns(pl.Series(target, other, dtype=frame[target].dtype))
    else:
        step = float(frame[target].std())  # type: ignore[arg-type]
        moved = drawn[target].cast(pl.Float64).to_numpy() + step * rng.choice([-1, 1], n)
        drawn = drawn.with_columns(pl.Series(target, moved).cast(frame[target].dtype, strict=False))
    return Planted(shuffled(pl.concat([frame, drawn]), rng), ("TW103",))


def repeated(frame: pl.DataFrame, target: str, rng: Rng, *, rows_each: int, style: str) -> Planted:
    """Owners with several rows that resemble each other in features and target; their name in one or two columns."""
    n = frame.height
    sizes = rng.integers(max(2, rows_each // 2), 2 * rows_each - rows_each // 2 + 1, n)
    owner = np.repeat(np.arange(n), sizes)[:n]
    grown = frame[owner]
    for name in frame.columns:
        if name in numbers(frame, target):
            grown = jittered_column(grown, frame, name, 0.3, rng)
        elif name != target:
            other = frame[name].gather(rng.integers(0, n, n))
            keep = pl.Series(rng.random(n) < 0.9)
            grown = grown.with_columns(pl.when(keep).then(pl.col(name)).otherwise(other).alias(name))
    if by_class(frame, target):
        keep = pl.Series(rng.random(n) < 0.95)
        other = frame[target].gather(rng.integers(0, n, n))
        grown = grown.with_columns(pl.when(keep).then(pl.col(target)).otherwise(other).alias(target))
    else:
        grown = jittered_column(grown, frame, target, 0.2, rng)
    named, columns = owner_columns(owner, style, rng)
    return Planted(shuffled(grown.with_columns(named), rng), OWNER, columns, every=style == "two columns")


def jittered_column(rows: pl.DataFrame, whole: pl.DataFrame, name: str, noise: float, rng: Rng) -> pl.DataFrame:
    """One column of numbers with noise, as a share of its spread."""
    values = rows[name].cast(pl.Float64).to_numpy()
    moved = values + noise * float(whole[name].std() or 0) * rng.normal(size=len(values))  # type: ignore[arg-type]
    if not whole[name].dtype.is_float():
        return rows.with_columns(pl.Series(name, moved).round().fill_nan(None).cast(whole[name].dtype))
    return rows.with_columns(pl.Series(name, np.round(moved, decimals(whole[name]))).fill_nan(None))


def owner_columns(owner: np.ndarray, style: str, rng: Rng) -> tuple[list[pl.Series], list[str]]:
    """The name of each row's owner, and the names of the columns that hold it."""
    count = int(owner.max()) + 1
    code = rng.permutation(count)[owner]
    if style == "two columns":
        return [pl.Series("site", [f"site {c % 7}" for c in code]), pl.Series("no", code // 7 + 1)], ["site", "no"]
    made: dict[str, list[str] | list[int]] = {
        "string": [f"P{100_000 + 7 * c}" for c in code],
        "bare string": [f"{(int(c) * 2654435761) % 2**32:08x}" for c in code],
        "integer": [int(c) * 13 + 100_000 for c in code],
        "prefix and number": [f"north{c % 5}-{c:04d}" for c in code],
    }
    return [pl.Series("ref", made[style])], ["ref"]


def label_owner(frame: pl.DataFrame, target: str, rng: Rng, *, rows_each: int) -> Planted:
    """Owners whose rows agree in the target alone; only their name tells them apart."""
    score = high(frame, target) / 1.0 + 0.5 * rng.normal(size=frame.height)
    owner = np.empty(frame.height, dtype=int)
    owner[np.argsort(score)] = np.arange(frame.height) // rows_each
    named, columns = owner_columns(owner, "string", rng)
    return Planted(frame.with_columns(named), OWNER, columns)


def ordered(frame: pl.DataFrame, target: str, rng: Rng, *, drift: float) -> Planted:
    """Rows in an order that goes with the target: the higher `drift`, the more."""
    if by_class(frame, target):
        value = high(frame, target).astype(float)
    else:
        value = frame[target].rank().to_numpy() / frame.height
    value = (value - value.mean()) / value.std()
    return Planted(frame[np.argsort(drift * value + rng.normal(size=frame.height))], ORDER)


def other_distribution(frame: pl.DataFrame, target: str, rng: Rng, *, shift: float, scale: float = 1.0) -> Planted:
    """A test file in which one column lies elsewhere, or is spread differently."""
    development, test = parted(frame)
    name = str(rng.choice(numbers(frame, target)))
    middle, step = float(frame[name].mean()), float(frame[name].std())  # type: ignore[arg-type]
    moved = (test[name].cast(pl.Float64) - middle) * scale + middle + shift * step
    if not frame[name].dtype.is_float():
        moved = moved.round().cast(frame[name].dtype)
    return Planted(development, APART, [name], test=test.with_columns(moved.alias(name)))


def other_mix(frame: pl.DataFrame, target: str, rng: Rng, *, moved: float, new: bool = False) -> Planted:
    """A test file in which the sites have other shares: `moved` of its rows come from the last site, or a new one."""
    sites = np.array([f"site {letter}" for letter in "ABCDE"])
    frame = frame.with_columns(pl.Series("plant", rng.choice(sites, frame.height)))
    development, test = parted(frame)
    there = pl.Series(rng.random(test.height) < moved)
    last = pl.lit("site F" if new else "site E")
    return Planted(
        development,
        APART,
        ["plant"],
        test=test.with_columns(plant=pl.when(there).then(last).otherwise(pl.col("plant"))),
    )


def kinds() -> list[Poison]:
    """Every poison of rows."""
    unique = ("california_housing", "breast_cancer", "generated_number", "credit_default")
    mixed = ("california_housing", "bank_marketing", "telco_churn", "concrete", "breast_cancer")
    many = ("adult", "bank_marketing", "telco_churn", "california_housing", "credit_default", "steel_plates")
    made: list[tuple[str, str, Plant, tuple[str, ...], str]] = []
    for share in (0.05, 0.2):
        made.append(("duplicates in one file", f"{share:.0%}", partial(copies, share=share), unique, "note"))
        across = partial(copies_across, share=share)
        made.append(("duplicates across given files", f"{share:.0%}", across, unique, "warning"))
        made.append(("conflicting labels", f"{share / 2:.1%}", partial(conflicts, share=share / 2), unique, "note"))
    made.append(("duplicates in one file", "every row twice", every_row_twice, unique[:2], "note"))
    positive = ("bank_marketing", "telco_churn", "breast_cancer", "steel_plates")  # a share of a longitude says nothing
    for noise in (0.001, 0.01):
        for shape in ("spread", "value", "rounded", "three columns"):
            near, where = partial(near_across, share=0.1, noise=noise, shape=shape), f"10 %, {noise:.1%} of {shape}"
            chosen = positive if shape == "value" else mixed
            made.append(("near-duplicates across given files", where, near, chosen, "warning"))
        inside = partial(near_inside, share=0.1, noise=noise)
        made.append(("near-duplicates in one file", f"10 %, {noise:.1%} of spread", inside, mixed, "note"))
    near = partial(near_across, share=0.05, noise=0.005, shape="spread")
    made.append(("near-duplicates across given files", "5 %, 0.5% of spread", near, mixed, "warning"))
    made.append(("near-duplicates across given files", "text typed anew", retyped, ("generated_two",), "warning"))
    for style in ("string", "bare string", "integer", "prefix and number", "two columns"):
        for each in (4, 12):
            owners = partial(repeated, rows_each=each, style=style)
            made.append(("owner with repeated rows", f"{style}, about {each} rows each", owners, many, "warning"))
    made.append(
        ("owner known by name alone", "8 rows each", partial(label_owner, rows_each=8), many[:4], "note"),
    )
    for words, drift, least in (
        ("slow drift", 0.35, "warning"),
        ("strong drift", 1.5, "warning"),
        ("sorted", 9, "note"),
    ):
        made.append(("row order", words, partial(ordered, drift=drift), many, least))
    for shift in (0.5, 1.5):
        apart = partial(other_distribution, shift=shift)
        made.append(("test file lies elsewhere", f"one column by {shift} deviations", apart, many, "warning"))
    wider = partial(other_distribution, shift=0.0, scale=3.0)
    made.append(("test file lies elsewhere", "one column three times as wide", wider, many[:4], "warning"))
    for moved in (0.2, 0.5):
        made.append(("other mix of sites", f"{moved:.0%} moved", partial(other_mix, moved=moved), many, "warning"))
    new = partial(other_mix, moved=0.3, new=True)
    made.append(("other mix of sites", "30% from a new site", new, many[:4], "warning"))
    return [Poison(kind, strength, plant, where, least) for kind, strength, plant, where, least in made]
