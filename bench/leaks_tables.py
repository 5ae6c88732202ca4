"""Clean tables that must stay quiet: the real ones, scikit-learn's, and generated honest ones with traps in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import tables
from planted import drawn, typed

REAL, GENERATED = "real tables", "generated honest tables"
SAMPLES, NARROW = "few rows of the real tables", "few columns of the real tables"
SIZES = (150, 500, 1_500)


@dataclass(frozen=True)
class Clean:
    """A table in which nothing is planted.

    Args:
        target: the column to predict.
        read: reads it; given the folder of real tables, or None.
        task: "number" where few whole numbers would be taken for classes.
        group: of tables whose false alarms are counted together.
        given_test: whether it is also tried with a random fifth of its rows as a test file.
    """

    target: str
    read: Callable[[Path | None], pl.DataFrame]
    task: str | None = None
    group: str = REAL
    given_test: bool = False


def shared(name: str, *, drop: tuple[str, ...] = (), given_test: bool = False) -> Clean:
    """A table of `tables.TABLES`, without the columns that leak by meaning."""
    known = tables.TABLES[name]
    return Clean(known.target, lambda data: known.read(data).drop(drop), known.task, given_test=given_test)


def _honest(seed: int, n: int) -> tuple[np.random.Generator, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return rng, {f"x{j}": rng.normal(size=n) for j in range(6)}


def one_strong(data: Path | None) -> pl.DataFrame:
    """One honest column that carries most of what can be known, five that carry the rest."""
    rng, x = _honest(1, 3_000)
    signal = 3 * x["x0"] + 0.7 * x["x1"] + 0.5 * x["x2"] * x["x3"] + rng.logistic(size=3_000)
    return pl.DataFrame({**x, "target": np.where(signal > 1, "bad", "good")})


def one_strong_number(data: Path | None) -> pl.DataFrame:
    """The same for a number: the strong column explains four fifths of its spread."""
    rng, x = _honest(2, 3_000)
    y = 4 * np.exp(x["x0"] / 2) + 0.7 * x["x1"] + 0.5 * x["x2"] * x["x3"] + rng.normal(size=3_000)
    return pl.DataFrame({**x, "target": y})


def only_noise(data: Path | None) -> pl.DataFrame:
    """300 columns that say nothing on 400 rows: the best of them looks good by chance."""
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({f"n{j}": rng.normal(size=400) for j in range(300)})
    return frame.with_columns(pl.Series("target", rng.choice(["a", "b"], 400)))


def one_cause(data: Path | None) -> pl.DataFrame:
    """One column is what matters, as a law of nature would have it; the others say nothing."""
    rng, x = _honest(10, 1_500)
    return pl.DataFrame({**x, "target": np.where(1.5 * x["x0"] + rng.logistic(size=1_500) > 0.8, "bad", "good")})


def one_cause_number(data: Path | None) -> pl.DataFrame:
    """The same for a number."""
    rng, x = _honest(12, 1_500)
    return pl.DataFrame({**x, "target": np.sqrt(x["x0"] + 5) + 0.2 * rng.normal(size=1_500)})


def gaps_of_chance(data: Path | None) -> pl.DataFrame:
    """Every column has gaps, some of which go weakly and honestly with the target."""
    rng, x = _honest(4, 2_500)
    signal = x["x0"] + x["x1"] + rng.logistic(size=2_500)
    share = np.array([0.05, 0.1, 0.2, 0.3, 0.5, 0.7])
    frame = pl.DataFrame({**x, "target": np.where(signal > 0.5, "yes", "no")})
    weak = 0.03 * (signal > 0.5)
    gaps = {f"x{j}": rng.random(2_500) < share[j] + weak * (j < 2) for j in range(6)}
    return frame.with_columns([pl.when(pl.Series(g)).then(None).otherwise(pl.col(n)).alias(n) for n, g in gaps.items()])


def skewed(data: Path | None) -> pl.DataFrame:
    """Amounts over six powers of ten, counts that are nearly always zero, shares near one."""
    rng, x = _honest(5, 4_000)
    amount = np.round(np.exp(2 * x["x0"] + 6), 2)
    claims = rng.poisson(0.05 * np.exp(x["x1"]))
    signal = x["x0"] + 0.8 * x["x1"] + rng.logistic(size=4_000)
    return pl.DataFrame(
        {
            "amount": amount,
            "claims": claims,
            "utilisation": rng.beta(8, 0.5, 4_000),
            "balance": np.round(amount * rng.normal(size=4_000), 2),
            "visits": rng.negative_binomial(1, 0.1, 4_000),
            "target": np.where(signal > 0, "yes", "no"),
        }
    )


def shop(data: Path | None) -> pl.DataFrame:
    """An order number, a day, a postcode and a town with honest effects; rows in the order of the days."""
    rng = np.random.default_rng(6)
    n = 4_000
    day = np.sort(rng.integers(0, 700, n))
    town, postcode = rng.integers(0, 60, n), rng.integers(10_000, 10_900, n)
    effect = rng.normal(0, 0.6, 60)
    size = rng.gamma(2.0, size=n)
    signal = effect[town] + size + rng.logistic(size=n)
    return pl.DataFrame(
        {
            "order_number": np.arange(n) + 500_000,
            "ordered": [datetime(2023, 1, 1) + timedelta(days=int(d)) for d in day],
            "town": [f"Town {k}" for k in town],
            "postcode": postcode,
            "basket": np.round(20 * size, 2),
            "channel": rng.choice(["web", "shop", "phone"], n, p=[0.6, 0.3, 0.1]),
            "target": np.where(signal > 3, "returned", "kept"),
        }
    )


def small_scales(data: Path | None) -> pl.DataFrame:
    """Answers from 1 to 5 to twelve questions: rows repeat or nearly repeat by nature."""
    rng = np.random.default_rng(7)
    mood = rng.normal(size=(2_000, 1))
    answers = np.clip(np.round(3 + mood + 0.8 * rng.normal(size=(2_000, 12))), 1, 5).astype(int)
    signal = answers[:, :4].sum(1) + 2 * rng.logistic(size=2_000)
    frame = pl.DataFrame({f"q{j}": answers[:, j] for j in range(12)})
    return frame.with_columns(target=pl.Series(np.where(signal > 13, "stays", "leaves")))


def few_rows(data: Path | None) -> pl.DataFrame:
    """60 rows with 40 columns, three of which matter."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(60, 40))
    frame = pl.DataFrame({f"g{j}": x[:, j] for j in range(40)})
    signal = x[:, 0] + x[:, 1] - x[:, 2] + 0.5 * rng.logistic(size=60)
    return frame.with_columns(target=pl.Series(np.where(signal > 0, "ill", "well")))


