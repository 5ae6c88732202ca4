"""Networks for tables: each setting changes what it should, killed fits go on, and what is new is learned on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from nets_data import files, fitted, rows, target_of
from sklearn.metrics import f1_score, precision_recall_fscore_support, precision_score, recall_score

pytest.importorskip("torch")

from trainwright.config.neural import network_asked, network_settings
from trainwright.config.presets import PRESETS
from trainwright.config.source import load_settings
from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.models.more import learn_more
from trainwright.models.nets.mlp import NeuralNetwork
from trainwright.models.nets.tabular import TabularNet
from trainwright.models.nets.watch import Truth
from trainwright.models.settings import check_settings
from trainwright.models.storage import read_json

SNIPPETS = sorted((Path(__file__).parents[2] / "config" / "snippets").glob("*.yaml"))
SMALL = {"layers": "16, 8", "epochs": 3, "learning_rate": 0.01, "batch_size": 32}


@pytest.mark.parametrize("source", [*(path.stem for path in SNIPPETS), *PRESETS])
def test_every_snippet_and_preset_drives_a_network(source: str) -> None:
    paths = {path.stem: path for path in SNIPPETS}
    settings = load_settings(paths[source]) if source in paths else load_settings(text=f"preset: {source}")
    given = network_settings(settings)
    checked = check_settings(families()["neural_network"], given)
    assert all(checked[name] == value for name, value in given.items())
    model = fitted(NeuralNetwork, "two", given | {"epochs": 2}, n=120)
    assert model.derived["epochs"] == 2
    for name in ("batch_size", "learning_rate"):
        if name in given:
            assert model.derived[name] == pytest.approx(min(given[name], 120))
    if source in paths:
        plain = yaml.safe_load(paths[source].read_text())
        flat = {
            k: v
            for key, value in plain.items()
            for k, v in (value if isinstance(value, dict) else {key: value}).items()
        }
        keys = {setting.name for setting in families()["neural_network"].settings}
        assert set(flat) & keys <= set(given), "a key of the snippet does not reach the network"


CHANGES: list[dict[str, Any]] = [
    {"layers": "16"},
    {"activation": "tanh"},
    {"dropout": 0.5},
    {"epochs": 2},
    {"batch_size": 64},
    {"optimizer": "adam", "weight_decay": 0.0},
    {"optimizer": "rmsprop"},
    {"optimizer": "momentum"},
    {"optimizer": "nesterov", "momentum": 0.5},
    {"learning_rate": 0.02},
    {"learning_rate": "auto"},
    {"scheduler": "step", "step_size": 1, "gamma": 0.1},
    {"scheduler": "step", "step_size": 1, "gamma": 0.5},
    {"scheduler": "step", "step_size": 2, "gamma": 0.1},
    {"scheduler": "cosine_annealing"},
    {"scheduler": "one_cycle"},
    {"scheduler": "warmup_linear"},
    {"warmup_steps": 4},
    {"warmup_ratio": 0.4},
    {"weight_decay": 0.5},
    {"l2_regularization": 0.1},
    {"loss": "focal"},
    {"label_smoothing": 0.2},
    {"gradient_clip": 0.01},
    {"keep_epoch": 1},
    {"precision": "bf16"},
]


def test_each_setting_changes_the_network_and_no_two_alike(tmp_path: Path) -> None:
    found: dict[bytes, dict[str, Any]] = {}
    for number, change in enumerate([{}, *CHANGES]):
        written = files(fitted(NeuralNetwork, "two", SMALL | change, n=120), tmp_path / str(number))
        assert written["model.npz"] not in found, f"{change} is the same as {found.get(written['model.npz'])}"
        found[written["model.npz"]] = change


def test_early_stopping_waits_as_told() -> None:
    hurried = SMALL | {"epochs": 60, "learning_rate": 0.05}
    short = fitted(NeuralNetwork, "two", hurried | {"patience": 1}, n=60)
    longer = fitted(NeuralNetwork, "two", hurried | {"patience": 6}, n=60)
    never = fitted(NeuralNetwork, "two", hurried | {"early_stopping": False}, n=60)
    strict = fitted(NeuralNetwork, "two", hurried | {"patience": 6, "min_delta": 0.2}, n=60)
    assert short.derived["epochs"] < longer.derived["epochs"] < never.derived["epochs"] == 60
    assert strict.derived["epochs"] <= longer.derived["epochs"]
    assert short.iterations == short.derived["epochs"] - 1


def test_what_is_left_to_us_is_told() -> None:
    said: list[str] = []
    settings = SMALL | {"batch_size": None, "learning_rate": "auto"}
    model = fitted(NeuralNetwork, "two", settings, report=lambda event: said.append(event.get("message", "")))
    assert model.derived["batch_size"] == 16 and 1e-6 < model.derived["learning_rate"] <= 0.1
    assert any(line.startswith("batch_size: 16 (automatic for 240 rows") for line in said)
    assert any(line.startswith("learning_rate: ") and "range test" in line for line in said)
    assert any(line.startswith("Epoch 1/3: loss ") and "training rows" in line for line in said)


def test_the_f1_of_each_class_is_a_curve_by_epoch_and_no_clutter_in_the_log() -> None:
    events: list[dict[str, Any]] = []
    model = fitted(NeuralNetwork, "three", SMALL | {"epochs": 6, "learning_rate": 0.02}, report=events.append)
    epochs = [event for event in events if event["kind"] == "epoch"]
    assert not any("f1" in event["message"] for event in epochs)
    last = {name: value for name, _, value in epochs[model.iterations - 1]["points"]}
    data = rows(300, "three")
    held = data.take(np.arange(240, 300))
    expected = f1_score(held.y, model.predict(held.columns).argmax(axis=1), average=None)
    assert [last[f"F1/{label}/validation"] for label in ("high", "low", "mid")] == pytest.approx(list(expected))


@pytest.mark.parametrize("best_by", ["loss", "f1"])
def test_macro_precision_recall_and_f1_are_curves_by_epoch(best_by: str) -> None:
    events: list[dict[str, Any]] = []
    asked = SMALL | {"epochs": 6, "learning_rate": 0.02, "best_by": best_by}
    model = fitted(NeuralNetwork, "three", asked, report=events.append)
    epochs = [event for event in events if event["kind"] == "epoch"]
    last = {name: value for name, _, value in epochs[model.iterations - 1]["points"]}
    held = rows(300, "three").take(np.arange(240, 300))
    said = model.predict(held.columns).argmax(axis=1)
    expected = precision_recall_fscore_support(held.y, said, average="macro", zero_division=0)[:3]
    found = [last[f"Macro/{name}/validation"] for name in ("precision", "recall", "f1")]
    assert found == pytest.approx(list(expected))
    assert not any("macro" in event["message"] for event in epochs)
    # What chooses the epoch is told in words, too.
    assert all(("f1" in event["message"]) == (best_by == "f1") for event in epochs)


@pytest.mark.parametrize("weighed", [False, True])
def test_figures_of_classes_are_those_of_scikit_learn(weighed: bool) -> None:
    rng = np.random.default_rng(0)
    y, said = rng.integers(0, 5, 200), rng.dirichlet(np.ones(7), 200)  # classes 5 and 6 are said and not there
    said[:, 6] = 0.0
    weight = rng.random(200) * (y != 4) if weighed else None  # a class that weighs nothing counts all the same
    found = Truth(y, weight).by_class(said)
    for name, average in {"f1": f1_score, "precision": precision_score, "recall": recall_score}.items():
        told = said.argmax(axis=1)
        expected = average(y, told, average="macro", sample_weight=weight, zero_division=0)
        assert found.mean(found.figures()[name]) == pytest.approx(expected)


def test_a_loss_for_another_target_is_refused() -> None:
    with pytest.raises(UserError, match="loss: huber is not for a target that is classes"):
        fitted(NeuralNetwork, "two", SMALL | {"loss": "huber"})
    errors = {}
    for loss in ("mse", "mae", "huber"):
        model = fitted(NeuralNetwork, "number", SMALL | {"loss": loss, "epochs": 12})
        part = rows(200, "number", seed=8)
        errors[loss] = float(np.abs(model.predict(part.columns) - part.y).mean())
    assert len(set(errors.values())) == 3 and max(errors.values()) < 0.6 * rows(200, "number", seed=8).y.std()


@pytest.mark.parametrize("kind", ["realmlp", "tabm"])
def test_a_network_for_tables_minimises_the_loss_asked_for(kind: str) -> None:
    small = {"kind": kind, "epochs": 3, "width": 8}
    with pytest.raises(UserError, match="loss: huber is not for a target that is classes"):
        fitted(TabularNet, "two", small | {"loss": "huber"}, n=80)
    for target, own, other in (("two", "cross_entropy", "focal"), ("number", "mse", "huber")):
        part = rows(40, target, seed=8).columns
        said = {
            loss: fitted(TabularNet, target, small | {"loss": loss}, n=80).predict(part) for loss in (None, own, other)
        }
        assert np.array_equal(said[None], said[own]) and not np.allclose(said[own], said[other])


@pytest.mark.parametrize("family", [NeuralNetwork, TabularNet])
def test_a_killed_fit_goes_on_to_the_same_model(family: Any, tmp_path: Path) -> None:
    settings = {"epochs": 5} | ({"layers": "8", "batch_size": 32} if family is NeuralNetwork else {"width": 8})
    whole = files(fitted(family, "two", settings), tmp_path / "whole")
    states, seen = tmp_path / "states", []

    def stop(event: dict[str, Any]) -> None:
        seen.append(event["kind"])
        if seen.count("epoch") == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(family, "two", settings, report=stop, checkpoints=states)
    again: list[str] = []
    model = fitted(family, "two", settings, report=lambda event: again.append(event["kind"]), checkpoints=states)
    assert 0 < again.count("epoch") < 5
    assert files(model, tmp_path / "resumed") == whole


@pytest.mark.parametrize("task", ["two", "three", "number"])
@pytest.mark.parametrize("family", [NeuralNetwork, TabularNet])
def test_it_learns_on_from_where_it_ended(family: Any, task: str, tmp_path: Path) -> None:
    model = fitted(
        family, task, {"epochs": 8} | ({"learning_rate": 0.01} if family is NeuralNetwork else {"width": 24})
    )
    before = files(model, tmp_path / "before")
    new = rows(240, task, seed=4)
    swapped = new.columns.numbers.copy()
    swapped[:, 1] *= -4  # from now on b means the opposite, and more
    new = type(new)(type(new.columns)(swapped, *list(vars(new.columns).values())[1:]), new.y, new.rows)

    def loss(one: Any) -> float:
        said = one.predict(new.columns)
        return float(((said - new.y) ** 2).mean() if task == "number" else -np.log(said[np.arange(240), new.y]).mean())

    grown = learn_more(model, new.columns, new.y, rounds=8, seed=2)
    assert loss(grown) < 0.8 * loss(model)
    assert files(model, tmp_path / "untouched") == before
    assert grown.derived["learned_on_from"] == model.iterations and grown.iterations == model.iterations + 8


@pytest.mark.parametrize("family", [NeuralNetwork, TabularNet])
def test_the_head_grows_for_a_class_that_is_new(family: Any) -> None:
    data = rows(300, "three")
    known = data.take(np.flatnonzero(data.y < 2))
    settings = {"epochs": 8} | ({"learning_rate": 0.01} if family is NeuralNetwork else {"width": 24})
    model = family(target_of("three"), settings).fit(known.columns, known.y, seed=1)
    assert model.predict(data.columns)[:, 2].max() == 0
    grown = model.more(data.columns, data.y, rounds=8, seed=1)
    said = grown.predict(data.columns)
    assert (said[data.y == 2].argmax(axis=1) == 2).mean() > 0.6
    assert (said[data.y < 2].argmax(axis=1) == data.y[data.y < 2]).mean() > 0.6


def test_members_answer_by_their_mean_and_survive_a_file(tmp_path: Path) -> None:
    model = fitted(TabularNet, "three", {"kind": "tabm", "width": 16, "depth": 2, "epochs": 4})
    written = files(model, tmp_path / "model")
    part = rows(50, "three", seed=3)
    loaded = TabularNet.load(tmp_path / "model", target_of("three"))
    assert np.array_equal(loaded.predict(part.columns), model.predict(part.columns))
    assert model.net(np.zeros((1, 5)), np.zeros((1, 1), dtype=np.int64)).shape == (32, 1, 3)
    assert files(loaded, tmp_path / "again") == written


def test_the_curve_has_both_losses_by_epoch() -> None:
    model = fitted(TabularNet, "number", {"epochs": 6, "width": 16})
    assert model.curve is not None and model.curve["steps"] == [1, 2, 3, 4, 5, 6]
    spread = rows(300, "number").y.std()
    assert 0 < model.curve["training"][-1] < model.curve["training"][0] < 2 * spread
    assert model.iterations == 1 + int(np.argmin(model.curve["validation"]))


@pytest.mark.parametrize(("kind", "figure", "best"), [("two", "f1", max), ("number", "rmse", min)])
def test_best_by_keeps_the_epoch_that_is_best_by_a_figure(kind: str, figure: str, best: Any) -> None:
    told: list[dict[str, Any]] = []
    given = SMALL | {"epochs": 8, "patience": 8, "learning_rate": 0.05, "best_by": figure}
    model = fitted(NeuralNetwork, kind, given, report=told.append)
    series = f"{figure.capitalize()}/validation"
    figures = [p[2] for event in told if event["kind"] == "epoch" for p in event["points"] if p[0] == series]
    assert len(figures) == 8 and model.iterations == figures.index(best(figures)) + 1


def test_where_a_learning_rate_comes_from_is_said() -> None:
    for family, given, said in (
        (NeuralNetwork, {"epochs": 1}, "learning_rate: 0.001 (default)"),
        (NeuralNetwork, {"epochs": 1, "learning_rate": 0.02}, "learning_rate: 0.02 (as set)"),
        (TabularNet, {"epochs": 1, "learning_rate": 0.002}, "learning_rate: 0.002 (as set)"),
    ):
        told: list[dict[str, Any]] = []
        fitted(family, "two", given, n=120, report=told.append)
        assert said in [event["message"] for event in told if event["kind"] == "choice"]


@pytest.mark.parametrize(("said", "asked"), [("on", "on"), ("true", "on"), ("off", "off"), ("auto", "auto")])
def test_compilation_is_a_key_that_reaches_the_training(said: str, asked: str) -> None:
    given = load_settings(text=f"compile: {said}")
    assert given.training.compile == asked and network_asked(given) == ()  # it says how, not that a network is wanted
    model = fitted(NeuralNetwork, "two", SMALL | {"epochs": 1})
    model.chosen |= network_settings(given)
    assert model.settle(100, rounds=None, further=False).compile == asked


def test_a_saved_network_keeps_compilation_only_where_it_was_set(tmp_path: Path) -> None:
    for how, kept in (("auto", None), ("off", "off")):
        model = fitted(NeuralNetwork, "two", SMALL | {"epochs": 1, "compile": how})
        (folder := tmp_path / how).mkdir()
        model.save(folder)
        assert read_json(folder / "model.json")["settings"].get("compile") == kept
        again = NeuralNetwork.load(folder, model.target)
        assert again.chosen.get("compile") == kept
