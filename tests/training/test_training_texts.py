"""Trainings on texts: base models are settled first, a version serves as one, and new classes grow its head."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import new_workspace, run_here, settings

from trainwright.config.effects import effects
from trainwright.config.resolve import resolve_family_settings
from trainwright.config.source import load_settings
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.packages.predictor import Predictor
from trainwright.training.prepare import look_first
from trainwright.training.text_models import folder_of

NETWORKS = pytest.mark.skipif(
    find_spec("transformers") is None, reason='pip install "trainwright[neural]" brings torch and transformers'
)
PARTS = ("pump", "valve", "motor", "fan", "belt", "drive", "gear", "sensor")
SAID = {
    "praise": ("runs well", "is fine", "works as it should", "is in good order"),
    "trouble": ("leaks oil", "is broken", "makes a loud noise", "does not start"),
    "question": ("when does it arrive", "what does it cost", "who can repair it", "how old is it"),
}
TINY = {"base_model": "none", "width": 32, "vocabulary": 300, "learning_rate": 0.005, "batch_size": 32, "epochs": 8}


def notes(n: int, labels: tuple[str, ...] = ("praise", "trouble"), seed: int = 0) -> pl.DataFrame:
    """n different notes on parts of a machine, and what kind of note it is."""
    rng = np.random.default_rng(seed)
    y = rng.choice(labels, n)
    texts = [
        f"{rng.choice(PARTS)} {rng.integers(1000)} {rng.choice(SAID[label])} on line {i}" for i, label in enumerate(y)
    ]
    return pl.DataFrame({"note": texts, "y": y})


def asked(**more: Any) -> Any:
    given = {"data__kinds": {"note": "text"}, "data__folds": 2, "training__ensemble": False, **more}
    return settings(**given)


def test_keys_of_networks_reach_the_families_that_read_them() -> None:
    found = load_settings(
        text="{epochs: 3, batch_size: auto, early_stopping: false, base_model: none, preset: balanced}"
    )
    assert resolve_family_settings(found)["text_transformer"] == {
        "epochs": 3, "early_stopping": False, "base_model": "none",
    }  # fmt: skip
    assert "text_embedding" not in resolve_family_settings(found)
    both = load_settings(text="base_model: bert\nfamily_settings: {text_embedding: {base_model: minilm}}")
    assert resolve_family_settings(both)["text_embedding"]["base_model"] == "minilm"
    assert resolve_family_settings(both)["text_transformer"]["base_model"] == "bert"


def test_a_rate_that_is_to_be_found_reaches_the_families_that_find_one() -> None:
    found = load_settings(text="{learning_rate: auto, device: auto, batch_size: auto}")
    assert resolve_family_settings(found)["text_transformer"] == {"learning_rate": "auto"}
    named = load_settings(text="{learning_rate: auto, model_type: tabular_net}")
    assert "tabular_net" not in resolve_family_settings(named)
    (note,) = effects(named, ["tabular_net"])
    assert note.startswith("learning_rate: auto (line 1) changes nothing for tabular_net")
    assert effects(found, ["text_transformer"]) == effects(found, ["neural_network"]) == []


def test_keys_that_a_text_family_does_not_read_are_said_to_change_nothing() -> None:
    found = load_settings(text="epochs: 3\nlayers: [8]")
    assert effects(found, ["text_transformer"]) == [
        "layers (line 2): text_transformer has no such setting, so it changes nothing"
    ]
    assert [words.split(":")[0] for words in effects(found, texts=True)] == ["layers (line 2)"]


def test_a_key_of_networks_can_be_tried_where_a_text_family_reads_it() -> None:
    from trainwright.training.change import _without_effect

    plan = {"steps": [{"family": "text_transformer"}, {"family": "linear"}]}
    assert not _without_effect("training.dropout", plan) and not _without_effect("training.base_model", plan)
    assert _without_effect("training.layers", plan)
    assert _without_effect("training.dropout", {"steps": [{"family": "linear"}]})


def test_a_text_family_for_a_table_without_texts_is_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": np.arange(60.0), "y": ["no", "yes"] * 30})
    with pytest.raises(UserError, match=r"asks for text_transformer, and no column is a text; .*--kind COLUMN=text"):
        look_first(frame, settings(training__families=("text_transformer",)))


def test_texts_that_are_all_empty_are_refused_where_nothing_else_is_there_to_learn_from() -> None:
    frame = pl.DataFrame({"note": ["", " ", None] * 20, "y": ["no", "yes"] * 30})
    with pytest.raises(UserError, match=r"every text in 'note' is empty \(60 rows\)"):
        look_first(frame, asked())
    beside = frame.with_columns(pl.Series("a", np.arange(60.0) % 7))
    with pytest.raises(UserError, match="nothing to learn from for text_embedding"):
        look_first(beside, asked(training__families=("text_embedding",)))
    look_first(beside, asked())


def test_descriptions_and_losses_that_do_not_fit_the_target_are_refused_before_any_work() -> None:
    told = {"text_embedding": {"label_descriptions": {"praise": "all is well", "troubles": "it failed"}}}
    with pytest.raises(UserError, match="describes 'troubles', which is no class; did you mean 'trouble'"):
        look_first(notes(60), asked(training__family_settings=told))
    with pytest.raises(UserError, match="huber is not for the target 'y'"):
        look_first(notes(60), asked(training__families=("text_transformer",), training__loss="huber"))


@NETWORKS
@pytest.mark.parametrize(
    ("base", "error", "said"),
    [
        ("nosuchmodel", UserError, "there is no base model 'nosuchmodel'"),
        ("roberta", EnvironmentProblem, "is not on this machine"),
    ],
)
def test_a_base_model_that_cannot_be_had_ends_it_before_any_work(
    base: str, error: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(error, match=said):
        look_first(notes(60), asked(training__families=("text_transformer",), training__base_model=base))


@NETWORKS
def test_a_version_is_a_base_model_and_learns_on_with_a_new_class(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    # The yardsticks are held back: these tests are about the network, not about who wins.
    given = {"text_transformer": TINY, "forest": {"n_estimators": 3, "max_depth": 1}, "linear": {"C": 1e-6}}
    wanted = {"training__families": ("text_transformer",), "training__metric": "log_loss"}
    chosen = asked(training__family_settings=given, **wanted)
    _, result = run_here(workspace, notes(200), chosen)
    assert [row["name"] for row in result["leaderboard"]][:1] == ["text_transformer"]
    package = Path(result["package"]["path"])
    predictor = Predictor.open(package)
    right = predictor.predict(notes(40, seed=5))["prediction"] == notes(40, seed=5)["y"]
    assert right.sum() >= 36
    base = folder_of(workspace, "demo@v1")
    assert (base / "tokenizer.json").is_file()
    with pytest.raises(UserError, match="has no version v7"):
        folder_of(workspace, "demo@v7")
    more = load_settings(
        None,
        overrides={"project": "demo", "training.incremental": True, "training.time_limit": 600},
        flags=False,
    )
    fresh = notes(120, ("praise", "trouble", "question"), seed=3)
    _, grown = run_here(workspace, fresh, more)
    assert grown["target"]["classes"] == ["praise", "trouble", "question"]
    assert "learned_on_from" in str(grown["plan"]) or "learn on" in str(grown["plan"])
    asks = notes(20, ("question",), seed=8)
    answered = Predictor.open(Path(grown["package"]["path"])).predict(asks)["prediction"]
    assert (answered == "question").sum() >= 18
