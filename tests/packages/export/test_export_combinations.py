"""Tests of what stands around single models: several members, second levels, wrappers, decisions; and of CatBoost's
statistics of many categories and their combinations."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from export_maker import TARGETS, make, opened, outcome, schema_of, table

from trainwright.data.columns import Layout
from trainwright.evaluate.deciding.policy import Policy
from trainwright.models.bagged import Bagged
from trainwright.models.families import families
from trainwright.models.selected import Selected, View
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.export.deciding import of_policy
from trainwright.packages.export.folder.model import Model
from trainwright.packages.export.onnx_export import run_onnx, write_onnx
from trainwright.packages.export.parity import compare
from trainwright.packages.export.pipeline import pipeline
from trainwright.packages.export.standalone import write_folder
from trainwright.packages.export.trial_rows import trial_rows
from trainwright.packages.predictor import Predictor
from trainwright.packages.reference import reference_values
from trainwright.packages.second_level import SecondLevel
from trainwright.packages.verify import check_package
from trainwright.packages.write import Member, write_package

pytest.importorskip("onnxruntime")


def compared(checked, path, rows=None, **more):
    """ONNX Runtime against ours."""
    ensemble = Ensemble(checked)
    predictor = Predictor(checked, ensemble)
    given = opened(checked)[2] if rows is None else predictor.conform(rows)
    pipe = pipeline(checked, ensemble, **more)
    write_onnx(path, pipe, "demo@v1", "0.1.0")
    theirs, labels = run_onnx(path, pipe, given.frame)
    how = more.get("deciding")
    ours = predictor.predict_raw(given)
    ours = ours if how is None else how.corrected(ours)
    return compare(ours, theirs, labels, pipe.target, pipe.threshold, costs=pipe.costs)


@pytest.mark.parametrize("task", ["two", "three"])
def test_a_second_level(task, tmp_path):
    names = ["linear", "forest", "linear"]
    bias = (0.1, -0.1) if task == "two" else (0.2, 0.0, -0.2)
    level = SecondLevel({"linear 0": 0.4, "forest 1": 0.9, "linear 2": 0.0}, bias, 1e-6)
    checked = make(tmp_path / "package", names, task, combine=level)
    assert compared(checked, tmp_path / "m.onnx").worst < 1e-9


def test_copies_that_are_averaged_and_columns_that_are_left_out(tmp_path):
    frame, target = table(), TARGETS["two"]
    schema, layout = schema_of(frame), Layout.learn(frame, schema_of(frame))
    columns, y = layout.encode(frame), outcome(frame, target)
    kept = ("town", "size", "seen")
    seen = View(layout, kept)
    kind = families()["lightgbm"]
    copies = [
        kind.load()(target, {"n_estimators": 6}).fit(seen.of(columns).take(rows), y[rows], seed=number)
        for number, rows in enumerate((np.arange(0, 200), np.arange(60, 260)))
    ]
    member = Member("lightgbm", "lightgbm", 0, 1.0, Selected(Bagged(copies), kept))
    (tmp_path / "package").mkdir()
    write_package(
        tmp_path / "package",
        target=target,
        schema=schema,
        layout=layout,
        members=[member],
        reference=reference_values(columns),
    )
    found = compared(check_package(tmp_path / "package"), tmp_path / "m.onnx")
    assert found.worst < 1e-9 and found.labels == 0


def test_a_decision_gives_its_threshold_and_its_true_shares(tmp_path):
    checked = make(tmp_path / "package", ["linear"], "two")
    policy = Policy(2, 1, low=0.2, high=0.2, middle=0.2, learned=(0.5, 0.5), true=(0.9, 0.1))
    how = of_policy(policy, "d1", 0.5)
    assert how.threshold == 0.2 and not how.left_out()
    found = compared(checked, tmp_path / "m.onnx", deciding=how)
    assert found.worst < 1e-9 and found.labels == 0


def test_costs_of_three_classes_decide_in_the_graph_and_in_the_folder(tmp_path):
    checked = make(tmp_path / "package", ["linear"], "three")
    policy = Policy(3, costs=((0, 5, 1), (1, 0, 9), (1, 2, 0)), review_above=0.6)
    how = of_policy(policy, "d1", 0.5)
    found = compared(checked, tmp_path / "m.onnx", deciding=how)
    assert found.worst < 1e-9 and found.labels == 0
    predictor, _, rows = opened(checked, n=60)
    pipe = pipeline(checked, Ensemble(checked), how)
    (tmp_path / "out").mkdir()
    write_folder(tmp_path / "out", pipe, checked, "demo@v1")
    told = Model(tmp_path / "out").predict(rows.frame.to_dicts())
    ours = predictor.deciding(policy, "d1").predict(rows.frame)
    assert [row["prediction"] for row in told] == ours["prediction"].to_list()
    assert [row["decision"] for row in told] == ours["decision"].to_list()
    assert {"review"} < {row["decision"] for row in told}
    # Costs decide otherwise than the most probable class does.
    assert ours["prediction"].to_list() != predictor.predict(rows.frame)["prediction"].to_list()


@pytest.mark.parametrize(
    ("policy", "words", "meaning"),
    [
        (
            Policy(2, 1, low=0.1, high=0.7, middle=0.3, band=True),
            "the review band of d1",
            "must send rows whose probability lies from 0.1 to below 0.7 to a person",
        ),
        (
            Policy(2, 1, low=0.4, high=0.4, middle=0.4, by="town", segments={"a": 0.3}),
            "values of 'town' (a 0.3)",
            "it decides every row by 0.4",
        ),
        (
            Policy(3, costs=((0, 1, 1), (1, 0, 1), (1, 1, 0)), review_above=0.2),
            "the review of d1",
            "must send rows to a person whose least expected cost",
        ),
    ],
)
def test_what_of_a_decision_is_left_out_is_said_with_what_it_means(policy, words, meaning):
    [note] = of_policy(policy, "d1", 0.5).left_out()
    assert words in note and meaning in note


@pytest.mark.parametrize("task", ["two", "three", "number"])
def test_statistics_of_many_categories_and_their_combinations(task, tmp_path):
    rng = np.random.default_rng(3)
    n = 700
    frame = pl.DataFrame(
        {
            "size": [None if rng.random() < 0.1 else float(v) for v in rng.normal(size=n)],
            "town": [f"t{int(k) % 150}" for k in rng.pareto(0.7, n) * 5],
            "shop": [None if rng.random() < 0.1 else f"s{k}" for k in rng.integers(0, 9, n)],
            "side": [f"{k}" for k in rng.integers(0, 6, n)],
            "exact": rng.choice(["left", "right"], n),
        }
    )
    target = TARGETS[task]
    shop, side = frame["shop"].str.slice(1).cast(pl.Int64).fill_null(0), frame["side"].cast(pl.Int64)
    high = (frame["size"].fill_null(-1) > 0).cast(pl.Int64)
    score = ((shop + side + high + (frame["exact"] == "left")) % 3).to_numpy() * 3.0 + rng.normal(0, 0.3, n)
    cuts = np.quantile(score, np.linspace(0, 1, max(len(target.classes), 1) + 1)[1:-1])
    y = score if task == "number" else np.searchsorted(cuts, score).astype(np.int64)
    schema = schema_of(frame)
    layout = Layout.learn(frame, schema)
    columns = layout.encode(frame)
    model = families()["catboost"].load()(
        target, {"iterations": 80, "one_hot_max_size": 3, "learning_rate": 0.3, "max_ctr_complexity": 4}
    )
    model.fit(columns, y, seed=1)
    (tmp_path / "package").mkdir()
    write_package(
        tmp_path / "package",
        target=target,
        schema=schema,
        layout=layout,
        members=[Member("catboost", "catboost", 0, 1.0, model)],
        reference=reference_values(columns),
    )
    checked = check_package(tmp_path / "package")
    found = compared(checked, tmp_path / "m.onnx", trial_rows(frame, layout, schema, checked.reference, n=300))
    assert found.worst < 1e-9 and found.labels == 0
    assert _combined(model) == 3  # otherwise this test says nothing about combinations


def _combined(model) -> int:
    """How many kinds of things statistics are of: values of categories, answers to questions, exact values."""
    from trainwright.packages.export.members.boosters import _cbm
    from trainwright.packages.export.onnx_file.catboost_trees import _read

    info = _read(_cbm(model), True, (150, 12, 8, 4))["features_info"]
    return len({element["combination_element"] for ctr in info.get("ctrs") or [] for element in ctr["elements"]})


def test_too_many_combinations_are_refused_by_name(tmp_path, monkeypatch):
    from trainwright.errors import UserError
    from trainwright.packages.export.onnx_file import catboost_statistics

    monkeypatch.setattr(catboost_statistics, "MOST", 5)
    checked = make(tmp_path / "package", ["catboost"], "two")
    with pytest.raises(UserError, match=r"'catboost 0'.*statistic of the columns .*combinations.*--format folder"):
        compared(checked, tmp_path / "m.onnx")
