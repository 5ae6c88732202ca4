"""The tables that the benchmarks train on: real ones from a folder, others from scikit-learn or a fixed generator."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import results

ADULT = [
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship"),
    *("race", "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income"),
]

WINE = [
    *("fixed_acidity", "volatile_acidity", "citric_acid", "residual_sugar", "chlorides", "free_sulfur_dioxide"),
    *("total_sulfur_dioxide", "density", "pH", "sulphates", "alcohol", "quality"),
]


class MissingTable(results.NotMeasured):
    """A table of the shared folder is not there; what needs it is left out by name."""


@dataclass(frozen=True)
class Table:
    """One table of a benchmark.

    Args:
        target: the column to predict.
        read: reads it; given the folder of real tables, or None.
        task: "number" where few whole numbers would be taken for classes.
        others: columns that could be the target as well.
    """

    target: str
    read: Callable[[Path | None], pl.DataFrame]
    task: str | None = None
    others: tuple[str, ...] = ()


def load(name: str, data: Path | None, target: str | None = None) -> pl.DataFrame:
    """The rows of a table of `TABLES`.

    Args:
        name: of the table.
        data: the folder of real tables; None for none.
        target: the column to predict, without the others that could be; None for all columns.

    Raises:
        MissingTable: it is a real one, and the folder does not have it.
    """
    table = TABLES[name]
    frame = table.read(data)
    return frame if target is None else frame.drop({table.target, *table.others} - {target})


def write(name: str, data: Path | None, folder: Path) -> Path:
    """Writes a table as `<folder>/<name>.csv` and returns the path."""
    path = folder / f"{name}.csv"
    load(name, data).write_csv(path)
    return path


def shared_file(data: Path | None, *parts: str) -> Path:
    """A file below the folder of real tables."""
    if data is None:
        raise MissingTable(f"{'/'.join(parts)}: no folder of tables is given (--data or TRAINWRIGHT_DATA)")
    for root in (data / "tabular", data):
        if root.joinpath(*parts).exists():
            return root.joinpath(*parts)
    raise MissingTable(f"{'/'.join(parts)} is not in the folder of tables")


def _adult(data: Path | None) -> pl.DataFrame:
    """Both files of adult as one table; the second writes a dot behind its labels."""
    parts = []
    for name in ("adult-train.csv", "adult-test.csv"):
        part = pl.read_csv(shared_file(data, "adult", name), has_header=False, new_columns=ADULT, infer_schema=False)
        parts.append(part.drop_nulls("income").with_columns(pl.all().str.strip_chars()))
    return pl.concat(parts).with_columns(pl.col("income").str.strip_chars_end("."))


def _steel_plates(data: Path | None) -> pl.DataFrame:
    """The seven fault columns as one label."""
    frame = pl.read_csv(shared_file(data, "steel_plates", "SteelPlatesFaults_Clean.csv"))
    faults = [name for name in frame.columns if name.endswith(("_Fault", "_Faults"))]
    label = pl.coalesce([pl.when(pl.col(name) == 1).then(pl.lit(name.rsplit("_", 1)[0])) for name in faults])
    return frame.with_columns(fault=label).drop(faults)


def _csv(*parts: str, separator: str = ",") -> Callable[[Path | None], pl.DataFrame]:
    return lambda data: pl.read_csv(shared_file(data, *parts), separator=separator, infer_schema=False)


def _wine_quality(data: Path | None) -> pl.DataFrame:
    """Both colours as one table, without headers; the quality is a number."""
    parts = []
    for colour in ("red", "white"):
        path = shared_file(data, "wine_quality", f"winequality-{colour}.csv")
        part = pl.read_csv(path, has_header=False, new_columns=WINE, infer_schema=False)
        parts.append(part.cast(pl.Float64).with_columns(colour=pl.lit(colour)))
    return pl.concat(parts)


def _ai4i(data: Path | None) -> pl.DataFrame:
    """Without the five failure-mode columns, which say the target; one name ends with a space."""
    frame = pl.read_csv(shared_file(data, "ai4i2020", "ai4i2020.csv"), separator=";", infer_schema=False)
    return frame.drop("TWF", "HDF", "PWF", "OSF", "RNF", strict=False).rename(str.strip)


def _uci(name: str) -> Callable[[Path | None], pl.DataFrame]:
    """A regression table without a header; the last column is the target."""

    def read(data: Path | None) -> pl.DataFrame:
        text = gzip.decompress(shared_file(data, "uci_regression", name, "data.csv.gz").read_bytes())
        frame = pl.read_csv(text, has_header=False)
        return frame.rename({old: f"x{i}" for i, old in enumerate(frame.columns)} | {frame.columns[-1]: "y"})

    return read


def _wrist(data: Path | None) -> pl.DataFrame:
    """One row for each recording of an activity: figures of its three axes; the volunteer stands in the file name."""
    rows = []
    for path in sorted(shared_file(data, "sequence", "hmp_wrist").glob("*/Accelerometer-*.txt")):
        if path.parent.name.endswith("_MODEL"):
            continue
        axes = np.loadtxt(path).reshape(-1, 3)
        row: dict[str, object] = {"activity": path.parent.name, "volunteer": path.stem.rpartition("-")[2]}
        row["samples"] = len(axes)
        for axis, values in zip("xyz", axes.T):
            change = np.abs(np.diff(values)) if len(values) > 1 else np.zeros(1)
            figures = {"mean": values.mean(), "std": values.std(), "low": values.min(), "high": values.max()}
            figures |= {"change": change.mean(), "largest_change": change.max(), "first": values[:10].mean()}
            row |= {f"{axis}_{name}": float(value) for name, value in figures.items()}
        rows.append(row)
    return pl.DataFrame(rows)


def _engines(data: Path | None) -> pl.DataFrame:
    """Engines run to failure: each cycle's settings and sensors, and how many cycles are left (at most 125)."""
    values = np.loadtxt(shared_file(data, "sequence", "cmapss_fd001", "train_FD001.txt"))
    names = ["engine", "cycle", *(f"setting_{i}" for i in (1, 2, 3)), *(f"sensor_{i}" for i in range(1, 22))]
    frame = pl.DataFrame(values, schema=names).with_columns(pl.col("engine").cast(pl.Int64))
    left = (pl.col("cycle").max().over("engine") - pl.col("cycle")).clip(upper_bound=125)
    return frame.with_columns(remaining_cycles=left)


