"""Dates inside text are found and propose a split in time; the price of being later is measured."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from checks_on_parts import look, states

from trainwright.data.hidden_dates import hidden_dates, recipe

START = datetime(2022, 3, 1)
WRITTEN = {
    "batch-%Y-%m-%d-A": "%Y-%m-%d",
    "%Y%m%d_03": "%Y-%m-%d",
    "LOT %d.%m.%Y": "%Y-%m-%d",
    "x%m/%d/%Y": "%Y-%m-%d",
    "%Y%m%d%H%M%S": "%Y-%m-%d %H:%M",
    "%Y-%m/shift": "%Y-%m",
    "%G-W%V-07": "%G-W%V",
    "KW%V/%G": "%G-W%V",
    "lot %d%b%Y": "%Y-%m-%d",
    "A%y%m%d-7": "%Y-%m-%d",
}


@pytest.mark.parametrize("style", WRITTEN)
def test_dates_are_read_out_of_text(style: str) -> None:
    moments = [START + timedelta(days=2 * d, minutes=7 * d) for d in range(250)]
    found = hidden_dates(pl.Series("lot", [f"{m:{style}}" for m in moments]))
    assert found is not None
    read = found.values.to_list()
    assert [f"{m:{WRITTEN[style]}}" for m in read] == [f"{m:{WRITTEN[style]}}" for m in moments]


def test_whole_numbers_that_write_or_count_moments() -> None:
    days = pl.Series([int(f"{START + timedelta(days=d):%Y%m%d}") for d in range(100)])
    seconds = pl.Series([1_650_000_000 + 86_400 * d for d in range(100)])
    for values in (days, seconds, seconds * 1000):
        found = hidden_dates(values)
        assert found is not None
        assert found.values.dt.year().unique().to_list() == [2022]


NO_DATES = {
    "counter": lambda rng: [f"A-{k:05d}" for k in range(2000)],
    "six digits": lambda rng: [f"{k:06d}" for k in rng.integers(0, 10**6, 2000)],
    "eight digits": lambda rng: [f"{k:08d}" for k in rng.integers(0, 10**8, 2000)],
    "telephone": lambda rng: [f"+49 {k:010d}" for k in rng.integers(0, 10**10, 2000)],
    "years": lambda rng: [f"model {k}" for k in rng.integers(1990, 2024, 2000)],
    "words": lambda rng: [str(k) for k in rng.choice(["may", "june", "march"], 2000)],
    "money": lambda rng: (rng.gamma(2.0, 1e6, 2000)).astype(int).tolist(),
    "many digits": lambda rng: rng.integers(10**11, 10**12, 2000).tolist(),
    "no value": lambda rng: [None] * 2000,
}


@pytest.mark.parametrize("name", NO_DATES)
def test_other_codes_and_numbers_are_no_dates(name: str) -> None:
    assert hidden_dates(pl.Series("code", NO_DATES[name](np.random.default_rng(0)), strict=False)) is None


@pytest.mark.parametrize("style", ["batch-%Y-%m-%d-A", "%Y%m%d_03", "LOT %d.%m.%Y", "A%y%m%d-7", "%Y-%m/shift"])
def test_the_line_that_makes_a_date_column_runs(style: str) -> None:
    pandas = pytest.importorskip("pandas")
    moments = [START + timedelta(days=9 * d) for d in range(100)]
    values = pl.Series("lot no", [f"{m:{style}}" for m in moments])
    found = hidden_dates(values)
    assert found is not None
    table = pandas.DataFrame({"lot no": values.to_list()})
    exec(recipe("lot no", found.pattern).partition(": ")[2], {"table": table, "pandas": pandas})
    made = pl.Series(table["lot_no_date"].to_list())
    assert made.cast(pl.Datetime("us")).to_list() == found.values.to_list()


def lots(drift: float, n: int = 1500, seed: int = 0) -> pl.DataFrame:
    """Lots over four years whose share of "yes" rises by `drift`."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    rising = 1 / (1 + np.exp(-(a - drift / 2 + drift * np.arange(n) / n)))
    moments = [START + timedelta(days=d) for d in range(n)]
    frame = pl.DataFrame(
        {
            "a": a,
            "lot": [f"LOT {m:%d.%m.%Y}/{k % 9}" for k, m in enumerate(moments)],
            "y": np.where(rng.random(n) < rising, "yes", "no"),
        }
    )
    return frame.sample(fraction=1.0, shuffle=True, seed=seed)


@pytest.mark.parametrize(("drift", "severity"), [(0.0, "note"), (2.5, "warning")])
def test_a_hidden_date_proposes_time_and_says_how_to_make_the_column(drift: float, severity: str) -> None:
    [finding] = look(lots(drift), "TW401").findings
    assert (finding.columns, finding.severity) == (("lot",), severity)
    assert "pandas.to_datetime(table['lot']" in finding.remedy
    assert finding.remedy.endswith("--time lot_date")
    assert {"random", "later", "cost"} <= finding.evidence.keys()


@pytest.mark.parametrize("seed", range(4))
def test_dates_without_drift_stay_a_note(seed: int) -> None:
    assert [f.severity for f in look(lots(0.0, seed=seed), "TW401").findings] == ["note"]


def test_an_effect_that_turns_over_time_matters_though_the_target_does_not_drift() -> None:
    rng = np.random.default_rng(0)
    n = 2400
    x, angle = rng.normal(size=(n, 3)), np.linspace(0, np.pi, n)
    y = x[:, 0] * np.cos(angle) + x[:, 1] * np.sin(angle) + 0.5 * rng.normal(size=n)
    moments = [START + timedelta(hours=6 * h) for h in range(n)]
    [finding] = look(
        pl.DataFrame(x, schema=["a", "b", "c"]).with_columns(seen=pl.Series(moments), y=pl.Series(y)), "TW401"
    ).findings
    assert finding.evidence["association"] < 0.1
    assert finding.severity == "warning"
    assert finding.evidence["random"] > finding.evidence["later"]
    assert "costs" in finding.message


def test_a_table_without_dates_passes_as_not_applicable() -> None:
    findings = look(lots(0.0).drop("lot"), "TW401")
    assert states(findings) == ["not applicable"]
