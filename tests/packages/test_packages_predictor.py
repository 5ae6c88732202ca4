"""Predicting with a package: tables and single rows, labels as in the file, reasons."""

from __future__ import annotations

import math
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from package_maker import NUMBER, THREE, TWO, make, outcome, table

from trainwright.data.columns import Layout
from trainwright.data.schema import Column, Kind, Role, Schema, Target
from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.packages import predictor as predictor_module
from trainwright.packages.predictor import Predictor
from trainwright.packages.write import Member, write_package


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("two")
    make(folder, calibration={"kind": "temperature", "temperature": 1.7}, threshold=0.3)
    return Predictor.open(folder)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("three")
    make(folder, THREE)
    return Predictor.open(folder)


@pytest.fixture(scope="module")
def number(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("number")
    make(folder, NUMBER, ("linear", "baseline"))
    return Predictor.open(folder)


def test_the_frame_has_the_promised_columns_in_the_order_of_the_rows(two: Predictor) -> None:
    frame = two.predict(table())
    assert frame.columns == ["prediction", "probability_<=50K", "probability_>50K", "confidence"]
    backwards = two.predict(table().reverse())
    assert backwards.reverse().equals(frame)


def test_the_threshold_decides_and_confidence_is_that_of_the_decision(two: Predictor) -> None:
    frame = two.predict(table())
    p = frame["probability_>50K"].to_numpy()
    assert two.threshold == 0.3
    assert ((frame["prediction"] == ">50K").to_numpy() == (p >= 0.3)).all()
    assert ((p >= 0.3) & (p < 0.5)).any()  # otherwise the threshold was not tested
    assert np.array_equal(frame["confidence"].to_numpy(), np.where(p >= 0.3, p, 1 - p)) or np.allclose(
        frame["confidence"], np.where(p >= 0.3, p, 1 - p), atol=1e-12
    )
    all_positive = two.predict(table(), threshold=0.0)
    assert all_positive["prediction"].unique().to_list() == [">50K"]


def test_members_are_averaged_by_weight_and_then_calibrated(two: Predictor) -> None:
    columns = two.layout.encode(table())
    members = two._model.members  # type: ignore[attr-defined]
    mean = sum(weight * estimator.predict(columns) for weight, estimator in members)
    assert [round(weight, 6) for weight, _ in members] == [round(1 / 3, 6), round(2 / 3, 6)]
    logits = np.log(mean) / 1.7
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(two.predict_proba(table()), expected, atol=1e-9)


def test_a_package_learned_something(two: Predictor, three: Predictor, number: Predictor) -> None:
    frame = table(400, seed=1)
    for predictor, target in ((two, TWO), (three, THREE)):
        right = (
            predictor.predict(frame, threshold=None)["prediction"].to_numpy()
            == np.array(target.classes)[outcome(frame, target)]
        )
        assert right.mean() > 0.6
    assert np.corrcoef(number.predict_raw(frame), outcome(frame, NUMBER))[0, 1] > 0.8
    assert number.predict(frame).columns == ["prediction"]
    with pytest.raises(UserError, match="no probabilities"):
        number.predict_proba(frame)


@pytest.mark.parametrize(
    ("classes", "kind", "expected"),
    [
        (("0", "1"), "int", {0, 1}),
        (("1.5", "2.5"), "float", {1.5, 2.5}),
        (("False", "True"), "bool", {False, True}),
    ],
)
def test_labels_come_back_in_their_own_type(
    tmp_path: Path, classes: tuple[str, ...], kind: str, expected: set[Any]
) -> None:
    target = Target("y", "classes", classes, positive=classes[1], numeric_labels=kind)
    make(tmp_path, target)
    predictor = Predictor.open(tmp_path)
    frame = predictor.predict(table())
    assert set(frame["prediction"].to_list()) == expected
    assert type(frame["prediction"][0]) is type(next(iter(expected)))
    row = predictor.predict_row(table().row(0, named=True))
    assert type(row["prediction"]) is type(next(iter(expected)))
    assert f"probability_{classes[0]}" in frame.columns


def test_many_chunks_give_what_one_chunk_gives(two: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = table(2_500, seed=2)
    whole, reasons = two.predict_raw(frame), two.explain(frame.head(1_500))
    monkeypatch.setattr(predictor_module, "_CHUNK_BYTES", 1)
    assert np.allclose(two.predict_raw(frame), whole, atol=1e-12)
    assert [[r.feature for r in row] for row in two.explain(frame.head(1_500))] == [
        [r.feature for r in row] for row in reasons
    ]


def test_an_empty_table_gives_an_empty_answer(two: Predictor) -> None:
    assert two.predict(table().clear()).columns == two.predict(table()).columns
    assert two.predict_proba(table().clear()).shape == (0, 2)


def test_missing_columns_are_named_and_others_left_out_with_a_note(two: Predictor) -> None:
    with pytest.raises(UserError) as caught:
        two.predict(table().drop("age", "job"))
    assert "age" in str(caught.value) and "job" in str(caught.value)
    given = two.conform(table().with_columns(shoe=pl.lit(43)))
    assert any("shoe" in note.message for note in given.notes)
    assert given.frame.height == 60


def test_files_and_frames_give_the_same(two: Predictor, tmp_path: Path) -> None:
    frame = table()
    frame.write_csv(tmp_path / "new.csv")
    frame.write_parquet(tmp_path / "new.parquet")
    expected = two.predict_proba(frame)
    assert np.allclose(two.predict_proba(tmp_path / "new.csv"), expected, atol=1e-9)
    assert np.allclose(two.predict_proba(str(tmp_path / "new.parquet")), expected, atol=1e-12)
    assert np.allclose(two.predict_proba(frame.to_dict(as_series=False)), expected, atol=1e-12)
    pandas = pytest.importorskip("pandas")
    values = {name: frame[name].to_list() for name in frame.columns}
    assert np.allclose(two.predict_proba(pandas.DataFrame(values)), expected, atol=1e-9)


def test_kept_columns_and_reasons_stand_beside_the_prediction(two: Predictor) -> None:
    frame = two.predict(table(), keep=["id"], explain=2)
    assert frame.columns[:2] == ["id", "prediction"] and frame.columns[-2:] == ["reason_1", "reason_2"]
    assert frame["id"].to_list() == table()["id"].to_list()


def test_thresholds_that_make_no_sense_are_refused(two: Predictor, three: Predictor, number: Predictor) -> None:
    with pytest.raises(UserError, match="0 to 1"):
        two.predict(table(), threshold=1.5)
    with pytest.raises(UserError, match="3 classes"):
        three.predict(table(), threshold=0.5)
    with pytest.raises(UserError, match="numbers"):
        number.predict(table(), threshold=0.5)


NUMBERS = st.one_of(
    st.none(),
    st.integers(-(10**6), 10**6),
    st.floats(-1e9, 1e9),
    st.sampled_from(
        [math.nan, math.inf, -math.inf, 1e300, True, "12", " 12", "3.25", "-4", "?", "NA", "", "abc", "1e3"]
    ),
    st.sampled_from([np.float32(1.5), np.int64(3)]),
)
BOOLEANS = st.sampled_from([True, False, None, 0, 1, 2, 1.0, "true", "no", "NA", "maybe", np.int8(1)])
WORDS = st.one_of(
    st.sampled_from(["clerk", "nurse", " smith ", "?", "", "none", "Bonn", "Köln", "other", None, 3, 2.0, 2.5, True]),
    st.text(max_size=8),
)
TIMES = st.one_of(
    st.none(),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda d: d.isoformat(" ")),
    st.dates().map(lambda d: d),
    st.sampled_from(
        [
            "2020-01-31",
            " 2020-01-31 10:30",
            "2020-02-31",
            "31.01.2020",
            "soon",
            "",
            "2020-01-31T10:00:00Z",
            20200131,
        ]
    ),
)
REMARKS = st.one_of(st.none(), st.sampled_from(["left early", " left early ", "none", "x"]), st.text(max_size=20))


@settings(max_examples=150, deadline=None)
@given(NUMBERS, NUMBERS, BOOLEANS, WORDS, WORDS, TIMES, REMARKS)
def test_one_row_gives_what_a_table_of_one_row_gives(
    two: Predictor, age: Any, hours: Any, member: Any, job: Any, city: Any, since: Any, remark: Any
) -> None:
    row = {
        "age": age,
        "hours": hours,
        "member": member,
        "job": job,
        "city": city,
        "since": since,
        "remark": remark,
    }
    quick = two.predict_row(row)
    frame = pl.DataFrame({name: pl.Series([value], strict=False) for name, value in row.items()})
    slow = two.predict(frame).row(0, named=True)
    assert list(quick) == list(slow)
    assert quick["probability_>50K"] == pytest.approx(slow["probability_>50K"], abs=1e-9)


def test_one_row_names_what_is_absent_and_ignores_the_rest(two: Predictor) -> None:
    row = {**table().row(0, named=True), "shoe": 43}
    assert two.predict_row(row)["prediction"] in TWO.classes
    del row["age"], row["since"]
    with pytest.raises(UserError, match="'age', 'since'"):
        two.predict_row(row)
    with pytest.raises(UserError, match="age"):
        two.predict_row({**row, "hours": "a,b"})


def test_marks_of_missing_values_that_the_user_added_hold_for_tables_and_rows(tmp_path: Path) -> None:
    make(tmp_path, marks=("-999", "unknown"))
    predictor = Predictor.open(tmp_path)
    row = table().row(0, named=True)
    absent = predictor.predict_row({**row, "age": None, "job": None})
    assert predictor.predict_row({**row, "age": -999, "job": " unknown"}) == absent
    marked = pl.DataFrame([{**row, "age": -999.0, "job": "unknown"}])
    assert predictor.predict(marked).row(0, named=True) == pytest.approx(absent)
    assert predictor.predict_row({**row, "age": 1, "job": None}) != absent


def test_one_row_follows_another_threshold(two: Predictor) -> None:
    row = table().row(0, named=True)
    assert two.predict_row(row, threshold=0.0)["prediction"] == ">50K"
    assert two.predict_row(row, threshold=1.0)["prediction"] == "<=50K"


def test_one_row_costs_little_more_than_its_members_do(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {f"n{j}": rng.normal(size=300) for j in range(6)}
        | {f"c{j}": rng.choice([f"value {i}" for i in range(3 + 5 * j)], 300) for j in range(8)}
    )
    schema = Schema(tuple(Column(name, Kind.NUMBER if name[0] == "n" else Kind.CATEGORY) for name in frame.columns))
    layout = Layout.learn(frame, schema)
    columns, y = layout.encode(frame), (frame["n0"].to_numpy() > 0).astype(np.int64)
    members = []
    for name, wanted in {
        "catboost": {"iterations": 50},
        "lightgbm": {"n_estimators": 50},
        "linear": {},
    }.items():
        estimator = families()[name].load()(TWO, dict(wanted)).fit(columns, y)
        members += [Member(name, name, fold, 1.0, estimator) for fold in range(5)]
    write_package(tmp_path, target=TWO, schema=schema, layout=layout, members=members)
    predictor, row = Predictor.open(tmp_path), frame.row(7, named=True)
    one = layout.encode(frame.slice(7, 1))
    whole, members_alone = [], []
    for _ in range(150):
        begin = time.perf_counter()
        predictor.predict_row(row)
        middle = time.perf_counter()
        for _, estimator in predictor._model.members:
            estimator.predict(one)
        whole.append(middle - begin)
        members_alone.append(time.perf_counter() - middle)
    assert min(whole) < 1.6 * min(members_alone)  # 1.1; a frame for each row makes it 3


def test_reasons_of_linear_models_are_exact_and_point_the_right_way(two: Predictor) -> None:
    frame = pl.DataFrame(
        {
            **{name: [table()[name].drop_nulls()[0]] * 2 for name in table().columns},
            "age": [95.0, 5.0],
            "job": ["nurse", "clerk"],
        }
    )
    old, young = two.explain(frame)
    assert len(old) == 3 and all(reason.exact for reason in old)
    push = {reason.feature: reason.push for reason in old}
    assert push["age"] > 0 and {reason.feature: reason.push for reason in young}["age"] < 0
    assert old[0].towards == ">50K" and old[0].text.startswith(f"{old[0].feature} = ")
    assert abs(old[0].push) >= abs(old[1].push) >= abs(old[2].push)


def test_reasons_without_an_account_are_called_approximate(tmp_path: Path, three: Predictor) -> None:
    make(tmp_path, TWO, ("decision_tree",), threshold=0.5)
    predictor = Predictor.open(tmp_path)
    reasons = [reason for row in predictor.explain(table()) for reason in row]
    assert reasons and not any(reason.exact for reason in reasons)
    assert {reason.feature for reason in reasons} & {"age", "job"}
    assert all(reason.text.endswith("approximate") for reason in reasons)
    for row, reason in zip(three.predict(table())["prediction"], three.explain(table(), 1)):
        assert not reason or reason[0].towards == row


def test_reasons_for_a_number_are_in_its_units(number: Predictor) -> None:
    (reasons,) = number.explain(table().slice(5, 1), 7)
    assert reasons and all(reason.towards is None for reason in reasons)
    assert "raises it by" in reasons[0].text or "lowers it by" in reasons[0].text


@pytest.mark.parametrize("others", [(), ("size",)])
def test_rows_without_a_text_are_counted_where_texts_are_all_that_is_read(
    tmp_path: Path, others: tuple[str, ...]
) -> None:
    frame = pl.DataFrame({"note": ["good day", "bad luck"] * 20, "size": [1.0, 2.0] * 20}).select("note", *others)
    kinds = {"note": Kind.TEXT, "size": Kind.NUMBER}
    features = tuple(Column(name, kinds[name]) for name in frame.columns)
    target = Target("y", "classes", ("no", "yes"), positive="yes")
    schema = Schema((*features, Column("y", Kind.CATEGORY, Role.TARGET)))
    layout = Layout.learn(frame, schema)
    estimator = families()["linear"].load()(target, families()["linear"].defaults())
    estimator.fit(layout.encode(frame), np.array([0, 1] * 20))
    place = tmp_path / "package"
    place.mkdir()
    member = Member("linear", "linear", None, 1.0, estimator)
    write_package(place, target=target, schema=schema, layout=layout, members=[member])
    rows = pl.DataFrame({"note": ["", "  ", None, "good"], "size": [1.0] * 4}).select(frame.columns)
    notes = [note.message for note in Predictor.open(place).conform(rows).notes]
    expected = [] if others else ["3 of 4 rows hold no text: all of them get the same answer, which rests on nothing"]
    assert notes == expected and not Predictor.open(place).conform(frame).notes