def shuffled_target(data: Path | None) -> pl.DataFrame:
    """adult with its target in random order: nothing can predict it."""
    frame = drawn(typed(tables.load("adult", data)), 8_000)
    rng = np.random.default_rng(9)
    return frame.with_columns(income=frame["income"].gather(rng.permutation(frame.height)))


def _generated(name: str) -> Clean:
    """One of every kind of column, but for the day: the target does drift with it."""
    return Clean("target", lambda data: tables.TABLES[name].read(data).drop("installed"), group=GENERATED)


BIKE_COUNTS = ("x15", "x16")  # casual and registered riders: their sum is the target, before its logarithm

CLEAN: dict[str, Clean] = {
    "adult": shared("adult", given_test=True),
    "credit_default": shared("credit_default"),
    "bank_marketing": shared("bank_marketing", drop=("duration",), given_test=True),
    "telco_churn": shared("telco_churn", given_test=True),
    "ai4i2020": shared("ai4i2020"),
    "steel_plates": shared("steel_plates", given_test=True),
    "california_housing": shared("california_housing", given_test=True),
    "wine_quality": shared("wine_quality", given_test=True),
    "concrete": shared("concrete", given_test=True),
    "bike": shared("bike", drop=BIKE_COUNTS),
    "energy": shared("energy", given_test=True),
    "breast_cancer": shared("breast_cancer", given_test=True),
    "wine": shared("wine"),
    "iris": Clean("target", tables.sklearn_table("load_iris")),
    "digits": shared("digits", given_test=True),
    "diabetes": shared("diabetes", given_test=True),
    "breast_cancer_kinds": Clean("target", tables.TABLES["breast_cancer_kinds"].read, group=GENERATED),
    "generated_two": _generated("generated_two"),
    "generated_four": _generated("generated_four"),
    "generated_number": _generated("generated_number"),
    "one_strong": Clean("target", one_strong, group=GENERATED),
    "one_strong_number": Clean("target", one_strong_number, group=GENERATED),
    "one_cause": Clean("target", one_cause, group=GENERATED),
    "one_cause_number": Clean("target", one_cause_number, group=GENERATED),
    "only_noise": Clean("target", only_noise, group=GENERATED),
    "gaps_of_chance": Clean("target", gaps_of_chance, group=GENERATED),
    "skewed": Clean("target", skewed, group=GENERATED, given_test=True),
    "shop": Clean("target", shop, group=GENERATED),
    "small_scales": Clean("target", small_scales, group=GENERATED, given_test=True),
    "few_rows": Clean("target", few_rows, group=GENERATED, given_test=True),
    "shuffled_target": Clean("income", shuffled_target, group=GENERATED),
}