def sklearn_table(loader: str) -> Callable[[Path | None], pl.DataFrame]:
    """A table that ships with scikit-learn."""

    def read(data: Path | None) -> pl.DataFrame:
        from sklearn import datasets

        found = getattr(datasets, loader)()
        names = [str(name).replace(" ", "_") for name in found.feature_names]
        y = found.target
        labels = [str(found.target_names[k]) for k in y] if "target_names" in found and loader != "load_diabetes" else y
        return pl.DataFrame(found.data, schema=names).with_columns(pl.Series("target", labels))

    return read


def _breast_cancer_kinds(data: Path | None) -> pl.DataFrame:
    """scikit-learn's breast_cancer with columns of the other kinds added."""
    frame = sklearn_table("load_breast_cancer")(None)
    rng = np.random.default_rng(11)
    n = frame.height
    radius = frame["mean_radius"].rank().to_numpy() / n
    return frame.with_columns(
        pl.Series("size_class", np.array(["small", "medium", "large"])[np.minimum((radius * 3).astype(int), 2)]),
        pl.Series("hospital", [f"hospital {k}" for k in rng.integers(0, 60, n)]),
        pl.Series("second_opinion", rng.random(n) < 0.3),
    )


def every_kind(n: int, task: str, seed: int = 5) -> pl.DataFrame:
    """n generated rows with numbers, categories of few and many values, a boolean, a date and a text.

    Args:
        task: "two", "four" or "number": what `target` is.
    """
    rng = np.random.default_rng(seed)
    size, load_ = rng.normal(size=n), rng.gamma(2.0, size=n)
    colour = rng.choice(["red", "green", "blue"], n)
    town_effect = rng.normal(size=80)
    town = rng.integers(0, 80, n)
    leaks, flag = rng.random(n) < 0.4, rng.random(n) < 0.5
    day = rng.integers(0, 900, n)
    signal = size + 0.5 * load_ + (colour == "red") + 0.7 * town_effect[town] + leaks + day / 900
    signal = signal + 0.4 * rng.normal(size=n)
    frame = pl.DataFrame(
        {
            "size": [None if rng.random() < 0.1 else float(v) for v in size],
            "load": load_,
            "noise": rng.normal(size=n),
            "flag": flag,
            "colour": [None if rng.random() < 0.1 else str(v) for v in colour],
            "town": [f"town{k}" for k in town],
            "installed": [datetime(2020, 1, 1) + timedelta(days=int(d)) for d in day],
            "note": [_sentence(bool(bad), rng) for bad in leaks],
        }
    )
    if task == "number":
        return frame.with_columns(target=pl.Series(100 + 10 * signal))
    names = ["no", "yes"] if task == "two" else ["bronze", "gold", "iron", "silver"]
    # Classes of unequal size, so that a model that knows nothing but their shares notices a change of labels.
    edges = np.quantile(signal, [0.65] if task == "two" else [0.15, 0.5, 0.75])
    return frame.with_columns(target=pl.Series([names[k] for k in np.digitize(signal, edges)]))


