"""Families that learn on: what was there stays, what is new is learned, and the fitted model is not touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.data.columns import Columns, Dataset, Layout
from trainwright.data.dataset import build_dataset
from trainwright.data.schema import Column, Kind, Role, Schema, Target
from trainwright.errors import UserError
from trainwright.models.bagged import Bagged
from trainwright.models.families import families
from trainwright.models.members import load_member
from trainwright.models.more import CannotLearnOnError, averaged, learn_more, learns_on
from trainwright.models.recalibrated import Recalibrated, Recalibration
from trainwright.models.selected import Selected
from trainwright.models.spec import Estimator
from trainwright.models.widened import Widened, added_target, known_target

LABELS = {0: (), 2: ("no", "yes"), 3: ("high", "low", "mid")}
FAMILIES: dict[str, dict[str, Any]] = {
    "lightgbm": {"n_estimators": 30, "features": "plain"},
    "catboost": {"iterations": 30},
    "xgboost": {"n_estimators": 30},
    "linear": {},
}


def rows(n: int, k: int, seed: int, shift: float) -> pl.DataFrame:
    """Rows in which `b` matters more, the larger the shift."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    kind = rng.choice(["u", "v", "w"], n)
    signal = 2 * a + b * (1 + shift) + (kind == "u") + 0.3 * rng.normal(size=n)
    y = signal if k == 0 else np.array(LABELS[k])[np.digitize(signal, [0] if k == 2 else [-1, 1])]
    return pl.DataFrame({"a": a, "b": b, "kind": kind, "y": y})


def data(k: int) -> tuple[Target, list[Dataset]]:
    """The target; earlier rows, new rows to learn from, and new rows to judge by."""
    frames = [rows(500, k, 0, 0.0), rows(250, k, 1, 3.0), rows(400, k, 2, 3.0)]
    number = k == 0
    role = Column("y", Kind.NUMBER if number else Kind.CATEGORY, Role.TARGET)
    schema = Schema((Column("a", Kind.NUMBER), Column("b", Kind.NUMBER), Column("kind", Kind.CATEGORY), role))
    target = Target("y", "number") if number else Target("y", "classes", LABELS[k], "yes" if k == 2 else None)
    layout = Layout.learn(frames[0], schema)
    return target, [build_dataset(frame, schema, target, layout) for frame in frames]


def fitted(family: str, k: int) -> tuple[Estimator, list[Dataset]]:
    """A model of the earlier rows."""
    if family == "xgboost":
        pytest.importorskip("xgboost")
    target, parts = data(k)
    model = families()[family].load()(target, FAMILIES[family])
    model.fit(parts[0].columns, parts[0].y, seed=1)
    return model, parts


def loss(model: Estimator, part: Dataset) -> float:
    """Mean squared error or log-loss."""
    told = model.predict(part.columns)
    if told.ndim == 1:
        return float(np.mean((told - part.y) ** 2))
    return float(-np.log(np.clip(told[np.arange(len(part)), part.y], 1e-9, 1)).mean())