# One column that carries much and a few that carry little: what a narrow table of one's own looks like.
FEW_COLUMNS = {
    "telco_churn": ("tenure", "gender", "Partner", "PhoneService"),
    "california_housing": ("median_income", "total_rooms", "population", "households"),
    "adult": ("relationship", "fnlwgt", "race", "workclass"),
    "credit_default": ("PAY_0", "SEX", "EDUCATION", "AGE"),
    "ai4i2020": ("Torque", "Type", "Tool wear"),
    "breast_cancer": ("worst_perimeter", "mean_symmetry", "mean_fractal_dimension", "texture_error"),
    "wine": ("flavanoids", "ash", "magnesium"),
    "diabetes": ("bmi", "sex", "age"),
    "concrete": ("x0", "x5", "x6", "x7"),
    "energy": ("x4", "x5", "x6", "x7"),
    "steel_plates": ("Pixels_Areas", "Length_of_Conveyer", "Steel_Plate_Thickness", "Empty_Index"),
    "wine_quality": ("alcohol", "residual_sugar", "pH", "colour"),
}


def _few_rows(name: str, rows: int) -> Clean:
    """So many rows of a real table, in random order."""
    whole = CLEAN[name]
    return Clean(whole.target, lambda data: drawn(whole.read(data), rows, seed=rows), whole.task, SAMPLES)


def _few_columns(name: str) -> Clean:
    whole, kept = CLEAN[name], [*FEW_COLUMNS[name], CLEAN[name].target]
    return Clean(whole.target, lambda data: drawn(whole.read(data).select(kept), 6_000), whole.task, NARROW)


SHORT = ("iris", "wine", "diabetes", "breast_cancer", "energy", "concrete")
CLEAN |= {
    f"{name}, {rows} rows": _few_rows(name, rows)
    for rows in SIZES
    for name in [name for name, table in CLEAN.items() if table.group == REAL]
    if name not in SHORT[:2] and (rows < 500 or name not in SHORT)
}
CLEAN |= {f"{name}, few columns": _few_columns(name) for name in FEW_COLUMNS}


def another_draw(draw: int) -> dict[str, Clean]:
    """For every real table: some number of its rows, some of its columns, and some of both.

    Args:
        draw: the number of the draw; another one gives other rows and columns.
    """
    made = {}
    for place, (name, table) in enumerate([(n, t) for n, t in CLEAN.items() if t.group == REAL]):
        rng = np.random.default_rng([draw, place])
        rows = [int(k) for k in np.exp(rng.uniform(np.log(80), np.log(5_000), 2))]
        made[f"{name}, {rows[0]} rows"] = _some(table, draw, SAMPLES, rows[0], None)
        made[f"{name}, some columns"] = _some(table, draw, NARROW, 6_000, int(rng.integers(3, 9)))
        made[f"{name}, some columns, {rows[1]} rows"] = _some(table, draw, NARROW, rows[1], int(rng.integers(3, 9)))
    return made


def _some(table: Clean, draw: int, group: str, rows: int, columns: int | None) -> Clean:
    """So many random rows and columns of a table."""

    def read(data: Path | None) -> pl.DataFrame:
        frame = drawn(table.read(data), rows, seed=1_000 + draw)
        names = [name for name in frame.columns if name != table.target]
        if columns is not None:
            rng = np.random.default_rng([draw, rows, columns])
            names = [str(n) for n in rng.choice(names, min(columns, len(names)), replace=False)]
        return frame.select(*names, table.target)

    return Clean(table.target, read, table.task, group)


def base(name: str, data: Path | None, rows: int, seed: int = 0) -> pl.DataFrame:
    """Rows of a clean table to plant something in: numbers as numbers, in random order."""
    return drawn(typed(CLEAN[name].read(data)), rows, seed)