def _sentence(leaks: bool, rng: np.random.Generator) -> str:
    """A note of a dozen words in which one pair says whether the pump leaks."""
    place = rng.choice(["hall", "yard", "cellar", "roof"])
    number = int(rng.integers(1, 400))
    state = "leaks badly and drips" if leaks else "runs well and stays dry"
    return f"pump {number} in the {place} {state}, seen on the round of shift {int(rng.integers(1, 4))}"


def rare(n: int, share: float = 0.01, seed: int = 9) -> pl.DataFrame:
    """n generated rows of which about `share` are "yes": six numbers, a category, and a boundary with overlap."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    kind = rng.choice(["a", "b", "c", "d"], n)
    signal = x[:, 0] + 0.7 * x[:, 1] * x[:, 2] + 0.5 * np.abs(x[:, 3]) + (kind == "a") + rng.normal(size=n)
    label = np.where(signal > np.quantile(signal, 1 - share), "yes", "no")
    return pl.DataFrame({**{f"x{j}": x[:, j] for j in range(6)}, "kind": kind, "target": label})


def many_values(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The frame with three columns of many values that say nothing: what target encodings overfit to."""
    n = frame.height
    return frame.with_columns(
        pl.Series("postcode", [f"p{k}" for k in rng.integers(0, n // 3, n)]),
        pl.Series("agent", [f"a{k}" for k in rng.integers(0, n // 10, n)]),
        pl.Series("street", [f"s{k}" for k in rng.zipf(1.6, n) % (n // 2)]),
    )


TABLES: dict[str, Table] = {
    "adult": Table("income", _adult),
    "credit_default": Table("default.payment.next.month", _csv("credit_default", "UCI_Credit_Card.csv")),
    "steel_plates": Table("fault", _steel_plates),
    "california_housing": Table("median_house_value", _csv("california_housing", "housing.csv")),
    "concrete": Table("y", _uci("concrete")),
    "wine_quality": Table("quality", _wine_quality, "number"),
    "energy": Table("y", _uci("energy")),
    "bike": Table("y", _uci("bike")),
    "ai4i2020": Table("Machine failure", _ai4i),
    "bank_marketing": Table("y", _csv("bank_marketing", "bank.csv", separator=";")),
    "telco_churn": Table("Churn", _csv("telco_churn", "Telco-Customer-Churn.csv")),
    "gas_turbine": Table("Carbon monoxide", _csv("gas_turbine", "gt_2011_2015.csv"), others=("Nitrogen oxides",)),
    "wrist": Table("activity", _wrist),
    "engines": Table("remaining_cycles", _engines, "number"),
    "breast_cancer": Table("target", sklearn_table("load_breast_cancer")),
    "breast_cancer_kinds": Table("target", _breast_cancer_kinds),
    "wine": Table("target", sklearn_table("load_wine")),
    "digits": Table("target", sklearn_table("load_digits")),
    "diabetes": Table("target", sklearn_table("load_diabetes")),
    "generated_rare": Table("target", lambda _: rare(20_000)),
    "generated_two": Table("target", lambda _: every_kind(1_500, "two")),
    "generated_four": Table("target", lambda _: every_kind(1_200, "four")),
    "generated_number": Table("target", lambda _: every_kind(1_000, "number")),
}