def files(model: Estimator, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("k", [2, 3, 0])
@pytest.mark.parametrize("family", FAMILIES)
def test_it_learns_what_is_new_from_where_it_ended(tmp_path: Path, family: str, k: int) -> None:
    model, (_, new, later) = fitted(family, k)
    before = files(model, tmp_path / "before")
    grown = learn_more(model, new.columns, new.y, rounds=15, seed=2)
    assert files(model, tmp_path / "untouched") == before
    assert loss(grown, later) < 0.9 * loss(model, later)
    if families()[family].iterations is not None:
        assert grown.iterations == 45 and grown.derived["learned_on_from"] == 30
        first = grown.staged(later.columns, [30])
        assert first is not None and np.allclose(first[0], model.predict(later.columns), atol=1e-6)
    again = learn_more(
        load_member(type(model), tmp_path / "before", model.target), new.columns, new.y, rounds=15, seed=2
    )
    assert files(again, tmp_path / "again") == files(grown, tmp_path / "grown")
    kept = load_member(type(model), tmp_path / "grown", model.target)
    assert np.array_equal(kept.predict(later.columns), grown.predict(later.columns))


@pytest.mark.parametrize("family", ["lightgbm", "catboost", "xgboost"])
def test_rows_set_aside_stop_what_would_overfit(family: str) -> None:
    """Labels that are chance: held rows say that not one more round helps."""
    model, (_, new, later) = fitted(family, 2)
    y = np.random.default_rng(0).permutation(new.y)
    grown = learn_more(model, new.columns, y, rounds=400, validation=later, seed=2)
    assert grown.iterations is not None and grown.iterations < 100
    assert grown.curve is not None and grown.curve["steps"][0] == 31


def test_what_is_around_a_model_stays_or_is_taken_off(tmp_path: Path) -> None:
    model, (old, new, later) = fitted("lightgbm", 2)
    bag = Bagged([model, model])
    grown = learn_more(Recalibrated(bag, Recalibration(2.0, (0.5, -0.5))), new.columns, new.y, rounds=5)
    assert isinstance(grown, Bagged) and [one.iterations for one in grown.models] == [35, 35]
    seen = Selected(families()["linear"].load()(model.target, {}), ("b", "kind"))
    seen.fit(old.columns, old.y)
    more = learn_more(seen, new.columns, new.y, validation=later)
    assert isinstance(more, Selected) and more.columns == ("b", "kind")
    without = Columns(
        np.where([True, False], np.nan, later.columns.numbers),
        later.columns.codes,
        later.columns.times,
        later.columns.texts,
        later.columns.layout,
    )
    assert np.array_equal(more.predict(without), more.predict(later.columns))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_class_that_the_model_does_not_know_is_refused(family: str) -> None:
    if family == "xgboost":
        pytest.importorskip("xgboost")
    target, (old, new, _) = data(3)
    known = old.take(np.flatnonzero(old.y != 2))
    model = families()[family].load()(target, FAMILIES[family])
    model.fit(known.columns, known.y)
    assert (new.y == 2).any()
    with pytest.raises(CannotLearnOnError):
        learn_more(model, new.columns, new.y)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_that_learned_nothing_can_only_be_fitted_anew(family: str) -> None:
    target, (old, new, _) = data(2)
    model = families()[family].load()(target, FAMILIES[family])
    model.fit(old.columns, np.zeros(len(old), dtype=np.int64))
    with pytest.raises(CannotLearnOnError):
        learn_more(model, new.columns, new.y)


def test_catboost_learns_nothing_from_rows_that_are_all_alike() -> None:
    model, (_, new, _) = fitted("catboost", 2)
    alike = new.take(np.zeros(20, dtype=np.int64))
    with pytest.raises(CannotLearnOnError):
        learn_more(model, alike.columns, alike.y)


def test_a_linear_model_gives_weights_their_meaning() -> None:
    """Five copies of a row and one row that weighs five say the same."""
    model, (_, new, later) = fitted("linear", 2)
    few = new.take(np.arange(60))
    copies = few.take(np.repeat(np.arange(60), 5))
    weighed = learn_more(model, few.columns, few.y, sample_weight=np.full(60, 5.0))
    copied = learn_more(model, copies.columns, copies.y)
    assert np.allclose(weighed.predict(later.columns), copied.predict(later.columns), atol=1e-3)


def test_forests_say_that_they_cannot() -> None:
    texts = {"text_embedding", "text_transformer"}  # whose tests are in tests/models/text
    nets = {"neural_network", "tabular_net"}  # and in tests/models/nets
    assert {name for name in families() if learns_on(families()[name].load())} == set(FAMILIES) | texts | nets
    target, (old, new, _) = data(2)
    model = families()["decision_tree"].load()(target, {})
    model.fit(old.columns, old.y)
    with pytest.raises(CannotLearnOnError):
        learn_more(model, new.columns, new.y)


def test_a_second_model_finds_new_classes_and_the_first_keeps_the_known(tmp_path: Path) -> None:
    target, (old, new, later) = data(3)
    known = old.take(np.flatnonzero(old.y < 2))
    first = families()["lightgbm"].load()(known_target(target, 2), FAMILIES["lightgbm"])
    first.fit(known.columns, known.y)
    second = families()["lightgbm"].load()(added_target(target, 2), FAMILIES["lightgbm"])
    second.fit(new.columns, np.maximum(new.y - 1, 0))
    both = Widened(target, first, second)
    told = both.predict(later.columns)
    assert np.allclose(told.sum(axis=1), 1) and (told.argmax(axis=1) == later.y).mean() > 0.7
    among = told[:, :2] / told[:, :2].sum(axis=1, keepdims=True)
    assert np.allclose(among, first.predict(later.columns))
    files(both, tmp_path / "both")
    kept = load_member(families()["lightgbm"].load(), tmp_path / "both", target)
    assert isinstance(kept, Widened) and np.array_equal(kept.predict(later.columns), told)
    grown = learn_more(kept, new.columns, new.y, rounds=10, seed=1)
    assert isinstance(grown, Widened) and grown.iterations == 40
    (tmp_path / "both" / "widened.json").write_text('{"known": 3}')
    with pytest.raises(UserError, match="number of known classes"):
        load_member(families()["lightgbm"].load(), tmp_path / "both", target)


def test_a_forest_is_averaged_with_one_of_more_rows(tmp_path: Path) -> None:
    target, (old, new, later) = data(2)
    kind = families()["forest"].load()
    first, second = kind(target, {"n_estimators": 5}), kind(target, {"n_estimators": 5})
    first.fit(old.columns, old.y)
    second.fit(new.columns, new.y)
    both = averaged(Recalibrated(first, Recalibration(2.0, (0.5, -0.5))), second)
    assert np.allclose(both.predict(later.columns), (first.predict(later.columns) + second.predict(later.columns)) / 2)
    files(both, tmp_path / "both")
    kept = load_member(kind, tmp_path / "both", target)
    again = averaged(kept, second)
    assert isinstance(again, Bagged) and len(again.models) == 3
