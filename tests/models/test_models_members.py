"""Models with something put around them: copies averaged, columns left out, a correction; saved and read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from models_contract_data import TARGETS, strange_rows, table

from trainwright.errors import UserError
from trainwright.models import bagged, selected
from trainwright.models.bagged import Bagged
from trainwright.models.families import families
from trainwright.models.members import kept_columns, load_member
from trainwright.models.recalibrated import Recalibrated, Recalibration
from trainwright.models.selected import Selected, View
from trainwright.models.spec import Estimator

SETTINGS = {"lightgbm": {"n_estimators": 20, "features": "plain"}, "linear": {}, "catboost": {"iterations": 10}}


def fitted(family: str, task: str, columns: tuple[str, ...] | None = None, seed: int = 0) -> Estimator:
    X, y = table(task)
    X = X if columns is None else View(X.layout, columns).of(X)
    return families()[family].load()(TARGETS[task], SETTINGS[family]).fit(X, y, seed=seed)


@pytest.mark.parametrize("task", ["two", "four", "number"])
def test_a_bag_predicts_the_mean_of_its_models(task: str) -> None:
    X, _ = table(task)
    models = [fitted("lightgbm", task, seed=seed) for seed in range(3)]
    out = Bagged(models).predict(X)
    assert np.allclose(out, np.mean([model.predict(X) for model in models], axis=0))
    stages = Bagged(models).staged(X, [5, 20])
    assert stages is not None and np.allclose(stages[-1], out)


def test_a_bags_account_of_a_number_is_exact() -> None:
    X, _ = table("number")
    model = Bagged([fitted("lightgbm", "number", seed=seed) for seed in range(2)])
    account = model.contributions(X)
    assert account is not None
    pushed = sum(account.values())
    rest = model.predict(X) - pushed
    assert np.allclose(rest, rest[0])  # what is left is the same for every row


@pytest.mark.parametrize("family", ["lightgbm", "linear", "catboost"])
@pytest.mark.parametrize("task", ["two", "number"])
def test_a_model_of_some_columns_ignores_the_others(family: str, task: str) -> None:
    X, _ = table(task)
    names = ("size", "colour", "seen")
    model = Selected(fitted(family, task, names), names)
    before = model.predict(X)
    numbers = X.numbers.copy()
    numbers[:, X.layout.numbers.index("noise")] = 1e6
    other = type(X)(numbers, X.codes, X.times, X.texts, X.layout, X.units)
    assert np.array_equal(before, model.predict(other))
    numbers[:, X.layout.numbers.index("size")] += 1.0
    assert not np.array_equal(before, model.predict(type(X)(numbers, X.codes, X.times, X.texts, X.layout)))
    assert np.isfinite(model.predict(strange_rows(X))).all()
    account = model.contributions(X)
    assert account is None or (set(account) == set(X.layout.names) and not account["noise"].any())


@pytest.mark.parametrize("task", ["two", "four", "number"])
def test_everything_around_a_model_is_saved_and_read_back(task: str, tmp_path: Path) -> None:
    X, _ = table(task)
    names = ("size", "colour")
    model: Estimator = Selected(Bagged([fitted("lightgbm", task, names, seed=s) for s in range(2)]), names)
    if task != "number":
        bias = np.linspace(-0.5, 0.5, TARGETS[task].n_outputs)
        model = Recalibrated(model, Recalibration(0.8, tuple(float(b) for b in bias - bias.mean())))
    model.save(tmp_path)
    back = load_member(families()["lightgbm"].load(), tmp_path, TARGETS[task])
    assert np.array_equal(back.predict(X), model.predict(X))
    assert kept_columns(back) == names
    assert kept_columns(fitted("linear", task)) is None


@pytest.mark.parametrize(
    ("file", "written"),
    [
        (bagged.FILE, {"models": 0}),
        (bagged.FILE, {"models": True}),
        (bagged.FILE, []),
        (bagged.FILE, {"models": 100_000}),
        (selected.FILE, {"columns": []}),
        (selected.FILE, {"columns": [1]}),
        (selected.FILE, "size"),
    ],
)
def test_a_damaged_wrapper_is_refused(file: str, written: object, tmp_path: Path) -> None:
    fitted("linear", "two").save(tmp_path)
    (tmp_path / file).write_text(json.dumps(written), "utf-8")
    with pytest.raises(UserError, match=file.split(".")[0]):
        load_member(families()["linear"].load(), tmp_path, TARGETS["two"])
